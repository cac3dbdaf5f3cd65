"""Real music to judge by: fixed segments of a split, and what the training songs hold."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from data.batch import Example
from data.chords import chord_tones
from data.lead_sheet import LeadSheet
from data.score import Notes, Score
from data.sources import build_source, guess_source
from metrics.novelty import PhraseIndex
from metrics.segment import Segment, Sheet, StemNotes, describe
from utils import SEGMENT_FRAMES, UserError

WHOLE_SONG_FRAMES = 12_920  # ten minutes


def measured(sheet: LeadSheet | None) -> Sheet:
    """What the metrics read of a lead sheet; nothing when there is none or it has no times."""
    if sheet is None or not sheet.timed:
        return Sheet(np.zeros(0), ())
    tones = [frozenset(chord_tones(c)) if c is not None else None for c in sheet.chords]
    return Sheet(sheet.beat_times, tones, sheet.beat_in_bar)


def read_examples(
    source: str | None, data_dir: str | None, split: str, count: int
) -> Iterator[Example]:
    """Up to `count` fixed segments, spread evenly over a split.

    Songs that cannot be read are left out with a warning.

    Raises:
        UserError: no such data, or fewer than two segments can be read.
    """
    songs = build_source(source or guess_source(data_dir), data_dir, split)
    places = np.unique(np.linspace(0, len(songs) - 1, count).astype(int)) if len(songs) else []
    found = 0
    for place in tqdm(places, desc=f"{split} segments", unit="segment"):
        try:
            yield songs.example(int(place), num_frames=SEGMENT_FRAMES, rng=None)
            found += 1
        except UserError as error:
            warnings.warn(f"left out: {error}", stacklevel=2)
    if found < 2:
        raise UserError(
            f"{found} segments of the {split} split can be read in '{data_dir}'; metrics "
            "need at least 2: check the folder, or take another --split"
        )


def notes_known(example: Example) -> bool:
    """Whether the notes of every stem of a segment can be trusted."""
    return example.score is not None and bool(example.score_known[example.present].all())


def _heard(notes: Mapping[str, Notes]) -> dict[str, Notes]:
    """Notes as one hears them: a part doubled on several tracks is one part."""
    return {stem: n.without_doubles() for stem, n in notes.items()}


@dataclass(frozen=True)
class Training:
    """What the model may have learned by heart: segments of training songs, and their phrases."""

    segments: Sequence[Segment] = ()
    index: PhraseIndex | None = None


def read_training(
    source: str | None, data_dir: str | None, *, num_segments: int, num_songs: int
) -> Training:
    """Segments of training songs, and the index of at most `num_songs` of them.

    Nothing, with a warning, where there are no training songs.
    """
    try:
        songs = build_source(source or guess_source(data_dir), data_dir, "train")
    except UserError as error:
        warnings.warn(f"no training songs to compare with: {error}", stacklevel=2)
        return Training()
    indexed = min(num_songs, songs.num_songs, len(songs))
    places = np.unique(np.linspace(0, indexed - 1, num_segments).astype(int)) if indexed else []
    segments = []
    for place in tqdm(places, desc="training segments", unit="segment"):
        try:
            example = songs.example(int(place), num_frames=SEGMENT_FRAMES, rng=None)
        except UserError:
            continue
        segments.append(described(example))
    whole = tqdm(_whole_songs(songs, num_songs), desc="training songs", total=indexed, unit="song")
    index = PhraseIndex((score.notes, score.beat_times) for score in whole)
    return Training(segments, index if index.num_songs else None)


def _whole_songs(songs: Any, count: int) -> Iterator[Score]:
    """The scores of up to `count` songs of a source, from their beginnings."""
    seen: set[str] = set()
    for place in range(len(songs)):
        if len(seen) >= min(count, songs.num_songs):
            return
        try:
            example = songs.example(place, num_frames=WHOLE_SONG_FRAMES, need_audio=False, rng=None)
        except UserError:
            continue
        if example.song not in seen and example.score is not None:
            yield example.score
        seen.add(example.song)


def described(example: Example, heard: StemNotes | None = None) -> Segment:
    """A real segment as the metrics remember it."""
    notes, sheet = None, None
    if notes_known(example):
        notes = _heard(example.score.notes)
        sheet = measured(LeadSheet.from_score(example.score))
    return describe(example.audio, song=example.song, notes=notes, heard=heard, sheet=sheet)
