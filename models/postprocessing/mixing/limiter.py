"""True-peak limiter: no peak of the audio, nor of the curve between its samples, passes a ceiling.

The gain looks ahead by 3 ms, is the least that any peak within that time asks for, rises again
over `release_ms` and is averaged over the same 3 ms, which makes its edges smooth and keeps it
below what every peak asks for.

Source: peaks are read from four points per sample, as in ITU-R BS.1770-4, annex 2, by a longer
filter. Like the meter of the standard it may miss some tenths of a decibel of what lies within the
top tenth of the spectrum.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from scipy.ndimage import minimum_filter1d
from torch.nn import functional as F

from models.postprocessing.mixing.dynamics import to_samples

OVERSAMPLING = 4
HALF_TAPS = 16
HOP = 8
LOOKAHEAD_SECONDS = 0.003
BLOCK_SAMPLES = 2**18


@lru_cache(maxsize=1)
def _phases() -> torch.Tensor:
    """Filters (4, 1, 33) that give the audio at 0, 1/4, 1/2 and 3/4 of a sample after each."""
    shift = np.arange(OVERSAMPLING)[:, None] / OVERSAMPLING
    delay = np.arange(-HALF_TAPS, HALF_TAPS + 1) - shift
    inside = np.clip(1.0 - np.square(delay / (HALF_TAPS + 1)), 0.0, None)
    taps = np.sinc(delay) * np.i0(6.0 * np.sqrt(inside)) / np.i0(6.0)
    taps /= taps.sum(1, keepdims=True)
    return torch.from_numpy(taps).float()[:, None]


def oversampled_peaks(x: torch.Tensor) -> torch.Tensor:
    """The highest magnitude (..., t) in each sample of (..., t), the curve up to the next
    included.
    """
    flat = x.reshape(-1, 1, x.shape[-1])
    curve = F.conv1d(F.pad(flat, (HALF_TAPS, HALF_TAPS)), _phases().to(x))
    return curve.abs().amax(1).reshape(x.shape)


def frame_peaks(x: torch.Tensor) -> np.ndarray:
    """The highest magnitude (m,) of stereo audio (c, t) in every 8 samples, block by block."""
    t = x.shape[-1]
    found = []
    for start in range(0, t, BLOCK_SAMPLES):
        first, last = max(start - HALF_TAPS, 0), min(start + BLOCK_SAMPLES + HALF_TAPS, t)
        peaks = oversampled_peaks(x[:, first:last]).amax(0)[start - first :][:BLOCK_SAMPLES]
        found.append(F.pad(peaks, (0, -len(peaks) % HOP)).unflatten(0, (-1, HOP)).amax(1))
    return torch.cat(found).numpy() if found else np.zeros(0, np.float32)


def true_peak_db(x: torch.Tensor) -> float:
    """True peak of audio (c, t) in dBTP; -inf for silence."""
    peaks = frame_peaks(x)
    with np.errstate(divide="ignore"):
        return float(20.0 * np.log10(peaks.max(initial=0.0)))


def limiter_gain(
    peaks: np.ndarray, sample_rate: int, *, ceiling_db: float, release_ms: float
) -> np.ndarray:
    """Gain in dB (m,), at most 0, for peaks (m,) of every 8 samples."""
    wanted = np.minimum(0.0, ceiling_db - 20.0 * np.log10(np.maximum(peaks, 1e-9)))
    wanted = minimum_filter1d(wanted, 3, mode="nearest")  # lines between frames stay below, too
    ahead = max(1, round(LOOKAHEAD_SECONDS * sample_rate / HOP))
    lowest = sliding_window_view(np.pad(wanted, ahead), ahead + 1).min(-1)  # from -ahead on
    pole = np.exp(-1000.0 * HOP / sample_rate / release_ms)
    held, now = [], 0.0
    for value in lowest.tolist():
        now = value if value < now else value + pole * (now - value)
        held.append(now)
    sums = np.cumsum([0.0, *held])
    return (sums[ahead + 1 :] - sums[: -(ahead + 1)]) / (ahead + 1)


def limit(
    x: torch.Tensor, sample_rate: int, *, ceiling_db: float = -1.0, release_ms: float = 60.0
) -> torch.Tensor:
    """Audio (c, t) whose true peak is at most `ceiling_db`; channels share one gain.

    What the moving gain itself leaves above the ceiling (hundredths of a decibel) is taken off the
    whole signal.
    """
    peaks = frame_peaks(x)
    line = torch.from_numpy(
        limiter_gain(peaks, sample_rate, ceiling_db=ceiling_db - 0.02, release_ms=release_ms)
    ).float()
    out = torch.empty_like(x)
    for start in range(0, x.shape[-1], BLOCK_SAMPLES):
        block = x[:, start : start + BLOCK_SAMPLES]
        first = start // HOP
        around = line[max(first - 1, 0) : first + BLOCK_SAMPLES // HOP + 1]
        skip = (first - max(first - 1, 0)) * HOP
        lines = to_samples(around, HOP, len(around) * HOP)[skip : skip + block.shape[-1]]
        out[:, start : start + BLOCK_SAMPLES] = block * 10.0 ** (lines / 20.0)
    over = true_peak_db(out) - ceiling_db
    return out * 10.0 ** (-over / 20.0) if over > 0 else out
