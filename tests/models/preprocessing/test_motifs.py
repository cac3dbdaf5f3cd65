"""Motifs that were planted are found, with their places and their pitch."""

import numpy as np
import pytest

from models.preprocessing.motifs import (
    alike,
    bar_grids,
    classes_of,
    motifs_of_notes,
    motifs_of_sound,
    runs_that_return,
)
from tests.models.preprocessing.songs import to_notes

BARS = np.arange(0.0, 17.0, 2.0)
RIFF = [(0.0, 0.5, 0), (0.5, 0.5, 3), (1.0, 0.25, 5), (1.5, 0.5, 7), (2.0, 1.0, 10), (3.0, 0.5, 7)]
RIFF += [(3.5, 0.5, 5)]


def planted(*places: tuple[float, int]):
    """The riff of two bars at (seconds, pitch)."""
    rows = [(at + onset, length, pitch + p) for at, pitch in places for onset, length, p in RIFF]
    return to_notes(rows)


def test_a_riff_is_found_where_it_stands_and_at_its_pitch():
    motif = motifs_of_notes("guitar", planted((0.0, 48), (4.0, 53), (12.0, 48)), BARS)[0]
    assert motif.num_bars == 2 and motif.bars == (0, 2, 6)
    assert motif.starts == (0.0, 4.0, 12.0) and motif.semitones == (0, 5, 0)
    assert motif.num_notes == len(RIFF)


def test_drums_do_not_move():
    assert motifs_of_notes("drums", planted((0.0, 36), (4.0, 41)), BARS) == []
    assert motifs_of_notes("drums", planted((0.0, 36), (4.0, 36)), BARS)[0].bars == (0, 2)


def test_a_little_variation_is_the_same_and_much_is_not():
    base = frozenset((i, 0) for i in range(10))
    assert alike(base, base) == 1.0 and alike(base, frozenset()) == 0.0
    nearly = frozenset((i, 0) for i in range(1, 11))
    other = frozenset((i, 0) for i in range(4, 14))
    assert classes_of([base, nearly, other, base, frozenset()]).tolist() == [0, 0, 1, 0, -1]


def test_runs_do_not_overlap_and_longer_ones_win():
    runs = runs_that_return(np.array([0, 1, 2, 0, 1, 2, 5, 5]))
    assert runs[0] == (3, [0, 3]) and runs[1] == (1, [6, 7])
    assert runs_that_return(np.array([0, 1, 2, -1])) == []
    assert runs_that_return(np.array([0, 0, 0, 0]))[0] == (1, [0, 1, 2, 3])


def test_a_note_a_little_early_belongs_to_its_bar():
    notes = to_notes([(1.98, 0.2, 60), (2.5, 0.2, 64)])
    assert bar_grids(notes, BARS, drums=False)[1] == {(0, 0), (4, 4)}


@pytest.mark.parametrize("same, count", [(0.9, 1), (1.01, 0)])
def test_heard_bars_repeat_by_their_likeness(same, count):
    prints = np.eye(4)[[0, 1, 0, 1, 2, 3]]
    found = motifs_of_sound("mix", prints, np.ones(6, bool), np.arange(7.0), same=same)
    assert len(found) == count
    if count:
        assert found[0].num_bars == 2 and found[0].bars == (0, 2)
