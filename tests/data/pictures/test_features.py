"""Exact values of plain colours, and each regression's signs."""

import numpy as np
import pytest

from data.pictures.features import (
    AROUSAL_WEIGHTS,
    FEATURES,
    PACE_WEIGHT,
    SPREADS,
    VALENCE_WEIGHTS,
    Features,
    cut_density,
    features_of,
    lightness,
    measured_pace,
    pace_of,
    point_of,
)

COLOURS = {
    "black": (0, 0, 0),
    "white": (1, 1, 1),
    "grey": (119 / 255,) * 3,
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
}


def plain(*names: str) -> np.ndarray:
    colours = np.array([COLOURS[name] for name in names], np.float32)
    return np.broadcast_to(colours[:, :, None, None], (len(names), 3, 8, 8)).copy()


def test_lightness_is_cie_1976():
    found = lightness(plain(*COLOURS))[:, 0, 0]
    assert found == pytest.approx([0, 1, 0.5003, 0.5324, 0.8774, 0.3230], abs=2e-4)


def test_features_of_plain_colours():
    features = features_of(plain("grey", "red", "green", "blue"))
    assert features.saturation == pytest.approx([0, 1, 1, 1])
    assert features.warmth == pytest.approx([0, 1, -0.35, -0.65], abs=1e-6)
    assert np.allclose(features.contrast, 0.0, atol=1e-6) and not features.edges.any()
    assert features.stacked().shape == (4, 5) and len(FEATURES) == 5


def test_edges_and_contrast_of_a_checkerboard():
    frame = np.broadcast_to(np.indices((8, 8)).sum(0) % 2, (1, 3, 8, 8)).astype(np.float32)
    features = features_of(frame)
    assert features.edges == pytest.approx([1.0]) and features.contrast == pytest.approx([0.5])


def features(**changes: float) -> Features:
    """Average features, changed by spreads."""
    average = {n: SPREADS.get(n, (0.2, 0.1)) for n in FEATURES}
    return Features(**{n: np.array([m + changes.get(n, 0) * s]) for n, (m, s) in average.items()})


def test_the_average_picture_is_neutral_and_the_regressions_are_exact():
    still = np.zeros(1)
    assert point_of(features(), still) == (pytest.approx([0]), pytest.approx([0]))
    valence, arousal = point_of(features(brightness=1, saturation=1), still)
    assert np.arctanh(valence) == pytest.approx([0.69 + 0.22])
    assert np.arctanh(arousal) == pytest.approx([0.60])
    for name, weight in AROUSAL_WEIGHTS.items():
        assert np.arctanh(point_of(features(**{name: 1}), still)[1]) == pytest.approx([weight])
    assert set(VALENCE_WEIGHTS) <= set(SPREADS) and "contrast" not in SPREADS
    moving = point_of(features(), np.array([0.5]))[1]
    assert np.arctanh(moving) == pytest.approx([0.5 * PACE_WEIGHT])


def test_outliers_are_held_at_two_and_a_half_spreads():
    far, further = (point_of(features(brightness=x), np.zeros(1))[0] for x in (2.5, 9))
    assert far == further == pytest.approx(np.tanh(2.5 * 0.69))


def test_arousal_rises_from_blue_over_green_to_red():
    _, arousal = point_of(features_of(plain("blue", "green", "red")), np.zeros(3))
    assert arousal[0] < arousal[1] < arousal[2]


def test_pace():
    assert pace_of(np.zeros(2), np.zeros(2)) == pytest.approx([0, 0])
    assert pace_of(np.array([0.5]), np.array([0.0])) == pytest.approx([1 - np.exp(-1)])
    assert pace_of(np.array([0.25]), np.array([0.4])) == pytest.approx([1 - np.exp(-1)])


def test_the_density_of_cuts_is_one_cut_each():
    times = np.linspace(-10, 20, 3001)
    density = cut_density(times, np.array([3.0, 4.0]))
    assert np.trapezoid(density, times) == pytest.approx(2.0, rel=1e-3)
    assert times[density.argmax()] == pytest.approx(3.5, abs=0.01)
    assert np.all(cut_density(times, np.array([])) == 0)


def test_measured_pace_of_stills_cuts_and_motion():
    assert np.array_equal(measured_pace(plain("red")), [0.0])
    assert measured_pace(plain("red", "red", "red")) == pytest.approx(np.zeros(3))
    assert measured_pace(plain(*["black", "white"] * 4)).min() > 0.8
    rows = (np.arange(64) / 64)[:, None] * np.ones(64)
    shift = lambda k: np.broadcast_to(np.roll(rows, k, 0), (3, 64, 64))
    slow, fast = (np.stack([shift(k * i) for i in range(6)]).astype(np.float32) for k in (1, 4))
    assert 0 < measured_pace(slow).mean() < measured_pace(fast).mean() < 1
