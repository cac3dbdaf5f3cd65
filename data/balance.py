"""Rare music is read more often: how the segments of an epoch are drawn where few songs show much.

Of Lakh's songs one in fifty is in three and one in six swings. A composer that reads every segment
equally often hears too little of either to follow a sheet or a word that asks for it. With the
songs that `data.in_three` cuts, a seventh of what is read is in three.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from data.labels import GENRES

IN_THREE, ODD = 2.5, 2.0  # times as often as a segment in two or four
SWUNG, STYLED, UNCOMMON_GENRE = 1.7, 1.4, 1.5
SWING = 0.56  # of a pair of eighths for the first, from which on it swings
COMMON_GENRES = tuple(GENRES.index(name) for name in ("pop", "rock"))


def row_weights(labels: Mapping[str, np.ndarray]) -> np.ndarray:
    """How often each of n segments is read relative to the plainest, float64 (n,).

    Args:
        labels: meter, swing, style and genre (n,) as in `data.labels`, -1 or nan unknown.
    """
    meter, swing, style, genre = (
        np.asarray(labels[name]) for name in ("meter", "swing", "style", "genre")
    )
    weights = np.ones(len(meter))
    weights[(meter > 0) & ~np.isin(meter, (2, 4))] = ODD
    weights[np.isin(meter, (3, 6))] = IN_THREE
    weights *= np.where(swing > SWING, SWUNG, 1.0)
    weights *= np.where(style >= 0, STYLED, 1.0)
    return weights * np.where((genre >= 0) & ~np.isin(genre, COMMON_GENRES), UNCOMMON_GENRE, 1.0)


def balanced_order(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which of n rows an epoch of n reads, in random order: row i about n w_i / sum w times.

    Systematic resampling (Kitagawa 1996): every count is within one of that number.
    """
    count = len(weights)
    edges = np.cumsum(weights) / np.sum(weights)
    places = (np.arange(count) + rng.random()) / count
    rows = np.searchsorted(edges, places, side="right").clip(max=count - 1)
    return rng.permutation(rows)
