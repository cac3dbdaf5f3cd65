"""What `HarmonicFlow.generate` returns: songs as latents, read, performed and heard on demand,
written as folders.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from data.lead_sheet import LeadSheet
from data.loudness import PEAK
from data.roll import from_roll, to_roll
from data.score import DRUM_PROGRAM, Notes, Score
from models import finishing
from models.generative.kit import on_one_kit
from models.generative.touch import touched
from models.latent.excitation import excited_by
from models.postprocessing.leveling import at_loudness, band_gains
from models.postprocessing.tilting import slope_towards, tilted
from utils import (
    FRAME_RATE,
    FRAME_SAMPLES,
    SAMPLE_RATE,
    STEMS,
    VERSION,
    VOICES,
    UserError,
    did_you_mean,
    eval_mode,
    write_atomically,
)

if TYPE_CHECKING:
    from models.generative.brief import Plan
    from models.generative.starts import Start
    from models.harmonicflow import HarmonicFlow
    from models.postprocessing.mixing import Mixed, MixSettings
    from models.postprocessing.spatial import Rendered, Scene

SEAM_SAMPLES = 110
FADE_IN_SAMPLES, FADE_OUT_SAMPLES = 22, 110  # 1 ms, which leaves a stroke its attack, and 5 ms
ONSET_THRESHOLD = 0.5
DECIDED = 0.3  # flow time from which on a variation is its source's rather than its own


def edges(num_samples: int) -> torch.Tensor:
    """Fade (t,) at both ends of a song: it may begin or end within a stroke."""
    place = torch.arange(num_samples)
    begin = ((place + 1) / FADE_IN_SAMPLES).clamp(0.0, 1.0)
    end = ((num_samples - place) / FADE_OUT_SAMPLES).clamp(0.0, 1.0)
    return torch.sin(0.5 * math.pi * torch.minimum(begin, end)).square()


@dataclass
class Generation:
    """b songs. Their notes are composed; they are performed when their sound is first asked for.

    Attributes:
        model: what decodes them.
        notes: (b s l d) score latents.
        num_samples: length of each song.
        plans: brief and lead sheet of each song; the sheet is None where nothing was planned.
        start: what was given, and which stems play.
        programs: (b s) General MIDI programs, -1 where open.
        seeds: of each song. play: score latents (b s l d) -> sound latents (b s l d).
        settings: every argument, JSON-serialisable. adapters: of each song, the share of each genre
            adapter by its file; empty where none was asked for. loudness: (b,) LUFS of each mix,
            asked or planned, nan where open; None asks nothing. brightness: (b,) octaves over 1 kHz
            of each mix, asked, in the same way. dynamics: (b,) mean velocity of what was composed,
            asked or planned.
    """

    model: HarmonicFlow
    notes: torch.Tensor
    num_samples: int
    plans: list[Plan]
    start: Start
    programs: torch.Tensor
    seeds: list[int]
    play: Callable[[torch.Tensor], torch.Tensor]
    settings: dict[str, Any] = field(default_factory=dict)
    adapters: list[dict[str, float]] = field(default_factory=list)
    loudness: torch.Tensor | None = None
    brightness: torch.Tensor | None = None
    dynamics: torch.Tensor | None = None
    _scores: dict[int, Score] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.notes)

    @property
    def lead_sheets(self) -> list[LeadSheet | None]:
        """The lead sheet of each song, None where nothing was planned."""
        return [plan.sheet for plan in self.plans]

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.num_samples / SAMPLE_RATE

    @cached_property
    def sound(self) -> torch.Tensor:
        """Sound latents (b s l d): the notes that the scores hold, performed."""
        num_frames = self.notes.shape[2]
        rolls = np.stack([to_roll(score, num_frames) for score in self.scores])
        with eval_mode(self.model):
            written = self.model.score_codec.encode(torch.from_numpy(rolls).to(self.notes.device))
            return self.play(written)

    @property
    def levelled(self) -> bool:
        """Whether all of the sound is the model's own: then stems are brought to the levels of a
        band, as rendered songs are.
        """
        return self.start.audio is None and not self.start.tau[0]

    @torch.no_grad()
    def stems(self, index: int) -> torch.Tensor:
        """Stems (s t) of one song at 22,050 Hz, float32."""
        index = range(len(self))[index]
        fade = edges(self.num_samples)
        return self._with_given(self._at_its_levels(index, self._decoded(index)) * fade, index)

    def _decoded(self, index: int) -> torch.Tensor:
        """Stems (s t) of one song as the decoder gives them, but for those that rest, and at the
        levels of recordings where it hears notes.

        A recording that is varied but little keeps its phases only where no note is excited.
        """
        notes = self.score(index).notes if self.start.tau[0] <= DECIDED else None
        excite = None if notes is None else excited_by([notes])
        sound = self.sound[index, None, :, : -(-self.num_samples // FRAME_SAMPLES)]
        pieces = [piece[0].float().cpu() for piece in self.model.codec.pieces(sound, excite)]
        stems = torch.cat(pieces, -1)
        if notes is not None:
            stems = self.model.postfilter(stems, self.programs[index], notes)
        return stems[:, : self.num_samples] * self.start.plays[index, :, None]

    def _at_its_levels(self, index: int, stems: torch.Tensor) -> torch.Tensor:
        """One song's own stems (s t) at the levels of a band, where it is `levelled`, and their mix
        as bright and as loud as it should be; beside given sound as they are.
        """
        if self.start.audio is not None:
            return stems
        audio = stems.numpy()
        if self.levelled:
            notes = self.score(index).notes
            played = np.array([len(notes[stem]) > 0 for stem in STEMS])
            audio = audio * band_gains(audio, played, SAMPLE_RATE)[:, None]
        return torch.from_numpy(self._as_asked(index, audio))

    def _as_asked(self, index: int, stems: np.ndarray) -> np.ndarray:
        """Stems (s t) whose mix has its brightness and its loudness, where they are not open."""
        octaves, lufs = (
            math.nan if wanted is None else float(wanted[index])
            for wanted in (self.brightness, self.loudness)
        )
        slope = slope_towards(stems.sum(0), SAMPLE_RATE, octaves)
        return at_loudness(tilted(stems, SAMPLE_RATE, slope), SAMPLE_RATE, lufs)

    def _with_given(self, audio: torch.Tensor, index: int) -> torch.Tensor:
        """Puts what was given back into stems (s t), to the sample; a 10 ms seam lies in the
        generated part.
        """
        if self.start.audio is None:
            return audio
        length = audio.shape[-1]
        known = self.start.audio_frames[index].float().repeat_interleave(FRAME_SAMPLES, -1)
        size = 2 * SEAM_SAMPLES + 1
        wide = F.max_pool1d(known, size, 1, SEAM_SAMPLES)
        share = F.avg_pool1d(wide, size, 1, SEAM_SAMPLES)[:, :length]
        given = self.start.audio[index][:, :length]
        given = F.pad(given, (0, length - given.shape[-1]))
        return torch.where(known[:, :length] > 0, given, share * given + (1.0 - share) * audio)

    def voiced(self, index: int, voice: str = "neural") -> np.ndarray:
        """Stems (s t) of one song at 22,050 Hz in a voice, float32.

        Args:
            voice: "neural" for the model's own sound, "soundfont" for its notes on a SoundFont.
        """
        if voice == "neural":
            return self.stems(index).numpy()
        if voice != "soundfont":
            raise UserError(f"unknown voice '{voice}': {did_you_mean(voice, VOICES)}")
        from data.soundfont import render_score

        stems = render_score(self.score(index), num_samples=self.num_samples)
        return self._as_asked(index, stems) * edges(self.num_samples).numpy()

    @property
    def audio(self) -> torch.Tensor:
        """Stems (b s t) of all songs at 22,050 Hz, float32."""
        return torch.stack([self.stems(i) for i in range(len(self))])

    @property
    def mix(self) -> torch.Tensor:
        """Sum of the stems (b t), before mastering."""
        return self.audio.sum(1)

    def mixed(self, index: int, mix: str | Path | MixSettings = "auto") -> Mixed:
        """One song's stems on the console: stereo (2 t) at 44,100 Hz, -14 LUFS, with what made it.

        Args:
            mix: "auto" asks the mixer; `MixSettings` or the path of a mix.json are followed.
        """
        return finishing.mixed(self.stems(index).numpy(), mix)

    def in_space(
        self,
        index: int,
        space: str | Path | Scene,
        *,
        output: str = "binaural",
        mix: str | Path | MixSettings = "none",
    ) -> Rendered:
        """One song's stems in a room, (c t) at 44,100 Hz.

        Args:
            space: "stage", "studio", "headphones", "cathedral", "orbit", a scene's JSON file or a
                `Scene`.
            output: "binaural", "stereo", "ambisonics" or "5.1".
            mix: as in `mixed`; the room hears what leaves the console's channels.
        """
        return finishing.in_room(self.stems(index).numpy(), space, output=output, mix=mix)

    def roll(self, index: int) -> torch.Tensor:
        """Score roll (s l p) of one song as it was composed, before it is struck (`score`); notes
        that were given are as they were given.
        """
        with torch.no_grad():
            roll = self.model.score_codec.decode(self.notes[index][None]).float().cpu()[0]
        roll *= self.start.plays[index, :, None, None]
        if self.start.rolls is None:
            return roll
        return torch.where(self.start.note_frames[index, ..., None], self.start.rolls[index], roll)

    def score(self, index: int) -> Score:
        """What one song plays, on the beats of its lead sheet."""
        if index not in self._scores:
            self._scores[index] = self._read(index)
        return self._scores[index]

    def _read(self, index: int) -> Score:
        sheet = self.lead_sheets[index]
        grid = {} if sheet is None else {"key": sheet.key_index}
        if sheet is not None and sheet.timed:
            grid |= {"beat_times": sheet.beat_times, "beat_in_bar": sheet.beat_in_bar}
        programs = {
            stem: DRUM_PROGRAM if stem == "drums" else int(p) if p >= 0 else None
            for stem, p in zip(STEMS, self.programs[index], strict=True)
        }
        played = self._played(index)
        notes = {stem: n.excerpt(0.0, self.duration) for stem, n in played.items()}
        name = f"song {self.seeds[index]}"
        return Score(notes, self.duration, programs=programs, name=name, **grid)

    def _played(self, index: int) -> dict[str, Notes]:
        """Notes of one song; those that were composed anew as they are struck, with the rests of
        its plan, drums on one kit unless some were given or they vary those of another song.
        """
        notes = from_roll(self.roll(index).numpy(), threshold=ONSET_THRESHOLD)
        if self.start.tau[1] > DECIDED:
            return notes
        known = self.start.notes_known[index].cpu().numpy()
        frame = lambda n: (n.onset * FRAME_RATE + 1e-6).astype(int).clip(0, known.shape[1] - 1)
        given = {stem: known[i, frame(notes[stem])] for i, stem in enumerate(STEMS)}
        dynamics = math.nan if self.dynamics is None else float(self.dynamics[index])
        own = not self.start.tau[1] and not given["drums"].any()
        kit = self._on_one_kit(index) if own else None
        sheet = self.lead_sheets[index]
        return touched(notes, given, dynamics=dynamics, sheet=sheet, kit=kit)

    def _on_one_kit(self, index: int) -> Callable[[Notes], Notes]:
        """Puts composed drums of one song on its kit, by the beats of its lead sheet."""
        sheet = self.lead_sheets[index]
        timed = sheet is not None and sheet.timed
        beats = (sheet.beat_times, sheet.beat_in_bar) if timed else (np.zeros(0), np.zeros(0))
        return lambda drums: on_one_kit(drums, *beats, seed=self.seeds[index])

    @property
    def scores(self) -> list[Score]:
        """What each song plays."""
        return [self.score(i) for i in range(len(self))]

    def save(
        self,
        folder: str | Path,
        *,
        index: int = 0,
        audio_format: str = "wav",
        voice: str = "neural",
        finish: finishing.Finish | None = None,
    ) -> Path:
        """Writes one song as a folder: stems, mix, song.mid, lead_sheet.json, spectrograms.png and
        song.json; master and room where `finish` asks for them.

        Args:
            folder: created where missing; files of the same name are replaced, each in one go.
            index: which of the b songs.
            audio_format: "wav" or "flac", both 24 bit.
            voice: "neural" for the model's own sound, "soundfont" for its notes on a SoundFont.
            finish: a mix and a room, of the same stems.

        Returns:
            The folder. Stems share one gain where the loudest sum would clip; it is in song.json.
        """
        from data.audio import save_audio
        from data.midi import write_midi
        from metrics.pictures import save_song_picture

        folder, finish = Path(folder), (finish or finishing.Finish()).checked()
        score, sheet = self.score(index), self.lead_sheets[index]
        stems = self.voiced(index, voice)
        loudest = max(float(np.abs(stems.sum(0)).max()), float(np.abs(stems).max()), 1e-9)
        gain = min(1.0, PEAK / loudest)
        stems = stems * np.float32(gain)
        for stem, audio in zip((*STEMS, "mix"), (*stems, stems.sum(0)), strict=True):
            save_audio(folder / f"{stem}.{audio_format}", audio, SAMPLE_RATE)
        write_midi(score, folder / "song.mid", lead_sheet=sheet)
        if sheet is not None:
            sheet.to_json(folder / "lead_sheet.json")
        save_song_picture(folder / "spectrograms.png", stems, score)
        described = self.describe(index, score, gain=gain, voice=voice)
        described |= finishing.write_finish(folder, stems, finish, audio_format=audio_format)
        with write_atomically(folder / "song.json") as partial:
            partial.write_text(json.dumps(described, indent=2) + "\n")
        return folder

    def describe(self, index: int, score: Score, *, gain: float, voice: str) -> dict[str, Any]:
        """What song.json holds: settings, seed, version, what was planned and what came out."""
        offsets = self.plans[index].offsets
        return {
            "version": VERSION,
            "seed": self.seeds[index],
            "duration_seconds": round(self.duration, 3),
            "sample_rate": SAMPLE_RATE,
            "gain": round(gain, 4),
            "notes": {stem: len(score.notes[stem]) for stem in STEMS},
            "brief": self.plans[index].brief.to_dict(),
            "emotion_offsets": None if offsets is None else asdict(offsets),
            "adapters": self.adapters[index] if self.adapters else {},
            "settings": {**self.settings, "voice": voice},
        }
