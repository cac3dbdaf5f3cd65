"""Layouts: gains by hand, power kept in every direction."""

import numpy as np
import pytest

from models.postprocessing.spatial.directions import spiral, unit
from models.postprocessing.spatial.layouts import (
    LAYOUTS,
    OUTPUTS,
    Ambisonics,
    Stereo,
    Surround,
    find_layout,
)
from utils import UserError, counter_rng


def test_ambix_is_acn_and_sn3d():
    gains = Ambisonics().gains(unit([0, 90, 0, 30], [0, 0, 90, 0]))
    np.testing.assert_allclose(gains[0], [1, 0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(gains[1], [1, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(gains[2], [1, 0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(gains[3], [1, 0.5, 0, np.sqrt(0.75)], atol=1e-12)


def test_surround_is_one_speaker_at_a_speaker_and_two_between():
    gains = Surround().gains(unit([30.0, -30.0, 0.0, 110.0, -110.0, 15.0, 180.0]))
    single = np.eye(6)[[0, 1, 2, 4, 5]]
    np.testing.assert_allclose(gains[:5], single, atol=1e-7)
    np.testing.assert_allclose(gains[5], np.sqrt(0.5) * (single[0] + single[2]), atol=1e-9)
    np.testing.assert_allclose(gains[6], np.sqrt(0.5) * (single[3] + single[4]), atol=1e-9)
    above = Surround().gains(unit([0.0], [90.0]))[0]
    np.testing.assert_allclose(above, [0.2**0.5] * 3 + [0.0] + [0.2**0.5] * 2, atol=1e-9)


def test_stereo_places_left_to_right():
    gains = Stereo().gains(unit([90.0, 0.0, -90.0]))
    np.testing.assert_allclose(gains, [[1, 0], [0.5**0.5] * 2, [0, 1]], atol=1e-12)


@pytest.mark.parametrize("name", ["stereo", "5.1"])
def test_power_is_one_everywhere_and_continuous(name):
    layout = LAYOUTS[name]()
    np.testing.assert_allclose(np.square(layout.gains(spiral(500))).sum(1), 1.0, atol=1e-9)
    ring = layout.gains(unit(np.linspace(0, 360, 7_201)))
    assert np.abs(np.diff(ring, axis=0)).max() < 4e-3


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_diffuse_field_has_its_power(name):
    layout = find_layout(name, 22_050)
    noises = counter_rng(1).standard_normal((len(layout.channels), 60_000))
    power = layout.power(np.square(layout.diffuse(noises, 22_050)).mean(axis=1))
    assert power == pytest.approx(2.0 if name == "binaural" else 1.0, rel=0.03)


def test_feeds_fall_with_distance_and_delay():
    feeds = Stereo().feeds(unit([0.0, 0.0]), np.array([1.0, 4.0]))
    np.testing.assert_allclose(feeds.gains[0] / feeds.gains[1], 4.0)
    np.testing.assert_allclose(np.diff(feeds.delays[:, 0]), 3.0 / 343.0)


def test_unknown_outputs_are_named():
    with pytest.raises(UserError, match="did you mean 'stereo'"):
        find_layout("sterio", 22_050)
