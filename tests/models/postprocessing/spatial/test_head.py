"""The head's formulas against the papers' own, written out by hand."""

import numpy as np
import pytest

from models.postprocessing.spatial.directions import spiral, unit
from models.postprocessing.spatial.head import SPEED_OF_SOUND, Head, turned

PLAIN = Head(ear_azimuth=90.0, pinna=0.0, torso=0.0)


def test_far_delays_are_woodworths():
    azimuth = np.arange(0.0, 91.0)
    paths = PLAIN.paths(unit(azimuth), np.full(91, 1e4))
    radians = np.radians(azimuth)
    expected = 0.0875 / SPEED_OF_SOUND * (radians + np.sin(radians))
    np.testing.assert_allclose((paths[:, 1] - paths[:, 0]) / SPEED_OF_SOUND, expected, atol=1e-8)
    assert expected[-1] == pytest.approx(655.8e-6, abs=1e-6)


def test_near_paths_are_lines_and_arcs_without_a_kink():
    """A source straight at the left ear: the line, and the tangent with the rest of the circle."""
    left, right = PLAIN.paths(unit([90.0]), [0.5])[0]
    assert left == pytest.approx(0.5 - 0.0875)
    tangent, bend = np.sqrt(0.5**2 - 0.0875**2), np.arccos(0.0875 / 0.5)
    assert right == pytest.approx(tangent + 0.0875 * (np.pi - bend))
    fine = PLAIN.paths(unit(np.linspace(-80, 80, 4_001)), np.full(4_001, 0.3))
    assert np.abs(np.diff(fine, n=2, axis=0)).max() < 1e-7


def test_shadow_is_brown_and_dudas():
    """Unity at 0 Hz; 1 + ... at high frequencies alpha, 2 at the ear and 0.1 at 150 degrees."""
    directions = unit([90.0, 240.0, 0.0])
    np.testing.assert_allclose(PLAIN.shadow_depth(directions)[:2, 0], [2.0, 0.1], atol=1e-12)
    hertz = np.array([0.0, 500.0, 3_000.0, 1e7])
    response = PLAIN.response(directions, hertz)
    np.testing.assert_allclose(np.abs(response[..., 0]), 1.0)
    np.testing.assert_allclose(np.abs(response[0, 0, 3]), 2.0, rtol=1e-3)
    corner = 2.0 * SPEED_OF_SOUND / 0.0875
    for angle, ear in ((90.0, 0), (90.0, 1)):
        alpha = 1.05 + 0.95 * np.cos(np.radians(angle / 150.0 * 180.0))
        omega = 1j * 2.0 * np.pi * hertz / corner
        expected = (1.0 + alpha * omega) / (1.0 + omega)
        np.testing.assert_allclose(response[2, ear], expected, rtol=1e-5)


def test_pinna_echoes_are_table_one():
    head = Head(torso=0.0)
    hertz = np.linspace(0.0, 16_000.0, 200)
    azimuth, elevation = 40.0, 25.0
    expected = np.ones(200, complex)
    rows = zip(
        (0.5, -1.0, 0.5, -0.25, 0.25),
        (1, 5, 5, 5, 5),
        (2, 4, 7, 11, 13),
        (1, 0.5, 0.5, 0.5, 0.5),
        strict=True,
    )
    forward = np.sqrt((1.0 + np.cos(np.radians(azimuth)) * np.cos(np.radians(elevation))) / 2.0)
    for gain, a, b, d in rows:
        samples = a * forward * np.sin(d * np.radians(90.0 - elevation)) + b
        expected += gain * np.exp(-2j * np.pi * hertz * samples / 44_100.0)
    bare = Head(torso=0.0, pinna=0.0).response(unit([azimuth], [elevation]), hertz)
    np.testing.assert_allclose(
        head.response(unit([azimuth], [elevation]), hertz) / bare,
        expected * np.ones((1, 2, 1)),
        atol=1e-4,
    )
    level = np.sqrt((1.0 + np.cos(np.radians(azimuth))) / 2.0)
    assert level == pytest.approx(np.cos(np.radians(azimuth) / 2.0))


def test_the_torso_reflects_from_above_and_not_from_below():
    """Overhead the way is about twice that from the ears' height to the sphere."""
    head = Head(ear_azimuth=90.0)
    seconds, gain = head.torso_echo(unit([0.0, 0.0, 90.0], [90.0, -90.0, 0.0]))
    height = 0.0875 + 0.053 + 0.169
    assert seconds[0, 0] == pytest.approx(2 * (height - 0.169) / SPEED_OF_SOUND, rel=0.2)
    assert seconds[0, 0] == pytest.approx(seconds[0, 1])
    assert gain[1].max() < 0.05 < 0.25 < gain[0].min()
    assert seconds[2, 0] > seconds[2, 1]
    ring = head.torso_echo(unit(np.linspace(0, 360, 3_601), 10.0))[0]
    assert np.abs(np.diff(ring, axis=0)).max() < 1e-6


def test_ears_mirror_each_other():
    directions, hertz = spiral(50), np.linspace(0, 16_000, 40)
    mirrored = directions * [1.0, -1.0, 1.0]
    ours, theirs = Head().response(directions, hertz), Head().response(mirrored, hertz)
    np.testing.assert_allclose(ours[:, 0], theirs[:, 1], atol=2e-4)


def test_turned_is_a_delay():
    spectrum = turned(np.array([0.001]), np.array([0.0, 250.0, 500.0]))[0]
    np.testing.assert_allclose(spectrum, [1.0, -1.0j, -1.0], atol=1e-5)
