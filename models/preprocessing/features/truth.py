"""Recordings of which everything is known: composed songs, and MIDI files as they are notated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.score import Score
from models.preprocessing.features.extract import chords_of
from models.preprocessing.features.record import Chord
from utils import FRAME_RATE, SAMPLE_RATE, STEMS, counter_rng

FIRST_SEED = 7_000_000  # no song of a split, nor one that anything was fitted to


@dataclass(frozen=True)
class Truth:
    """A recording and what is known of it. audio: (s, t); chords: with times; key: 0-23."""

    score: Score
    audio: np.ndarray
    chords: tuple[Chord, ...]
    key: int | None

    @property
    def duration(self) -> float:
        return self.audio.shape[1] / SAMPLE_RATE

    @property
    def beats(self) -> np.ndarray:
        return _within(self.score.beat_times, self.duration)

    @property
    def downbeats(self) -> np.ndarray:
        return _within(self.score.beat_times[self.score.beat_in_bar == 0], self.duration)

    @property
    def tempo(self) -> float:
        return 60.0 / float(np.median(np.diff(self.score.beat_times)))

    @property
    def stems(self) -> list[str]:
        """The stems that play."""
        return [stem for stem in STEMS if len(self.score.notes[stem])]


def _within(times: np.ndarray, duration: float) -> np.ndarray:
    return times[(times >= 0.0) & (times < duration)]


def composed_songs(count: int, seconds: float) -> Iterator[Truth]:
    """Excerpts of songs of the arranger, the styles in turn."""
    from data.arranger import compose
    from data.movement import STYLES
    from data.soundfont import render_score
    from data.sources.midi import choose_start

    for song in range(count):
        whole = compose(FIRST_SEED + song, style=song % len(STYLES))
        start = choose_start(whole, seconds, counter_rng(FIRST_SEED, song))
        score = whole.excerpt(start, min(start + seconds, whole.duration))
        beats, names = whole.beat_times - start, tuple(whole.tags["chords"])
        yield Truth(score, render_score(score), chords_of(beats, names, score.duration), whole.key)


def notated_songs(folder: str | Path, count: int, seconds: float, split: str) -> Iterator[Truth]:
    """An excerpt of each MIDI file of a folder's split."""
    from data.dataset import read_example
    from data.harmony import harmony_of
    from data.sources.midi import MidiSource

    source = MidiSource(folder, split, segments_per_song=1)
    num_frames = round(seconds * FRAME_RATE)
    for position in range(min(count, len(source))):
        example = read_example(source, position, ("audio", "sheet"), num_frames=num_frames)
        names, key = harmony_of(example.score, example.score.key)
        chords = chords_of(example.score.beat_times, tuple(names), example.score.duration)
        yield Truth(example.score, example.audio, chords, key)
