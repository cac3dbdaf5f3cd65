"""The record: what follows from it, its text, and JSON and back."""

import json

import numpy as np
import pytest

from models.preprocessing.features.record import Features
from tests.models.preprocessing.features.songs import small_record
from utils import UserError


def test_what_follows_from_the_record():
    record = small_record()
    assert record.downbeats.tolist() == [0.0, 2.0]
    assert record.onset_density == {"bass": 0.5, "drums": 2.0}
    assert record.share_active("bass") == 0.5 and record.share_active("piano") is None


def test_json_round_trip_keeps_everything(tmp_path):
    record = small_record()
    record.to_json(tmp_path / "features.json")
    again = Features.from_json(tmp_path / "features.json")
    assert again.to_dict() == record.to_dict()
    assert again.chords == record.chords and again.activity == record.activity
    assert np.array_equal(again.beats, record.beats) and again.beats.dtype == np.float64
    assert again.notes["bass"].pitch.tolist() == [33] and again.notes["drums"] is None


def test_json_is_plain_rows(tmp_path):
    small_record().to_json(tmp_path / "features.json")
    content = json.loads((tmp_path / "features.json").read_text())
    assert content["chords"] == [[0.0, 2.0, "Am"], [2.0, 4.0, "F"]]
    assert content["notes"]["bass"] == [[0.0, 1.0, 33, 90]]
    assert content["activity"]["guitar"] is None
    assert content["onset_density"] == {"bass": 0.5, "drums": 2.0}


def test_the_text_names_the_facts():
    text = small_record().described()
    assert "120.0 bpm, 4 beats a bar, 2 bars, A minor" in text
    assert "-18.2 LUFS, range 1.5 LU" in text and "chords: Am F" in text
    assert "sounds  50 % of the time, 1 notes" in text


@pytest.mark.parametrize("content", [None, "{", "{}", "[]"])
def test_another_file_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "features.json").write_text(content)
    with pytest.raises(UserError, match="cannot read features from"):
        Features.from_json(tmp_path / "features.json")
