"""Notes and scores: excerpts, transposition, doubled parts."""

import numpy as np

from data.score import Notes, Score
from utils import STEMS


def song() -> Score:
    notes = {stem: Notes.empty() for stem in STEMS}
    notes["piano"] = Notes.of([0.0, 1.0, 1.9], [1.5, 2.0, 3.0], [60, 64, 127], [80, 90, 100])
    notes["drums"] = Notes.of([1.0], [1.1], [36], [100])
    beats = np.arange(0.0, 4.5, 0.5)
    return Score(notes, 4.0, beats, np.arange(9) % 4, key=9 + 12)


def test_excerpt_cuts_and_shifts():
    part = song().excerpt(1.0, 2.0)
    assert np.allclose(part.notes["piano"].onset, [0.0, 0.0, 0.9])
    assert np.allclose(part.notes["piano"].offset, [0.5, 1.0, 1.0])
    assert np.allclose(part.beat_times, [0.0, 0.5, 1.0]) and part.duration == 1.0


def test_excerpt_drops_the_last_instant_of_a_note():
    assert len(Notes.of([0.0], [1.04], [60], [64]).excerpt(1.0, 2.0)) == 0


def test_transposition_keeps_drums_and_range():
    moved = song().transposed(3)
    assert list(moved.notes["piano"].pitch) == [63, 67, 118] and moved.key == 12
    assert list(moved.notes["drums"].pitch) == [36]


def test_there_and_back_is_the_same():
    back = song().transposed(2).transposed(-2).stretched(1.25).stretched(0.8)
    assert np.allclose(back.notes["drums"].onset, [1.0]) and back.key == 21


def test_doubled_parts_are_one_note():
    notes = Notes.of(
        [0.0, 0.01, 1.0, 1.5], [0.5, 0.8, 3.0, 2.0], [60, 60, 62, 62], [50, 90, 70, 60]
    )
    single = notes.without_doubles()
    assert np.allclose(single.onset, [0.0, 1.0, 1.5])
    assert np.allclose(single.offset, [0.8, 1.5, 2.0]) and list(single.velocity) == [90, 70, 60]
