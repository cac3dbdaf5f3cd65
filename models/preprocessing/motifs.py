"""Motifs: what a stem plays more than once, bar by bar.

Two bars are the same when at least `SAME` of their notes are, in place and pitch; for pitched stems
a bar may return at another pitch, and the motif says by how many semitones. A motif is a run of
bars that comes back; of all such runs the ones that explain most of the stem are kept, longer ones
first when they explain as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.score import Notes

STEPS = 16
SAME = 0.8
MAX_BARS = 8
MOST_MOTIFS = 4
MIN_NOTES = 3


@dataclass(frozen=True)
class Motif:
    """A run of bars that returns.

    Attributes:
        stem: who plays it. num_bars: its length. num_notes: in its first appearance (0 where it
            was found in sound).
        bars: index of the first bar of each appearance; starts: its seconds.
        semitones: how far each appearance lies above the first.
    """

    stem: str
    num_bars: int
    num_notes: int
    bars: tuple[int, ...]
    starts: tuple[float, ...]
    semitones: tuple[int, ...]


def bar_grids(notes: Notes, bars: np.ndarray, *, drums: bool) -> list[frozenset[tuple[int, int]]]:
    """Each bar as its notes (sixteenth of the bar, pitch), pitches from the bar's lowest on unless
    `drums`.
    """
    onset = notes.onset + 1e-9
    at = np.clip(np.searchsorted(bars, onset + 0.04, side="right") - 1, 0, len(bars) - 2)
    share = (onset - bars[at]) / np.maximum(np.diff(bars)[at], 1e-9)
    step = np.clip(np.round(share * STEPS), 0, STEPS - 1).astype(int)
    found: list[set[tuple[int, int]]] = [set() for _ in range(len(bars) - 1)]
    for bar, s, pitch in zip(at.tolist(), step.tolist(), notes.pitch.tolist(), strict=True):
        found[bar].add((s, int(pitch)))
    if drums:
        return [frozenset(bar) for bar in found]
    lowest = [min((p for _, p in bar), default=0) for bar in found]
    return [frozenset((s, p - low) for s, p in bar) for bar, low in zip(found, lowest, strict=True)]


def lowest_pitches(notes: Notes, bars: np.ndarray) -> np.ndarray:
    """The lowest pitch (n,) that begins in each bar, 0 in an empty one."""
    at = np.clip(np.searchsorted(bars, notes.onset + 0.04, side="right") - 1, 0, len(bars) - 2)
    lowest = np.full(len(bars) - 1, 999)
    np.minimum.at(lowest, at, notes.pitch.astype(int))
    return np.where(lowest == 999, 0, lowest)


def alike(a: frozenset, b: frozenset) -> float:
    """Share of notes that two bars have in common, 0 to 1; 0 where both are empty."""
    total = len(a) + len(b)
    return 2.0 * len(a & b) / total if total else 0.0


def classes_of(grids: Sequence[frozenset]) -> np.ndarray:
    """Bars that are the same share a number (n,); bars with too few notes have -1."""
    found, patterns = np.full(len(grids), -1), []
    for i, grid in enumerate(grids):
        if len(grid) < MIN_NOTES:
            continue
        scores = [alike(grid, pattern) for pattern in patterns]
        if scores and max(scores) >= SAME:
            found[i] = int(np.argmax(scores))
        else:
            found[i] = len(patterns)
            patterns.append(grid)
    return found


def runs_that_return(classes: np.ndarray) -> list[tuple[int, list[int]]]:
    """Runs (length in bars, first bar of each appearance) of classes (n,), the best first.

    Appearances do not overlap, and no bar belongs to two runs.
    """
    free = classes >= 0
    chosen: list[tuple[int, list[int]]] = []
    while len(chosen) < MOST_MOTIFS:
        found = [_best_of_length(classes, free, length) for length in range(1, MAX_BARS + 1)]
        found = [(length, places) for length, places in found if len(places) > 1]
        if not found:
            break
        best = max(found, key=lambda run: (run[0] * (len(run[1]) - 1), run[0]))
        for place in best[1]:
            free[place : place + best[0]] = False
        chosen.append(best)
    return chosen


def _best_of_length(classes: np.ndarray, free: np.ndarray, length: int) -> tuple[int, list[int]]:
    """The run of a length with most appearances among bars that are free."""
    places: dict[tuple[int, ...], list[int]] = {}
    for i in range(len(classes) - length + 1):
        if not free[i : i + length].all():
            continue
        run = places.setdefault(tuple(classes[i : i + length].tolist()), [])
        if not run or i >= run[-1] + length:
            run.append(i)
    return length, max(places.values(), key=len, default=[])


def motifs_of_notes(stem: str, notes: Notes, bars: np.ndarray) -> list[Motif]:
    """What a stem's notes repeat, in bars that begin at (n + 1,) seconds."""
    drums = stem == "drums"
    grids = bar_grids(notes, bars, drums=drums)
    lowest = lowest_pitches(notes, bars)
    found = []
    for length, places in runs_that_return(classes_of(grids)):
        moved = [0 if drums else int(lowest[place] - lowest[places[0]]) for place in places]
        count = sum(len(grid) for grid in grids[places[0] : places[0] + length])
        found.append(_motif(stem, length, count, places, bars, moved))
    return found


def motifs_of_sound(
    stem: str, features: np.ndarray, plays: np.ndarray, bars: np.ndarray, *, same: float
) -> list[Motif]:
    """What a stem repeats, heard: features (n k) of unit length, `plays` (n,) bool.

    Args:
        same: cosine from which two bars are the same.
    """
    classes, kinds = np.full(len(features), -1), []
    for i in np.flatnonzero(plays):
        scores = [float(features[i] @ features[k]) for k in kinds]
        if scores and max(scores) >= same:
            classes[i] = int(np.argmax(scores))
        else:
            classes[i] = len(kinds)
            kinds.append(i)
    return [
        _motif(stem, length, 0, places, bars, [0] * len(places))
        for length, places in runs_that_return(classes)
    ]


def _motif(
    stem: str, length: int, count: int, places: list[int], bars: np.ndarray, moved: list[int]
) -> Motif:
    starts = tuple(round(float(bars[place]), 3) for place in places)
    return Motif(stem, length, count, tuple(places), starts, tuple(moved))
