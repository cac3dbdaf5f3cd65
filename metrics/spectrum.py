"""Does one set of recordings sound like another? Distances between clouds of features.

Each window of audio becomes one vector of fixed, documented, deterministic features; two sets of
vectors are compared by the Frechet distance of their Gaussians and by an unbiased kernel
discrepancy. The features are signal processing, not a trained network: a value is comparable only
with values made by this file from the same reference set, window and count. It is not the distance
that papers print (`metrics.fad` is).

A vector has 157 numbers, `FEATURE_NAMES`, over a window of 5.94 s: mean, standard deviation and
mean absolute step of 32 log-mel bands (2,048-sample Hann windows, hop 512); mean and deviation of
13 cepstral coefficients of them; the share of each pitch class; mean and deviation of the spectral
contrast of 6 bands and of flatness, 85 % roll-off and centroid (both in octaves); mean, deviation,
strokes a second and strongest repetition of the onset strength; and the level in dB. Magnitudes
more than 80 dB below the window's loudest count as 80 dB below it: what fills a pause there, or
lies between partials, nobody hears beside the rest, and rendered music has digital silence there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import fft, linalg

from metrics.analysis import (
    ONSET_RATE,
    as_audio,
    chroma,
    is_silent,
    level_db,
    log_mel_of,
    onset_strength,
    spectrogram,
    stroke_times,
)
from metrics.beats import autocorrelation
from utils import SAMPLE_RATE

WINDOW_SAMPLES = 131_072
NUM_MELS = 32
NUM_MFCC = 13
FARTHEST_SPREADS = 5.0
RANGE_DB = 80.0
CONTRAST_EDGES_HZ = (0.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0, 11_025.0)


def _names() -> tuple[str, ...]:
    mel = [f"mel_{what}_{i}" for what in ("mean", "std", "delta") for i in range(NUM_MELS)]
    mfcc = [f"mfcc_{what}_{i}" for what in ("mean", "std") for i in range(NUM_MFCC)]
    bands = len(CONTRAST_EDGES_HZ) - 1
    contrast = [f"contrast_{what}_{i}" for what in ("mean", "std") for i in range(bands)]
    shape = [f"{n}_{what}" for n in ("flatness", "rolloff", "centroid") for what in ("mean", "std")]
    onset = ["onset_mean", "onset_std", "onset_rate", "onset_periodicity"]
    return (*mel, *mfcc, *(f"chroma_{i}" for i in range(12)), *contrast, *shape, *onset, "level_db")


FEATURE_NAMES = _names()


def _mean_std(rows: np.ndarray) -> list[np.ndarray]:
    return [rows.mean(-1), rows.std(-1)]


def _contrast(magnitude: np.ndarray) -> np.ndarray:
    """Log distance between the strong and the weak fifth of the bins of each band: (6, m)."""
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, magnitude.shape[0])
    rows = []
    for low, high in zip(CONTRAST_EDGES_HZ[:-1], CONTRAST_EDGES_HZ[1:], strict=True):
        band = magnitude[(hertz >= low) & (hertz <= high)]
        fifth = max(1, len(band) // 5)
        order = np.partition(band, (fifth - 1, len(band) - fifth), axis=0)
        rows.append(np.log(order[-fifth:].mean(0)) - np.log(order[:fifth].mean(0)))
    return np.stack(rows)


def _shape(magnitude: np.ndarray) -> np.ndarray:
    """Flatness (log), 85 % roll-off and centroid in octaves: (3, m)."""
    hertz = np.linspace(0.0, SAMPLE_RATE / 2, magnitude.shape[0])
    power = np.square(magnitude, dtype=np.float64)
    flatness = 2.0 * np.log(magnitude).mean(0, dtype=np.float64) - np.log(power.mean(0))
    rolloff = hertz[(np.cumsum(power, 0) < 0.85 * power.sum(0)).sum(0).clip(max=len(hertz) - 1)]
    centroid = (hertz[:, None] * magnitude).sum(0) / magnitude.sum(0)
    return np.stack([flatness, np.log2(rolloff + 50.0), np.log2(centroid + 50.0)])


def _onset_features(audio: np.ndarray) -> list[float]:
    """Mean, deviation, strokes a second, and the strongest repetition between 0.2 and 2 seconds."""
    strength = onset_strength(audio)
    lags = slice(int(0.2 * ONSET_RATE), int(2.0 * ONSET_RATE))
    repetition = autocorrelation(strength)[lags].max(initial=0.0)
    rate = len(stroke_times(strength)) / (len(audio) / SAMPLE_RATE)
    return [float(strength.mean()), float(strength.std()), rate, float(repetition)]


def features(audio: np.ndarray) -> np.ndarray:
    """The feature vector (d,) of a window of mono audio (t,), named by `FEATURE_NAMES`."""
    audio = as_audio(audio)
    if audio.ndim != 1:
        raise ValueError(f"expected one signal (t,), got shape {audio.shape}")
    magnitude = spectrogram(audio)
    magnitude = np.maximum(magnitude, max(1e-5, magnitude.max() * 10 ** (-RANGE_DB / 20)))
    mel = log_mel_of(magnitude, n_mels=NUM_MELS).astype(np.float64)
    mfcc = fft.dct(mel, axis=0, norm="ortho")[:NUM_MFCC]
    pitch = chroma(audio).astype(np.float64).sum(-1)
    vector = [mel.mean(-1), mel.std(-1), np.abs(np.diff(mel, axis=-1)).mean(-1)]
    vector += [*_mean_std(mfcc), pitch / max(pitch.sum(), 1e-9), *_mean_std(_contrast(magnitude))]
    vector += [np.stack(_mean_std(_shape(magnitude)), -1).ravel(), _onset_features(audio)]
    return np.concatenate([*vector, [max(float(level_db(audio)), -100.0)]])


def feature_set(recordings: Iterable[np.ndarray]) -> np.ndarray:
    """Vectors (n, d) of every whole, not silent window of 5.94 s in mono recordings (t,)."""
    rows = []
    for audio in recordings:
        for start in range(0, len(audio) - WINDOW_SAMPLES + 1, WINDOW_SAMPLES):
            window = audio[start : start + WINDOW_SAMPLES]
            if not is_silent(window):
                rows.append(features(window))
    return np.stack(rows) if rows else np.zeros((0, len(FEATURE_NAMES)))


def _two_sets(ours: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ours, reference = np.asarray(ours, np.float64), np.asarray(reference, np.float64)
    if ours.ndim != 2 or reference.ndim != 2 or ours.shape[1] != reference.shape[1]:
        raise ValueError(f"expected (n, d) and (m, d), got {ours.shape} and {reference.shape}")
    if min(len(ours), len(reference)) < 2:
        raise ValueError(f"each set needs at least 2 vectors, got {len(ours)} and {len(reference)}")
    if not (np.isfinite(ours).all() and np.isfinite(reference).all()):
        raise ValueError("feature vectors must be finite")
    return ours, reference


def frechet_distance(ours: np.ndarray, reference: np.ndarray) -> float:
    """Squared Frechet distance between Gaussians fitted to two sets (n, d) and (m, d), in float64.

    |mu1 - mu2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2). With S = X'X the last trace is the sum of the
    singular values of X1 X2': no matrix root is taken, and singular covariances (fewer vectors
    than features) are no trouble. It is biased upwards at small counts: compare equal n.
    """
    ours, reference = _two_sets(ours, reference)
    shift = np.square(ours.mean(0) - reference.mean(0)).sum()
    first = (ours - ours.mean(0)) / np.sqrt(len(ours) - 1)
    second = (reference - reference.mean(0)) / np.sqrt(len(reference) - 1)
    cross = linalg.svdvals(first @ second.T).sum()
    return float(shift + np.square(first).sum() + np.square(second).sum() - 2.0 * cross)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1)[None] - 2.0 * a @ b.T
    return np.maximum(squares, 0.0)


def kernel_discrepancy(ours: np.ndarray, reference: np.ndarray) -> float:
    """Unbiased squared MMD (Gretton et al. 2012, equation 3) with a Gaussian kernel.

    The bandwidth is the median distance within the reference set (the recipe of KAD, 2502.15602,
    without its scaling). About 0, also slightly negative, for two sets of one distribution, at any
    count.
    """
    ours, reference = _two_sets(ours, reference)
    within = _squared_distances(reference, reference)
    bandwidth = np.median(within[~np.eye(len(within), dtype=bool)])
    kernel = lambda squared: np.exp(-squared / max(2.0 * bandwidth, 1e-12))
    off_diagonal = lambda k: (k.sum() - np.trace(k)) / (len(k) * (len(k) - 1))
    inside = off_diagonal(kernel(_squared_distances(ours, ours))) + off_diagonal(kernel(within))
    return float(inside - 2.0 * kernel(_squared_distances(ours, reference)).mean())


@dataclass(frozen=True)
class SpectrumScores:
    """Distances of a set to a reference set, in units of the reference's spread per feature."""

    frechet: float
    discrepancy: float
    num_windows: int
    num_reference: int


def compare_sets(ours: np.ndarray, reference: np.ndarray) -> SpectrumScores:
    """Both distances between feature sets (n, d) and (m, d), standardised by the reference set.

    Each feature is centred, divided by the reference's standard deviation (at least 1e-3) and held
    within 5 of them, so that one odd window does not outweigh all others; the Frechet distance is
    divided by d, so that 1 is about one spread of the real set per feature.
    """
    ours, reference = _two_sets(ours, reference)
    mean, spread = reference.mean(0), np.maximum(reference.std(0), 1e-3)
    ours, reference = (
        np.clip((rows - mean) / spread, -FARTHEST_SPREADS, FARTHEST_SPREADS)
        for rows in (ours, reference)
    )
    return SpectrumScores(
        frechet_distance(ours, reference) / ours.shape[1],
        kernel_discrepancy(ours, reference),
        len(ours),
        len(reference),
    )
