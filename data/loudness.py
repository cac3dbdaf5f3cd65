"""Loudness after ITU-R BS.1770-4, and Slakh's recipe: every stem to one loudness, then one gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import sosfilt

from utils import STEMS

TARGET_LUFS = -13.0
FLOOR_LUFS = -35.0
PEAK_DB = -1.0
PEAK = 0.98  # of full scale, where a song may only just not clip


@lru_cache(maxsize=8)
def k_weighting(sample_rate: int) -> np.ndarray:
    """The two K-weighting filters at any rate, second-order sections (2, 6).

    The standard gives coefficients at 48 kHz only; these are its analogue prototypes through the
    bilinear transform, equal to the standard's at 48 kHz.
    """
    return np.array([_shelf(sample_rate), _high_pass(sample_rate)])


def _shelf(sample_rate: int) -> np.ndarray:
    """Head effect: +4 dB above about 1.7 kHz."""
    gain = 10.0 ** (3.999843853973347 / 20.0)
    k = np.tan(np.pi * 1681.974450955533 / sample_rate)
    q, middle = 0.7071752369554196, gain**0.4996667741545416
    b = [gain + middle * k / q + k * k, 2 * (k * k - gain), gain - middle * k / q + k * k]
    a = [1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k]
    return np.array([*b, *a]) / a[0]


def _high_pass(sample_rate: int) -> np.ndarray:
    """Revised low-frequency B curve: a high-pass at 38 Hz, whose zeros are not normalised."""
    k = np.tan(np.pi * 38.13547087602444 / sample_rate)
    q = 0.5003270373238773
    a = np.array([1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k])
    return np.array([1.0, -2.0, 1.0, *(a / a[0])])


def loudness(audio: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness in LUFS of mono audio (t,); -inf for silence.

    Blocks of 400 ms every 100 ms, gated at -70 LUFS and at 10 LU below the mean of what remains.
    Audio shorter than a block counts as one block.
    """
    if not len(audio):
        return -np.inf
    weighted = sosfilt(k_weighting(sample_rate), np.asarray(audio, np.float64))
    step = sample_rate / 10.0
    edges = np.round(np.arange(int(len(weighted) / step) + 1) * step).astype(np.int64)
    if len(edges) < 5:
        power = np.array([np.mean(weighted**2)])
    else:
        energy = np.add.reduceat(weighted**2, edges[:-1])
        energy[-1] = np.sum(weighted[edges[-2] : edges[-1]] ** 2)
        sums = np.concatenate([[0.0], np.cumsum(energy)])
        power = np.maximum(sums[4:] - sums[:-4], 0.0) / (edges[4:] - edges[:-4])
    blocks = -0.691 + 10.0 * np.log10(np.maximum(power, 1e-30))
    power, blocks = power[blocks > -70.0], blocks[blocks > -70.0]
    if not len(power):
        return -np.inf
    relative = -0.691 + 10.0 * np.log10(power.mean()) - 10.0
    return float(-0.691 + 10.0 * np.log10(power[blocks > relative].mean()))


@dataclass(frozen=True)
class Levels:
    """Levels of a band.

    Attributes:
        loudness: LUFS (s,) of the stems as they came, -inf where silent.
        balance: linear gain (s,) of each stem, 0 where silent; overall: the one gain on top of it.
    """

    loudness: np.ndarray
    balance: np.ndarray
    overall: float

    def apply(self, audio: np.ndarray) -> np.ndarray:
        """The stems (s, t) at these levels, float32."""
        return audio * (self.balance * self.overall).astype(np.float32)[:, None]


def levels_of(
    audio: np.ndarray,
    sample_rate: int,
    *,
    gains_db: Mapping[str, float] | None = None,
    target_lufs: float = TARGET_LUFS,
    floor_lufs: float = FLOOR_LUFS,
    peak_db: float = PEAK_DB,
) -> Levels:
    """Slakh's balance: each stem to one loudness, then one gain for a mix that peaks at `peak_db`.

    Args:
        audio: float32 (s, t) stems in `STEMS` order.
        gains_db: stem -> gain on top of the balance.
        floor_lufs: a stem below it is raised only as if it were that loud, so that a single faint
            note does not become as loud as a band.
        peak_db: level of the mix; it is lower where a stem alone would go beyond full scale.
    """
    lufs = np.array([loudness(stem, sample_rate) if stem.any() else -np.inf for stem in audio])
    wanted = target_lufs - np.maximum(lufs, floor_lufs)
    wanted = wanted + np.array([(gains_db or {}).get(stem, 0.0) for stem in STEMS])
    balance = np.where(np.isfinite(lufs), 10.0 ** (wanted / 20.0), 0.0)
    peaks = balance * np.abs(audio).max(axis=1, initial=0.0)
    mix_peak = np.abs(balance.astype(np.float32) @ audio).max(initial=0.0)
    goal = 10.0 ** (peak_db / 20.0)
    loudest = max(float(mix_peak), float(peaks.max()) * goal)
    return Levels(lufs, balance, goal / loudest if loudest > 0.0 else 1.0)


def level_stems(
    audio: np.ndarray, sample_rate: int, *, gains_db: Mapping[str, float] | None = None
) -> np.ndarray:
    """Stems (s, t) at the levels of `levels_of`; silence stays silence."""
    return levels_of(audio, sample_rate, gains_db=gains_db).apply(audio)
