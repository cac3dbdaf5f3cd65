"""The command, from files to files; mistakes in one line."""

import numpy as np
import pytest

from data.audio import audio_info, load_audio, save_audio
from models.postprocessing.spatial.command import build_parser, main
from models.postprocessing.spatial.measure import noise_stems
from models.postprocessing.spatial.scene import Scene
from tests.commands import error_of, run_command
from utils import STEMS

RATE = 22_050


@pytest.fixture
def song(tmp_path):
    for stem, audio in zip(STEMS, noise_stems(1.0, RATE), strict=True):
        save_audio(tmp_path / "song" / f"{stem}.flac", audio, RATE)
    return tmp_path / "song"


def test_a_song_folder_in_a_scene_of_ones_own(monkeypatch, capsys, song):
    fast = ("--sample_rate", RATE, "--workers", 1)
    run_command(monkeypatch, main, song, "--scene", "studio", "--output", "stereo", "5.1", *fast)
    assert {p.name for p in (song / "studio").iterdir()} == {
        "stereo.wav",
        "5.1.wav",
        "scene.json",
        "scene.png",
    }
    assert audio_info(song / "studio" / "5.1.wav").num_channels == 6
    assert "bass, drums, guitar, piano in studio" in capsys.readouterr().out
    again = ("--scene", song / "studio" / "scene.json", "--output", "stereo")
    more = ("--place", "guitar=90,10,1.5", "--reverb_db", -6, "--output_dir", song / "mine")
    run_command(monkeypatch, main, song, *again, *more, *fast)
    place = Scene.from_json(song / "mine" / "scene.json").sources["guitar"].place
    assert (place.azimuth, place.elevation, place.distance) == (90.0, 10.0, 1.5)
    first, second = (load_audio(song / f / "stereo.wav", mono=False) for f in ("studio", "mine"))
    length = min(first.shape[1], second.shape[1])
    assert np.abs(first[:, :length] - second[:, :length]).max() > 0.01


def test_a_recording_gets_a_folder_beside_it(monkeypatch, song):
    run_command(
        monkeypatch,
        main,
        song / "bass.flac",
        "--scene",
        "headphones",
        "--format",
        "flac",
        "--sample_rate",
        RATE,
    )
    assert audio_info(song / "bass-headphones" / "binaural.flac").num_channels == 2


def test_mistakes_are_one_line(monkeypatch, capsys, song):
    error = lambda *args: error_of(monkeypatch, capsys, main, song, *args)
    assert "did you mean 'studio'" in error("--scene", "studoi")
    assert "has no 'violin'" in error("--place", "violin=3")
    assert "guitar=-45,0,2" in error("--place", "guitar")
    assert "leaves the room" in error("--place", "guitar=0,0,90")
    assert "does not exist" in error("--sofa", "none.sofa")
    assert "does not exist" in error_of(monkeypatch, capsys, main, song / "none.wav")


def test_every_flag_has_help():
    assert all(action.help for action in build_parser()._actions)
