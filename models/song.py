"""What `HarmonicFlow.generate` returns: songs as latents, heard and read on demand, written as
folders.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from data.lead_sheet import LeadSheet
from data.roll import from_roll
from data.score import DRUM_PROGRAM, Score
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, VERSION, write_atomically

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

SEAM_SAMPLES = 110
ONSET_THRESHOLD = 0.5
PEAK = 0.98


@dataclass
class Generation:
    """b songs.

    Attributes:
        model: what decodes them.
        latents: (b s l d) sound then score.
        num_samples: length of each song.
        lead_sheets: the plan of each song, None where nothing was planned.
        plays: (b s) bool, False for stems that were asked to be silent.
        given: (b s t) audio that was given, with given_frames (b s l) bool; None when none was.
        programs: (b s) General MIDI programs asked for, -1 where open.
        seeds: of each song. settings: every argument, JSON-serialisable.
    """

    model: HarmonicFlow
    latents: torch.Tensor
    num_samples: int
    lead_sheets: list[LeadSheet | None]
    plays: torch.Tensor
    programs: torch.Tensor
    seeds: list[int]
    given: torch.Tensor | None = None
    given_frames: torch.Tensor | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.latents)

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.num_samples / SAMPLE_RATE

    def pieces(self) -> Iterator[torch.Tensor]:
        """Stems (b s t') piece after piece, in order; memory does not grow with the song."""
        sound = self.latents[..., : self.model.widths.sound]
        chunk, context = self.model.codec.CHUNK_FRAMES, self.model.codec.CONTEXT_FRAMES
        for start in range(0, sound.shape[2], chunk):
            first = max(start - context, 0)
            stop = min(start + chunk, sound.shape[2])
            after = min(stop + context, sound.shape[2])
            with torch.no_grad():
                audio = self.model.codec.decode(sound[:, :, first:after]).cpu()
            audio = audio[..., (start - first) * FRAME_SAMPLES :][
                ..., : (stop - start) * FRAME_SAMPLES
            ]
            audio = self._with_given(audio * self.plays[..., None], start * FRAME_SAMPLES)
            yield audio[..., : max(self.num_samples - start * FRAME_SAMPLES, 0)]

    def _with_given(self, audio: torch.Tensor, offset: int) -> torch.Tensor:
        """Puts what was given back, to the sample; a 10 ms seam lies in the generated part."""
        if self.given is None:
            return audio
        first, last = offset // FRAME_SAMPLES, (offset + audio.shape[-1]) // FRAME_SAMPLES
        frames = F.pad(self.given_frames.float(), (1, 1), mode="replicate")[..., first : last + 2]
        known = frames.repeat_interleave(FRAME_SAMPLES, -1)
        size = 2 * SEAM_SAMPLES + 1
        wide = F.max_pool1d(known, size, 1, SEAM_SAMPLES)
        share = F.avg_pool1d(wide, size, 1, SEAM_SAMPLES)[..., FRAME_SAMPLES:-FRAME_SAMPLES]
        own = known[..., FRAME_SAMPLES:-FRAME_SAMPLES] > 0
        given = F.pad(self.given, (0, max(offset + audio.shape[-1] - self.given.shape[-1], 0)))
        given = given[..., offset : offset + audio.shape[-1]]
        return torch.where(own, given, share * given + (1.0 - share) * audio)

    @property
    def audio(self) -> torch.Tensor:
        """Stems (b s t) at 22,050 Hz, float32."""
        return torch.cat(list(self.pieces()), dim=-1)

    @property
    def mix(self) -> torch.Tensor:
        """Sum of the stems (b t), before mastering."""
        return self.audio.sum(1)

    @property
    def rolls(self) -> torch.Tensor:
        """Score rolls (b s l p) that the songs play."""
        with torch.no_grad():
            rolls = self.model.score_codec.decode(self.latents[..., self.model.widths.sound :])
        return rolls.cpu() * self.plays[..., None, None]

    @property
    def scores(self) -> list[Score]:
        """What each song plays, on the beats of its lead sheet."""
        return [self._score(i, roll.numpy()) for i, roll in enumerate(self.rolls)]

    def _score(self, index: int, roll: np.ndarray) -> Score:
        sheet = self.lead_sheets[index]
        grid = {}
        if sheet is not None and sheet.timed:
            grid = {"beat_times": sheet.beat_times, "beat_in_bar": sheet.beat_in_bar}
        programs = {
            stem: DRUM_PROGRAM if stem == "drums" else int(p) if p >= 0 else None
            for stem, p in zip(STEMS, self.programs[index], strict=True)
        }
        notes = from_roll(roll, threshold=ONSET_THRESHOLD)
        return Score(
            notes, self.duration, programs=programs, name=f"song {self.seeds[index]}", **grid
        )

    def save(self, folder: str | Path, *, index: int = 0, audio_format: str = "wav") -> Path:
        """Writes one song as a folder: stems, mix, song.mid, lead_sheet.json, spectrograms.png,
        song.json.

        Args:
            folder: created where missing; files of the same name are replaced, each in one go.
            index: which of the b songs.
            audio_format: "wav" or "flac", both 24 bit.

        Returns:
            The folder. Stems share one gain where the loudest sum would clip; it is in song.json.
        """
        from data.audio import save_audio
        from data.midi import write_midi
        from metrics.pictures import save_song_picture

        folder = Path(folder)
        stems = self.audio[index].numpy()
        gain = min(
            1.0, PEAK / max(float(np.abs(stems.sum(0)).max()), float(np.abs(stems).max()), 1e-9)
        )
        stems = stems * np.float32(gain)
        for stem, audio in zip((*STEMS, "mix"), (*stems, stems.sum(0)), strict=True):
            save_audio(folder / f"{stem}.{audio_format}", audio, SAMPLE_RATE)
        score, sheet = self.scores[index], self.lead_sheets[index]
        write_midi(score, folder / "song.mid", lead_sheet=sheet)
        if sheet is not None:
            sheet.to_json(folder / "lead_sheet.json")
        save_song_picture(folder / "spectrograms.png", stems, score)
        with write_atomically(folder / "song.json") as partial:
            partial.write_text(json.dumps(self.describe(index, gain), indent=2) + "\n")
        return folder

    def describe(self, index: int = 0, gain: float = 1.0) -> dict[str, Any]:
        """What song.json holds: settings, seed, version, and what came out."""
        score = self.scores[index]
        return {
            "version": VERSION,
            "seed": self.seeds[index],
            "duration_seconds": round(self.duration, 3),
            "sample_rate": SAMPLE_RATE,
            "gain": round(gain, 4),
            "notes": {stem: len(score.notes[stem]) for stem in STEMS},
            "settings": self.settings,
        }
