"""A tilt brings a mix to a brightness; its stems still add up to it."""

import numpy as np
import pytest

from data.brightness import brightness
from models.postprocessing.tilting import LOW_HZ, MOST_DB, slope_towards, tilted
from utils import SAMPLE_RATE, counter_rng


@pytest.fixture
def stems() -> np.ndarray:
    """Three seconds of dull noise, each stem from another frequency on."""
    noise = np.fft.rfft(counter_rng(2).standard_normal((4, 3 * SAMPLE_RATE)))
    hertz = np.arange(noise.shape[-1]) / 3
    begins = np.array([[40.0], [80.0], [160.0], [320.0]])
    dull = noise / np.maximum(hertz, 20.0) ** 0.9 * (hertz > begins)
    audio = np.fft.irfft(dull)
    return (0.2 * audio / np.abs(audio).max()).astype(np.float32)


def towards(stems: np.ndarray, octaves: float) -> np.ndarray:
    return tilted(stems, SAMPLE_RATE, slope_towards(stems.sum(0), SAMPLE_RATE, octaves))


@pytest.mark.parametrize("octaves", [-0.3, 0.4, 1.0, 1.6])
def test_the_mix_is_as_bright_as_asked(stems, octaves):
    mix = towards(stems, octaves).sum(0)
    assert brightness(mix, SAMPLE_RATE) == pytest.approx(octaves, abs=0.03)


def test_a_tilt_is_so_many_db_an_octave():
    impulse = np.zeros((1, 8_192), np.float32)
    impulse[0, 4_000] = 1.0
    heard = tilted(impulse, SAMPLE_RATE, 3.0)[0]
    level = 20 * np.log10(np.abs(np.fft.rfft(heard)))
    at = lambda hertz: level[round(hertz * 8_192 / SAMPLE_RATE)]
    assert at(1_000) == pytest.approx(0.0, abs=0.1)
    assert [at(2_000), at(4_000), at(500), at(250)] == pytest.approx([3, 6, -3, -6], abs=0.2)
    assert at(10_900) == pytest.approx(9.0, abs=0.2) and at(LOW_HZ / 3) > -13.0
    assert heard.argmax() == 4_000
    assert np.allclose(heard[3_800:4_000], heard[4_200:4_000:-1], atol=1e-5)


def test_stems_add_up_and_silence_stays(stems):
    stems[2] = 0.0
    out = towards(stems, 1.8)
    mix = tilted(stems.sum(0, keepdims=True), SAMPLE_RATE, MOST_DB)
    assert np.array_equal(out[2], stems[2]) and mix.shape == (1, stems.shape[1])
    whole = tilted(stems, SAMPLE_RATE, MOST_DB).sum(0)
    assert np.allclose(whole, mix[0], atol=1e-4)


def test_nothing_asked_and_silence_are_left_alone(stems):
    assert towards(stems, np.nan) is stems
    assert slope_towards(np.zeros(4_096, np.float32), SAMPLE_RATE, 1.0) == 0.0


def test_what_is_too_far_is_approached_with_a_warning(stems):
    with pytest.warns(UserWarning, match=r"a brightness of -4\.00 octaves was wanted and .* 4 dB"):
        dark = towards(stems, -4.0)
    assert -4.0 < brightness(dark.sum(0), SAMPLE_RATE) < brightness(stems.sum(0), SAMPLE_RATE) - 1.0
