"""Rare segments are read more often, each as often as its weight says."""

import numpy as np

from data.balance import IN_THREE, ODD, STYLED, SWUNG, UNCOMMON_GENRE, balanced_order, row_weights
from data.labels import GENRES
from utils import counter_rng


def test_what_is_rare_counts_more():
    rock, jazz = GENRES.index("rock"), GENRES.index("jazz")
    rows = [
        (4, 0.5, -1, rock),
        (-1, np.nan, -1, -1),
        (3, 0.5, -1, rock),
        (7, 0.5, -1, rock),
        (4, 0.66, 3, jazz),
    ]
    labels = dict(zip(("meter", "swing", "style", "genre"), np.array(rows).T, strict=True))
    together = SWUNG * STYLED * UNCOMMON_GENRE
    assert row_weights(labels).tolist() == [1.0, 1.0, IN_THREE, ODD, together]


def test_every_row_is_read_as_often_as_it_weighs():
    weights = np.array([1.0, 6.0, 1.0, 2.0] * 25)
    order = balanced_order(weights, counter_rng(0))
    counts, due = np.bincount(order, minlength=100), 100 * weights / weights.sum()
    assert len(order) == 100 and np.abs(counts - due).max() < 1.0
    assert not np.array_equal(order, np.sort(order))
    assert not np.array_equal(order, balanced_order(weights, counter_rng(1)))
    plain = balanced_order(np.ones(100), counter_rng(2))
    assert np.array_equal(np.sort(plain), np.arange(100))
