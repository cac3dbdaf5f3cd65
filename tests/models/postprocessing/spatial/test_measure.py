"""What measures the renderer, on known signals."""

import numpy as np
import pytest

from models.postprocessing.spatial.measure import build_parser, cost, noise_stems


def test_noise_falls_by_five_decibels_per_octave():
    stems = noise_stems(10.0, 44_100)
    power = np.square(np.abs(np.fft.rfft(stems))).sum(0)
    hertz = np.fft.rfftfreq(stems.shape[1], 1 / 44_100)
    octaves = [power[(hertz >= low) & (hertz < 2 * low)].sum() for low in (50, 200, 400, 1_600)]
    falls = 10 * np.log10(np.array(octaves[1:]) / octaves[:-1])
    np.testing.assert_allclose(falls[1:], [-5.0, -10.0], atol=0.4)
    np.testing.assert_allclose(stems.std(1), 0.05, rtol=1e-3)
    assert power[(hertz < 39) | (hertz > 10_001)].sum() < 1e-6 * power.sum()


def test_a_cost_has_energy_mono_and_speed():
    found = cost("headphones", "stereo", 22_050, 2.0, 1)
    assert abs(found.energy_db) < 1.5 and 0.0 < found.mono_db < 3.1
    assert found.cpu > 0 and found.wall > 0
    assert np.isnan(cost("headphones", "5.1", 22_050, 1.0, 1).mono_db)


def test_flags():
    args = build_parser().parse(["--seconds", "5"])
    assert args.seconds == pytest.approx(5.0) and args.step == 1
