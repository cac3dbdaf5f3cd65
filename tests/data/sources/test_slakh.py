"""The four-stem layout: which tracks are found, and what is said when none are."""

import pytest

from data.sources import build_source, guess_source
from data.sources.slakh import SlakhSource, find_tracks
from tests.data.songs import write_corpus, write_track
from utils import UserError


def test_finds_tracks_of_a_split_in_order(tmp_path):
    root = write_corpus(tmp_path / "my data", num_train=3)
    write_track(root / "train" / "Track00000", stems=("bass", "drums"), suffix=".flac")
    songs = find_tracks(root, "train")
    assert [s.name for s in songs] == [f"Track{n:05d}" for n in range(4)]
    assert [s.present.sum() for s in songs] == [2, 4, 4, 4]
    source = build_source("slakh", root, "train", segment_frames=40)
    assert isinstance(source, SlakhSource) and source.num_songs == 4 and len(source) == 8
    example = source.example(0, num_frames=40)
    assert example.audio.shape == (4, 40 * 1024) and example.song.startswith("Track")
    assert guess_source(root) == "slakh"


def test_wav_comes_before_flac_and_a_mix_is_ignored(tmp_path):
    track = write_track(tmp_path / "train" / "Track00001", stems=("bass",), suffix=".flac")
    write_track(track, stems=("bass",))
    (track / "mix.wav").write_bytes(b"whatever")
    (song,) = find_tracks(tmp_path, "train")
    assert song.stems == {"bass": (track / "bass.wav",)}


def test_errors_say_what_was_expected(tmp_path):
    with pytest.raises(UserError, match="no 'train' folder.*no split"):
        find_tracks(tmp_path, "train")
    (tmp_path / "train" / "Track00001").mkdir(parents=True)
    with pytest.raises(UserError, match="no track folder"):
        find_tracks(tmp_path, "train")
    with pytest.raises(UserError, match="no 'test' folder.*train"):
        find_tracks(tmp_path, "test")
    write_track(tmp_path / "train" / "Track00002")
    with pytest.warns(UserWarning, match="1 folders"):
        assert len(find_tracks(tmp_path, "train")) == 1
