"""Loudness against the standards' own test signals (EBU Tech 3341 and 3342)."""

import numpy as np
import pytest

from data.loudness import loudness
from models.preprocessing.features.levels import measured_loudness, step_powers
from tests.models.preprocessing.features.songs import sine

RATE = 48_000


@pytest.mark.parametrize("lufs", [-23.0, -33.0])
def test_a_stereo_sine_has_the_loudness_of_the_standard(lufs):
    found = measured_loudness([sine(lufs, 20.0)], RATE)
    assert found.integrated == pytest.approx(lufs, abs=0.05)
    assert len(found.curve) == 20 and np.allclose(found.curve, lufs, atol=0.1)


def test_soft_parts_are_gated_out():
    signal = np.concatenate([sine(-36.0, 5.0), sine(-23.0, 30.0), sine(-36.0, 5.0)], 1)
    assert measured_loudness([signal], RATE).integrated == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(("soft", "range_lu"), [(-30.0, 10.0), (-25.0, 5.0)])
def test_the_range_of_two_levels_is_their_distance(soft, range_lu):
    signal = np.concatenate([sine(-20.0, 10.0, 8_000), sine(soft, 10.0, 8_000)], 1)
    assert measured_loudness([signal], 8_000).range == pytest.approx(range_lu, abs=0.5)


def test_mono_is_what_the_rest_of_the_project_measures():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(5 * 22_050) * np.repeat([0.1, 0.01, 0.2, 0.05, 0.1], 22_050)
    expected = loudness(noise, 22_050)
    assert measured_loudness([noise], 22_050).integrated == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rate", [22_050, 11_025])
def test_blocks_do_not_matter(rate):
    noise = np.random.default_rng(1).standard_normal((2, 4 * rate + 77))
    whole, total = step_powers([noise], rate)
    parts, same = step_powers(np.array_split(noise, [100, 3_000, 3_001, 50_000], axis=1), rate)
    assert len(whole) == 40 and np.allclose(whole, parts, rtol=1e-9)
    assert same == pytest.approx(total)


def test_surrounds_weigh_more_and_the_low_effects_nothing():
    tone = sine(-23.0, 4.0)[:1]
    silent = np.zeros_like(tone)
    only = lambda place: np.concatenate([tone if i == place else silent for i in range(6)])
    left, effects, behind = (measured_loudness([only(i)], RATE).integrated for i in (0, 3, 4))
    assert effects is None
    assert behind - left == pytest.approx(10 * np.log10(1.41), abs=1e-3)


def test_silence_and_what_is_short_have_no_range():
    silence = measured_loudness([np.zeros((1, 5 * RATE))], RATE)
    assert silence.integrated is None and silence.range is None
    assert silence.curve.tolist() == [-70.0] * 5
    short = measured_loudness([sine(-23.0, 0.2)], RATE)
    assert short.integrated == pytest.approx(-23.0, abs=0.3) and short.range is None
