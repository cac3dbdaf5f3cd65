"""Are the notes like those of real songs? Histograms and habits of each stem.

Segments give numbers and histograms; two sets of segments are compared by how much their histograms
overlap (1 is equal) and by how their means differ. It does not know whether a tune is good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.bars import strokes
from data.score import Notes
from metrics.analysis import mean_known
from metrics.beats import autocorrelation
from metrics.coherence import ONSET_GRID_HZ, PITCHED, onset_curve
from utils import STEMS

LENGTH_EDGES_SECONDS = (0.0, 0.06, 0.09, 0.13, 0.18, 0.25, 0.36, 0.5, 0.7, 1.0, 1.4, 2.0, np.inf)
MAJOR_SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
PERIODS_SECONDS = (0.25, 3.0)
FEWEST = 4  # notes that show a touch, strokes that show a rhythm


@dataclass(frozen=True)
class StemStatistics:
    """One stem of one segment.

    Attributes:
        pitch_classes: (12,) share of notes per pitch class counted from a tonic (for drums: per
            General MIDI key modulo 12).
        lengths: (12,) share of notes per length, bounds `LENGTH_EDGES_SECONDS`.
        density: strokes per second: notes struck together count once (`data.bars.strokes`).
        chord_size: notes per stroke.
        polyphony: mean number of notes that sound while any does.
        scale_consistency: largest share of notes inside one major scale (equally: its relative
            minor).
        periodicity: largest autocorrelation of the onsets at a lag of 0.25 to 3 s: 1 repeats
            exactly.
        touch: how unevenly the notes are struck, in MIDI steps of velocity.
        num_notes: notes counted; with 0 every other value is NaN but density, which is 0.
    """

    pitch_classes: np.ndarray
    lengths: np.ndarray
    density: float
    chord_size: float
    polyphony: float
    scale_consistency: float
    periodicity: float
    touch: float
    num_notes: int


NUMBERS = ("density", "chord_size", "polyphony", "scale_consistency", "periodicity", "touch")
HISTOGRAMS = ("pitch_classes", "lengths")


def polyphony(notes: Notes) -> float:
    """Mean number of sounding notes over the time in which any sounds; NaN without notes."""
    if not len(notes):
        return float("nan")
    times = np.concatenate([notes.onset, notes.offset])
    steps = np.concatenate([np.ones(len(notes)), -np.ones(len(notes))])
    order = np.lexsort((steps, times))
    sounding = np.cumsum(steps[order])[:-1]
    return float((notes.offset - notes.onset).sum() / np.diff(times[order])[sounding > 0].sum())


def periodicity(notes: Notes, duration: float) -> float:
    """How well the onsets repeat: the largest autocorrelation at a lag of 0.25 to 3 s.

    1 for a rhythm that repeats for ever, near 0 for onsets at random; NaN with fewer than four
    strokes. The lag is at most half the segment, so that a repetition is heard twice.
    """
    if len(strokes(notes)) < FEWEST:
        return float("nan")
    curve = onset_curve(notes, duration)
    first, last = (int(s * ONSET_GRID_HZ) for s in PERIODS_SECONDS)
    values = autocorrelation(curve)[first : min(last, len(curve) // 2) + 1]
    return float(min(values.max(), 1.0)) if len(values) else float("nan")


def touch(notes: Notes, *, drums: bool = False) -> float:
    """Standard deviation of the velocities in MIDI steps; NaN with fewer than four notes.

    Of drums each key is measured from its own mean, so that soft hi-hats beside loud snares are no
    touch.
    """
    if len(notes) < FEWEST:
        return float("nan")
    keys = notes.pitch if drums else np.zeros(len(notes))
    _, key = np.unique(keys, return_inverse=True)
    means = np.bincount(key, notes.velocity) / np.bincount(key)
    return float((notes.velocity - means[key]).std())


def scale_consistency(notes: Notes) -> float:
    """Largest share of the notes that one of the twelve major scales holds; NaN without notes."""
    if not len(notes):
        return float("nan")
    return float(_inside_scales(notes.pitch).max() / len(notes))


def _inside_scales(pitches: np.ndarray) -> np.ndarray:
    """How many pitches each of the twelve major scales holds, C major first: (12,)."""
    counts = np.bincount(pitches % 12, minlength=12)
    return np.array([counts[(MAJOR_SCALE + tonic) % 12].sum() for tonic in range(12)])


def scale_tonic(notes: Mapping[str, Notes]) -> int:
    """Tonic 0-11 of the major scale that holds most notes of bass, guitar and piano; 0 without."""
    pitches = np.concatenate([notes[stem].pitch for stem in PITCHED])
    return int(_inside_scales(pitches).argmax())


def stem_statistics(
    notes: Notes, duration: float, tonic: int = 0, *, drums: bool = False
) -> StemStatistics:
    """Statistics of one stem over a segment of `duration` seconds; pitch classes from a tonic.

    `drums` says that a pitch is a drum, which has a loudness of its own.

    Raises:
        ValueError: when the duration is not positive.
    """
    if not duration > 0:
        raise ValueError(f"duration must be positive seconds, got {duration}")
    count = max(len(notes), 1) if len(notes) else float("nan")
    lengths, _ = np.histogram(notes.offset - notes.onset, LENGTH_EDGES_SECONDS)
    num_strokes = len(strokes(notes))
    return StemStatistics(
        pitch_classes=np.bincount((notes.pitch - tonic) % 12, minlength=12) / count,
        lengths=lengths / count,
        density=num_strokes / duration,
        chord_size=len(notes) / num_strokes if num_strokes else float("nan"),
        polyphony=polyphony(notes),
        scale_consistency=scale_consistency(notes),
        periodicity=periodicity(notes, duration),
        touch=touch(notes, drums=drums),
        num_notes=len(notes),
    )


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Shared area of two histograms that each sum to 1: from 0 (disjoint) to 1 (equal)."""
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"histograms differ in shape: {first.shape} and {second.shape}")
    return float(np.minimum(first, second).sum())


