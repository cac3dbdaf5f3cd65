"""Sections of a song from its self-similarity: novelty along the diagonal, then letters.

Units (bars of a score, groups of beats of a recording) are compared with one another; where what
comes differs from what was, for units that are alike among themselves, a section begins
(checkerboard kernel, Foote 2000). Sections that are alike share a letter (average linkage).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

HALF_WIDTHS = (2, 4)
MAX_LETTERS = 26
NEAR = 2.0  # squared distance of two units that nobody would tell apart
PLAIN, FAINT = 0.15, 0.1  # novelty of a plain change; share of it that is none


@dataclass(frozen=True)
class Taste:
    """What counts as a boundary and as the same.

    novelty: how far a peak must stand out, in standard deviations of the curve; shortest: units in
    a section; alike: distance up to which sections share a letter, 0 to 1.
    """

    novelty: float = 0.5
    shortest: int = 2
    alike: float = 0.18


@dataclass(frozen=True)
class Form:
    """first: index of the first unit of each section; letters: theirs, A for the first heard;
    similarity (n n) from 0 to 1; novelty (n,).
    """

    first: np.ndarray
    letters: tuple[str, ...]
    similarity: np.ndarray
    novelty: np.ndarray


def similarity_of(features: np.ndarray) -> np.ndarray:
    """Similarity (n n) of units (n k): 1 for the same, about 0.5 for two by chance.

    Units that are near in every song are alike also where all are near: monotony has no sections.
    """
    squares = np.square(features).sum(1)
    distance = np.maximum(squares[:, None] + squares - 2.0 * features @ features.T, 0.0)
    apart = distance[~np.eye(len(features), dtype=bool)]
    typical = max(float(np.median(apart)) if len(apart) else 0.0, NEAR)
    return np.exp(-np.log(2.0) * distance / typical)


def novelty_of(similarity: np.ndarray) -> np.ndarray:
    """How much begins at each unit (n,), of similarity (n n); 0 at the first."""
    n = len(similarity)
    curve = np.zeros(n)
    for half in HALF_WIDTHS:
        kernel = _checkerboard(half)
        padded = np.pad(similarity, half, mode="edge")
        for i in range(1, n):
            curve[i] += (padded[i : i + 2 * half, i : i + 2 * half] * kernel).sum()
    return np.maximum(curve, 0.0)


def _checkerboard(half: int) -> np.ndarray:
    """Positive within past and within future, negative across, tapered, of unit weight."""
    at = np.arange(-half, half) + 0.5
    taper = np.exp(-np.square(at / half))
    kernel = np.outer(np.sign(at) * taper, np.sign(at) * taper)
    return kernel / np.abs(kernel).sum()


def form_of(features: np.ndarray, accents: np.ndarray, taste: Taste) -> Form:
    """The sections of units (n k).

    Args:
        accents: (n,) further signs that something begins at a unit, 0 where there is none.
    """
    if len(features) == 0:
        return Form(np.zeros(0, np.int64), (), np.zeros((0, 0)), np.zeros(0))
    similarity = similarity_of(features)
    novelty = novelty_of(similarity)
    novelty = novelty / max(float(novelty.max(initial=0.0)), PLAIN) + accents
    first = _boundaries(novelty, taste)
    return Form(first, _letters(similarity, first, taste), similarity, novelty)


def _boundaries(novelty: np.ndarray, taste: Taste) -> np.ndarray:
    """Units at which sections begin, 0 first: peaks, the highest first, at a distance."""
    limit = novelty.mean() + taste.novelty * novelty.std()
    chosen = [0]
    for i in np.argsort(-novelty, kind="stable"):
        high = novelty[i] > limit and novelty[i] > FAINT
        far = all(abs(int(i) - c) >= taste.shortest for c in [*chosen, len(novelty)])
        peak = novelty[i] >= novelty[max(i - 1, 0) : i + 2].max()
        if high and far and peak:
            chosen.append(int(i))
    return np.array(sorted(chosen))


def _letters(similarity: np.ndarray, first: np.ndarray, taste: Taste) -> tuple[str, ...]:
    """A letter per section, in the order of their first appearance."""
    if len(first) == 1:
        return ("A",)
    spans = [slice(a, b) for a, b in zip(first, [*first[1:], len(similarity)], strict=True)]
    pairs = [[1.0 - _alike(similarity[a, b]) for b in spans] for a in spans]
    distance = np.array(pairs)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    groups = fcluster(tree, taste.alike, "distance")
    if groups.max() > MAX_LETTERS:
        groups = fcluster(tree, MAX_LETTERS, "maxclust")
    order = {g: i for i, g in enumerate(dict.fromkeys(groups))}
    return tuple(chr(ord("A") + order[g]) for g in groups)


def _alike(block: np.ndarray) -> float:
    """Similarity of two sections, whatever their lengths: each unit with its best partner."""
    return float(block.max(1).mean() + block.max(0).mean()) / 2.0
