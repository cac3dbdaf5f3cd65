"""Real segments, what a model makes of them, and what it makes up: what is evaluated."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from data.batch import Example
from data.captions import captions
from data.chords import chord_tones
from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.roll import from_roll, to_roll
from data.score import Notes
from data.sources import build_source, guess_source
from metrics.evaluation import Segments, Sheet
from metrics.pictures import piano_roll_figure, save_figure, spectrogram_figure
from utils import SEGMENT_FRAMES, UserError, counter_rng, eval_mode

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

IDS = ("style", "emotion", "genre")


@dataclass(frozen=True)
class RealSegments:
    """n real segments: audio (b, s, t) and the examples they came from.

    `notes` and `sheets` are empty unless the notes of every stem of every segment are known.
    """

    audio: np.ndarray
    examples: list[Example]
    notes: list[dict[str, Notes]]
    sheets: list[LeadSheet]

    def segments(self) -> Segments:
        """The same as the metrics read it."""
        return Segments(self.audio, self.notes, [measured(sheet) for sheet in self.sheets])


def measured(sheet: LeadSheet | None) -> Sheet:
    """What the metrics read of a lead sheet; nothing when there is none or it has no times."""
    if sheet is None or not sheet.timed:
        return Sheet(np.zeros(0), ())
    tones = [frozenset(chord_tones(c)) if c is not None else None for c in sheet.chords]
    return Sheet(sheet.beat_times, tones)


def real_segments(source: str | None, data_dir: str | None, split: str, count: int) -> RealSegments:
    """Up to `count` fixed segments, spread evenly over a split.

    Songs that cannot be read are left out with a warning.

    Raises:
        UserError: no such data, or fewer than two segments can be read.
    """
    songs = build_source(source or guess_source(data_dir), data_dir, split)
    places = np.unique(np.linspace(0, len(songs) - 1, count).astype(int)) if len(songs) else []
    examples = []
    for place in tqdm(places, desc="real segments", unit="segment"):
        try:
            examples.append(songs.example(int(place), num_frames=SEGMENT_FRAMES, rng=None))
        except UserError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    if len(examples) < 2:
        raise UserError(
            f"{len(examples)} segments of the {split} split can be read in '{data_dir}'; metrics "
            "need at least 2: check the folder, or take another --split"
        )
    known = all(e.score is not None and e.score_known[e.present].all() for e in examples)
    return RealSegments(
        np.stack([e.audio for e in examples]),
        examples,
        [_heard(e.score.notes) for e in examples] if known else [],
        [LeadSheet.from_score(e.score) for e in examples] if known else [],
    )


def _heard(notes: Mapping[str, Notes]) -> dict[str, Notes]:
    """Notes as one hears them: a part doubled on several tracks is one part."""
    return {stem: n.without_doubles() for stem, n in notes.items()}


@dataclass(frozen=True)
class Reconstruction:
    """Round trips: audio (b, s, t) through the codec, notes through the score codec.

    `bound` is the notes after the roll alone, which no codec of rolls can beat; both lists are
    empty when the real notes are not known.
    """

    audio: np.ndarray
    notes: list[dict[str, Notes]]
    bound: list[dict[str, Notes]]


def reconstruct(model: HarmonicFlow, real: RealSegments, *, batch_size: int) -> Reconstruction:
    """Every real segment encoded and decoded."""
    audio, notes, bound = [], [], []
    starts = range(0, len(real.audio), batch_size)
    for first in tqdm(starts, desc="reconstructions", unit="batch"):
        part = slice(first, first + batch_size)
        rolls = None
        if real.notes:
            scores = [e.score for e in real.examples[part]]
            rolls = np.stack([to_roll(score, SEGMENT_FRAMES) for score in scores])
            bound += [from_roll(roll) for roll in rolls]
            rolls = torch.from_numpy(rolls)
        with eval_mode(model):
            latents = model.encode(torch.from_numpy(real.audio[part]), rolls)
            audio.append(model.codec.decode(latents.sound).cpu().numpy())
            if latents.score is not None:
                decoded = model.score_codec.decode(latents.score).cpu().numpy()
                notes += [from_roll(roll) for roll in decoded]
    return Reconstruction(np.concatenate(audio), notes, bound)


def generate_like(
    model: HarmonicFlow,
    real: RealSegments,
    seed: int,
    options: Mapping[str, Any],
    *,
    batch_size: int,
) -> Segments:
    """One generated segment per real one, from what the real one's labels and caption say.

    Args:
        options: further arguments of `generate`; labels in it take the place of the segments' own.
    """
    labels = [labels_of(e.score, e.tags, e.present) for e in real.examples]
    audio, notes, sheets = [], [], []
    starts = range(0, len(real.examples), batch_size)
    for first in tqdm(starts, desc="generation", unit="batch"):
        rows = range(first, min(first + batch_size, len(labels)))
        said = _said([labels[i] for i in rows], [real.examples[i] for i in rows], rows, seed)
        songs = model.generate(**{**said, "seed": [seed + i for i in rows], **options})
        audio.append(songs.audio.numpy())
        notes += [score.notes for score in songs.scores]
        sheets += [measured(sheet) for sheet in songs.lead_sheets]
    return Segments(np.concatenate(audio)[..., : real.audio.shape[-1]], notes, sheets)


def _said(
    labels: Sequence[Mapping[str, Any]], examples: Sequence[Example], rows: range, seed: int
) -> dict[str, Any]:
    """Prompt and ids of real segments as arguments of `generate`; unknown ids are -1."""
    texts = [
        str(e.tags.get("caption") or captions(said, None, counter_rng(seed, row))[0])
        for row, said, e in zip(rows, labels, examples, strict=True)
    ]
    ids = {f"{name}_idx": torch.tensor([said[name] for said in labels]) for name in IDS}
    return {"text": texts, "batch_size": len(texts), **ids}


def picture_pairs(folder: Path, real: RealSegments, again: Reconstruction, ours: Segments) -> None:
    """Pictures of the first segment: real, reconstructed and generated, sound and notes."""
    sound = {"real": real.audio[0], "codec": again.audio[0], "generated": ours.audio[0]}
    save_figure(spectrogram_figure(sound), folder / "spectrograms.png")
    notes = {"generated": ours.notes[0]}
    if real.notes:
        notes = {"real": real.notes[0], "score codec": again.notes[0], **notes}
    save_figure(piano_roll_figure(notes, real.segments().duration), folder / "piano_rolls.png")
