"""Is it new, or copied from a training song? The nearest training song by score.

Each stem becomes a sequence of strokes on the sixteenths of its beats, so that tempo does not
matter; four strokes in a row make a phrase: the steps of time between them, the intervals of their
lowest notes and the chords above those, so that transposition does not matter (drums keep their
keys). A phrase weighs the more the fewer training songs hold it (inverse document frequency, Sparck
Jones 1972), so that what everybody plays is no theft. Similarity to a song is the weight of the
segment's phrases that the song holds anywhere, over the weight of all of them: 1 for an excerpt. A
changed note costs the four phrases that it is part of. It does not hear sound, and a tune that is
played in another metre is new to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from data.score import Notes
from utils import STEMS

STEPS_PER_BEAT = 4
PHRASE_STROKES = 4
MIN_PHRASES = 8
COPY_SIMILARITY = 0.5
PITCHED = tuple(stem for stem in STEMS if stem != "drums")
_PRIMES = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5],
    np.uint64,
)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Well spread 64-bit hashes of integers (the finaliser of SplitMix64, Steele et al. 2014)."""
    x = values.astype(np.int64).astype(np.uint64) + _PRIMES[0]
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def phrases(notes: Notes, beat_times: np.ndarray, *, drums: bool = False) -> np.ndarray:
    """Hashes (n,) uint64 of the distinct phrases of one stem, sorted; empty without beats.

    Args:
        notes: what the stem plays, times in seconds.
        beat_times: (k,) increasing seconds; what lies outside of them is read at the nearest tempo.
    """
    beat_times = np.asarray(beat_times, np.float64)
    if len(beat_times) < 2 or len(notes) < PHRASE_STROKES:
        return np.zeros(0, np.uint64)
    steps = np.rint(_beats_at(notes.onset, beat_times) * STEPS_PER_BEAT).astype(np.int64)
    order = np.lexsort((notes.pitch, steps))
    steps, pitches = steps[order], notes.pitch[order].astype(np.int64)
    first = np.flatnonzero(np.append(True, np.diff(steps) > 0))
    lowest = pitches[first]
    above = pitches - np.repeat(lowest, np.diff(np.append(first, len(steps))))
    fresh = np.append(True, (np.diff(steps) > 0) | (np.diff(pitches) > 0))
    heights = np.where(fresh, _mixed(pitches if drums else above), np.uint64(0))
    chords = np.add.reduceat(heights, first)
    return _shingles(np.diff(steps[first]), np.zeros_like(lowest) if drums else lowest, chords)


def _beats_at(seconds: np.ndarray, beat_times: np.ndarray) -> np.ndarray:
    """Position in beats of times; beats go on evenly before the first and after the last."""
    at = np.interp(seconds, beat_times, np.arange(len(beat_times)))
    before = np.minimum(seconds - beat_times[0], 0.0) / (beat_times[1] - beat_times[0])
    after = np.maximum(seconds - beat_times[-1], 0.0) / (beat_times[-1] - beat_times[-2])
    return at + before + after


def _shingles(gaps: np.ndarray, lowest: np.ndarray, chords: np.ndarray) -> np.ndarray:
    """Distinct hashes of every `PHRASE_STROKES` strokes in a row."""
    count = len(chords) - PHRASE_STROKES + 1
    if count < 1:
        return np.zeros(0, np.uint64)
    total = np.zeros(count, np.uint64)
    for place in range(PHRASE_STROKES):
        stroke = chords[place : place + count]
        if place:
            part = slice(place - 1, place - 1 + count)
            stroke = stroke + _mixed(1_000 * gaps[part] + np.diff(lowest)[part])
        total = (total + stroke) * _PRIMES[place] ^ (total >> np.uint64(29))
    return np.unique(total)


@dataclass(frozen=True)
class Nearest:
    """The training song most like a segment: its place in the index, and how alike, 0 to 1.

    `similarity` is NaN and `song` -1 where a segment has too few phrases to judge.
    """

    song: int
    similarity: float


class PhraseIndex:
    """Which training songs hold which phrases, per stem.

    Args:
        songs: notes by stem and beat times of every training song.
    """

    def __init__(self, songs: Iterable[tuple[Mapping[str, Notes], np.ndarray]]) -> None:
        found: dict[str, list[np.ndarray]] = {stem: [] for stem in STEMS}
        for notes, beat_times in songs:
            for stem in STEMS:
                found[stem].append(phrases(notes[stem], beat_times, drums=stem == "drums"))
        self.num_songs = len(found[STEMS[0]])
        self._hashes, self._songs = {}, {}
        for stem, lists in found.items():
            hashes = np.concatenate([np.zeros(0, np.uint64), *lists])
            songs = np.repeat(np.arange(len(lists)), [len(h) for h in lists])
            order = np.argsort(hashes, kind="stable")
            self._hashes[stem], self._songs[stem] = hashes[order], songs[order]

    def nearest(
        self,
        notes: Mapping[str, Notes],
        beat_times: np.ndarray,
        stems: Iterable[str] = PITCHED,
    ) -> Nearest:
        """The song that holds most of what the given stems of a segment play."""
        held, total, count = np.zeros(self.num_songs), 0.0, 0
        for stem in stems:
            ours = phrases(notes[stem], beat_times, drums=stem == "drums")
            first = np.searchsorted(self._hashes[stem], ours, side="left")
            holders = np.searchsorted(self._hashes[stem], ours, side="right") - first
            weight = np.log((1 + self.num_songs) / (1 + holders))
            places = np.concatenate(
                [
                    np.zeros(0, int),
                    *(np.arange(f, f + h) for f, h in zip(first, holders, strict=True)),
                ]
            )
            songs = self._songs[stem][places.astype(int)]
            held += np.bincount(songs, np.repeat(weight, holders), self.num_songs)
            total, count = total + weight.sum(), count + len(ours)
        if count < MIN_PHRASES or total <= 0.0 or not self.num_songs:
            return Nearest(-1, float("nan"))
        best = int(held.argmax())
        return Nearest(best, float(held[best] / total))
