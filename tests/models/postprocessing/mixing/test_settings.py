"""mix.json: what is written is read, and mistakes are named."""

import json
from dataclasses import replace

import pytest

from models.postprocessing.mixing.settings import Channel, Compressor, MixSettings
from utils import STEMS, UserError


def test_what_is_written_is_read(tmp_path):
    settings = MixSettings(bus=Compressor(-20.0, 1.5), target_lufs=-16.0)
    settings.channels["guitar"] = Channel(gain_db=3.25, pan=-0.3, send_db=-18.0)
    settings.to_json(tmp_path / "mix.json")
    assert MixSettings.from_json(tmp_path / "mix.json") == settings
    text = json.loads((tmp_path / "mix.json").read_text())
    assert text["channels"]["guitar"]["gain_db"] == 3.25
    assert [band["frequency_hz"] for band in text["channels"]["bass"]["eq"]] == [
        100.0,
        250.0,
        800.0,
        2_500.0,
        6_000.0,
    ]


def test_what_is_left_out_keeps_its_default():
    settings = MixSettings.from_dict({"channels": {"bass": {"gain_db": -3}}})
    assert settings.channels["bass"] == replace(Channel(), gain_db=-3)
    assert tuple(settings.channels) == STEMS
    assert settings.target_lufs == -14.0 and settings.true_peak_dbtp == -1.0


@pytest.mark.parametrize(
    "content, words",
    [
        ({"channels": {"violin": {}}}, "violin"),
        ({"channels": {"bass": {"gian_db": 1}}}, "did you mean 'gain_db'"),
        ({"channels": {"bass": {"gain_db": 99}}}, "-60 to 60"),
        ({"channels": {"bass": {"gain_db": "loud"}}}, "'loud'"),
        ({"channels": {"bass": {"eq": [{"kind": "notch", "frequency_hz": 100}]}}}, "low_shelf"),
        ({"channels": {"bass": {"eq": 3}}}, "list of bands"),
        ({"bus": {"ratio": 0}}, "ratio is 0"),
        ({"bus": {"ratio": True}}, "ratio is True"),
        ({"target_lufs": float("nan")}, "target_lufs"),
        ([1], "braces"),
    ],
)
def test_mistakes_are_named(content, words):
    with pytest.raises(UserError, match=words.replace("'", "'")):
        MixSettings.from_dict(content)


def test_a_file_that_is_none_is_named(tmp_path):
    (tmp_path / "mix.json").write_text("{")
    with pytest.raises(UserError, match="mix.json"):
        MixSettings.from_json(tmp_path / "mix.json")
    with pytest.raises(UserError, match="nowhere"):
        MixSettings.from_json(tmp_path / "nowhere.json")
