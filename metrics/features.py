"""Is what was found in a recording right? Beats, tempo, key, chords and activity against a truth.

Beats, keys and chords are judged as MIREX and mir_eval do (Raffel et al. 2014), with one
difference: where neither side has anything the score is NaN, because there is nothing to judge.
Notes have their own module (`metrics.notes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BEAT_TOLERANCE_SECONDS = 0.07
TEMPO_TOLERANCE = 0.04
TEMPO_RELATIVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
TRIADS = {(4, 7), (3, 7)}  # third and fifth over the root, major and minor

# (start, end, pitch classes with the root first; empty for no chord)
TimedChord = tuple[float, float, Sequence[int]]
TimedSpan = tuple[float, float]


def beat_f(
    found: np.ndarray, wanted: np.ndarray, tolerance_seconds: float = BEAT_TOLERANCE_SECONDS
) -> float:
    """F-measure of times (n,) within 70 ms, bound included, each matched at most once."""
    found, wanted = np.sort(found), np.sort(wanted)
    if not len(found) and not len(wanted):
        return float("nan")
    i = j = hits = 0
    while i < len(found) and j < len(wanted):
        if abs(found[i] - wanted[j]) <= tolerance_seconds:
            i, j, hits = i + 1, j + 1, hits + 1
        elif found[i] < wanted[j]:
            i += 1
        else:
            j += 1
    return 2.0 * hits / (len(found) + len(wanted))


def tempo_right(found: float | None, wanted: float, *, relatives: bool = False) -> bool:
    """Whether a tempo is within 4 %, with `relatives` also of the double, half, triple or third."""
    if found is None or not np.isfinite(found):
        return False
    factors = TEMPO_RELATIVES if relatives else (1.0,)
    return any(abs(found / wanted / factor - 1.0) <= TEMPO_TOLERANCE for factor in factors)


def key_score(found: int | None, wanted: int) -> float:
    """MIREX's score of a key 0-23 (12 and above are minor): 1 right, 0.5 a fifth above, 0.3
    relative, 0.2 parallel, else 0.
    """
    if found is None:
        return 0.0
    if found == wanted:
        return 1.0
    step, same_mode = (found - wanted) % 12, found // 12 == wanted // 12
    if same_mode:
        return 0.5 if step == 7 else 0.0
    if step == (9 if wanted < 12 else 3):
        return 0.3
    return 0.2 if step == 0 else 0.0


@dataclass(frozen=True)
class ChordOverlap:
    """Shares of time, 0 to 1, in which a chord is right; NaN where there is nothing to judge.

    root: its root. third: root and third. triad: root, third and fifth, where the truth is a major
    or minor chord (with or without a seventh) or none.
    """

    root: float
    third: float
    triad: float


def chord_overlap(found: Sequence[TimedChord], wanted: Sequence[TimedChord]) -> ChordOverlap:
    """How much of the time of the wanted chords the found ones are right; gaps count as none."""
    edges = sorted({time for start, end, _ in (*found, *wanted) for time in (start, end)})
    rows = []
    for start, end in zip(edges[:-1], edges[1:], strict=True):
        middle = (start + end) / 2
        truth = _at(wanted, middle)
        if truth is not None:
            tones = _at(found, middle) or ()
            rows.append((end - start, [_same(tones, truth, count) for count in (1, 2, 3)], truth))
    judged = [row for row in rows if not row[2] or _intervals(row[2]) in TRIADS]
    return ChordOverlap(_share(rows, 0), _share(rows, 1), _share(judged, 2))


def _at(chords: Sequence[TimedChord], time: float) -> tuple[int, ...] | None:
    """The chord at a time; None outside all of them."""
    return next((tuple(tones) for a, b, tones in chords if a <= time < b), None)


def _same(found: tuple[int, ...], wanted: tuple[int, ...], count: int) -> bool:
    return found[:count] == wanted[:count]


def _intervals(tones: tuple[int, ...]) -> tuple[int, ...]:
    return tuple((tone - tones[0]) % 12 for tone in tones[1:3])


def _share(rows: list, index: int) -> float:
    total = sum(length for length, _, _ in rows)
    right = sum(length for length, same, _ in rows if same[index])
    return right / total if total else float("nan")


def activity_agreement(
    found: Sequence[TimedSpan], wanted: Sequence[TimedSpan], duration: float
) -> float:
    """Share of the time, 0 to 1, in which both say that a stem sounds, or both that it does not."""
    times = {time for span in (*found, *wanted) for time in span} | {0.0, duration}
    edges = sorted(time for time in times if 0.0 <= time <= duration)
    inside = lambda spans, time: any(start <= time < end for start, end in spans)
    right = sum(
        end - start
        for start, end in zip(edges[:-1], edges[1:], strict=True)
        if inside(found, (start + end) / 2) == inside(wanted, (start + end) / 2)
    )
    return right / duration if duration > 0 else float("nan")
