"""HarmonicFlow: from a prompt to four stems, their score and their mix.

The whole model: codecs, transcriber, planner, composer and performer, and what a user calls. It
knows music of bass, drums, guitar and piano at 22,050 Hz mono, in segments of up to 11.9 s that
follow one another.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from data.batch import Batch
from data.brief import Brief
from data.lead_sheet import LeadSheet, sheet_features
from data.loudness import loudness as loudness_of
from models.encoders.conditions import Conditions
from models.encoders.text import TextEncoder
from models.encoders.visual import VisualEncoder
from models.generative.brief import Plan, merged, sounding
from models.generative.composer import Composer
from models.generative.edits import Keep
from models.generative.genre_choice import AdapterChoice, Wanted
from models.generative.performer import Performer
from models.generative.planner import Planner
from models.generative.requests import (
    Wishes,
    explicit_facts,
    heard_of,
    programs_of,
    prompts_of,
    seen_of,
    songs_of,
    spoken_facts,
)
from models.generative.sampling import SOUND_STEPS, Sampling, compose, perform
from models.generative.second_try import tried_again
from models.generative.starts import Start
from models.latent.codec import Codec
from models.latent.postfilter import PostFilter
from models.latent.score import ScoreCodec
from models.latent.transcriber import Transcriber
from models.presets import HarmonicFlowConfig, base
from models.song import Generation
from utils import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    SEGMENT_SAMPLES,
    VERSION,
    UserError,
    eval_mode,
    torch_rng,
    write_atomically,
)

if TYPE_CHECKING:
    from data.pictures.files import Clip

SEGMENT_SECONDS = SEGMENT_SAMPLES / SAMPLE_RATE
PARTS = ("codec", "score_codec", "transcriber", "planner", "composer", "performer", "visual")
EXTRA = "_extra_state"


@dataclass(frozen=True)
class Widths:
    """How many dimensions a latent of sound and one of the score have."""

    sound: int
    score: int


@dataclass(frozen=True)
class Encoded:
    """Latents of given music: sound (b s l d), score (b s l d) or None."""

    sound: torch.Tensor
    score: torch.Tensor | None = None


class HarmonicFlow(nn.Module):
    """The whole model. Its state carries its configuration: `load_state_dict` takes any size."""

    def __init__(self, config: HarmonicFlowConfig | None = None) -> None:
        super().__init__()
        self._build(config or base())
        self.trained: set[str] = set()
        self._text: TextEncoder | None = None

    def _build(self, config: HarmonicFlowConfig) -> None:
        self.config = config
        self.widths = Widths(config.codec.latent_dim, config.score_codec.latent_dim)
        self.codec = Codec(config.codec)
        self.score_codec = ScoreCodec(config.score_codec)
        self.planner = Planner(config.planner)
        sizes = {"sound_dim": self.widths.sound, "score_dim": self.widths.score}
        self.transcriber = Transcriber(config.transcriber, **sizes)
        self.composer = Composer(config.conditions, config.transformer, score_dim=self.widths.score)
        self.performer = Performer(config.performer, **sizes)
        self.postfilter = PostFilter()
        self.visual = VisualEncoder(config.visual)

    # state

    def get_extra_state(self) -> dict[str, Any]:
        return {"config": self.config.to_dict(), "trained": sorted(self.trained)}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        self.trained = set(state["trained"])

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ):
        """Loads a state of any size: the model takes the configuration that comes with it. A state
        without a post-filter is one of which none was fitted.

        Raises:
            UserError: the state belongs to another version or another model.
        """
        extra = state_dict.get(EXTRA)
        if extra is not None:
            config = HarmonicFlowConfig.from_dict(extra["config"])
            if config != self.config:
                device, training = self.device, self.training
                self._build(config)
                self.to(device).train(training)
        levels = self.postfilter.state_dict().items()
        state_dict = {f"postfilter.{n}": torch.zeros_like(v) for n, v in levels} | dict(state_dict)
        try:
            return super().load_state_dict(state_dict, strict=strict, assign=assign)
        except RuntimeError as error:
            line = str(error).splitlines()[1 if "\n" in str(error) else 0].strip()
            raise UserError(
                f"these weights do not fit this version ({VERSION}): {line[:160]}"
            ) from None

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @property
    def text(self) -> TextEncoder:
        """The frozen sentence encoder, loaded at first use; not part of the state."""
        if self._text is None:
            self._text = TextEncoder()
        return self._text

    @staticmethod
    def from_pretrained(path: str | Path, *, device: str | torch.device = "cpu") -> HarmonicFlow:
        """A model from a folder written by `save_pretrained` or from a training checkpoint
        (.pt).
        """
        from models.weights import read_weights

        config, trained, state = read_weights(Path(path))
        model = HarmonicFlow(HarmonicFlowConfig.from_dict(config))
        model.load_state_dict(state | {EXTRA: {"config": config, "trained": trained}})
        return model.to(device).eval()

    def save_pretrained(self, folder: str | Path, *, half: bool = True) -> Path:
        """Writes model.safetensors and config.json.

        `half`: weights in half precision; statistics stay as they are.
        """
        from safetensors.torch import save_file

        folder = Path(folder)
        weights = {name for name, _ in self.named_parameters()} if half else set()
        kept = {
            name: (value.half() if name in weights else value).cpu().contiguous()
            for name, value in self.state_dict().items()
            if name != EXTRA
        }
        with write_atomically(folder / "model.safetensors") as partial:
            save_file(kept, partial)
        with write_atomically(folder / "config.json") as partial:
            described = {
                "version": VERSION,
                "config": self.config.to_dict(),
                "trained": sorted(self.trained),
            }
            partial.write_text(json.dumps(described, indent=2) + "\n")
        return folder

    # latents

    def encode(self, audio: torch.Tensor, rolls: torch.Tensor | None = None) -> Encoded:
        """Latents of stems (b s t) and, when given, of their rolls (b s l p).

        t is padded with silence to a multiple of 1,024 samples.
        """
        pad = -audio.shape[-1] % FRAME_SAMPLES
        audio = nn.functional.pad(audio.to(self.device, torch.float32), (0, pad))
        with eval_mode(self):
            sound = self.codec.encode(audio)
            return Encoded(
                sound, None if rolls is None else self.score_codec.encode(rolls.to(self.device))
            )

    def batch_sound(self, batch: Batch) -> torch.Tensor:
        """Sound latents (b s l d) of a batch: from the cache, else encoded here."""
        return batch.sound if batch.sound is not None else self.encode(batch.audio).sound

    def batch_notes(self, batch: Batch) -> torch.Tensor:
        """Score latents (b s l d) of a batch: from the cache, else encoded here."""
        if batch.notes is not None:
            return batch.notes
        with eval_mode(self):
            return self.score_codec.encode(batch.roll)

    def batch_performed(self, batch: Batch, seeds: Sequence[int]) -> torch.Tensor:
        """Sound latents (b s l d) that the performer makes of the notes of a batch as songs are
        performed: from the cache, else made here from noise of these seeds.
        """
        if batch.performed is not None:
            return batch.performed
        notes = self.batch_notes(batch)
        start = Start.of(self, len(notes), notes.shape[2] * FRAME_SAMPLES)
        said = Conditions.from_batch(batch, None)
        sampling = Sampling(SOUND_STEPS, SOUND_STEPS, "euler", 1.0)
        with eval_mode(self):
            return perform(self.performer, said, start, notes, seeds, sampling)

    # music

    def generate(
        self,
        text: str | Sequence[str] | None = None,
        style_idx: torch.Tensor | int | None = None,
        emotion_idx: torch.Tensor | int | None = None,
        genre_idx: torch.Tensor | int | None = None,
        audio: torch.Tensor | None = None,
        *,
        batch_size: int = 1,
        duration: float = SEGMENT_SECONDS,
        seed: int | Sequence[int] = 0,
        steps: int = 16,
        guidance: float | Mapping[str, float] = 2.2,
        sound_steps: int = SOUND_STEPS,
        sound_guidance: float = 1.5,
        sampler: str = "ancestral",
        bpm: float | None = None,
        key: str | None = None,
        chords: str | None = None,
        beats_per_bar: int | None = None,
        lead_sheet: LeadSheet | None = None,
        programs: Mapping[str, int] | None = None,
        plays: Mapping[str, bool] | None = None,
        density: Mapping[str, float] | None = None,
        dynamics: float | None = None,
        valence: float | None = None,
        arousal: float | None = None,
        swing: float | None = None,
        register: float | None = None,
        loudness: float | None = None,
        brightness: float | None = None,
        image: Clip | torch.Tensor | None = None,
        emotion_strength: float = 1.0,
        negative_text: str | None = None,
        keep: Keep | None = None,
        variation: float | None = None,
        temperature: float = 1.0,
        adapters: Wanted | None = None,
    ) -> Generation:
        """Music for a prompt; everything that is not said is left to the model.

        Args:
            text: a prompt per song, or one for all. Numbers, keys, chords and stems that it names
                outright ("92 bpm in A minor, no drums") count as said; arguments come before them.
            style_idx, emotion_idx, genre_idx: ids (b,) or one for all; names in `data.labels`. A
                name that the prompt lacks is read with it.
            audio: a reference to sound like: power mel (f m) or (b f m) from
                `utils.compute_mel_spectrogram`, or a waveform (t,) at 22,050 Hz, which also lends
                its tempo, loudness, brightness and density.
            batch_size: number of songs where the prompts do not say it.
            duration: seconds, 1 to 3,600. Beyond 11.9 s segments follow one another, each begun
                with the end of the one before.
            seed: song i has seed + i, or one seed each; a song depends on its seed, not on the
                batch.
            steps, sound_steps: of the score's flow and of the sound's. sampler: "ancestral" (fresh
                noise at every step of the score's) and "euler" call the network once a step,
                "midpoint" and "heun" twice.
            guidance: stress on everything said but plays and density, which act as they are (1:
                none), or a weight per condition, e.g. {"all": 2, "text": 3}. sound_guidance: how
                firmly the sound keeps to its notes.
            bpm, key, chords, beats_per_bar: parts of the lead sheet, e.g. 92, "A minor",
                "Am F C G" (a chord per bar, repeated), 4; lead_sheet: a whole one.
            programs: General MIDI program per stem; plays: whether a stem plays (False: it is
                silent where its sound is not given; where one is, stems not named play); density:
                onsets per second per stem.
            dynamics: mean velocity from 0 to 1. valence, arousal: -1 to 1, and `emotion_strength`,
                0 to 2, how far an emotion bends tempo, mode and the rest. swing: share of the
                long eighth, 0.5 to 0.67. register: mean MIDI pitch of guitar and piano. loudness:
                of the mix, LUFS, met by a limiter unless sound is given; planned where it is not
                said. brightness: spectral centroid of the mix before mastering, octaves over 1 kHz,
                met by a tilt of its spectrum unless sound is given.
            image: a picture (c h w) in [0, 1], frames of a video (m c h w) at 4 a second, or a
                `data.pictures.files.Clip`: its mood becomes valence and arousal, over time for a
                video.
            negative_text: what the music should be unlike; acts where guidance is above 1. A stem
                that it names and says nothing more about rests at any guidance.
            keep: music that is given (`models.generative.edits.Keep`); its score is the plan where
                no lead_sheet is given.
            variation: how far to depart from `keep`, a whole song, 0 (it) to 1 (anew): nothing is
                held fixed, the flow starts from it. The mix stays as loud unless `loudness` says
                otherwise.
            temperature: of the planner, 0 takes the likeliest sheet.
            adapters: files of genre adapters, one or several; {file: share} says how much of each
                (a number of all songs or of each, None by its genre), in sum at most 1. Without
                numbers each acts as far as its genre is asked for or probable
                (`models.generative.genre_choice`).

        Raises:
            UserError: a value out of its range, with the range.
        """
        settings = _spoken(locals())
        self._warn_of_untrained()
        ids = {"style": style_idx, "emotion": emotion_idx, "genre": genre_idx}
        b, seeds = songs_of(text, ids, audio, keep, batch_size, seed)
        num_samples = _num_samples(duration, keep)
        seconds = num_samples / SAMPLE_RATE
        varied = None if variation is None else keep
        finished = keep is not None and varied is None and keep.covers(num_samples)
        sampling = Sampling(steps, sound_steps, sampler, guidance, sound_guidance).checked()
        choice = AdapterChoice.of(adapters, self.composer)
        explicit = explicit_facts(
            bpm=bpm,
            key=key,
            chords=chords,
            beats_per_bar=beats_per_bar,
            plays=plays,
            programs=programs_of(keep, programs),
        )
        prompts = prompts_of(text, b)
        mel, heard = heard_of(audio)
        point, curve = seen_of(self, image)
        numbers = {
            "dynamics": dynamics,
            "valence": valence,
            "arousal": arousal,
            "swing": swing,
            "register": register,
            "loudness": loudness,
            "brightness": brightness,
        }
        numbers = point | {name: value for name, value in numbers.items() if value is not None}
        if keep is not None and keep.swing is not None:
            numbers = {"swing": keep.swing} | numbers
        spoken = spoken_facts(prompts, explicit, keep, b, negative=negative_text)
        wishes = Wishes(prompts, spoken, ids, numbers, density, mel, heard, curve)
        with eval_mode(self):
            said = wishes.conditions(self).to(self.device)
            asked = said
            if keep is not None:
                said = sounding(said, keep.known[..., 0].all(-1).expand(b, -1))
            sheet = keep.sheet if lead_sheet is None and keep is not None else lead_sheet
            sheets = wishes.sheets(sheet, seconds, explicit=explicit)
            negative = None if negative_text is None else self.text.encode([negative_text] * b)
            plans = [Plan(Brief(), sheet) for sheet in sheets]
            if not finished and "planner" in self.trained:
                plans = self.planner.plan(
                    said,
                    duration=seconds,
                    given=sheets,
                    generators=[torch_rng(seed, 1) for seed in seeds],
                    temperature=temperature,
                    guidance=guidance,
                    negative=negative,
                    curve=curve,
                    emotion_strength=emotion_strength,
                )
            planner = self.planner if "planner" in self.trained else None
            shares = choice.shares(said, plans, planner)
            said = merged(said, [plan.brief for plan in plans])
            start = Start.of(self, b, num_samples, keep=keep, plays=said.plays, variation=variation)
            if start.audio is not None and {"loudness", "brightness"} & settings.keys():
                warnings.warn(
                    "beside given sound the mix keeps its level and its tone: loudness and "
                    "brightness act on what is played only",
                    stacklevel=2,
                )
            said = _with_sheets(said, [p.sheet for p in plans], start.notes.shape[2], self.device)
            sampling.warn_of_idle(said, negative=negative is not None)
            how = (said, start, seeds, sampling, negative)
            adapted = choice.on(self.composer, shares)
            notes = compose(adapted or self.composer, *how)
            notes = tried_again(self, notes, *how, num_samples=num_samples, adapted=adapted)
        return Generation(
            self,
            notes,
            num_samples,
            plans,
            start,
            programs=said.program.cpu(),
            seeds=seeds,
            play=lambda score: perform(self.performer, said, start, score, seeds, sampling),
            settings=settings,
            loudness=_loudness(said if varied is None else asked, varied, b),
            brightness=asked.brightness,
            dynamics=(said if keep is None else asked).dynamics,
            adapters=choice.described(shares),
        )

    def _warn_of_untrained(self) -> None:
        """Warns of parts that are still random numbers."""
        missing = [part for part in PARTS if part not in self.trained and part != "visual"]
        if missing:
            warnings.warn(f"untrained parts: {', '.join(missing)}; expect noise", stacklevel=3)

    def transcribe(self, stems: torch.Tensor, **options: Any) -> Generation:
        """The notes of stems (b s t): the sound is given, the score is heard from it."""
        return self.generate(
            keep=Keep.sound(stems),
            batch_size=len(stems),
            duration=stems.shape[-1] / SAMPLE_RATE,
            **options,
        )

    @torch.no_grad()
    def compose_like(
        self, batch: Batch, generator: torch.Generator, *, steps: int = 12
    ) -> torch.Tensor:
        """Score latents (1 s l d) made from the conditions of a batch's first segment."""
        start, seed, said = self._like(batch, generator)
        sampling = Sampling(steps, steps, "ancestral", 1.0)
        return compose(self.composer, said, start, [seed], sampling, None)

    @torch.no_grad()
    def perform_like(
        self, batch: Batch, generator: torch.Generator, *, steps: int = 12
    ) -> torch.Tensor:
        """Sound latents (1 s l d) of the score of a batch's first segment."""
        start, seed, said = self._like(batch, generator)
        notes = self.batch_notes(batch)[:1]
        sampling = Sampling(steps, steps, "euler", 1.0)
        return perform(self.performer, said, start, notes, [seed], sampling)

    def _like(self, batch: Batch, generator: torch.Generator) -> tuple[Start, int, Conditions]:
        """A free start as long as a batch's segments, a seed, and what its first segment says."""
        start = Start.of(self, 1, self.batch_notes(batch).shape[2] * FRAME_SAMPLES)
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return start, seed, Conditions.from_batch(batch, None).item(0)


def _spoken(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments that were given, as JSON; audio as its shape."""
    plain = {}
    for name, value in arguments.items():
        if name in ("self", "adapters") or value is None:  # adapters: what acts is said by itself
            continue
        if isinstance(value, torch.Tensor | np.ndarray | np.generic):
            value = torch.as_tensor(value)
            value = value.tolist() if value.numel() <= 64 else f"tensor {tuple(value.shape)}"
        elif type(value).__name__ in ("LeadSheet", "Keep", "Clip"):
            value = type(value).__name__
        elif isinstance(value, Mapping):
            value = {str(k): v for k, v in value.items()}
        elif isinstance(value, Sequence) and not isinstance(value, str):
            value = list(value)
        plain[name] = value
    return plain


def _loudness(said: Conditions, varied: Keep | None, batch_size: int) -> torch.Tensor | None:
    """LUFS (b,) of the mixes: as said, else those of recordings that are varied as a whole; nan,
    or None for all, where open.
    """
    if varied is None or varied.audio is None or not varied.known[..., 0].all():
        return said.loudness
    mixes = varied.audio.sum(1).numpy(force=True)
    lufs = torch.tensor([loudness_of(mix, SAMPLE_RATE) for mix in mixes], dtype=torch.float32)
    lufs = lufs.masked_fill(lufs.isinf(), torch.nan).expand(batch_size)
    if said.loudness is None:
        return lufs
    return torch.where(said.loudness.cpu().isnan(), lufs, said.loudness.cpu())


def _num_samples(duration: float, keep: Keep | None) -> int:
    """Length of the song; a given recording is never cut."""
    if not 1.0 <= duration <= 3_600.0:
        raise UserError(f"duration is {duration:g} s: choose from 1 to 3,600 seconds")
    num_samples = round(duration * SAMPLE_RATE)
    return num_samples if keep is None else max(num_samples, keep.num_samples)


def _with_sheets(
    said: Conditions, sheets: Sequence[LeadSheet | None], num_frames: int, device: torch.device
) -> Conditions:
    """Conditions with the lead sheets' features at every frame."""
    if all(sheet is None for sheet in sheets):
        return said
    swings = [None] * len(sheets) if said.swing is None else said.swing.tolist()
    rows = [
        torch.as_tensor(sheet_features(sheet, num_frames, swing=swing))
        for sheet, swing in zip(sheets, swings, strict=True)
    ]
    return replace(said, sheet=torch.stack(rows).to(device, torch.float32))
