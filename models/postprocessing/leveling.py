"""Stems brought to the levels of a band, and their mix to the loudness that it should have.

Between stems the levels are those of rendered songs (`data.loudness`). The loudness of the mix is
met by one gain common to all stems. Drums peak 20 dB above their average, so a plain gain stops
where the highest stroke would clip, long before the loudness. Here the gain gives way for a few
milliseconds at such peaks, as a limiter's does, and all stems give way together: they still add up
to their mix.
"""

from __future__ import annotations

import warnings

import numpy as np
import torch

from data.loudness import PEAK, levels_of, loudness
from models.postprocessing.mixing.dynamics import to_samples
from models.postprocessing.mixing.limiter import HOP, frame_peaks, limiter_gain

MOST_LIMITED_DB = 15.0  # beyond what a plain gain reaches; more would flatten the strokes
RELEASE_MS = 60.0
CEILING_DB = 20.0 * np.log10(PEAK)
ROUNDS = 6
CLOSE_DB, FAR_DB = 0.05, 1.0


def band_gains(stems: np.ndarray, played: np.ndarray, sample_rate: int) -> np.ndarray:
    """Gains (s,) of stems (s, t), float32, that bring those that are played (s,) bool to Slakh's
    levels; what is left of the others is raised by no more than the least raised of these.
    """
    levels = levels_of(stems * played[:, None].astype(np.float32), sample_rate)
    gains = levels.balance * levels.overall
    raised = gains[gains > 0]
    gains[~played] = raised.min() if len(raised) else 1.0
    return gains.astype(np.float32)


def band_peaks(stems: np.ndarray) -> np.ndarray:
    """Peaks (m,) of every 8 samples, the highest of the mix and of any of its stems (s, t)."""
    both = torch.from_numpy(np.vstack([stems.sum(0), stems])).float()
    with torch.autocast("cpu", enabled=False):  # a level in half precision is none
        return frame_peaks(both)


def at_loudness(stems: np.ndarray, sample_rate: int, lufs: float) -> np.ndarray:
    """Stems (s, t) whose mix has a loudness, as far as the limiter goes; nan leaves them alone."""
    if np.isnan(lufs):
        return stems
    return stems * gain_towards(stems.sum(0), band_peaks(stems), sample_rate, lufs)


def gain_towards(mix: np.ndarray, peaks: np.ndarray, sample_rate: int, lufs: float) -> np.ndarray:
    """Gain (t,) of every sample, float32, that brings a mix (t,) to a loudness.

    Neither the mix nor a stem passes `PEAK`. Where that would cost more than `MOST_LIMITED_DB` off
    the highest peak, the mix comes out quieter than asked, with a warning; silence is left alone.

    Args:
        peaks: (m,) of mix and stems, by `band_peaks`.
    """
    found, top = loudness(mix, sample_rate), float(peaks.max(initial=0.0))
    if not np.isfinite(found) or top == 0.0:
        return np.ones(len(mix), np.float32)
    highest = CEILING_DB - 20.0 * np.log10(top) + MOST_LIMITED_DB
    raised = min(lufs - found, highest)
    for _ in range(ROUNDS):
        gain = _limited(peaks, sample_rate, raised, len(mix))
        missing = lufs - loudness(mix * gain, sample_rate)
        if abs(missing) < CLOSE_DB or (raised == highest and missing > 0):
            break
        raised = min(raised + missing, highest)
    if abs(missing) > FAR_DB:
        warnings.warn(
            f"a loudness of {lufs:g} LUFS was wanted and {lufs - missing:.1f} reached: a "
            f"limiter takes {MOST_LIMITED_DB:g} dB off the highest stroke at most",
            stacklevel=2,
        )
    return gain


def _limited(peaks: np.ndarray, sample_rate: int, raised: float, num_samples: int) -> np.ndarray:
    """The gain (t,) that raises everything by `raised` dB and gives way at peaks (m,)."""
    louder = peaks * 10.0 ** (raised / 20.0)
    line = limiter_gain(louder, sample_rate, ceiling_db=CEILING_DB, release_ms=RELEASE_MS)
    line = to_samples(torch.from_numpy(line + raised).float(), HOP, num_samples)
    gain = (10.0 ** (line / 20.0)).numpy()
    begins = np.arange(0, num_samples, HOP)
    over = float((np.maximum.reduceat(gain, begins) * peaks[: len(begins)]).max())
    return (gain * min(1.0, PEAK / over)).astype(np.float32)
