"""How close is a reconstruction to its recording? SI-SDR, spectral and log-mel distance.

A stem that is silent in the recording cannot be scored by a ratio or a relative distance; it is
counted, and what the reconstruction makes of it is reported as a level. What this does not know:
whether a difference can be heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics.analysis import as_audio, is_silent, level_db, log_mel, mean_known, spectrogram
from utils import STEMS

RESOLUTIONS = ((2_048, 512), (1_024, 256), (512, 128))


def _pair(estimate: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    estimate, reference = as_audio(estimate), as_audio(reference)
    if estimate.shape != reference.shape:
        raise ValueError(
            f"estimate {estimate.shape} and reference {reference.shape} differ in shape; "
            "cut both to the same stems and length"
        )
    return estimate, reference


def si_sdr(estimate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019, equation 5).

    Args:
        estimate, reference: (..., t) of one shape.

    Returns:
        (...): +inf when the estimate is the reference times a number other than 0, -inf when it
        holds nothing of it, NaN where the reference is digital silence.
    """
    estimate, reference = (a.astype(np.float64) for a in _pair(estimate, reference))
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = (estimate * reference).sum(-1) / np.square(reference).sum(-1)
        target = gain[..., None] * reference
        wanted, unwanted = np.square(target).sum(-1), np.square(estimate - target).sum(-1)
        exact = unwanted <= 1e-24 * np.maximum(wanted, 1e-300)
        ratio = 10.0 * np.log10(wanted / np.where(exact, 1.0, unwanted))
    known = np.square(reference).sum(-1) > 0
    ratio = np.where(exact & (wanted > 0), np.inf, ratio)
    return np.where(known, np.where(wanted > 0, ratio, -np.inf), np.nan)


def stft_distance(estimate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Multi-resolution STFT distance (...): spectral convergence plus L1 of log magnitudes.

    The mean over windows of 2048, 1024 and 512 samples, hop a quarter (Yamamoto et al. 2020,
    equations 3-5). 0 for equal signals, NaN where the reference is digital silence.
    """
    estimate, reference = _pair(estimate, reference)
    total = np.zeros(reference.shape[:-1])
    for n_fft, hop_samples in RESOLUTIONS:
        ours = spectrogram(estimate, n_fft, hop_samples)
        theirs = spectrogram(reference, n_fft, hop_samples)
        with np.errstate(divide="ignore", invalid="ignore"):
            difference = np.square(ours - theirs).sum((-1, -2), dtype=np.float64)
            power = np.square(theirs).sum((-1, -2), dtype=np.float64)
            convergence = np.sqrt(difference / power)
        logs = np.abs(np.log(np.maximum(ours, 1e-5)) - np.log(np.maximum(theirs, 1e-5)))
        total += convergence + logs.mean((-1, -2), dtype=np.float64)
    return np.where(np.abs(reference).max(-1) > 0, total / len(RESOLUTIONS), np.nan)


def log_mel_l1(estimate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Mean absolute difference (...) of natural log-mel magnitudes (80 bands, hop 512, floor 1e-5).

    Twice the amplitude everywhere is ln 2 = 0.693. Latent codecs are judged by it, because they do
    not keep phase.
    """
    estimate, reference = _pair(estimate, reference)
    return np.abs(log_mel(estimate) - log_mel(reference)).mean((-1, -2), dtype=np.float64)


@dataclass(frozen=True)
class PairScores:
    """One reconstruction (t,) beside its recording; NaN where the recording is silent."""

    si_sdr_db: float
    stft_distance: float
    log_mel_l1: float
    level_db: float
    silent: bool


def compare_pair(estimate: np.ndarray, reference: np.ndarray) -> PairScores:
    """Scores of one reconstruction (t,), and its level."""
    estimate, reference = _pair(estimate, reference)
    silent = bool(is_silent(reference))
    nothing = (float("nan"),) * 3
    scores = (
        nothing
        if silent
        else [
            float(measure(estimate, reference)) for measure in (si_sdr, stft_distance, log_mel_l1)
        ]
    )
    return PairScores(*scores, level_db=float(level_db(estimate)), silent=silent)


def compare_segments(
    estimates: np.ndarray, references: np.ndarray, stems: Sequence[str] = STEMS
) -> list[dict[str, PairScores]]:
    """Scores per stem, and of their sum under "mix", of each of the segments (b, s, t)."""
    estimates, references = _pair(estimates, references)
    if estimates.ndim != 3 or estimates.shape[1] != len(stems):
        raise ValueError(f"expected (b, {len(stems)}, t), got {estimates.shape}")
    result = []
    for ours, theirs in zip(estimates, references, strict=True):
        scores = {s: compare_pair(ours[i], theirs[i]) for i, s in enumerate(stems)}
        result.append({**scores, "mix": compare_pair(ours.sum(0), theirs.sum(0))})
    return result


@dataclass(frozen=True)
class WaveformScores:
    """One stem over several segments: medians over the segments in which the recording sounds.

    Attributes:
        si_sdr_db, stft_distance, log_mel_l1: medians; NaN when nothing could be scored.
        num_scored, num_silent: segments scored, and segments in which the recording is silent.
        silence_level_db: mean level of the reconstruction where the recording is silent (power
            mean, dB of full scale; -inf is perfect, NaN when there was no such segment).
    """

    si_sdr_db: float
    stft_distance: float
    log_mel_l1: float
    num_scored: int
    num_silent: int
    silence_level_db: float


def summarise(scores: Sequence[PairScores]) -> WaveformScores:
    """Medians of one stem over segments, and how loud it is where the recording is silent."""
    heard = [s for s in scores if not s.silent]
    level = 10.0 ** (np.array([s.level_db for s in scores if s.silent]) / 10.0)
    with np.errstate(divide="ignore"):
        leak_db = 10.0 * np.log10(mean_known(level))
    names = ("si_sdr_db", "stft_distance", "log_mel_l1")
    medians = [float(np.median([getattr(s, n) for s in heard])) if heard else np.nan for n in names]
    return WaveformScores(
        *medians,
        num_scored=len(heard),
        num_silent=len(level),
        silence_level_db=float(leak_db),
    )
