"""Short-time analysis that the metrics share: level, spectra, mel bands, chroma, onset strength.

NumPy and SciPy only, so that a metric never depends on the library that trained the model. Mono
audio at 22,050 Hz unless a name says otherwise; leading dimensions are free.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft, ndimage, signal

from utils import SAMPLE_RATE, mel_filterbank

SILENCE_DB = -60.0
ONSET_HOP_SAMPLES = 256
ONSET_RATE = SAMPLE_RATE / ONSET_HOP_SAMPLES


def as_audio(audio: np.ndarray) -> np.ndarray:
    """The same audio as a float32 array (..., t).

    Raises:
        ValueError: when it is empty, not of a floating type, or not finite.
    """
    audio = np.asarray(audio)
    if audio.ndim == 0 or audio.shape[-1] == 0:
        raise ValueError(f"expected audio (..., t) with samples, got shape {audio.shape}")
    if not np.issubdtype(audio.dtype, np.floating):
        raise ValueError(f"expected floating point audio in [-1, 1], got {audio.dtype}")
    if not np.isfinite(audio).all():
        raise ValueError(
            "audio holds NaN or infinite samples; look at the model or file it came from"
        )
    return audio.astype(np.float32, copy=False)


def level_db(audio: np.ndarray) -> np.ndarray:
    """Root-mean-square level (...) of audio (..., t), dB of full scale; -inf for silence."""
    power = np.square(as_audio(audio).astype(np.float64)).mean(-1)
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(power)


def is_silent(audio: np.ndarray, *, threshold_db: float = SILENCE_DB) -> np.ndarray:
    """Whether audio (..., t) stays under a level, bool (...).

    MSDM's criterion, a mean square under 1.5e-5, is `threshold_db=-48.24`.
    """
    return level_db(audio) < threshold_db


def spectrogram(audio: np.ndarray, n_fft: int = 2_048, hop_samples: int = 512) -> np.ndarray:
    """Magnitudes (..., f, m) of a centred Hann Fourier transform, zeros beyond the ends."""
    audio = as_audio(audio)
    edges = [(0, 0)] * (audio.ndim - 1) + [(n_fft // 2, n_fft // 2)]
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, edges), n_fft, axis=-1)
    window = signal.get_window("hann", n_fft).astype(np.float32)
    spectrum = np.abs(fft.rfft(frames[..., ::hop_samples, :] * window, axis=-1))
    return np.swapaxes(spectrum, -1, -2)


def log_mel(
    audio: np.ndarray, *, n_fft: int = 2_048, hop_samples: int = 512, n_mels: int = 80
) -> np.ndarray:
    """Natural logarithm of mel magnitudes (..., f, m), floored at 1e-5."""
    return log_mel_of(spectrogram(audio, n_fft, hop_samples), n_mels=n_mels)


def log_mel_of(magnitude: np.ndarray, *, n_mels: int = 80) -> np.ndarray:
    """`log_mel` of a spectrogram (..., f, m) that is there already."""
    filters = mel_filterbank(SAMPLE_RATE, 2 * (magnitude.shape[-2] - 1), n_mels)
    return np.log(np.maximum(filters @ magnitude, 1e-5))


@lru_cache(maxsize=4)
def _chroma_filters(n_fft: int, lowest_hz: float, highest_hz: float) -> np.ndarray:
    """Weights (12, n_fft // 2 + 1): each bin shared by the two nearest pitch classes, C first."""
    hertz = np.arange(n_fft // 2 + 1) * SAMPLE_RATE / n_fft
    inside = (hertz >= lowest_hz) & (hertz <= highest_hz)
    pitch = 69.0 + 12.0 * np.log2(np.maximum(hertz, 1.0) / 440.0)
    distance = (pitch[None] - np.arange(12)[:, None] + 6.0) % 12.0 - 6.0
    return (np.maximum(0.0, 1.0 - np.abs(distance)) * inside).astype(np.float32)


def chroma(audio: np.ndarray, *, n_fft: int = 8_192, hop_samples: int = 2_048) -> np.ndarray:
    """Strength of the pitch classes (..., 12, m), C first, from partials of 55 to 2,000 Hz."""
    return _chroma_filters(n_fft, 55.0, 2_000.0) @ spectrogram(audio, n_fft, hop_samples)


def chroma_curve(audio: np.ndarray) -> np.ndarray:
    """`chroma` (12, m) of a stem (t,); moments 40 dB under its strongest are 0."""
    strength = chroma(audio)
    total = strength.sum(0)
    return np.where(total > 0.01 * total.max(initial=0.0), strength, 0.0)


def onset_strength(audio: np.ndarray) -> np.ndarray:
    """Spectral flux (..., m) at 86.13 frames a second: how much the mel bands grow, >= 0.

    The rise is measured over two frames in dB-like units and a local average of 0.5 s is taken
    away, so that a steady swell gives nothing and a stroke gives a peak.
    """
    magnitude = spectrogram(audio, 1_024, ONSET_HOP_SAMPLES)
    filters = mel_filterbank(SAMPLE_RATE, 1_024, 40)
    loudness = np.log1p(100.0 * np.maximum(filters @ magnitude, 1e-5))
    rise = np.maximum(loudness[..., 2:] - loudness[..., :-2], 0.0).mean(-2)
    flux = np.concatenate([np.zeros_like(rise[..., :1]), rise, np.zeros_like(rise[..., :1])], -1)
    mean = ndimage.uniform_filter1d(flux, int(0.5 * ONSET_RATE) | 1, mode="constant")
    return np.maximum(flux - mean, 0.0).astype(np.float32)


def stroke_times(strength: np.ndarray, *, min_strength: float = 0.1) -> np.ndarray:
    """Seconds (n,) of the strokes: peaks of an `onset_strength` (m,) at least 50 ms apart."""
    peaks, _ = signal.find_peaks(
        strength,
        height=max(min_strength, 0.1 * float(strength.max(initial=0.0))),
        distance=max(1, int(0.05 * ONSET_RATE)),
    )
    return peaks / ONSET_RATE


def correlation(a: np.ndarray, b: np.ndarray, axis: int = -1) -> np.ndarray:
    """Pearson correlation along an axis; NaN where either side is constant."""
    a = a - a.mean(axis, keepdims=True)
    b = b - b.mean(axis, keepdims=True)
    scale = np.sqrt(np.square(a).sum(axis) * np.square(b).sum(axis))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 0, (a * b).sum(axis) / scale, np.nan)


def mean_known(values) -> float:
    """Mean of the values that are finite; NaN when there are none."""
    values = np.asarray(list(values) if not isinstance(values, np.ndarray) else values, np.float64)
    values = values[np.isfinite(values)]
    return float(values.mean()) if values.size else float("nan")
