"""Stems brought to the loudness that was asked of their mix, by one gain common to all of them.

Drums peak 20 dB above their average, so a plain gain stops where the highest stroke would clip,
long before the loudness. Here the gain gives way for a few milliseconds at such peaks, as a
limiter's does, and all stems give way together: they still add up to their mix.
"""

from __future__ import annotations

import numpy as np
import torch

from data.loudness import PEAK, loudness
from models.postprocessing.mixing.dynamics import to_samples
from models.postprocessing.mixing.limiter import HOP, frame_peaks, limiter_gain

MOST_LIMITED_DB = 15.0  # beyond what a plain gain reaches; more would flatten the strokes
RELEASE_MS = 60.0
ROUNDS = 6
CLOSE_DB = 0.05


def gain_towards(stems: np.ndarray, sample_rate: int, lufs: float) -> np.ndarray:
    """Gain (t,) of every sample that brings the mix of stems (s, t) to a loudness, float32.

    Neither the mix nor a stem passes `PEAK`. Where that would cost more than `MOST_LIMITED_DB` off
    the highest peak, the mix comes out quieter than asked; silence is left alone.
    """
    mix = stems.sum(0)
    found = loudness(mix, sample_rate)
    if not np.isfinite(found):
        return np.ones(stems.shape[1], np.float32)
    peaks = frame_peaks(torch.from_numpy(np.vstack([mix, stems])).float())
    ceiling_db = 20.0 * np.log10(PEAK)
    highest = ceiling_db - 20.0 * np.log10(max(float(peaks.max()), 1e-9)) + MOST_LIMITED_DB
    raised = min(lufs - found, highest)
    for _ in range(ROUNDS):
        curve = _limited(peaks, sample_rate, raised, ceiling_db, stems.shape[1])
        missing = lufs - loudness(mix * curve, sample_rate)
        if abs(missing) < CLOSE_DB or (raised == highest and missing > 0):
            break
        raised = min(raised + missing, highest)
    top = max(float(np.abs(mix * curve).max()), float(np.abs(stems * curve).max()))
    return curve * np.float32(min(1.0, PEAK / top))


def _limited(
    peaks: np.ndarray, sample_rate: int, raised: float, ceiling_db: float, num_samples: int
) -> np.ndarray:
    """The gain (t,) that raises everything by `raised` dB and gives way at peaks (m,)."""
    louder = peaks * 10.0 ** (raised / 20.0)
    line = limiter_gain(louder, sample_rate, ceiling_db=ceiling_db, release_ms=RELEASE_MS)
    line = to_samples(torch.from_numpy(line + raised).float(), HOP, num_samples)
    return (10.0 ** (line / 20.0)).numpy().astype(np.float32)
