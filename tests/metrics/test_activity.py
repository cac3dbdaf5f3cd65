"""Shares of silent stems are exact."""

import numpy as np
import pytest

from data.score import Notes
from metrics.activity import measure_activity
from utils import STEMS


def test_shares_are_counted_per_stem():
    audio = np.zeros((4, 4, 2_000), np.float32)
    audio[:3, 0] = 0.1  # bass sounds in three of four segments
    audio[:, 1] = 0.1
    note = Notes.of([0.0], [0.1], [40], [90])
    scores = [{stem: note if stem == "bass" else Notes.empty() for stem in STEMS}] * 4
    activity = measure_activity(audio, scores)
    assert activity.silent == {"bass": 0.25, "drums": 0.0, "guitar": 1.0, "piano": 1.0}
    assert activity.without_notes == {"bass": 0.0, "drums": 1.0, "guitar": 1.0, "piano": 1.0}
    assert activity.disagree == {"bass": 0.25, "drums": 1.0, "guitar": 0.0, "piano": 0.0}


def test_the_threshold_is_msdms_when_asked():
    audio = np.full((1, 4, 2_000), np.sqrt(1.4e-5), np.float32)
    scores = [dict.fromkeys(STEMS, Notes.empty())]
    assert measure_activity(audio, scores).silent["bass"] == 0.0
    assert measure_activity(audio, scores, threshold_db=-48.24).silent["bass"] == 1.0


def test_nothing_is_unknown_and_malformed_is_refused():
    nothing = measure_activity(np.zeros((0, 4, 10), np.float32), [])
    assert np.isnan(nothing.silent["bass"])
    with pytest.raises(ValueError, match="scores"):
        measure_activity(np.zeros((1, 4, 10), np.float32), [])
    with pytest.raises(ValueError, match="expected"):
        measure_activity(np.zeros((1, 3, 10), np.float32), [dict.fromkeys(STEMS, Notes.empty())])
