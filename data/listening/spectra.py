"""Curves of strokes: how much the spectrum grows from moment to moment."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage, signal

from utils import SAMPLE_RATE, mel_filterbank

HOP_SAMPLES = 256
RATE = SAMPLE_RATE / HOP_SAMPLES  # frames per second of a curve
WINDOW_SAMPLES = 1_024
NUM_BANDS = 40
LOW, MIDDLE = slice(0, 4), slice(6, 24)  # bands up to 290 Hz, 360-3,200 Hz
_BASELINE_SECONDS = 0.5
_STROKE_SECONDS = 0.06  # two strokes lie further apart


def magnitudes(audio: np.ndarray, window_samples: int, hop_samples: int) -> np.ndarray:
    """Magnitudes (m, f) of a centred Hann transform of mono audio (t,); float32."""
    padded = np.pad(np.asarray(audio, np.float32), window_samples // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_samples)[::hop_samples]
    window = signal.get_window("hann", window_samples).astype(np.float32)
    return np.abs(fft.rfft(frames * window))


def band_levels(audio: np.ndarray) -> np.ndarray:
    """Logarithmic levels (m, bands) of 40 mel bands of mono audio of ordinary level."""
    filters = mel_filterbank(SAMPLE_RATE, WINDOW_SAMPLES, NUM_BANDS)
    return np.log1p(20.0 * magnitudes(audio, WINDOW_SAMPLES, HOP_SAMPLES) @ filters.T)


def stroke_curve(levels: np.ndarray, bands: slice = slice(None)) -> np.ndarray:
    """Spectral flux (m,) of some bands: their mean rise over two frames, less its local average.

    A steady swell gives nothing, a stroke gives a peak (Böck and Widmer 2013 for the lag of two).
    """
    rise = np.maximum(levels[2:, bands] - levels[:-2, bands], 0.0).mean(1)
    flux = np.concatenate([rise[:1] * 0, rise, rise[:1] * 0])[: len(levels)]
    baseline = ndimage.uniform_filter1d(flux, int(_BASELINE_SECONDS * RATE) | 1, mode="constant")
    return np.maximum(flux - baseline, 0.0)


def stroke_times(curve: np.ndarray, *, floor: float) -> np.ndarray:
    """Seconds (n,) of the peaks of a curve that rise above a floor and a sixth of the strongest."""
    height = max(floor, float(curve.max(initial=0.0)) / 6.0)
    distance = max(int(_STROKE_SECONDS * RATE), 1)
    peaks, _ = signal.find_peaks(curve, height=height, distance=distance)
    return peaks / RATE
