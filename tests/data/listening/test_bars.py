"""Bars: the harmony changes on the one, the snare answers; three and four; cut bars."""

import numpy as np
import pytest

from data.listening.bars import _best_path, bar_positions, beat_features
from data.listening.beats import RATE, Curves

BEATS = 0.2 + 0.5 * np.arange(24)


def curves_where(change, snare, count=1_100):
    """Curves that peak at the given beats."""
    row = lambda places: np.isin(np.arange(count), np.round(BEATS[places] * RATE)).astype(float)
    strokes = row(range(24))
    return Curves(strokes, strokes - row(snare), row(snare), strokes, row(change))


@pytest.mark.parametrize("offset", range(4))
def test_the_one_of_four_is_where_the_harmony_changes(offset):
    place = (np.arange(24) - offset) % 4
    curves = curves_where(np.flatnonzero(place == 0), np.flatnonzero(place % 2))
    assert bar_positions(curves, BEATS).tolist() == place.tolist()


@pytest.mark.parametrize("offset", range(3))
def test_bars_of_three(offset):
    place = (np.arange(24) - offset) % 3
    curves = curves_where(np.flatnonzero(place == 0), np.flatnonzero(place == 2))
    assert bar_positions(curves, BEATS).tolist() == place.tolist()


def test_features_are_in_standard_deviations():
    features = beat_features(curves_where([0, 4, 8], [2, 6]), BEATS)
    assert features.shape == (24, 5) and np.abs(features).max() <= 4.0
    np.testing.assert_allclose(features[:, 0].mean(), 0.0, atol=1e-9)
    assert not features[:, 4].any()


def test_a_bar_may_be_cut_at_a_price():
    scores = np.full((12, 4), -1.0)
    for start, stop in ((0, 6), (6, 12)):
        for beat in range(start, stop):
            scores[beat, (beat - start) % 4] = 3.0
    total, path = _best_path(scores)
    assert path.tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 0, 1]
    assert total == pytest.approx(36.0 - 4.0)


def test_too_few_beats_are_no_bar():
    assert bar_positions(curves_where([0], []), BEATS[:2]).tolist() == [0, 0]
