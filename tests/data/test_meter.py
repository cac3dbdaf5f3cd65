"""The streaming meter equals the plain one, and stereo adds as power."""

import numpy as np
import pytest

from data.loudness import loudness
from data.meter import Meter, measured

RATE = 22_050


def noise(seconds: float = 6.0) -> np.ndarray:
    x = np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1
    x[len(x) // 2 :] *= 0.2
    return x


def test_mono_is_the_plain_meter():
    assert measured(noise()[None], RATE).loudness == pytest.approx(
        loudness(noise(), RATE), abs=1e-6
    )
    short = noise(0.2)
    assert measured(short[None], RATE).loudness == pytest.approx(loudness(short, RATE), abs=1e-6)


def test_two_equal_channels_are_three_decibels_louder():
    both = measured(np.stack([noise(), noise()]), RATE).loudness
    assert both == pytest.approx(loudness(noise(), RATE) + 3.0103, abs=1e-3)


def test_blocks_equal_the_whole():
    x, meter = np.stack([noise(), noise()[::-1]]), Meter(RATE)
    for start in range(0, x.shape[1], 3_333):
        meter.add(x[:, start : start + 3_333])
    whole = measured(x, RATE)
    assert meter.loudness == pytest.approx(whole.loudness, abs=1e-9)
    assert meter.range_lu == pytest.approx(whole.range_lu, abs=1e-9)


def test_silence_has_no_loudness_and_no_range():
    for x in (np.zeros((2, RATE)), np.zeros((2, 0))):
        assert measured(x, RATE).loudness == -np.inf
        assert measured(x, RATE).range_lu == 0.0


def test_the_range_of_two_levels_is_their_distance():
    x = np.random.default_rng(1).standard_normal(40 * RATE) * 0.1
    x[: 20 * RATE] *= 10 ** (-10 / 20)
    assert measured(x[None], RATE).range_lu == pytest.approx(10.0, abs=0.3)
    assert measured(x[None, 20 * RATE :], RATE).range_lu < 0.5
