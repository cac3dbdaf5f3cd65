"""Filters: minimum phase, the closed form at both rates, and the diffuse field."""

import numpy as np
import pytest

from models.postprocessing.spatial.directions import spiral, unit
from models.postprocessing.spatial.hrtf import (
    analytic_hrtf,
    equaliser,
    filter_taps,
    grid_hertz,
    minimum_phase,
)


def test_minimum_phase_of_a_known_filter_is_that_filter():
    taps = np.array([1.0, -0.6, 0.2, 0.05])
    spectrum = np.fft.rfft(taps, 512)
    np.testing.assert_allclose(minimum_phase(np.abs(spectrum)), spectrum, atol=1e-6)
    reversed_ = np.fft.rfft(taps[::-1], 512)
    np.testing.assert_allclose(minimum_phase(np.abs(reversed_)), spectrum, atol=1e-6)


def test_equaliser_evens_out_within_12_db():
    power = np.linspace(0.5, 2.0, 129)
    np.testing.assert_allclose(np.abs(equaliser(power)) ** 2 * power, 1.0, rtol=1e-3)
    deep = np.ones(129)
    deep[60:70] = 1e-6
    assert 20 * np.log10(np.abs(equaliser(deep)).max()) == pytest.approx(12.04, abs=0.5)


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_filters_follow_the_closed_form_but_for_the_common_colour(rate):
    hrtf, directions = analytic_hrtf(rate), spiral(40)
    size, hertz = 4 * filter_taps(rate), grid_hertz(rate)
    heard = np.abs(np.fft.rfft(hrtf.filters(directions), size))
    expected = np.abs(hrtf.head.response(directions, hertz) * hrtf.equaliser)
    inside = (hertz > 50.0) & (hertz < 0.8 * rate / 2)
    error = np.abs(heard - expected)[..., inside]
    assert error.max() < 0.05 and error.mean() < 0.005


def test_moving_filters_equal_still_ones():
    hrtf, directions = analytic_hrtf(22_050), unit(np.arange(0.0, 360.0, 7.0), 12.0)
    still = np.fft.rfft(hrtf.filters(directions), 512)
    moving = hrtf.spectra(directions, 512)
    error = np.square(np.abs(still - moving)).sum() / np.square(np.abs(still)).sum()
    assert 10 * np.log10(error) < -35.0


def test_the_diffuse_field_is_flat_and_its_ears_agree_only_below():
    hrtf = analytic_hrtf(22_050)
    power = np.square(np.abs(np.fft.rfft(hrtf.filters(spiral(300)), 256))).mean((0, 1))
    inside = slice(2, 100)
    assert np.abs(10 * np.log10(power[inside])).max() < 1.0
    hertz = grid_hertz(22_050)
    assert hrtf.coherence[0] > 0.98 and hrtf.coherence[np.searchsorted(hertz, 172.0)] > 0.8
    assert np.abs(hrtf.coherence[hertz > 2_000.0]).max() < 0.35
