"""Directions around a listener: angles and unit vectors, and interpolation between measured points.

Axes: x ahead, y to the left, z up (AmbiX, and SOFA's cartesian frame). Azimuth counts degrees from
ahead to the left, elevation degrees upwards.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np


def unit(azimuth: np.ndarray | float, elevation: np.ndarray | float = 0.0) -> np.ndarray:
    """Unit vectors (..., 3) of angles in degrees."""
    azimuth, elevation = np.broadcast_arrays(np.radians(azimuth), np.radians(elevation))
    level = np.cos(elevation)
    return np.stack([level * np.cos(azimuth), level * np.sin(azimuth), np.sin(elevation)], -1)


def split(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (..., 3) and distances (...) of positions (..., 3)."""
    distance = np.linalg.norm(positions, axis=-1)
    return positions / np.maximum(distance, 1e-9)[..., None], distance


def spiral(num: int) -> np.ndarray:
    """`num` directions (num, 3) spread evenly over the sphere (Fibonacci lattice)."""
    z = 1.0 - (2.0 * np.arange(num) + 1.0) / num
    turn = np.pi * (3.0 - np.sqrt(5.0)) * np.arange(num)
    level = np.sqrt(1.0 - z * z)
    return np.stack([level * np.cos(turn), level * np.sin(turn), z], -1)


class Sphere:
    """Points on a sphere and the triangles between them.

    Args:
        points: (n, 3) directions, at least four and not all in one plane.

    Raises:
        ValueError: points that span no sphere.
    """

    def __init__(self, points: np.ndarray) -> None:
        from scipy.spatial import ConvexHull, QhullError, cKDTree

        self.points = split(np.asarray(points, np.float64))[0]
        try:
            self.triangles = ConvexHull(self.points).simplices
        except (QhullError, ValueError):
            raise ValueError("directions span no sphere") from None
        self._inverse = np.linalg.pinv(self.points[self.triangles])
        self._tree = cKDTree(self.points[self.triangles].mean(axis=1))

    def weights(self, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Barycentric weights of directions in the triangles that hold them.

        Args:
            directions: (q, 3) unit vectors.

        Returns:
            Indices of points (q, 3) and weights (q, 3), not negative and of sum 1. They are
            continuous: a direction on an edge has the weights of that edge from either side.
        """
        indices = np.empty((len(directions), 3), np.int64)
        weights = np.empty((len(directions), 3))
        near = self._tree.query(directions, k=min(16, len(self.triangles)))[1]
        self._fill(directions, near, indices, weights)
        outside = weights.min(axis=1) < -1e-6
        if outside.any():
            every = np.broadcast_to(
                np.arange(len(self.triangles)), (outside.sum(), len(self.triangles))
            )
            part = indices[outside], weights[outside]
            self._fill(directions[outside], every, *part)
            indices[outside], weights[outside] = part
        weights = np.maximum(weights, 0.0)
        return indices, weights / weights.sum(axis=1, keepdims=True)

    def _fill(
        self, directions: np.ndarray, near: np.ndarray, indices: np.ndarray, weights: np.ndarray
    ) -> None:
        """Of the triangles `near` (q, k), takes the one in which a direction lies deepest."""
        for first in range(0, len(directions), 1_024):
            rows = slice(first, first + 1_024)
            shares = np.einsum("qd,qkdv->qkv", directions[rows], self._inverse[near[rows]])
            best = shares.min(axis=2).argmax(axis=1)
            at = np.arange(len(best))
            indices[rows] = self.triangles[near[rows][at, best]]
            weights[rows] = shares[at, best]

    @cached_property
    def areas(self) -> np.ndarray:
        """Share (n,) of the sphere that each point stands for; sums to 1."""
        corners = self.points[self.triangles]
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(cross, axis=1)
        total = np.zeros(len(self.points))
        for corner in self.triangles.T:
            np.add.at(total, corner, area)
        return total / total.sum()
