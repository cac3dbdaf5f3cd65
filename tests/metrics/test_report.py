"""Tables and JSON of results."""

import json

import numpy as np
import pytest

from metrics.report import Row, markdown, read_rows, table, write_json, write_report, written
from utils import UserError

ROWS = [
    Row("codec", "SI-SDR dB, bass", 5.25, -30.0, float("inf"), count=8, floor_is="another segment"),
    Row("codec", "SI-SDR dB, drums", float("nan"), count=0),
    Row("coherence", "chroma", 0.333, 0.01, 0.52, count=8, ceiling_is="real songs"),
]


def test_the_table_shows_value_floor_and_ceiling():
    lines = table(ROWS).splitlines()
    assert lines[0].split() == ["codec", "value", "floor", "ceiling", "better", "n"]
    assert lines[1].split()[3:] == ["5.250", "-30.000", "inf", "higher", "8"]
    assert lines[2].split()[3:] == ["-", "-", "-", "higher", "0"]
    assert "  floor: another segment" in lines
    assert "  ceiling: real songs" in lines
    assert table([]) == ""


def test_numbers_are_short():
    assert written(12345.6) == "12346"
    assert written(float("-inf")) == "-inf"


def test_json_is_strict_and_whole(tmp_path):
    path = tmp_path / "new" / "metrics.json"
    write_report(path, ROWS, {"seed": 42, "folder": tmp_path, "steps": (1, 2)})
    content = json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(name))
    assert content["settings"] == {"seed": 42, "folder": str(tmp_path), "steps": [1, 2]}
    assert content["metrics"][0]["ceiling"] == "inf"
    assert content["metrics"][1]["value"] is None
    assert [p.name for p in path.parent.iterdir()] == ["metrics.json"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write_report(tmp_path / "file" / "metrics.json", ROWS, {})


def test_the_same_table_in_markdown():
    lines = markdown(ROWS).splitlines()
    assert lines[:4] == ["**codec**", "", "| | value | floor | ceiling | better | n |",
                         "|---|--:|--:|--:|---|--:|"]  # fmt: skip
    assert lines[4] == "| SI-SDR dB, bass | 5.250 | -30.000 | inf | higher | 8 |"
    assert lines[5] == "| SI-SDR dB, drums | - | - | - | higher | 0 |"
    assert "Floor: another segment." in lines and "Ceiling: real songs." in lines
    assert markdown([]) == ""


def test_rows_are_read_as_they_were_written(tmp_path):
    write_report(tmp_path / "metrics.json", ROWS, {})
    assert repr(read_rows(tmp_path / "metrics.json")) == repr(ROWS)
    with pytest.raises(UserError, match="no results can be read"):
        read_rows(tmp_path / "none.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match="no results can be read"):
        read_rows(tmp_path / "other.json")


def test_numbers_of_numpy_are_numbers(tmp_path):
    write_json(tmp_path / "a.json", {"n": np.int64(3), "x": np.float32(0.5), "v": np.arange(2)})
    assert json.loads((tmp_path / "a.json").read_text()) == {"n": 3, "x": 0.5, "v": [0, 1]}
