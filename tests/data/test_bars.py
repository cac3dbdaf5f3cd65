"""Bars: their lengths in whole songs and excerpts, strokes, densities."""

import numpy as np

from data.bars import bar_densities, bar_lengths, meter_of, strokes
from data.score import Notes, Score
from utils import STEMS


def score_of(**stems: Notes) -> Score:
    notes = {s: stems.get(s, Notes.empty()) for s in STEMS}
    return Score(notes, 4.0, np.arange(9) * 0.5, np.arange(9) % 4)


def test_bar_lengths_of_whole_and_cut_bars():
    assert bar_lengths(np.array([0, 1, 2, 3, 0, 1, 2, 3])).tolist() == [4] * 8
    assert bar_lengths(np.array([2, 3, 0, 1, 2, 3, 0])).tolist() == [4] * 7
    assert bar_lengths(np.array([0, 1, 2, 0, 1, 2, 3])).tolist() == [3] * 3 + [4] * 4
    assert bar_lengths(np.zeros(0, int)).tolist() == []


def test_the_meter_is_that_of_whole_bars():
    assert meter_of(np.array([3, 0, 1, 2, 3, 0, 1])) == 4
    assert meter_of(np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 0])) == 3
    assert meter_of(np.array([0, 1, 2])) == meter_of(np.zeros(0, int)) == -1
    assert meter_of(np.zeros(5, int)) == -1


def test_notes_struck_together_are_one_stroke():
    notes = Notes.of([0.0, 0.012, 0.024, 0.5], [0.4] * 3 + [0.9], [60, 64, 67, 60], [80] * 4)
    assert strokes(notes).tolist() == [0.0, 0.5]
    assert len(strokes(Notes.empty())) == 0


def test_density_is_strokes_per_beat_of_the_bar():
    bass = Notes.of(np.arange(8) * 0.25, np.arange(8) * 0.25 + 0.1, [40] * 8, [80] * 8)
    density = bar_densities(score_of(bass=bass))
    assert density[:4, 0].tolist() == [2.0] * 4
    assert density[4:8, 0].tolist() == [0.0] * 4
    assert not density[:8, 1:].any()


def test_a_held_note_is_not_silence():
    pad = Notes.of([0.0], [4.0], [60], [80])
    density = bar_densities(score_of(piano=pad))
    assert density[0, 3] == 0.25
    assert density[4, 3] == 0.125


def test_density_without_beats_is_unknown():
    assert bar_densities(Score({s: Notes.empty() for s in STEMS}, 4.0)).shape == (0, 4)
