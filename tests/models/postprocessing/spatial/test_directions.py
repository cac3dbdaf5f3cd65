"""Angles and interpolation on the sphere."""

import numpy as np
import pytest

from models.postprocessing.spatial.directions import Sphere, spiral, split, unit
from utils import counter_rng


def test_axes_are_ahead_left_and_up():
    np.testing.assert_allclose(unit([0, 90, 0], [0, 0, 90]), np.eye(3), atol=1e-12)
    directions, distances = split(3.0 * unit([30.0], [-20.0]))
    np.testing.assert_allclose(directions, unit([30.0], [-20.0]))
    assert distances[0] == pytest.approx(3.0)


def test_weights_give_points_back_and_reproduce_directions():
    sphere = Sphere(spiral(300))
    indices, weights = sphere.weights(sphere.points)
    assert (
        np.take_along_axis(indices, weights.argmax(1)[:, None], 1)[:, 0] == np.arange(300)
    ).all()
    np.testing.assert_allclose(weights.max(axis=1), 1.0, atol=1e-9)
    wanted = split(counter_rng(1).standard_normal((500, 3)))[0]
    indices, weights = sphere.weights(wanted)
    assert weights.min() >= 0 and np.allclose(weights.sum(1), 1.0)
    blended = split(np.einsum("qk,qkd->qd", weights, sphere.points[indices]))[0]
    np.testing.assert_allclose(blended, wanted, atol=1e-9)


def test_interpolation_is_continuous_and_never_the_nearest_point():
    sphere, values = Sphere(spiral(100)), counter_rng(2).standard_normal(100)
    ring = unit(np.linspace(0, 360, 20_000), 17.0)
    indices, weights = sphere.weights(ring)
    heard = (weights * values[indices]).sum(1)
    assert np.abs(np.diff(heard)).max() < 0.02
    assert (weights.max(1) < 0.999).mean() > 0.95


def test_sparse_sets_with_a_gap_below_are_covered():
    azimuth, elevation = np.meshgrid(np.arange(0, 360, 15), np.arange(-40, 91, 20))
    sphere = Sphere(np.unique(unit(azimuth.ravel(), elevation.ravel()).round(9), axis=0))
    indices, weights = sphere.weights(unit([0, 77, 200], [-90, -80, -60]))
    assert np.isfinite(weights).all() and np.allclose(weights.sum(1), 1.0)
    assert (sphere.points[indices][..., 2] < -0.3).all()
    assert sphere.areas.sum() == pytest.approx(1.0) and sphere.areas.min() > 0


def test_a_plane_is_no_sphere():
    with pytest.raises(ValueError, match="no sphere"):
        Sphere(unit(np.arange(0, 360, 10)))
