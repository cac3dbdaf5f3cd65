"""Multinomial logistic regression on points whose classes are known."""

import numpy as np
import pytest

from metrics.logistic import fit, mean_recall


def clusters(counts, spread=0.3):
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    labels = np.repeat(np.arange(len(counts)), counts)
    return centres[labels] + spread * rng.standard_normal((len(labels), 2)), labels


def test_clusters_are_told_apart():
    points, labels = clusters([30, 30, 30])
    found = fit(points, labels)
    assert (found.predict(points) == labels).all()
    chances = found.probabilities(points)
    np.testing.assert_allclose(chances.sum(1), 1.0)
    assert chances[np.arange(90), labels].min() > 0.4


def test_ids_keep_their_numbers_and_unknown_ones_are_left_out():
    points, labels = clusters([20, 20, 20])
    ids = np.array([7, 2, -1])[labels]
    found = fit(points, ids)
    assert found.classes.tolist() == [2, 7]
    assert (found.predict(points[ids >= 0]) == ids[ids >= 0]).all()


def test_a_rare_class_weighs_as_much_as_a_common_one():
    rng = np.random.default_rng(1)
    points = np.concatenate([rng.standard_normal((200, 1)), 1.5 + rng.standard_normal((10, 1))])
    labels = np.array([0] * 200 + [1] * 10)
    found = fit(points, labels)
    assert found.predict(np.array([[0.75 - 0.4], [0.75 + 0.4]])).tolist() == [0, 1]


def test_too_little_to_learn_and_wrong_rows():
    assert fit(np.zeros((9, 2)), np.array([0] * 5 + [1] * 4)) is None
    assert fit(np.zeros((3, 2)), np.array([-1, -1, -1])) is None
    with pytest.raises(ValueError, match="3 rows of features but 2 labels"):
        fit(np.zeros((3, 2)), np.zeros(2))
    with pytest.raises(ValueError, match="finite"):
        fit(np.full((10, 1), np.nan), np.array([0, 1] * 5))


def test_mean_recall_ignores_how_common_classes_are():
    labels = np.array([0, 0, 0, 1, -1])
    assert mean_recall(np.array([0, 0, 0, 0, 0]), labels) == 0.5
    assert mean_recall(labels, labels) == 1.0
    assert np.isnan(mean_recall(labels, np.array([-1] * 5)))
