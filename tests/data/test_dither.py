"""Dither: noise of known size that does not depend on the signal, and none in silence."""

import numpy as np
import pytest

from data.dither import BITS, quantised
from utils import counter_rng


@pytest.mark.parametrize("bits", BITS.values())
def test_error_has_no_mean_and_three_times_the_power_of_rounding(bits):
    """Rounding alone has a power of 1/12 step; triangular noise adds 2/12."""
    audio = np.full(200_000, 0.25 + 0.3 / 2 ** (bits - 1))
    steps = (quantised(audio, bits, counter_rng(1)) >> (32 - bits)) - audio * 2 ** (bits - 1)
    assert abs(steps.mean()) < 0.01
    assert steps.var() == pytest.approx(0.25, rel=0.02)


def test_a_tone_below_one_step_survives_as_a_tone():
    tone = 0.4 / 2**15 * np.sin(2 * np.pi * np.arange(2**16) * 1_000 / 2**16)
    assert not np.rint(tone * 2**15).any()
    steps = (quantised(tone, 16, counter_rng(2)) >> 16).astype(float)
    spectrum = np.abs(np.fft.rfft(steps)) / 2**15
    assert spectrum.argmax() == 1_000 and spectrum[1_000] == pytest.approx(0.4, abs=0.02)


def test_silence_stays_silence_and_full_scale_does_not_wrap():
    assert not quantised(np.zeros((2, 1_000)), 24, counter_rng(3)).any()
    ends = quantised(np.array([1.0, -1.0] * 100), 24, counter_rng(4)) >> 8
    assert ends.max() <= 2**23 - 1 and ends.min() >= -(2**23)
    assert (ends[::2] > 2**22).all() and (ends[1::2] < -(2**22)).all()
