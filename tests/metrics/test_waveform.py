"""Exact values of the reconstruction measures, and silence."""

import numpy as np
import pytest

from metrics.waveform import (
    compare_pair,
    compare_segments,
    log_mel_l1,
    si_sdr,
    stft_distance,
    summarise,
)
from utils import STEMS


@pytest.fixture
def noise() -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal((2, 12_000)).astype(np.float32)


def orthogonal(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """`b` without its part along `a`, at the power of `a`."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    b = b - (a @ b) / (a @ a) * a
    return b * np.sqrt((a @ a) / (b @ b))


def test_perfect_reconstruction_is_perfect(noise):
    assert si_sdr(noise, noise).tolist() == [np.inf, np.inf]
    assert si_sdr(0.5 * noise, noise).tolist() == [np.inf, np.inf]
    assert stft_distance(noise, noise).tolist() == [0.0, 0.0]
    assert log_mel_l1(noise, noise).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("gain", "decibels"), [(0.5, 6.0206), (1.0, 0.0), (2.0, -6.0206)])
def test_si_sdr_of_orthogonal_noise_is_exact(noise, gain, decibels):
    reference = noise[0].astype(np.float64)
    estimate = reference + gain * orthogonal(*noise)
    assert si_sdr(estimate, reference) == pytest.approx(decibels, abs=1e-3)
    assert si_sdr(7.0 * estimate, reference) == pytest.approx(decibels, abs=1e-3)


def test_si_sdr_of_silence_is_defined(noise):
    silence = np.zeros_like(noise[0])
    assert np.isnan(si_sdr(noise[0], silence))
    assert np.isnan(stft_distance(noise[0], silence))
    assert si_sdr(silence, noise[0]) == -np.inf
    assert si_sdr(orthogonal(*noise), noise[0]) < -100


def test_twice_the_amplitude_is_ln_2_in_log_mel(noise):
    assert log_mel_l1(2 * noise, noise) == pytest.approx(np.log(2.0), abs=1e-4)


def test_twice_the_amplitude_in_stft_distance(noise):
    # spectral convergence is exactly 1 and every log magnitude differs by ln 2
    assert stft_distance(2 * noise, noise) == pytest.approx(1.0 + np.log(2.0), abs=1e-3)


@pytest.mark.parametrize("metric", [si_sdr, stft_distance, log_mel_l1])
def test_malformed_input_is_refused(metric, noise):
    with pytest.raises(ValueError, match="differ in shape"):
        metric(noise, noise[:, :-1])
    with pytest.raises(ValueError, match="NaN"):
        metric(np.full_like(noise, np.nan), noise)


def test_silent_references_are_counted_not_scored(noise):
    silence = np.zeros_like(noise[0])
    pairs = [*zip(noise, noise, strict=True), (0.01 * noise[0], silence)]
    scores = summarise([compare_pair(*pair) for pair in pairs])
    assert (scores.num_scored, scores.num_silent) == (2, 1)
    assert scores.si_sdr_db == np.inf
    assert scores.log_mel_l1 == 0.0
    assert scores.silence_level_db == pytest.approx(-60.0, abs=0.2)


def test_all_silent_gives_nan_and_perfect_silence(noise):
    silence = np.zeros_like(noise[0])
    scores = summarise([compare_pair(silence, silence)] * 2)
    assert np.isnan(scores.si_sdr_db) and np.isnan(scores.stft_distance)
    assert (scores.num_scored, scores.num_silent) == (0, 2)
    assert scores.silence_level_db == -np.inf
    assert np.isnan(summarise([compare_pair(noise[0], noise[0])]).silence_level_db)


def test_a_set_is_judged_by_its_median(noise):
    estimates = [noise[0] * gain for gain in (1.0, 2.0, 8.0)]
    scores = summarise([compare_pair(e, noise[0]) for e in estimates])
    assert scores.log_mel_l1 == pytest.approx(np.log(2.0), abs=1e-4)


def test_stems_and_mix():
    stems = 0.1 * np.random.default_rng(3).standard_normal((2, 4, 6_000)).astype(np.float32)
    scores = compare_segments(stems, stems)
    assert len(scores) == 2 and list(scores[0]) == [*STEMS, "mix"]
    swapped = compare_segments(stems[:, ::-1], stems)[1]
    assert swapped["mix"].log_mel_l1 == pytest.approx(0.0, abs=1e-5)
    assert swapped["bass"].si_sdr_db < -10
    with pytest.raises(ValueError, match="expected"):
        compare_segments(stems[:, :3], stems[:, :3])
