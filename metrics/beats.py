"""Where are the beats? A small tracker by dynamic programming (Ellis 2007), and the tempo.

It hears strokes only: no downbeats, no changes of tempo beyond a few percent, and it makes octave
errors as all such trackers do. It needs no download, and stems and floors are judged by the same
tracker.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from data.listening.beats import best_chain
from metrics.analysis import ONSET_RATE, as_audio, is_silent, onset_strength

SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
TIGHTNESS = 100.0


def autocorrelation(strength: np.ndarray) -> np.ndarray:
    """Autocorrelation (m,) of an onset curve (m,), unbiased by the overlap's length, 1 at lag 0."""
    centred = strength - strength.mean()
    size = len(centred)
    spectrum = np.abs(np.fft.rfft(centred, 2 * size)) ** 2
    raw = np.fft.irfft(spectrum)[:size] / (size - np.arange(size))
    return raw / raw[0] if raw[0] > 1e-12 else np.zeros(size)


def period_frames(strength: np.ndarray) -> float:
    """Frames per beat of an onset curve: the strongest lag under a preference for 120 BPM.

    The preference is a log-normal of one octave; a parabola through the peak gives the fraction.
    """
    lags = np.arange(len(strength))
    bpm = 60.0 * ONSET_RATE / np.maximum(lags, 1)
    weight = np.exp(-0.5 * np.log2(bpm / 120.0) ** 2)
    weight[(bpm < SLOWEST_BPM) | (bpm > FASTEST_BPM) | (lags > 0.75 * len(lags))] = 0.0
    curve = autocorrelation(strength) * weight
    best = int(curve.argmax())
    if curve[best] <= 0 or best + 1 >= len(curve):
        return float("nan")
    left, middle, right = curve[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return best + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def track_beats(audio: np.ndarray) -> np.ndarray:
    """Seconds (n,) of the beats of mono audio (t,); empty when it is silent or nothing repeats."""
    if as_audio(audio).ndim != 1:
        raise ValueError(f"expected one signal (t,), got shape {np.shape(audio)}")
    return np.zeros(0) if is_silent(audio) else beats_of(onset_strength(audio))


def beats_of(strength: np.ndarray) -> np.ndarray:
    """Seconds (n,) of the beats of an `onset_strength` (m,); empty when nothing repeats."""
    period = period_frames(strength)
    if not np.isfinite(period):
        return np.zeros(0)
    strength = strength / max(float(strength.std()), 1e-9)
    width = np.arange(-round(period), round(period) + 1)
    kernel = np.exp(-0.5 * (width * 32.0 / period) ** 2)
    smooth = ndimage.convolve1d(strength, kernel, mode="constant")
    steps = np.arange(round(period / 2), round(period * 2) + 1)
    penalty = TIGHTNESS * np.log(steps / period) ** 2
    path = best_chain(smooth, steps, penalty, round(period))
    loud = smooth[path] > 0.1 * np.sqrt(np.square(smooth[path]).mean())
    if not loud.any():
        return np.zeros(0)
    first, last = np.flatnonzero(loud)[[0, -1]]
    return path[first : last + 1] / ONSET_RATE
