"""How much of a song is left in another: its notes, its harmony over time, its chords.

Both are notes of the same seconds. Compare with another song's notes for the floor and with the
song itself for the ceiling.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.score import Notes
from metrics.analysis import correlation, mean_known
from metrics.coherence import PITCHED, sounding_chroma
from metrics.notes import NoteCounts, match_notes
from metrics.plan import chord_tone_share
from utils import STEMS


@dataclass(frozen=True)
class Kept:
    """What is kept of a song.

    Attributes:
        onsets: F1 of onsets with pitch (drum key) within 50 ms, all stems, each with its own.
        chroma: mean correlation of the pitch classes that sound in each half second; 1 is equal.
        chord_tones: share of the sounding time on tones of the song's chords.
    """

    onsets: float
    chroma: float
    chord_tones: float


def kept(
    notes: Mapping[str, Notes],
    original: Mapping[str, Notes],
    duration: float,
    *,
    beat_times: np.ndarray,
    chord_tones: Sequence[Collection[int] | None],
) -> Kept:
    """What notes keep of the original's; nan where nothing can be judged.

    Args:
        notes, original: stem -> notes.
        duration: seconds.
        beat_times, chord_tones: the original's chords, as in `metrics.plan.chord_tone_share`.
    """
    counts = sum((match_notes(notes[s], original[s]) for s in STEMS), NoteCounts())
    ours, theirs = (_chroma(n, duration) for n in (notes, original))
    return Kept(
        counts.f1,
        mean_known(correlation(ours, theirs, axis=0)),
        float(chord_tone_share(notes, beat_times, chord_tones)),
    )


def _chroma(notes: Mapping[str, Notes], duration: float) -> np.ndarray:
    """Seconds that each pitch class sounds in each half second, all pitched stems: (12, m)."""
    return sum(sounding_chroma(notes[stem], duration) for stem in PITCHED)
