"""Is the form of a song found? Boundaries within a tolerance, and which moments belong together.

Boundaries are matched one to one (Turnbull et al. 2007); the beginning and the end of a song are no
boundaries, since everybody finds them. Labels are compared by pairs of moments: two moments carry
one label or two, in the truth and in the estimate (Levy and Sandler 2008). What letters are called
does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FRAMES_PER_SECOND = 4.0


@dataclass(frozen=True)
class Agreement:
    """Precision, recall and their harmonic mean, from 0 to 1."""

    precision: float
    recall: float

    @property
    def f(self) -> float:
        total = self.precision + self.recall
        return 2.0 * self.precision * self.recall / total if total > 0 else 0.0


def boundary_agreement(
    found: Sequence[float], wanted: Sequence[float], *, window_seconds: float
) -> Agreement:
    """How many boundaries (seconds) have a partner within `window_seconds`.

    Nothing found where nothing is wanted is a perfect answer.

    Raises:
        ValueError: a time that is not finite.
    """
    found, wanted = (np.sort(np.asarray(times, np.float64)) for times in (found, wanted))
    if not (np.isfinite(found).all() and np.isfinite(wanted).all()):
        raise ValueError("boundaries must be finite seconds")
    if not len(found) and not len(wanted):
        return Agreement(1.0, 1.0)
    hits = i = j = 0
    while i < len(found) and j < len(wanted):  # earliest with earliest is a largest matching
        if abs(found[i] - wanted[j]) <= window_seconds + 1e-9:
            hits, i, j = hits + 1, i + 1, j + 1
        elif found[i] < wanted[j]:
            i += 1
        else:
            j += 1
    return Agreement(hits / max(len(found), 1), hits / max(len(wanted), 1))


def label_agreement(
    found: Sequence[tuple[float, str]], wanted: Sequence[tuple[float, str]], duration: float
) -> Agreement:
    """Pairs of moments that belong together in both, of those together in one.

    Args:
        found, wanted: (start in seconds, label) of every section, from 0 on.
        duration: seconds.
    """
    times = np.arange(0.5, max(duration * FRAMES_PER_SECOND, 1.0)) / FRAMES_PER_SECOND
    ours, theirs = _together(found, times), _together(wanted, times)
    both = np.triu(ours & theirs, 1).sum()
    counts = [np.triu(pairs, 1).sum() for pairs in (ours, theirs)]
    precision, recall = (float(both / n) if n else 1.0 for n in counts)
    return Agreement(precision, recall)


def _together(sections: Sequence[tuple[float, str]], times: np.ndarray) -> np.ndarray:
    """Whether two moments carry one label, bool (n, n)."""
    if not sections:
        raise ValueError("a song has at least one section")
    starts = np.array([start for start, _ in sections])
    at = np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)
    names = np.unique([label for _, label in sections], return_inverse=True)[1][at]
    return names[:, None] == names
