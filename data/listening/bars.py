"""Which beat is the first of the bar: what falls on each beat, read as a row of bars of 3 or 4.

The harmony changes and the bass and kick play on the one, the snare answers on two and four. Bars
follow each other without gaps, save at a price: the path through (beat, place in the bar) that
explains the most (after Krebs, Böck and Widmer 2013, without their learned patterns).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from data.listening.beats import Curves, at
from data.listening.spectra import RATE

SLIP_COST = 4.0  # of a bar that is cut short
THREE_COST = 0.1  # per beat: bars of three are rare
# per meter: how much change, bass, kick, snare, all (columns) speak for each place (rows); a
# logistic regression over 220 composed and real excerpts with known bars
PLACES = {
    4: np.array(
        [
            [0.45, 0.00, 0.04, -0.21, -0.07],
            [-0.36, -0.08, -0.01, 0.05, 0.04],
            [0.04, 0.06, 0.19, -0.10, -0.05],
            [-0.13, 0.01, -0.21, 0.27, 0.08],
        ]
    ),
    3: np.array(
        [
            [0.21, 0.27, 0.11, -0.05, -0.30],
            [0.06, -0.32, -0.18, -0.33, 0.36],
            [-0.26, 0.07, 0.06, 0.37, -0.07],
        ]
    ),
}


def bar_positions(curves: Curves, beats: np.ndarray) -> np.ndarray:
    """Place in the bar (n,), 0 on the downbeat, of beats at these seconds."""
    if len(beats) < 3:
        return np.zeros(len(beats), np.int64)
    features = beat_features(curves, beats)
    paths = {meter: _best_path(features @ table.T) for meter, table in PLACES.items()}
    paths[3] = (paths[3][0] - THREE_COST * len(beats), paths[3][1])
    return max(paths.values(), key=lambda path: path[0])[1]


def beat_features(curves: Curves, beats: np.ndarray) -> np.ndarray:
    """What falls on each beat: change, bass, kick, snare, all; (n, 5) in standard deviations."""
    frames = beats * RATE
    wide = ndimage.maximum_filter1d(curves.change, 9)
    change = np.interp(frames, np.arange(len(wide)), wide)
    rows = [at(c, frames) for c in (curves.bass, curves.low, curves.middle, curves.all)]
    values = np.stack([change, *rows], 1)
    spread = values.std(0)
    return np.clip((values - values.mean(0)) / np.maximum(spread, 1e-9), -4.0, 4.0)


def _best_path(scores: np.ndarray) -> tuple[float, np.ndarray]:
    """Total and positions (n,) of the best row of bars through scores (n, places)."""
    count, meter = scores.shape
    came_from = np.zeros((count, meter), np.int64)
    total = scores[0].copy()
    for beat in range(1, count):
        onward = np.roll(total, 1)
        came_from[beat] = (np.arange(meter) - 1) % meter
        cut = int(total.argmax())
        if total[cut] - SLIP_COST > onward[0]:
            onward[0], came_from[beat, 0] = total[cut] - SLIP_COST, cut
        total = onward + scores[beat]
    path = np.zeros(count, np.int64)
    path[-1] = int(total.argmax())
    for beat in range(count - 1, 0, -1):
        path[beat - 1] = came_from[beat, path[beat]]
    return float(total.max()), path
