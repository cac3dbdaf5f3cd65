"""Do the stems follow the plan? Notes against the beats and chords of a lead sheet.

It takes plain arrays (beat times, chord tones), so that it serves sheets of any origin. Compared
with sheets of other songs it gives the floor, with real songs and their own sheets the ceiling.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from data.score import Notes
from metrics.coherence import PITCHED
from utils import STEMS

SUBDIVISIONS = 4
GRID_TOLERANCE_SECONDS = 0.03


def chord_tone_share(
    notes: Mapping[str, Notes],
    beat_times: np.ndarray,
    chord_tones: Sequence[Collection[int] | None],
) -> float:
    """Share of the sounding time of bass, guitar and piano that belongs to the chord of its beat.

    Args:
        notes: stem -> notes of a segment.
        beat_times: (n,) seconds, increasing; the last chord lasts as long as the beat before it.
        chord_tones: n sets of pitch classes 0-11; None or empty (no chord) leaves the beat out.

    Returns:
        0 to 1; about a quarter to a third for unrelated music. NaN when nothing can be judged.
    """
    beat_times = np.asarray(beat_times, np.float64)
    if len(beat_times) != len(chord_tones):
        raise ValueError(f"{len(beat_times)} beats but {len(chord_tones)} chords")
    if len(beat_times) < 2 or (np.diff(beat_times) <= 0).any():
        return float("nan")
    edges = np.append(beat_times, 2 * beat_times[-1] - beat_times[-2])
    inside = total = 0.0
    for stem in PITCHED:
        seconds = _seconds_per_beat(notes[stem], edges)
        for beat, tones in enumerate(chord_tones):
            if tones:
                inside += seconds[sorted(tones), beat].sum()
                total += seconds[:, beat].sum()
    return inside / total if total else float("nan")


def _seconds_per_beat(notes: Notes, edges: np.ndarray) -> np.ndarray:
    """Seconds that each pitch class sounds between consecutive edges: (12, n)."""
    late = np.minimum(notes.offset[:, None], edges[1:])
    seconds = np.maximum(late - np.maximum(notes.onset[:, None], edges[:-1]), 0.0)
    table = np.zeros((12, len(edges) - 1))
    np.add.at(table, notes.pitch % 12, seconds)
    return table


def grid_share(notes: Mapping[str, Notes], beat_times: np.ndarray) -> float:
    """Share of all onsets within 30 ms of the sheet's sixteenths, corrected for chance.

    Chance is the share of time that the tolerance covers: 1 when all onsets lie on the grid, about
    0 for onsets that do not know it (swing and triplets lower it too). NaN without onsets or beats.
    """
    beat_times = np.asarray(beat_times, np.float64)
    if len(beat_times) < 2 or (np.diff(beat_times) <= 0).any():
        return float("nan")
    places = np.arange((len(beat_times) - 1) * SUBDIVISIONS + 1) / SUBDIVISIONS
    grid = np.interp(places, np.arange(len(beat_times)), beat_times)
    onsets = np.concatenate([notes[stem].onset for stem in STEMS])
    onsets = onsets[(onsets >= grid[0]) & (onsets <= grid[-1])]
    if not len(onsets):
        return float("nan")
    hits = np.abs(onsets[:, None] - grid).min(1) <= GRID_TOLERANCE_SECONDS
    chance = min(2 * GRID_TOLERANCE_SECONDS * (len(grid) - 1) / (grid[-1] - grid[0]), 0.95)
    return float((hits.mean() - chance) / (1.0 - chance))
