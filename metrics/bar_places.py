"""Do kick and snare know where in the bar they are? Their strokes on the four beats of a bar.

The kick belongs to the first and third beat and the snare to the second and fourth: a groove moved
by a beat sounds like the same groove to every measure that does not know the bar. Songs whose bars
have another number of beats are not judged. The shares do not know the groove itself: a kick on
every beat gives a half, as chance does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.bars import bar_lengths, strokes
from data.score import Notes

BEATS_PER_BAR = 4
SUBDIVISIONS = 4
KICK_KEYS, SNARE_KEYS = (35, 36), (38, 40)
KICK_BEATS, SNARE_BEATS = (0, 2), (1, 3)


@dataclass(frozen=True)
class BarPlaces:
    """Strokes of kick and snare on each beat of the bar, (4,), the downbeat first.

    Places of several songs add up (`a + b`).
    """

    kicks: np.ndarray = field(default_factory=lambda: np.zeros(BEATS_PER_BAR))
    snares: np.ndarray = field(default_factory=lambda: np.zeros(BEATS_PER_BAR))

    def __add__(self, other: BarPlaces) -> BarPlaces:
        return BarPlaces(self.kicks + other.kicks, self.snares + other.snares)

    @property
    def kick_share(self) -> float:
        """Share of kicks on the first and third beat; NaN without kicks."""
        return _share(self.kicks, KICK_BEATS)

    @property
    def snare_share(self) -> float:
        """Share of snares on the second and fourth beat; NaN without snares."""
        return _share(self.snares, SNARE_BEATS)


def _share(counts: np.ndarray, beats: tuple[int, ...]) -> float:
    return float(counts[list(beats)].sum() / counts.sum()) if counts.any() else float("nan")


def bar_places(drums: Notes, beat_times: np.ndarray, beat_in_bar: np.ndarray) -> BarPlaces | None:
    """Where kick (General MIDI keys 35, 36) and snare (38, 40) stand in bars of four beats.

    Args:
        drums: notes of a segment.
        beat_times: (n,) seconds, increasing. beat_in_bar: (n,) place of each beat, 0 on the
            downbeat, or empty when it is not known.

    Returns:
        The strokes on each beat; None when the beats are not known or any bar is not of four.

    Raises:
        ValueError: known places, but not as many as beats.
    """
    beat_times, beat_in_bar = np.asarray(beat_times, np.float64), np.asarray(beat_in_bar, np.int64)
    if len(beat_in_bar) and len(beat_times) != len(beat_in_bar):
        raise ValueError(f"{len(beat_times)} beats but {len(beat_in_bar)} places in the bar")
    if len(beat_in_bar) < 2 or (bar_lengths(beat_in_bar) != BEATS_PER_BAR).any():
        return None
    return BarPlaces(
        *(
            _on_beats(strokes(drums.where(np.isin(drums.pitch, keys))), beat_times, beat_in_bar)
            for keys in (KICK_KEYS, SNARE_KEYS)
        )
    )


def _on_beats(onsets: np.ndarray, beat_times: np.ndarray, beat_in_bar: np.ndarray) -> np.ndarray:
    """How many onsets are nearest to each beat of the bar, (4,); those beyond the beats are out.

    Onsets are read on sixteenths, and one on the eighth between two beats counts half for each:
    milliseconds of play must not decide to which beat it goes.
    """
    onsets = onsets[(onsets >= beat_times[0]) & (onsets <= beat_times[-1])]
    place = np.interp(onsets, beat_times, np.arange(len(beat_times)))
    place = np.round(place * SUBDIVISIONS) / SUBDIVISIONS
    nearest = np.concatenate([np.ceil(place - 0.5), np.floor(place + 0.5)]).astype(int)
    return np.bincount(beat_in_bar[nearest], minlength=BEATS_PER_BAR) / 2
