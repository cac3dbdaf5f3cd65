"""Loudness of sound that passes by in blocks: integrated, its range, and its course.

ITU-R BS.1770-4 for the integrated loudness of any number of channels, EBU Tech 3342 (2016) for the
range. Only one number is kept for every 100 ms, so a recording may be of any length.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfilt

from data.loudness import k_weighting

STEPS_PER_SECOND = 10
MOMENTARY_STEPS, SHORT_STEPS = 4, 30
SILENT_LUFS = -70.0
RANGE_GATE_LU = -20.0
RANGE_PERCENTILES = (10, 95)
# of channels in the order left, right, centre, LFE, surrounds; all count as 1 in other layouts
CHANNEL_WEIGHTS = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}


@dataclass(frozen=True)
class Loudness:
    """How loud a recording is; None where it is silent or too short to say.

    Attributes:
        integrated: LUFS. range: LU, from 3 s on.
        curve: (n,) LUFS of the 3 s around every second, at least -70.
    """

    integrated: float | None
    range: float | None
    curve: np.ndarray


def measured_loudness(blocks: Iterable[np.ndarray], sample_rate: int) -> Loudness:
    """Loudness of consecutive blocks (c, t) at any rate."""
    power, rest = step_powers(blocks, sample_rate)
    if len(power) < MOMENTARY_STEPS:
        power_of_all = np.array([rest])
        return Loudness(_gated(power_of_all, -10.0), None, _curve(power_of_all))
    short = None
    if len(power) >= SHORT_STEPS:
        short = _range(_moving(power, SHORT_STEPS))
    return Loudness(_gated(_moving(power, MOMENTARY_STEPS), -10.0), short, _curve(power))


def step_powers(blocks: Iterable[np.ndarray], sample_rate: int) -> tuple[np.ndarray, float]:
    """K-weighted power, channels summed, of each whole 100 ms (n,), and of everything."""
    filters, state, kept = k_weighting(sample_rate), None, np.zeros(0)
    powers, total, count = [np.zeros(0)], 0.0, 0
    step = sample_rate / STEPS_PER_SECOND
    for block in blocks:
        channels = np.atleast_2d(np.asarray(block, np.float64))
        if not channels.shape[1]:
            continue
        if state is None:
            state = np.zeros((len(filters), len(channels), 2))
        weighted, state = sosfilt(filters, channels, zi=state)
        power = np.array(CHANNEL_WEIGHTS.get(len(channels), [1.0] * len(channels))) @ weighted**2
        total, begin = total + power.sum(), count - len(kept)
        kept, count = np.concatenate([kept, power]), count + len(power)
        number = sum(len(p) for p in powers)
        edges = np.round(np.arange(number, int(count / step) + 1) * step).astype(int) - begin
        if len(edges) > 1:
            sums = np.concatenate([[0.0], np.cumsum(kept)])
            powers.append(np.diff(sums[edges]) / np.diff(edges))
            kept = kept[edges[-1] :]
    return np.concatenate(powers), total / max(count, 1)


def _moving(power: np.ndarray, steps: int) -> np.ndarray:
    """Mean (n - steps + 1,) over every run of steps."""
    sums = np.concatenate([[0.0], np.cumsum(power)])
    return np.maximum(sums[steps:] - sums[:-steps], 0.0) / steps


def _lufs(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10.0 * np.log10(np.maximum(power, 1e-30))


def _gated(power: np.ndarray, relative: float) -> float | None:
    """LUFS of the mean of what lies above -70 LUFS and above the mean of that by `relative`."""
    loud = power[_lufs(power) > SILENT_LUFS]
    if not len(loud):
        return None
    return float(_lufs(loud[_lufs(loud) > _lufs(loud.mean()) + relative].mean()))


def _range(power: np.ndarray) -> float | None:
    """LU between the percentiles of what is not much softer than the whole."""
    loud = power[_lufs(power) > SILENT_LUFS]
    if not len(loud):
        return None
    kept = _lufs(loud[_lufs(loud) > _lufs(loud.mean()) + RANGE_GATE_LU])
    low, high = np.percentile(kept, RANGE_PERCENTILES)
    return float(high - low)


def _curve(power: np.ndarray) -> np.ndarray:
    """LUFS (n,) of the 3 s around every second, fewer at the ends."""
    sums, half = np.concatenate([[0.0], np.cumsum(power)]), SHORT_STEPS // 2
    places = np.arange(0, len(power), STEPS_PER_SECOND)
    first, last = np.maximum(places - half, 0), np.minimum(places + half, len(power))
    return np.maximum(_lufs((sums[last] - sums[first]) / (last - first)), SILENT_LUFS)
