"""Gain, pan and room: decibels, power and decay as they should be."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

from models.postprocessing.mixing.space import (
    LENGTH_SECONDS,
    PREDELAY_SECONDS,
    T60_SECONDS,
    gain,
    pan,
    reverberate,
    room,
)

RATE = 44_100


def test_six_decibels_are_twice_the_amplitude():
    x = torch.tensor([0.25, -0.5])
    assert torch.allclose(gain(x, RATE, 6.0206), 2.0 * x, atol=1e-5)
    assert gain(torch.ones(2, 3), RATE, torch.tensor([0.0, -20.0]))[1, 0] == pytest.approx(0.1)


@pytest.mark.parametrize("position", [-1.0, -0.3, 0.0, 0.7, 1.0])
def test_pan_keeps_the_power(position):
    x = torch.randn(500, generator=torch.Generator().manual_seed(0))
    out = pan(x, RATE, position)
    assert out.shape == (2, 500)
    assert float(out.square().sum()) == pytest.approx(float(x.square().sum()), rel=1e-5)


def test_pan_goes_where_it_says():
    x = torch.ones(1)
    assert torch.allclose(pan(x, RATE, 0.0), torch.full((2, 1), 0.5**0.5))
    assert torch.allclose(pan(x, RATE, -1.0), torch.tensor([[1.0], [0.0]]), atol=1e-6)
    many = pan(torch.ones(2, 3, 1), RATE, torch.tensor([[0.0, 1.0, -1.0]] * 2))
    assert many.shape == (2, 3, 2, 1)


@pytest.mark.parametrize("centre", [250.0, 1_000.0, 4_000.0])
def test_each_octave_dies_away_in_its_time(centre):
    band = butter(4, [centre / 1.2, centre * 1.2], "band", fs=RATE, output="sos")
    energy = np.square(sosfilt(band, room(RATE).astype(np.float64))).sum(0)
    left = 10 * np.log10(np.cumsum(energy[::-1])[::-1])
    left -= left[round(0.05 * RATE)]
    first, last = (int(np.argmax(left < level)) for level in (-5.0, -25.0))
    assert (last - first) / RATE * 3.0 == pytest.approx(T60_SECONDS[centre], rel=0.15)


def test_the_room_is_fixed_and_has_unit_energy():
    impulse = room(RATE)
    assert impulse.shape == (2, round(LENGTH_SECONDS * RATE))
    assert np.allclose(np.square(impulse).sum(1), 1.0, atol=1e-5)
    assert not impulse[:, : round(PREDELAY_SECONDS * RATE)].any()
    assert abs(np.corrcoef(impulse)[0, 1]) < 0.1
    room.cache_clear()
    assert np.array_equal(room(RATE), impulse)


def test_reverberation_is_a_convolution():
    x = torch.zeros(3, 70_000)
    x[1, 100] = 2.0
    out = reverberate(x, RATE)
    assert out.shape == (3, 2, 70_000)
    impulse = torch.from_numpy(room(RATE))
    assert torch.allclose(out[1, :, 100 : 100 + 50_000], 2.0 * impulse[:, :50_000], atol=1e-5)
    assert out[0].abs().max() < 1e-7
