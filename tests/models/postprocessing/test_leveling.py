"""One gain that brings a band to a loudness: exact below the peaks, limited at them."""

import numpy as np
import pytest
import torch

from data.loudness import PEAK, loudness
from models.postprocessing.leveling import (
    MOST_LIMITED_DB,
    at_loudness,
    band_gains,
    band_peaks,
    gain_towards,
)
from utils import SAMPLE_RATE, counter_rng


@pytest.fixture
def stems() -> np.ndarray:
    """Three seconds of tones under drum strokes that peak 25 dB above their average."""
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    tones = [0.1 * np.sin(2 * np.pi * f * time) for f in (110, 220, 330)]
    decay = np.exp(-60.0 * (time % 0.5))
    drums = 0.6 * decay * counter_rng(1).standard_normal(len(time))
    return np.stack([tones[0], drums, *tones[1:]]).astype(np.float32)


def noise(seed: int) -> np.ndarray:
    return 0.1 * counter_rng(seed).standard_normal(SAMPLE_RATE).astype(np.float32)


def gain_of(stems, lufs: float) -> np.ndarray:
    return gain_towards(stems.sum(0), band_peaks(stems), SAMPLE_RATE, lufs)


@pytest.mark.parametrize("lufs", [-40.0, -20.0, -14.0])
def test_the_mix_is_as_loud_as_asked(stems, lufs):
    out = stems * gain_of(stems, lufs)
    assert loudness(out.sum(0), SAMPLE_RATE) == pytest.approx(lufs, abs=0.1)
    assert max(np.abs(out).max(), np.abs(out.sum(0)).max()) <= PEAK + 1e-6


def test_a_plain_gain_could_not(stems):
    plain = PEAK / np.abs(stems.sum(0)).max()
    assert loudness(plain * stems.sum(0), SAMPLE_RATE) < -16.0


def test_what_is_quiet_enough_keeps_one_gain(stems):
    gain = gain_of(stems, -40.0)
    assert np.ptp(gain) < 1e-6


def test_it_gives_way_only_so_far(stems):
    with pytest.warns(UserWarning, match="20 LUFS"):
        gain = gain_of(stems, 20.0)
    assert 20 * np.log10(gain.max() / gain.min()) <= MOST_LIMITED_DB + 0.1
    assert np.abs((gain * stems).sum(0)).max() <= PEAK + 1e-6


def test_silence_is_left_alone():
    assert (gain_of(np.zeros((4, 100), np.float32), -14.0) == 1.0).all()


def test_what_is_out_of_reach_is_said(stems):
    with pytest.warns(UserWarning, match=r"6 LUFS was wanted and -\d"):
        gain_of(stems, 6.0)


def test_a_band_comes_to_one_loudness_and_what_does_not_play_is_not_raised():
    stems = np.stack([noise(i) * level for i, level in enumerate((0.5, 0.2, 1e-3, 0.3))])
    played = np.array([True, True, False, True])
    gains = band_gains(stems, played, SAMPLE_RATE)
    found = [loudness(stem, SAMPLE_RATE) for stem in (stems * gains[:, None])[played]]
    assert np.ptp(found) < 0.1 and gains[2] == gains[0] == gains.min()
    assert np.abs((stems * gains[:, None])[played].sum(0)).max() <= 10 ** (-1 / 20) + 1e-4
    assert (band_gains(stems, np.zeros(4, bool), SAMPLE_RATE) == 1.0).all()
    silent = band_gains(np.zeros_like(stems), played, SAMPLE_RATE)
    assert np.isfinite(silent).all()


def test_half_precision_around_it_changes_nothing(stems):
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(at_loudness(stems, SAMPLE_RATE, -20.0), stems * gain_of(stems, -20.0))


def test_nobody_asked_for_a_loudness():
    stems = np.stack([noise(0), noise(1)])
    assert at_loudness(stems, SAMPLE_RATE, float("nan")) is stems
    quiet = at_loudness(stems, SAMPLE_RATE, -40.0)
    assert loudness(quiet.sum(0), SAMPLE_RATE) == pytest.approx(-40.0, abs=0.1)
