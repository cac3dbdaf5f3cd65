"""Do the stems play the same piece? Agreement in harmony, in onsets and in beats between stems.

The functions take curves or beats of the stems that sound, made once from audio or from notes, and
return a number (NaN when fewer than two stems sound). Apply them to `shuffled` segments, whose
stems come from different songs, for the floor that random pairing reaches, and to real songs for
the ceiling. Agreement is a correlation, so its floor is near 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from data.score import Notes
from metrics.analysis import correlation, mean_known
from utils import STEMS

T = TypeVar("T")
PITCHED = tuple(stem for stem in STEMS if stem != "drums")
CHROMA_WINDOW_SECONDS = 0.5
ONSET_GRID_HZ = 100.0
CBS_WINDOWS_SECONDS = (0.07, 0.15)


def shuffled(segments: Sequence[Mapping[str, T]]) -> list[dict[str, T]]:
    """Segments whose stems come from different ones: stem i of segment n is taken from n + i.

    Works for anything known per stem; what a segment does not know stays unknown. The set of bass
    lines (and so on) stays the same.

    Raises:
        ValueError: with fewer segments than stems, where stems would meet again.
    """
    count = len(segments)
    if count < len(STEMS):
        raise ValueError(f"shuffling needs at least {len(STEMS)} segments, got {count}")
    return [
        {
            stem: segments[(n + i) % count][stem]
            for i, stem in enumerate(STEMS)
            if stem in segments[(n + i) % count]
        }
        for n in range(count)
    ]


def _between(
    curves: Mapping[str, np.ndarray], agree: Callable[[np.ndarray, np.ndarray], float]
) -> float:
    return mean_known([agree(a, b) for a, b in combinations(curves.values(), 2)])


def chroma_agreement(curves: Mapping[str, np.ndarray]) -> float:
    """Mean correlation of the pitch classes that every two stems sound at the same moment.

    Args:
        curves: stem -> pitch classes over time (12, m): `analysis.chroma_curve` of audio or
            `sounding_chroma` of notes. Moments in which either stem rests are left out.
    """
    return _between(curves, lambda a, b: mean_known(correlation(a, b, axis=0)))


def onset_agreement(curves: Mapping[str, np.ndarray]) -> float:
    """Mean correlation of the onsets of every two stems.

    Args:
        curves: stem -> onset strength (m,): `analysis.onset_strength` of audio or `onset_curve` of
            notes, where two onsets 50 ms apart no longer agree.
    """
    return _between(curves, correlation)


def sounding_chroma(notes: Notes, duration: float) -> np.ndarray:
    """Seconds that each pitch class sounds in each half second: (12, m)."""
    num = max(1, int(np.ceil(duration / CHROMA_WINDOW_SECONDS)))
    starts = np.arange(num) * CHROMA_WINDOW_SECONDS
    inside = np.minimum(notes.offset[:, None], starts + CHROMA_WINDOW_SECONDS)
    seconds = np.maximum(inside - np.maximum(notes.onset[:, None], starts), 0.0)
    table = np.zeros((12, num))
    np.add.at(table, notes.pitch % 12, seconds)
    return table


def onset_curve(notes: Notes, duration: float) -> np.ndarray:
    """Onsets on a grid of 10 ms, each a triangle of +-50 ms; chords count once. (m,)"""
    curve = np.zeros(max(2, int(np.ceil(duration * ONSET_GRID_HZ)) + 1))
    grid = np.round(notes.onset * ONSET_GRID_HZ).astype(int)
    curve[grid[(grid >= 0) & (grid < len(curve))]] = 1.0
    return np.convolve(curve, 1.0 - np.abs(np.arange(-4, 5)) / 5.0)[4:-4]


def note_chroma(notes: Mapping[str, Notes], duration: float) -> dict[str, np.ndarray]:
    """stem -> `sounding_chroma` of the pitched stems that play."""
    return {s: sounding_chroma(notes[s], duration) for s in PITCHED if len(notes[s])}


def note_onsets(notes: Mapping[str, Notes], duration: float) -> dict[str, np.ndarray]:
    """stem -> `onset_curve` of the stems that play."""
    return {s: onset_curve(notes[s], duration) for s in STEMS if len(notes[s])}


@dataclass(frozen=True)
class BeatSynchrony:
    """Rhythm of and between stems as SyncTrack measures it (arXiv 2603.01101).

    The definitions are those of the authors' published evaluation; beats come from
    `metrics.beats`, where theirs come from a trained network, so that only floor, value and ceiling
    of one table may be compared.

    Attributes:
        irs: standard deviation of the intervals between the beats of a stem, seconds (lower).
        cbs_70ms, cbs_150ms: of the time windows in which any stem beats, the mean share of stems
            that do (higher; alone in every window gives 1 / stems).
        cbd: mean distance to the nearest beat of another stem in half beats, from 0 to 1 (lower).
    """

    irs: float
    cbs_70ms: float
    cbs_150ms: float
    cbd: float


def interval_deviation(beats: np.ndarray) -> float:
    """Standard deviation of the intervals of beat times (n,); NaN with fewer than two beats."""
    return float(np.diff(beats).std()) if len(beats) >= 2 else float("nan")


def inter_beat_deviation(songs: Sequence[Mapping[str, np.ndarray]]) -> float:
    """IRS: the mean over songs for each stem, then the mean over stems."""
    stems = dict.fromkeys(stem for song in songs for stem in song)
    means = [
        mean_known([interval_deviation(song[s]) for song in songs if s in song]) for s in stems
    ]
    return mean_known(means)


def beat_share(beats: Sequence[np.ndarray], window_seconds: float) -> float:
    """CBS: share of the beating stems that beat in a window, over windows with any beat."""
    tables = [np.unique((b // window_seconds).astype(int)) for b in beats if len(b)]
    if len(tables) < 2:
        return float("nan")
    _, counts = np.unique(np.concatenate(tables), return_counts=True)
    return float(counts.mean() / len(tables))


def _half_beat_errors(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distances from reference beats to the nearest other beat in half intervals.

    A beat is paired from half an interval before it, included, to half an interval after it,
    excluded; of two equally near the later counts.
    """
    if len(reference) < 2 or not len(other):
        return np.zeros(0)
    right = np.clip(np.searchsorted(other, reference), 0, len(other) - 1)
    left = np.maximum(right - 1, 0)
    closer = np.abs(other[left] - reference) < np.abs(other[right] - reference)
    shift = np.where(closer, other[left], other[right]) - reference
    intervals = np.diff(reference)
    before, after = np.append(intervals[:1], intervals), np.append(intervals, intervals[-1:])
    errors = shift / (0.5 * np.where(shift >= 0, after, before))
    return np.abs(errors[(errors >= -1.0) & (errors < 1.0)])


def beat_dispersion(beats: Sequence[np.ndarray]) -> float:
    """CBD: each stem in turn is the reference; the mean of its errors, then the mean over stems."""
    means = []
    for i, reference in enumerate(beats):
        others = [_half_beat_errors(reference, b) for j, b in enumerate(beats) if j != i]
        means.append(mean_known(np.concatenate(others)) if others else np.nan)
    return mean_known(means)


def beat_synchrony(songs: Sequence[Mapping[str, np.ndarray]]) -> BeatSynchrony:
    """The rhythm measures of songs, each stem -> beat times (n,) in seconds of stems that sound.

    Raises:
        ValueError: beat times that do not increase.
    """
    songs = [{s: np.asarray(b, np.float64) for s, b in song.items()} for song in songs]
    if any((np.diff(b) <= 0).any() for song in songs for b in song.values()):
        raise ValueError("beat times must increase")
    beats = [list(song.values()) for song in songs]
    short, long = (mean_known([beat_share(b, w) for b in beats]) for w in CBS_WINDOWS_SECONDS)
    dispersion = mean_known([beat_dispersion(b) for b in beats])
    return BeatSynchrony(inter_beat_deviation(songs), short, long, dispersion)
