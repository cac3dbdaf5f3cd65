"""Are these the right notes? Precision, recall and F1 of onsets, and of onsets with offsets.

The definition is that of MIREX and mir_eval's `transcription` (Raffel et al. 2014): an estimated
note may be matched to a reference note of equal pitch whose onset lies within 50 ms and, when
offsets are asked for, whose offset lies within max(50 ms, 20 % of the reference's duration); each
note is matched at most once and the matching is a largest one. Distances are rounded to 0.1 ms
before the comparison, which includes the bound. One difference: when *both* sides are empty the
scores are NaN, not 0, because there is nothing to judge; sums of counts over segments are
unaffected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from data.score import Notes
from utils import STEMS

ONSET_TOLERANCE_SECONDS = 0.05
OFFSET_TOLERANCE_SECONDS = 0.05
OFFSET_RATIO = 0.2
DECIMALS = 4


@dataclass(frozen=True)
class NoteCounts:
    """How many notes were matched; counts of several segments add up (`a + b`)."""

    num_matched: int = 0
    num_estimated: int = 0
    num_reference: int = 0

    def __add__(self, other: NoteCounts) -> NoteCounts:
        return NoteCounts(
            self.num_matched + other.num_matched,
            self.num_estimated + other.num_estimated,
            self.num_reference + other.num_reference,
        )

    def _share(self, total: float) -> float:
        if not self.num_estimated and not self.num_reference:
            return float("nan")
        return self.num_matched / total if total else 0.0

    @property
    def precision(self) -> float:
        return self._share(self.num_estimated)

    @property
    def recall(self) -> float:
        return self._share(self.num_reference)

    @property
    def f1(self) -> float:
        return self._share((self.num_estimated + self.num_reference) / 2)


def _validated(notes: Notes) -> Notes:
    if not isinstance(notes, Notes):
        raise ValueError(f"expected data.score.Notes, got {type(notes).__name__}")
    if not (np.isfinite(notes.onset).all() and np.isfinite(notes.offset).all()):
        raise ValueError("note times must be finite")
    if (notes.offset <= notes.onset).any():
        index = int(np.argmax(notes.offset <= notes.onset))
        raise ValueError(f"note {index} ends at or before its onset ({notes.onset[index]} s)")
    return notes


def _candidates(
    estimated: Notes, reference: Notes, tolerance: float, offset_ratio: float | None
) -> csr_array:
    """Which estimate may be matched to which reference: sparse bool (reference, estimated)."""
    order = np.argsort(estimated.onset, kind="stable")
    onsets = estimated.onset[order]
    first = np.searchsorted(onsets, reference.onset - tolerance - 1e-3, side="left")
    last = np.searchsorted(onsets, reference.onset + tolerance + 1e-3, side="right")
    rows = np.repeat(np.arange(len(reference)), last - first)
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(last - first)[:-1]]), last - first)
    columns = order[np.arange(len(rows)) + starts]
    near = np.round(np.abs(estimated.onset[columns] - reference.onset[rows]), DECIMALS) <= tolerance
    near &= estimated.pitch[columns] == reference.pitch[rows]
    if offset_ratio is not None:
        duration = (reference.offset - reference.onset)[rows]
        allowed = np.maximum(offset_ratio * duration, OFFSET_TOLERANCE_SECONDS)
        distance = np.abs(estimated.offset[columns] - reference.offset[rows])
        near &= np.round(distance, DECIMALS) <= allowed
    shape = (len(reference), len(estimated))
    return csr_array((np.ones(near.sum(), np.int8), (rows[near], columns[near])), shape=shape)


def match_notes(
    estimated: Notes,
    reference: Notes,
    *,
    with_offset: bool = False,
    tolerance_seconds: float = ONSET_TOLERANCE_SECONDS,
) -> NoteCounts:
    """Counts of a largest matching between two sets of notes.

    Args:
        estimated, reference: notes of one stem in the same time frame.
        with_offset: also ask for the offset, within max(50 ms, 20 % of the reference's
            duration).
        tolerance_seconds: how far an onset may be from its reference, bound included.

    Raises:
        ValueError: notes that end before they begin, or times that are not finite.
    """
    estimated, reference = _validated(estimated), _validated(reference)
    if not len(estimated) or not len(reference):
        return NoteCounts(0, len(estimated), len(reference))
    ratio = OFFSET_RATIO if with_offset else None
    graph = _candidates(estimated, reference, tolerance_seconds, ratio)
    matching = maximum_bipartite_matching(graph, perm_type="column")
    return NoteCounts(int((matching >= 0).sum()), len(estimated), len(reference))


@dataclass(frozen=True)
class NoteScores:
    """Counts of one stem: `onset` by onset and pitch, `offset` by onset, pitch and offset."""

    onset: NoteCounts = NoteCounts()
    offset: NoteCounts = NoteCounts()

    def __add__(self, other: NoteScores) -> NoteScores:
        return NoteScores(self.onset + other.onset, self.offset + other.offset)


def compare_scores(
    pairs: Iterable[tuple[Mapping[str, Notes], Mapping[str, Notes]]],
) -> dict[str, NoteScores]:
    """Counts per stem, summed over segments, and of all pitched stems under "pitched".

    Args:
        pairs: (estimated, reference) notes by stem, one pair per segment.
    """
    totals = dict.fromkeys(STEMS, NoteScores())
    for estimated, reference in pairs:
        for stem in STEMS:
            totals[stem] += NoteScores(
                match_notes(estimated[stem], reference[stem]),
                match_notes(estimated[stem], reference[stem], with_offset=True),
            )
    pitched = (totals[stem] for stem in STEMS if stem != "drums")
    return {**totals, "pitched": sum(pitched, NoteScores())}