@dataclass(frozen=True)
class SetStatistics:
    """One stem over a set of segments: means of the numbers, pooled histograms (each sums to 1)."""

    means: dict[str, float]
    histograms: dict[str, np.ndarray]
    num_playing: int


def _pooled(rows: Sequence[StemStatistics], name: str) -> np.ndarray:
    playing = [(r.num_notes, getattr(r, name)) for r in rows if r.num_notes]
    if not playing:
        return np.full(12, np.nan)
    weights = np.array([n for n, _ in playing], np.float64)
    return weights @ np.stack([h for _, h in playing]) / weights.sum()


def set_statistics(
    segments: Sequence[Mapping[str, Notes]], duration: float
) -> dict[str, SetStatistics]:
    """Statistics per stem of segments of one duration.

    Pitch classes are counted from the tonic of each segment's major scale, so that songs in
    different keys can be pooled.
    """
    tonics = [scale_tonic(notes) for notes in segments]
    result = {}
    for stem in STEMS:
        drums = stem == "drums"
        rows = [
            stem_statistics(notes[stem], duration, 0 if drums else tonic, drums=drums)
            for notes, tonic in zip(segments, tonics, strict=True)
        ]
        playing = [row for row in rows if row.num_notes]
        means = {name: mean_known([getattr(r, name) for r in playing]) for name in NUMBERS}
        histograms = {name: _pooled(rows, name) for name in HISTOGRAMS}
        result[stem] = SetStatistics(means, histograms, len(playing))
    return result


def histogram_overlaps(ours: SetStatistics, real: SetStatistics) -> dict[str, float]:
    """Overlap of each pooled histogram with the real one, 0 to 1; NaN when a side has no notes."""
    return {name: overlap(ours.histograms[name], real.histograms[name]) for name in HISTOGRAMS}
