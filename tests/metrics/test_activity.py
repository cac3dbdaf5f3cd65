"""Shares of silent stems are exact."""

import numpy as np
import pytest

from data.score import Notes
from metrics.activity import measure_activity
from utils import STEMS


def test_shares_are_counted_per_stem():
    silent = np.array([[False, False, True, True]] * 3 + [[True, False, True, True]])
    note = Notes.of([0.0], [0.1], [40], [90])
    scores = [{stem: note if stem == "bass" else Notes.empty() for stem in STEMS}] * 4
    activity = measure_activity(silent, scores)
    assert activity.silent == {"bass": 0.25, "drums": 0.0, "guitar": 1.0, "piano": 1.0}
    assert activity.without_notes == {"bass": 0.0, "drums": 1.0, "guitar": 1.0, "piano": 1.0}
    assert activity.disagree == {"bass": 0.25, "drums": 1.0, "guitar": 0.0, "piano": 0.0}


def test_nothing_is_unknown_and_malformed_is_refused():
    nothing = measure_activity(np.zeros((0, 4), bool), [])
    assert np.isnan(nothing.silent["bass"])
    with pytest.raises(ValueError, match="scores"):
        measure_activity(np.zeros((1, 4), bool), [])
    with pytest.raises(ValueError, match="expected"):
        measure_activity(np.zeros((1, 3), bool), [dict.fromkeys(STEMS, Notes.empty())])
