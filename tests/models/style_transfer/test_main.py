"""The command writes a song folder, and refuses in one line before weights are loaded."""

import json

import pytest

from data.midi import write_midi
from models.harmonicflow import HarmonicFlow
from models.presets import tiny
from models.style_transfer.__main__ import main
from utils import STEMS, UserError

pytestmark = pytest.mark.filterwarnings("ignore:untrained parts")


@pytest.fixture
def weights(tmp_path):
    HarmonicFlow(tiny()).save_pretrained(tmp_path / "weights")
    return ["--checkpoint", str(tmp_path / "weights"), "--device", "cpu"]


def test_a_midi_file_becomes_a_song_folder(tmp_path, score, weights, capsys):
    write_midi(score.excerpt(0.0, 2.0), tmp_path / "song.mid")
    said = ["--style", "jazz=0.7", "funk=0.3", "--strength", "0.5", "--steps", "1"]
    main([str(tmp_path / "song.mid"), *said, *weights, "--output", str(tmp_path / "out")])
    settings = json.loads((tmp_path / "out" / "song.json").read_text())["settings"]
    assert settings["blends"] == {"style": {"jazz": 0.7, "funk": 0.3}}
    assert settings["strength"] == 0.5 and settings["sampling"]["steps"] == 1
    assert {p.stem for p in (tmp_path / "out").glob("*.wav")} == {*STEMS, "mix"}
    assert "seed 42" in capsys.readouterr().out


def test_mistakes_are_named_before_anything_is_loaded(tmp_path, score):
    write_midi(score, tmp_path / "song.mid")
    song = str(tmp_path / "song.mid")
    nowhere = ["--checkpoint", str(tmp_path / "no weights")]
    with pytest.raises(UserError, match="did you mean 'jazz'"):
        main([song, "--style", "jazzz", *nowhere])
    with pytest.raises(UserError, match="no style is said"):
        main([song, *nowhere])
    with pytest.raises(UserError, match="'2' is not possible: expected a number from 0 to 1"):
        main([song, "--style", "jazz", "--strength", "2", *nowhere])
    with pytest.raises(UserError, match="no checkpoint at"):
        main([song, "--style", "jazz", *nowhere])
