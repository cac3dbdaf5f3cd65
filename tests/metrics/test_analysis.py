"""Levels, spectra, chroma and onsets of signals whose truth is known."""

import numpy as np
import pytest

from metrics.analysis import (
    ONSET_RATE,
    as_audio,
    chroma,
    correlation,
    is_silent,
    level_db,
    log_mel,
    mean_known,
    onset_strength,
    spectrogram,
    stroke_times,
)
from utils import SAMPLE_RATE, compute_mel_spectrogram


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return np.sin(2 * np.pi * hertz * time).astype(np.float32)


def test_half_the_amplitude_is_6_02_db_less():
    audio = tone(440.0)
    assert level_db(audio) == pytest.approx(-3.0103, abs=1e-3)
    assert level_db(audio) - level_db(audio / 2) == pytest.approx(6.0206, abs=1e-4)


def test_silence_has_no_level_and_the_threshold_is_a_level():
    assert level_db(np.zeros(8, np.float32)) == -np.inf
    quiet = np.stack([tone(440.0) * 10 ** (-56 / 20), tone(440.0) * 10 ** (-58 / 20)])
    assert is_silent(quiet).tolist() == [False, True]


@pytest.mark.parametrize(
    "audio", [np.zeros(0, np.float32), np.float32(1.0), np.zeros(4, int), np.full(4, np.nan)]
)
def test_malformed_audio_is_refused(audio):
    with pytest.raises(ValueError):
        as_audio(audio)


def test_spectrogram_equals_the_projects_mel_spectrogram():
    torch = pytest.importorskip("torch")
    audio = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    power = compute_mel_spectrogram(torch.from_numpy(audio), n_mels=80).numpy()
    inside = slice(3, -3)  # the ends are padded with zeros here, by reflection there
    ours = np.square(spectrogram(audio))
    from utils import mel_filterbank

    mel = mel_filterbank(SAMPLE_RATE, 2_048, 80) @ ours
    np.testing.assert_allclose(mel[:, inside], power[:, inside], rtol=1e-3)


def test_leading_dimensions_are_independent():
    audio = np.random.default_rng(1).standard_normal((2, 3, 9_000)).astype(np.float32)
    np.testing.assert_allclose(log_mel(audio)[1, 2], log_mel(audio[1, 2]), atol=1e-5)
    np.testing.assert_allclose(onset_strength(audio)[0, 1], onset_strength(audio[0, 1]), atol=1e-5)


@pytest.mark.parametrize(("hertz", "pitch_class"), [(440.0, 9), (261.63, 0), (82.41, 4)])
def test_chroma_finds_the_pitch_class_of_a_tone(hertz, pitch_class):
    assert chroma(tone(hertz)).mean(-1).argmax() == pitch_class


def test_onsets_of_clicks_are_found_within_two_frames():
    audio = np.zeros(3 * SAMPLE_RATE, np.float32)
    truth = np.array([0.5, 1.0, 1.3, 2.4])
    for second in truth:
        start = int(second * SAMPLE_RATE)
        audio[start : start + 2_000] += tone(800.0)[:2_000] * np.exp(-np.arange(2_000) / 300)
    found = stroke_times(onset_strength(audio))
    assert len(found) == len(truth)
    assert np.abs(found - truth).max() < 2 / ONSET_RATE


def test_silence_and_a_steady_tone_have_no_onsets():
    assert stroke_times(onset_strength(np.zeros(SAMPLE_RATE, np.float32))).size == 0
    assert onset_strength(tone(300.0, 2.0))[20:-20].max() < 0.05


def test_correlation_is_1_for_equal_and_nan_for_constant():
    curve = np.random.default_rng(2).standard_normal(50)
    assert correlation(curve, 3 * curve + 1) == pytest.approx(1.0)
    assert correlation(curve, -curve) == pytest.approx(-1.0)
    assert np.isnan(correlation(curve, np.ones(50)))


def test_mean_known_skips_what_is_not_known():
    assert mean_known([1.0, np.nan, 3.0, np.inf]) == 2.0
    assert np.isnan(mean_known([np.nan]))
