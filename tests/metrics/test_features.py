"""Scores of what was found: the truth is 1, known mistakes have their known price."""

import numpy as np
import pytest

from metrics.features import (
    activity_agreement,
    beat_f,
    chord_overlap,
    key_score,
    tempo_right,
)

C, CM, C7, F, SUS = (0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (5, 9, 0), (0, 5, 7)
BEATS = np.arange(0.0, 10.0, 0.5)


def test_beats_within_70_ms_count_once():
    assert beat_f(BEATS, BEATS) == 1.0
    assert beat_f(BEATS + 0.069, BEATS) == 1.0
    assert beat_f(BEATS + 0.071, BEATS) == 0.0
    assert beat_f(BEATS[::2], BEATS) == pytest.approx(2 / 3)
    assert beat_f(np.array([1.0, 1.02]), np.array([1.01])) == pytest.approx(2 / 3)


def test_beats_where_one_side_is_empty():
    assert beat_f(np.zeros(0), BEATS) == 0.0
    assert np.isnan(beat_f(np.zeros(0), np.zeros(0)))


def test_tempo_has_four_percent_and_relatives():
    assert tempo_right(124.0, 120.0) and not tempo_right(126.0, 120.0)
    assert not tempo_right(60.0, 120.0) and tempo_right(60.0, 120.0, relatives=True)
    assert tempo_right(40.0, 120.0, relatives=True)
    assert not tempo_right(80.0, 120.0, relatives=True)
    assert not tempo_right(None, 120.0)


@pytest.mark.parametrize(
    ("found", "score"),
    [(0, 1.0), (7, 0.5), (5, 0.0), (21, 0.3), (12, 0.2), (1, 0.0), (None, 0.0)],
)
def test_keys_as_mirex_scores_them_for_c_major(found, score):
    assert key_score(found, 0) == score


def test_keys_as_mirex_scores_them_for_a_minor():
    assert key_score(21, 21) == 1.0 and key_score(0, 21) == 0.3
    assert key_score(9, 21) == 0.2 and key_score(16, 21) == 0.5


def test_chords_are_shares_of_the_time_of_the_truth():
    overlap = chord_overlap([(0, 1, C), (1, 4, F)], [(0, 2, C), (2, 4, F)])
    assert (overlap.root, overlap.third, overlap.triad) == (0.75, 0.75, 0.75)


def test_chords_by_root_third_and_fifth():
    overlap = chord_overlap([(0, 4, CM)], [(0, 2, C), (2, 4, CM)])
    assert (overlap.root, overlap.third, overlap.triad) == (1.0, 0.5, 0.5)
    assert chord_overlap([(0, 4, C)], [(0, 4, C7)]).triad == 1.0


def test_suspended_chords_are_no_question_of_major_and_minor():
    overlap = chord_overlap([(0, 4, C)], [(0, 1, SUS), (1, 4, C)])
    assert (overlap.root, overlap.third, overlap.triad) == (1.0, 0.75, 1.0)


def test_gaps_are_no_chord():
    assert chord_overlap([(0, 1, C)], [(0, 1, C), (1, 2, ())]).triad == 1.0
    assert chord_overlap([], [(0, 1, C)]).root == 0.0
    assert np.isnan(chord_overlap([(0, 1, C)], []).root)


def test_activity_is_the_share_of_time_in_which_both_agree():
    assert activity_agreement([(0, 5)], [(0, 5)], 10.0) == 1.0
    assert activity_agreement([(0, 5)], [(5, 10)], 10.0) == 0.0
    assert activity_agreement([(0, 4), (6, 7)], [(0, 5)], 10.0) == pytest.approx(0.8)
    assert activity_agreement([], [], 10.0) == 1.0
