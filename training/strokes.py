"""Fits how every drum rings (`models.latent.strokes`), given takes of drums and their notes.

Spectrograms of all takes are about their strokes, each a pattern per drum and age, times how loud
the take is. Patterns and takes are found by multiplicative updates of the Itakura-Saito divergence
(Fevotte et al. 2009), which asks for the right number of dB wherever the sound is loud or soft.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from data.score import Notes
from models.latent.strokes import NUM_AGES, NUM_DRUMS, StrokeMap, ringing

UPDATES = 30
LEVELS_FROM = 5  # updates; until then all takes are equally loud
FEWEST_STROKES = 16  # below them a drum is left as it is
SOFTEST_DB = -70.0  # over the loudness of a take; below it nothing counts


def fit_strokes(
    strokes: StrokeMap,
    drums: Sequence[Notes],
    recorded: Sequence[np.ndarray],
    decoded: Sequence[np.ndarray],
) -> None:
    """Fits the map to what was recorded and decoded of some takes of drums.

    Args:
        recorded, decoded: levels (c m) in dB over each take's loudness, m frames.
    """
    if not drums:
        return
    counts = [levels.shape[1] for levels in recorded]
    struck = sparse.vstack([_struck(n, count) for n, count in zip(drums, counts, strict=True)])
    take = np.repeat(np.arange(len(counts)), counts)
    rare = _strokes_of(drums) < FEWEST_STROKES
    for name, rows in (("recorded", recorded), ("decoded", decoded)):
        heard = 10.0 ** (np.maximum(np.concatenate(rows, 1).T, SOFTEST_DB) / 10.0)
        patterns, rest = patterns_of(struck.tocsr(), heard, take)
        patterns = patterns.reshape(NUM_DRUMS, NUM_AGES, -1)
        if name == "recorded":
            usual = patterns[~rare].mean(0) if not rare.all() else patterns.mean(0)
        patterns[rare] = usual
        strokes.write(name, patterns, rest)


def _strokes_of(drums: Sequence[Notes]) -> np.ndarray:
    """How often each drum is struck (d,)."""
    return np.bincount(np.concatenate([n.pitch for n in drums]), minlength=NUM_DRUMS)


def _struck(drums: Notes, count: int) -> sparse.csr_matrix:
    """Power (m, d x a) of the drums and ages that ring in each of `count` frames."""
    rows, columns, powers = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros(0)]
    for stroke in ringing(drums, 0, count):
        rows.append(stroke.frames)
        columns.append(stroke.drum * NUM_AGES + stroke.ages)
        powers.append(np.full(len(stroke.frames), stroke.power))
    places = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_matrix((np.concatenate(powers), places), (count, NUM_DRUMS * NUM_AGES))


def patterns_of(
    struck: sparse.csr_matrix, heard: np.ndarray, take: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Powers (k c) of patterns and (c,) of what is left, whose sum is what is heard.

    Args:
        struck: (m, k) how strong each pattern is in each frame.
        heard: (m, c) powers. take: (m,) which take each frame belongs to.
    """
    patterns = np.full((struck.shape[1], heard.shape[1]), 0.1 * heard.mean())
    rest, loud = 2.0 * heard.min(0), np.ones(take.max() + 1)
    where = struck.T.tocsr()
    frames, tiny = np.bincount(take), np.finfo(float).tiny
    for update in range(UPDATES):
        loudness = loud[take][:, None]
        guess = loudness * (struck @ patterns + rest)
        missing, plenty = loudness * heard / guess**2, loudness / guess
        patterns *= np.sqrt((where @ missing + tiny) / (where @ plenty + tiny))
        rest = rest * np.sqrt(missing.sum(0) / plenty.sum(0))
        if update >= LEVELS_FROM:
            guess = loud[take][:, None] * (struck @ patterns + rest)
            loud *= np.bincount(take, (heard / guess).mean(1)) / frames
            loud /= np.exp(np.log(loud).mean())
    return patterns, rest
