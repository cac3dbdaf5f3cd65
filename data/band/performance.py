"""From written events to played notes: swing, small errors of timing and touch, clean note ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.band.bar import Bar, Event, Meter
from data.score import Notes

_SHORTEST_SECONDS = 0.05
_LOOSE_END_SECONDS = 0.004
_DOUBLED_SECONDS = 0.03


@dataclass(frozen=True)
class Performance:
    """How a song is played.

    Attributes:
        meter: of the song; bpm: beats per minute.
        swing: long over short eighth, 1 straight; compound meters do not swing.
        dynamics: mean loudness, 0-1.
        jitter_ms: standard deviation of the timing errors; none exceeds two of them.
    """

    meter: Meter
    bpm: float
    swing: float
    dynamics: float
    jitter_ms: float


def perform(
    bars: list[Bar], parts: list[list[Event]], how: Performance, rng: np.random.Generator
) -> Notes:
    """Notes in seconds of one player's events, one list per bar; none sounds after the last bar."""
    rows = [
        (bar.number * how.meter.beats + e.start, e.length, e.pitch, e.strength * _force(bar))
        for bar, events in zip(bars, parts, strict=True)
        for e in events
    ]
    if not rows:
        return Notes.empty()
    start, length, pitch, strength = np.array(rows).T
    end = len(bars) * how.meter.beats * 60.0 / how.bpm
    swing = how.swing if how.meter.division == 4 else 1.0
    delay = _delays(start, how.jitter_ms, rng)
    onset = _swung(start, swing) * 60.0 / how.bpm + delay
    offset = _swung(start + length, swing) * 60.0 / how.bpm + delay
    velocity = 146 * how.dynamics * strength + rng.normal(0.0, 3.0, len(start))
    onset = np.clip(onset, 0.0, end - _SHORTEST_SECONDS)
    offset = np.minimum(np.maximum(offset, onset + _SHORTEST_SECONDS), end)
    velocity = np.clip(np.round(velocity), 8, 127)
    return _untangled(Notes.of(onset, offset, np.clip(pitch, 0, 127), velocity))


def _force(bar: Bar) -> float:
    return 0.86 + 0.22 * bar.intensity


def _swung(position: np.ndarray, ratio: float) -> np.ndarray:
    """Positions in beats, off-beats moved so that long over short is `ratio`."""
    beat = np.floor(position)
    inside = position - beat
    late = ratio / (1.0 + ratio)
    first = inside * 2 * late
    second = late + (inside - 0.5) * 2 * (1.0 - late)
    return beat + np.where(inside < 0.5, first, second)


def _delays(start: np.ndarray, jitter_ms: float, rng: np.random.Generator) -> np.ndarray:
    """A small delay in seconds for every stroke, the same for notes struck together."""
    moment = np.round(start * 12).astype(int)
    errors = np.clip(rng.normal(0.0, 1.0, int(moment.max()) + 1), -2.0, 2.0)
    return errors[moment] * jitter_ms / 1_000.0


def _untangled(notes: Notes) -> Notes:
    """Notes of one pitch never overlap: the earlier one ends first; a doubled one goes."""
    order = np.lexsort((notes.onset, notes.pitch))
    onset, pitch = notes.onset[order], notes.pitch[order]
    doubled = (pitch[1:] == pitch[:-1]) & (np.diff(onset) < _DOUBLED_SECONDS)
    order = order[~np.append(False, doubled)]
    onset, pitch = notes.onset[order], notes.pitch[order]
    next_onset = np.append(np.where(pitch[1:] == pitch[:-1], onset[1:], np.inf), np.inf)
    offset = np.minimum(notes.offset[order], next_onset - _LOOSE_END_SECONDS)
    return Notes.of(onset, offset, pitch, notes.velocity[order])
