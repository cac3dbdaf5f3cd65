"""The registry of sources and the guess by what lies in a folder."""

import pytest

from data.sources import build_source, guess_source, sources
from tests.data.songs import write_track
from utils import UserError


def test_registry_is_the_folder():
    assert {"slakh", "folder"} <= set(sources())
    with pytest.raises(UserError, match="did you mean 'slakh'"):
        build_source("slak", None, "train")
    with pytest.raises(UserError, match="did you mean 'validation'"):
        build_source("slakh", None, "valid")


def test_guess_midi(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.MID").write_bytes(b"MThd")
    assert guess_source(tmp_path) == "midi"


def test_guess_says_what_to_do(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        guess_source(tmp_path / "nowhere")
    with pytest.raises(UserError, match="empty folder"):
        guess_source(tmp_path)
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    with pytest.raises(UserError, match=r"1 \.mp3.*convert mp3"):
        guess_source(tmp_path)


def test_published_archives_are_sent_to_their_converters(tmp_path):
    (tmp_path / "a" / "bass_22050").mkdir(parents=True)
    with pytest.raises(UserError, match="convert_data_format.sh"):
        guess_source(tmp_path / "a")
    stems = tmp_path / "b" / "train" / "Track00001" / "stems"
    write_track(stems, stems=("bass",), suffix=".flac")
    (stems / "bass.flac").rename(stems / "S00.flac")
    for root in (tmp_path / "b", tmp_path / "b" / "train"):
        with pytest.raises(UserError, match="convert_slakh"):
            guess_source(root)
