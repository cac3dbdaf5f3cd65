"""Boundaries and labels: perfect, partial and empty answers in exact numbers."""

import pytest

from metrics.structure import Agreement, boundary_agreement, label_agreement


def test_perfect_and_empty_answers():
    assert boundary_agreement([1, 2], [1, 2], window_seconds=0.5).f == 1.0
    assert boundary_agreement([], [], window_seconds=0.5).f == 1.0
    assert boundary_agreement([], [3.0], window_seconds=0.5).f == 0.0


def test_each_boundary_has_one_partner():
    found = boundary_agreement([10.0, 10.2], [10.1], window_seconds=0.5)
    assert found == Agreement(0.5, 1.0) and found.f == pytest.approx(2 / 3)
    chain = boundary_agreement([0.9, 2.1], [1.3, 1.9], window_seconds=1.0)
    assert chain.f == 1.0


def test_the_window_is_inclusive():
    assert boundary_agreement([5.5], [5.0], window_seconds=0.5).f == 1.0
    assert boundary_agreement([5.51], [5.0], window_seconds=0.5).f == 0.0
    with pytest.raises(ValueError):
        boundary_agreement([float("nan")], [1.0], window_seconds=1.0)


def test_letters_are_only_names():
    truth = [(0.0, "verse"), (10.0, "chorus"), (20.0, "verse")]
    assert label_agreement([(0.0, "A"), (10.0, "B"), (20.0, "A")], truth, 30.0).f == 1.0


def test_one_label_for_all_finds_every_pair_and_many_wrong_ones():
    truth = [(0.0, "A"), (5.0, "B")]
    found = label_agreement([(0.0, "A")], truth, 10.0)
    assert found.recall == 1.0
    # 40 moments, 20 and 20: 2 * 190 of 780 pairs belong together
    assert found.precision == pytest.approx(380 / 780)
    with pytest.raises(ValueError):
        label_agreement([], truth, 10.0)
