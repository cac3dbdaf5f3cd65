"""Beats and bars: how long a bar is, and how densely each stem plays in it."""

from __future__ import annotations

import math

import numpy as np

from data.score import Notes, Score
from utils import NUM_STEMS, STEMS

_TOGETHER_SECONDS = 0.035  # onsets this close are one stroke


def bar_lengths(beat_in_bar: np.ndarray) -> np.ndarray:
    """Length (n,) in beats of the bar around every beat.

    A bar cut off at the beginning still shows its end; one cut off at the end is taken to be as
    long as the bar before it.
    """
    num_beats = len(beat_in_bar)
    downbeats = np.flatnonzero(np.append(beat_in_bar[1:], 0) == 0) if num_beats else []
    lengths = np.zeros(num_beats, int)
    start = 0
    previous = 0
    for end in downbeats:
        length = int(beat_in_bar[end]) + 1
        if end == num_beats - 1:  # the end of the list is not the end of a bar
            length = max(length, previous)
        lengths[start : end + 1] = previous = length
        start = end + 1
    return lengths


def meter_of(beat_in_bar: np.ndarray) -> int:
    """Beats per bar, 2-12, of most of the bars that are whole; -1 when no whole bar is there."""
    downbeats = np.flatnonzero(np.asarray(beat_in_bar) == 0)
    lengths = np.diff(downbeats)
    lengths = lengths[(lengths >= 2) & (lengths <= 12)]
    return int(np.bincount(lengths).argmax()) if len(lengths) else -1


def strokes(notes: Notes) -> np.ndarray:
    """Onset times (m,) with notes struck together counted once."""
    onsets = notes.onset
    if not len(onsets):
        return onsets
    return onsets[np.append(True, np.diff(onsets) > _TOGETHER_SECONDS)]


def bar_densities(score: Score) -> np.ndarray:
    """Strokes per beat of every stem, averaged over the bar: float64 (n, s), n beats.

    A stem that only holds notes through a bar counts half a stroke, so that 0 means silent.
    """
    times = score.beat_times
    density = np.zeros((len(times), NUM_STEMS))
    if len(times) < 2:
        return np.full((len(times), NUM_STEMS), math.nan)
    bar_of = np.cumsum(np.append(True, score.beat_in_bar[1:] == 0)) - 1
    edges = np.append(times, 2 * times[-1] - times[-2])
    visible = np.diff(np.clip(edges, 0.0, score.duration)) / np.diff(edges)
    beats = np.maximum(np.bincount(bar_of, visible), 0.25)
    for column, stem in enumerate(STEMS):
        onsets = strokes(score.notes[stem])
        beat = np.clip(np.searchsorted(times, onsets + 0.02, side="right") - 1, 0, len(times) - 1)
        counts = np.bincount(bar_of[beat], minlength=len(beats)).astype(float)
        held = _sounding_bars(score.notes[stem], times, bar_of)
        counts = np.where((counts == 0) & held, 0.5, counts)
        density[:, column] = (counts / beats)[bar_of]
    return density


def _sounding_bars(notes: Notes, times: np.ndarray, bar_of: np.ndarray) -> np.ndarray:
    """Whether any note sounds in each bar for more than 50 ms past its start: bool (bars,)."""
    change = np.zeros(int(bar_of[-1]) + 2)
    if len(notes):
        last = len(times) - 1
        first = np.clip(np.searchsorted(times, notes.onset, side="right") - 1, 0, last)
        final = np.clip(np.searchsorted(times, notes.offset - 0.05, side="left") - 1, 0, last)
        np.add.at(change, bar_of[first], 1)
        np.add.at(change, bar_of[np.maximum(final, first)] + 1, -1)
    return np.cumsum(change)[:-1] > 0
