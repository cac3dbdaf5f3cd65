"""Does every stem play? Shares of silent stems, in sound and in the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.score import Notes
from utils import STEMS


@dataclass(frozen=True)
class Activity:
    """Shares, 0 to 1, per stem over segments.

    Attributes:
        silent: stem -> share of segments in which its sound stays under the threshold.
        without_notes: stem -> share of segments in which its score is empty.
        disagree: stem -> share of segments in which one of the two is silent and the other is not.
    """

    silent: dict[str, float]
    without_notes: dict[str, float]
    disagree: dict[str, float]


def measure_activity(silent: np.ndarray, notes: Sequence[Mapping[str, Notes]]) -> Activity:
    """Activity of segments: whether each stem is silent, bool (b, s), and as many scores.

    Returns:
        Shares; NaN when there are no segments.
    """
    if len(silent) != len(notes):
        raise ValueError(f"{len(silent)} segments of sound but {len(notes)} scores")
    if not len(silent):
        unknown = dict.fromkeys(STEMS, float("nan"))
        return Activity(unknown, dict(unknown), dict(unknown))
    if np.ndim(silent) != 2 or silent.shape[1] != len(STEMS):
        raise ValueError(f"expected silence (b, {len(STEMS)}), got {np.shape(silent)}")
    empty = np.array([[len(n[stem]) == 0 for stem in STEMS] for n in notes])
    share = lambda table: dict(zip(STEMS, table.mean(0).tolist(), strict=True))
    return Activity(share(silent), share(empty), share(silent != empty))
