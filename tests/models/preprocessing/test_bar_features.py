"""Bars as numbers: where they begin, what they have in common."""

import numpy as np

from data.score import Notes, Score
from models.preprocessing.bar_features import bars_of, score_features, weighed
from tests.models.preprocessing.songs import song


def test_bars_are_where_the_beats_say():
    score = song("AB", bars_each=2)
    assert bars_of(score).tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    empty = Score(dict.fromkeys(score.notes, Notes.empty()), 5.0)
    assert bars_of(empty).tolist() == [0.0, 2.0, 4.0, 5.0]


def test_bars_that_play_the_same_have_the_same_features():
    score = song("ABA", bars_each=2)
    features, _ = score_features(score, bars_of(score))
    assert np.allclose(features[0], features[1]) and np.allclose(features[0], features[4])
    assert np.linalg.norm(features[0] - features[2]) > 1.0


def test_accents_mark_the_change_of_the_band():
    score = song("AAB", bars_each=2)
    _, accents = score_features(score, bars_of(score))
    assert accents.argmax() == 4 and accents[:4].max() == 0.0


def test_silence_is_no_trouble():
    score = song("A", bars_each=4)
    silent = Score(dict.fromkeys(score.notes, Notes.empty()), score.duration, score.beat_times)
    features, accents = score_features(silent, np.arange(0.0, 9.0, 2.0))
    assert np.isfinite(features).all() and not features.any() and not accents.any()


def test_weights_are_variances():
    rng = np.random.default_rng(0)
    block = weighed({"x": 100 * rng.standard_normal((50, 3))}, {"x": 2.0})
    assert np.isclose(np.sqrt(np.square(block).sum(1).mean()), 2.0)
