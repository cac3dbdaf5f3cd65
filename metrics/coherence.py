"""Do the stems play the same piece? Agreement in harmony, in onsets and in beats between stems.

Every function takes the stems of one segment and returns a number (NaN when fewer than two stems
sound). Apply it to `shuffled` segments, whose stems come from different songs, for the floor that
random pairing reaches, and to real songs for the ceiling. Agreement is a correlation, so its floor
is near 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from data.score import Notes
from metrics.analysis import as_audio, chroma, correlation, is_silent, mean_known, onset_strength
from metrics.beats import track_beats
from utils import STEMS

T = TypeVar("T")
PITCHED = tuple(stem for stem in STEMS if stem != "drums")
CHROMA_WINDOW_SECONDS = 0.5
ONSET_GRID_HZ = 100.0
CBS_WINDOWS_SECONDS = (0.07, 0.15)


def shuffled(segments: Sequence[Mapping[str, T]]) -> list[dict[str, T]]:
    """Segments whose stems come from different ones: stem i of segment n is taken from n + i.

    Works for audio and for notes alike; the set of bass lines (and so on) stays the same.

    Raises:
        ValueError: with fewer segments than stems, where stems would meet again.
    """
    count = len(segments)
    if count < len(STEMS):
        raise ValueError(f"shuffling needs at least {len(STEMS)} segments, got {count}")
    return [
        {stem: segments[(n + i) % count][stem] for i, stem in enumerate(STEMS)}
        for n in range(count)
    ]


def _between(
    curves: Mapping[str, np.ndarray], agree: Callable[[np.ndarray, np.ndarray], float]
) -> float:
    pairs = combinations(curves.values(), 2)
    return mean_known([agree(a, b) for a, b in pairs])


def _sounding(stems: Mapping[str, np.ndarray], names: Sequence[str]) -> dict[str, np.ndarray]:
    audio = {stem: as_audio(stems[stem]) for stem in names if stem in stems}
    return {stem: a for stem, a in audio.items() if not is_silent(a)}


def _mean_column_correlation(a: np.ndarray, b: np.ndarray) -> float:
    return mean_known(correlation(a, b, axis=0))


def chroma_agreement(stems: Mapping[str, np.ndarray]) -> float:
    """Mean correlation of the pitch classes that bass, guitar and piano sound at the same moment.

    Args:
        stems: stem -> mono audio (t,). Moments in which either stem is 40 dB under its peak are
            left out.
    """
    curves = {}
    for stem, audio in _sounding(stems, PITCHED).items():
        strength = chroma(audio)
        total = strength.sum(0)
        curves[stem] = np.where(total > 0.01 * total.max(), strength, 0.0)
    return _between(curves, _mean_column_correlation)


def sounding_chroma(notes: Notes, duration: float) -> np.ndarray:
    """Seconds that each pitch class sounds in each half second: (12, m)."""
    num = max(1, int(np.ceil(duration / CHROMA_WINDOW_SECONDS)))
    starts = np.arange(num) * CHROMA_WINDOW_SECONDS
    inside = np.minimum(notes.offset[:, None], starts + CHROMA_WINDOW_SECONDS)
    seconds = np.maximum(inside - np.maximum(notes.onset[:, None], starts), 0.0)
    table = np.zeros((12, num))
    np.add.at(table, notes.pitch % 12, seconds)
    return table


def chroma_agreement_of_notes(notes: Mapping[str, Notes], duration: float) -> float:
    """`chroma_agreement` measured in a score of `duration` seconds, per half second."""
    curves = {s: sounding_chroma(notes[s], duration) for s in PITCHED if len(notes[s])}
    return _between(curves, _mean_column_correlation)


def onset_agreement(stems: Mapping[str, np.ndarray]) -> float:
    """Mean correlation of the onset strengths of every two stems that sound, audio (t,) each."""
    curves = {s: onset_strength(audio) for s, audio in _sounding(stems, STEMS).items()}
    return _between(curves, correlation)


def onset_curve(notes: Notes, duration: float) -> np.ndarray:
    """Onsets on a grid of 10 ms, each a triangle of +-50 ms; chords count once. (m,)"""
    curve = np.zeros(max(2, int(np.ceil(duration * ONSET_GRID_HZ)) + 1))
    grid = np.round(notes.onset * ONSET_GRID_HZ).astype(int)
    curve[grid[(grid >= 0) & (grid < len(curve))]] = 1.0
    return np.convolve(curve, 1.0 - np.abs(np.arange(-4, 5)) / 5.0)[4:-4]


def onset_agreement_of_notes(notes: Mapping[str, Notes], duration: float) -> float:
    """`onset_agreement` measured in the score; two onsets 50 ms apart no longer agree."""
    curves = {s: onset_curve(notes[s], duration) for s in STEMS if len(notes[s])}
    return _between(curves, correlation)


@dataclass(frozen=True)
class BeatSynchrony:
    """Rhythm between stems as SyncTrack measures it (arXiv 2603.01101), with our beat tracker.

    Attributes:
        irs: mean over stems of the standard deviation of the intervals between beats, seconds
            (lower).
        cbs_70ms, cbs_150ms: of the time windows in which any stem beats, the mean share of stems
            that do (higher; alone in every window gives 1 / stems).
        cbd: mean distance to the nearest beat of another stem in half beats, from 0 to 1 (lower).
    """

    irs: float
    cbs_70ms: float
    cbs_150ms: float
    cbd: float


def inter_beat_deviation(beats: Sequence[np.ndarray]) -> float:
    """IRS of beat times in seconds per stem; a stem with fewer than three beats says nothing."""
    return mean_known([np.diff(b).std() for b in beats if len(b) >= 3])


def beat_share(beats: Sequence[np.ndarray], window_seconds: float) -> float:
    """CBS: share of the beating stems that beat in a window, over windows with any beat."""
    tables = [np.unique((b // window_seconds).astype(int)) for b in beats if len(b)]
    if len(tables) < 2:
        return float("nan")
    _, counts = np.unique(np.concatenate(tables), return_counts=True)
    return float(counts.mean() / len(tables))


def _half_beat_errors(reference: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Distances from reference beats to the nearest other beat in half intervals, if under 1."""
    if len(reference) < 2 or not len(other):
        return np.zeros(0)
    right = np.clip(np.searchsorted(other, reference), 0, len(other) - 1)
    left = np.maximum(right - 1, 0)
    closer = np.abs(other[left] - reference) <= np.abs(other[right] - reference)
    shift = np.where(closer, other[left], other[right]) - reference
    intervals = np.diff(reference)
    before, after = np.append(intervals[:1], intervals), np.append(intervals, intervals[-1:])
    errors = np.abs(shift) / (0.5 * np.where(shift >= 0, after, before))
    return errors[errors < 1.0]


def beat_dispersion(beats: Sequence[np.ndarray]) -> float:
    """CBD: each stem in turn is the reference; the mean of its errors, then the mean over stems."""
    means = []
    for i, reference in enumerate(beats):
        others = [_half_beat_errors(reference, b) for j, b in enumerate(beats) if j != i]
        means.append(mean_known(np.concatenate(others)) if others else np.nan)
    return mean_known(means)


def synchrony_of_beats(beats: Sequence[np.ndarray]) -> BeatSynchrony:
    """The three rhythm measures of beat times (n,) in seconds, one array per stem."""
    beats = [np.asarray(b, np.float64) for b in beats]
    if any((np.diff(b) <= 0).any() for b in beats):
        raise ValueError("beat times must increase")
    short, long = (beat_share(beats, w) for w in CBS_WINDOWS_SECONDS)
    return BeatSynchrony(inter_beat_deviation(beats), short, long, beat_dispersion(beats))


def beat_synchrony(stems: Mapping[str, np.ndarray]) -> BeatSynchrony:
    """The rhythm measures of the stems of a segment, audio (t,) each, beats by `track_beats`."""
    return synchrony_of_beats([track_beats(audio) for audio in _sounding(stems, STEMS).values()])
