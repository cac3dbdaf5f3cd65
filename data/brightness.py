"""How bright a sound is: the centre of gravity of its spectrum, in octaves."""

from __future__ import annotations

import numpy as np
from scipy.fft import rfft
from scipy.signal import get_window

WINDOW_SAMPLES = 2_048
REFERENCE_HZ = 1_000.0
_SILENT_PEAK = 1e-4


def brightness(audio: np.ndarray, sample_rate: int) -> float:
    """Spectral centroid of mono audio (t,) in octaves over 1 kHz: -1 is 500 Hz; nan for silence.

    The centroid of the magnitudes, averaged over Hann windows as they are, so that loud moments
    count more (Peeters et al. 2011, "The Timbre Toolbox", for the descriptor).
    """
    if is_silent(audio):
        return float("nan")
    return centroid_octaves(*mean_magnitude(audio, sample_rate))


def is_silent(audio: np.ndarray) -> bool:
    """Whether audio never rises above -80 dB."""
    return bool(np.abs(audio).max(initial=0.0) < _SILENT_PEAK)


def mean_magnitude(audio: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies (f,) in Hz, and magnitudes (f,) of mono audio (t,), averaged over its windows."""
    audio = np.asarray(audio, np.float32)
    missing = -len(audio) % WINDOW_SAMPLES
    frames = np.pad(audio, (0, missing)).reshape(-1, WINDOW_SAMPLES)
    window = get_window("hann", WINDOW_SAMPLES).astype(np.float32)
    magnitude = np.abs(rfft(frames * window)).mean(0, dtype=np.float64)
    return np.arange(len(magnitude)) * sample_rate / WINDOW_SAMPLES, magnitude


def centroid_octaves(hertz: np.ndarray, magnitude: np.ndarray) -> float:
    """Centre of gravity of a spectrum (f,), octaves over 1 kHz."""
    centroid = (hertz * magnitude).sum() / magnitude.sum()
    return float(np.log2(max(centroid, 1.0) / REFERENCE_HZ))
