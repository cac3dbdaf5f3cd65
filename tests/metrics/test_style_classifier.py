"""Styles told from notes of composed songs whose style is known."""

from dataclasses import replace

import numpy as np

from data.movement import STYLES
from data.score import Notes
from metrics.logistic import mean_recall
from metrics.style_classifier import style_features, train_classifier
from tests.metrics.adherence.songs import song
from utils import STEMS

TAUGHT = ("rock", "jazz", "reggae")


def songs(first: int, count: int):
    scores = [song(first + i, style=TAUGHT[i % len(TAUGHT)]) for i in range(count)]
    return scores, np.array([STYLES.index(TAUGHT[i % len(TAUGHT)]) for i in range(count)])


def test_styles_of_unheard_songs_are_recognised():
    classifier = train_classifier(*songs(0, 24))
    scores, labels = songs(1_000, 12)
    assert classifier.classes.tolist() == sorted(STYLES.index(style) for style in TAUGHT)
    assert mean_recall(classifier.predict(scores), labels) > 0.8
    assert classifier.probabilities(scores).shape == (12, 3)


def test_features_do_not_know_key_or_instruments_unless_asked():
    score = song(1, style="rock")
    plain = style_features(score)
    np.testing.assert_allclose(style_features(replace(score, programs=dict.fromkeys(STEMS))), plain)
    known = style_features(score, with_programs=True)
    other = replace(score, programs={**score.programs, "guitar": 25})
    assert len(known) > len(plain)
    assert not np.array_equal(style_features(other, with_programs=True), known)
    moved = style_features(score.transposed(1))
    assert np.abs(moved - plain).max() < 0.2


def test_silence_has_finite_features():
    score = replace(song(1, style="rock"), notes=dict.fromkeys(STEMS, Notes.empty()))
    features = style_features(score)
    assert np.isfinite(features).all() and len(features) == len(
        style_features(song(1, style="rock"))
    )


def test_nothing_is_learned_of_nothing():
    assert train_classifier([], []) is None
    assert train_classifier(songs(0, 4)[0], [-1] * 4) is None
