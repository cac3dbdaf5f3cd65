"""The measurement: perfect for the truth, above its floors for what is found."""

import pytest

from data.arranger import compose
from models.preprocessing.temporal_check import check, from_notes, scores_of, table, truth_of


def test_the_truth_is_perfect():
    score = compose(3, num_bars=24)
    truth = truth_of(score)
    assert scores_of(truth, truth, score.duration) == pytest.approx((1.0, 1.0, 1.0))


def test_notes_beat_the_floors():
    results = check(range(2_000_000, 2_000_012), from_notes)
    floors = [results[name] for name in results if name != "from notes"]
    assert len(floors) == 2
    assert all((results["from notes"][:2] > floor[:2] + 0.2).all() for floor in floors)
    assert all(results["from notes"][2] > floor[2] for floor in floors)
    assert len(table(results).splitlines()) == 5
