"""Brightness: octaves of the centroid, the same at any level, length and rate."""

import math

import numpy as np
import pytest

from data.brightness import brightness


def tone(hertz: float, seconds: float = 1.0, sample_rate: int = 22_050) -> np.ndarray:
    time = np.arange(int(seconds * sample_rate)) / sample_rate
    return np.sin(2 * np.pi * hertz * time).astype(np.float32)


@pytest.mark.parametrize(("hertz", "octaves"), [(500, -1), (1_000, 0), (2_000, 1), (4_000, 2)])
def test_a_tone_is_as_bright_as_it_is_high(hertz, octaves):
    assert brightness(tone(hertz, 2.0), 22_050) == pytest.approx(octaves, abs=0.1)


def test_level_and_length_do_not_matter():
    sound = tone(700) + 0.3 * tone(3_000)
    assert brightness(0.01 * sound, 22_050) == pytest.approx(brightness(sound, 22_050), abs=1e-4)
    twice = brightness(np.tile(sound, 4), 22_050)
    assert brightness(sound, 22_050) == pytest.approx(twice, abs=0.05)


def test_equal_partials_meet_in_the_middle():
    sound = tone(1_000, 3.0) + tone(3_000, 3.0)
    assert brightness(sound, 22_050) == pytest.approx(1.0, abs=0.05)


def test_silence_has_no_brightness():
    assert math.isnan(brightness(np.zeros(8_000, np.float32), 22_050))
    assert math.isnan(brightness(np.zeros(0, np.float32), 22_050))
