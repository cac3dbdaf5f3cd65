"""One gain that brings a band to a loudness: exact below the peaks, limited at them."""

import numpy as np
import pytest

from data.loudness import PEAK, loudness
from models.postprocessing.leveling import MOST_LIMITED_DB, band_peaks, gain_towards
from utils import SAMPLE_RATE, counter_rng


@pytest.fixture
def stems() -> np.ndarray:
    """Three seconds of tones under drum strokes that peak 25 dB above their average."""
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    tones = [0.1 * np.sin(2 * np.pi * f * time) for f in (110, 220, 330)]
    decay = np.exp(-60.0 * (time % 0.5))
    drums = 0.6 * decay * counter_rng(1).standard_normal(len(time))
    return np.stack([tones[0], drums, *tones[1:]]).astype(np.float32)


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
    with pytest.warns(UserWarning, match=r"6 LUFS was asked for and -\d"):
        gain_of(stems, 6.0)
