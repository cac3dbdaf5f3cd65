"""Fractional delays: exact on tones, fixed and changing alike."""

import numpy as np
import pytest

from models.postprocessing.spatial.delay import HALF, DelayLine, farrow_taps, placed, sinc_kernel


def test_polynomials_follow_the_kernel():
    place = np.linspace(-1.0, 1.0, 101)
    powers = np.vander(place, farrow_taps().shape[1], increasing=True)
    for third, taps in enumerate(farrow_taps()):
        kernel = sinc_kernel((place + 1.0) / 6.0 + third / 3.0)
        np.testing.assert_allclose(powers @ taps, kernel, atol=1e-4)
    np.testing.assert_allclose(sinc_kernel(np.zeros(1))[0], np.eye(24)[HALF - 1], atol=1e-12)


@pytest.mark.parametrize(("share", "error"), [(0.1, 3e-4), (0.5, 3e-4), (0.8, 1e-3)])
def test_a_delay_line_reads_between_samples(share, error):
    """`share` of Nyquist; the place moves faster than the samples, as a source that comes near."""
    wave = lambda t: np.sin(np.pi * share * t)
    line = DelayLine(wave(np.arange(1_000.0)).astype("f4"))
    behind = (5.0 - np.arange(800) * 0.013).astype("f4")
    places = 55 + np.arange(800) - behind.astype(float)
    heard = np.empty(800, np.float32)
    line.read(55, behind, heard)
    assert np.abs(heard - wave(places)).max() < error


def test_placed_filters_arrive_when_they_should():
    delays = np.array([[40.25, 60.0], [100.5, 70.75]])
    filters = np.zeros((2, 2, 5))
    filters[..., 0] = [[1.0, 0.5], [-0.5, 0.25]]
    out = placed(delays, filters, 256)
    hertz = np.arange(1, 100)
    turn = lambda d: np.exp(-2j * np.pi * hertz * d / 512)
    spectrum = np.fft.rfft(out, 512)[:, 1:100]
    np.testing.assert_allclose(spectrum[0], turn(40.25) - 0.5 * turn(100.5), atol=1e-3)
    np.testing.assert_allclose(spectrum[1], 0.5 * turn(60.0) + 0.25 * turn(70.75), atol=1e-3)
    assert out[1].argmax() == 60


def test_what_arrives_too_late_is_cut():
    assert placed(np.array([[500.0]]), np.ones((1, 1, 3)), 100).shape == (1, 100)
