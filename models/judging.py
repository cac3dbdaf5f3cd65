"""What a model makes of real segments, and what it makes up: what is evaluated.

Segments pass through in small groups: each is encoded and decoded, imitated, transcribed and
described for the metrics, then its audio is dropped, so that memory does not grow with their
number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data.batch import Example
from data.captions import captions
from data.labels import labels_of
from data.roll import from_roll, to_roll
from data.score import Notes
from data.user_captions import own_caption
from metrics.codec_rows import codec_rows, neighbours, score_codec_rows
from metrics.evaluation import Evidence, generation_rows
from metrics.pictures import piano_roll_figure, save_figure, spectrogram_figure
from metrics.report import Row
from metrics.segment import Segment, Sheet, StemNotes, describe, shuffled_mixes
from metrics.waveform import PairScores, compare_segments
from models.real_music import Training, described, measured, notes_known
from utils import SAMPLE_RATE, SEGMENT_FRAMES, counter_rng, eval_mode

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

GROUP = 16


@dataclass(frozen=True)
class Reconstruction:
    """Round trips: audio (b, s, t) through the codec, notes through the score codec.

    `bound` is the notes after the roll alone, which no codec of rolls can beat; both lists are
    empty when the real notes are not known.
    """

    audio: np.ndarray
    notes: list[dict[str, Notes]]
    bound: list[dict[str, Notes]]


def reconstruct(
    model: HarmonicFlow, examples: Sequence[Example], *, batch_size: int
) -> Reconstruction:
    """Every real segment encoded and decoded."""
    audio, notes, bound = [], [], []
    for first in range(0, len(examples), batch_size):
        part = examples[first : first + batch_size]
        rolls = None
        if all(notes_known(e) for e in examples):
            rolls = np.stack([to_roll(e.score, SEGMENT_FRAMES) for e in part])
            bound += [from_roll(roll) for roll in rolls]
            rolls = torch.from_numpy(rolls)
        with eval_mode(model):
            latents = model.encode(torch.from_numpy(np.stack([e.audio for e in part])), rolls)
            audio.append(model.codec.decode(latents.sound).cpu().numpy())
            if latents.score is not None:
                decoded = model.score_codec.decode(latents.score).cpu().numpy()
                notes += [from_roll(roll) for roll in decoded]
    return Reconstruction(np.concatenate(audio), notes, bound)


@dataclass(frozen=True)
class Generated:
    """Generated segments: audio (b, s, t), their notes, and the sheets they were planned on."""

    audio: np.ndarray
    notes: list[dict[str, Notes]]
    sheets: list[Sheet]


def generate_like(
    model: HarmonicFlow,
    examples: Sequence[Example],
    seed: int,
    options: Mapping[str, Any],
    *,
    batch_size: int,
    voice: str = "neural",
) -> Generated:
    """One generated segment per real one, from what the real one's caption says.

    Args:
        seed: of the first segment; the others count on from it.
        options: further arguments of `generate`; a text in it takes the place of the captions.
        voice: whose sound it is, as in `Generation.voiced`.
    """
    labels = [labels_of(e.score, e.tags, e.present, audio=e.audio) for e in examples]
    audio, notes, sheets = [], [], []
    for first in range(0, len(examples), batch_size):
        rows = range(first, min(first + batch_size, len(labels)))
        seeds = [seed + i for i in rows]
        texts = _captions([labels[i] for i in rows], [examples[i] for i in rows], seeds)
        said = {"text": texts, "batch_size": len(texts), "seed": seeds}
        songs = model.generate(**{**said, **options})
        audio += [songs.voiced(i, voice) for i in range(len(songs))]
        notes += [score.notes for score in songs.scores]
        sheets += [measured(sheet) for sheet in songs.lead_sheets]
    length = examples[0].audio.shape[-1]
    return Generated(np.stack(audio)[..., :length], notes, sheets)


def _captions(
    labels: Sequence[Mapping[str, Any]], examples: Sequence[Example], seeds: Sequence[int]
) -> list[str]:
    """What is said of real segments: their own caption, or one made of their labels."""
    return [
        own_caption(e.tags, counter_rng(seed)) or captions(said, None, counter_rng(seed))[0]
        for seed, said, e in zip(seeds, labels, examples, strict=True)
    ]


def transcribed(
    model: HarmonicFlow, audio: np.ndarray, *, batch_size: int
) -> list[dict[str, Notes]]:
    """Notes heard in segments (b, s, t); empty for a model that has not learned to transcribe."""
    if "transcriber" not in model.trained:
        return []
    parts = (audio[first : first + batch_size] for first in range(0, len(audio), batch_size))
    songs = (model.transcribe(torch.from_numpy(part)) for part in parts)
    return [score.notes for batch in songs for score in batch.scores]


@dataclass
class Judgement:
    """What is found of a model while real segments pass by, group after group."""

    model: HarmonicFlow
    seed: int
    options: Mapping[str, Any]
    batch_size: int
    voice: str = "neural"
    ours: list[Segment] = field(default_factory=list)
    real: list[Segment] = field(default_factory=list)
    shuffled_mix: list[np.ndarray] = field(default_factory=list)
    codec: list[dict[str, PairScores]] = field(default_factory=list)
    codec_floor: list[dict[str, PairScores]] = field(default_factory=list)
    decoded: list[dict[str, Notes]] = field(default_factory=list)
    bound: list[dict[str, Notes]] = field(default_factory=list)
    round_trip: list[dict[str, Notes]] = field(default_factory=list)
    pictured: tuple[dict[str, np.ndarray], dict[str, StemNotes]] | None = None

    def add(self, examples: Sequence[Example]) -> None:
        """Everything that is to be known of a group of real segments and of their likes."""
        audio, how = np.stack([e.audio for e in examples]), {"batch_size": self.batch_size}
        again = reconstruct(self.model, examples, **how)
        seed = self.seed + len(self.real)
        made = generate_like(self.model, examples, seed, self.options, voice=self.voice, **how)
        self._add_real(examples, audio, again)
        heard = transcribed(self.model, made.audio, **how) or [None] * len(examples)
        parts = zip(made.audio, made.notes, heard, made.sheets, strict=True)
        self.ours += [describe(a, notes=n, heard=h, sheet=sheet) for a, n, h, sheet in parts]
        if self.pictured is None:
            sound = {"real": audio[0], "codec": again.audio[0], "generated": made.audio[0]}
            notes = {"real": self.real[0].notes, "score codec": next(iter(again.notes), None)}
            notes = {k: v for k, v in notes.items() if v} | {"generated": made.notes[0]}
            self.pictured = (sound, notes)

    def _add_real(
        self, examples: Sequence[Example], audio: np.ndarray, again: Reconstruction
    ) -> None:
        """Real segments, and how the codecs keep them."""
        how = {"batch_size": self.batch_size}
        heard = transcribed(self.model, audio, **how) or [None] * len(examples)
        self.real += [described(*pair) for pair in zip(examples, heard, strict=True)]
        self.shuffled_mix.append(shuffled_mixes(audio))
        self.codec += compare_segments(again.audio, audio)
        if not self.codec_floor and len(audio) > 1:
            self.codec_floor = compare_segments(np.stack(neighbours(audio)), audio)
        self.decoded, self.bound = self.decoded + again.notes, self.bound + again.bound
        self.round_trip += transcribed(self.model, again.audio, **how)

    def rows(self, training: Training) -> list[Row]:
        """Every row of the report."""
        rows = codec_rows(self.codec, self.codec_floor)
        real = [s.notes for s in self.real]
        if all(notes is not None for notes in real):
            rows += score_codec_rows(self.decoded, self.bound, real)
        evidence = Evidence(
            self.ours,
            self.real,
            training.segments,
            np.concatenate(self.shuffled_mix),
            self.round_trip,
            training.index,
        )
        return rows + generation_rows(evidence)


def judge(
    model: HarmonicFlow,
    examples: Iterable[Example],
    *,
    seed: int,
    options: Mapping[str, Any],
    batch_size: int,
    voice: str = "neural",
) -> Judgement:
    """What is found of a model on real segments; see `generate_like` for the arguments."""
    found, examples = Judgement(model, seed, options, batch_size, voice), iter(examples)
    while group := list(islice(examples, GROUP)):
        found.add(group)
    return found


def save_pictures(folder: Path, found: Judgement) -> None:
    """Pictures of the first segment: real, reconstructed and generated, sound and notes."""
    sound, notes = found.pictured
    save_figure(spectrogram_figure(sound), folder / "spectrograms.png")
    seconds = sound["real"].shape[-1] / SAMPLE_RATE
    save_figure(piano_roll_figure(notes, seconds), folder / "piano_rolls.png")
