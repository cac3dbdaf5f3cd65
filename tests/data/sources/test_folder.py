"""Any folder: names that say the stem, splits by folder or by name."""

import os

import pytest

from data.sources import build_source, guess_source
from data.sources.folder import FolderSource, divide, find_songs, stem_of
from data.stems import Song
from tests.data.songs import write_track
from utils import UserError


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("bass", "bass"),
        ("Song 1 - 02_Bass", "bass"),
        ("Bass Guitar", "bass"),
        ("bass drum", "drums"),
        ("DRUM-KIT", "drums"),
        ("lead_gtr2", "guitar"),
        ("Keys", "piano"),
        ("e.piano", "piano"),
        ("vocals", None),
        ("mix", None),
        ("bassoon", None),
    ],
)
def test_stem_of_a_name(name, stem):
    assert stem_of(name) == stem


def test_songs_at_any_depth_with_sums_and_exact_names(tmp_path):
    write_track(tmp_path / "artist" / "song one", stems=("bass", "drums"))
    two = write_track(tmp_path / "song two", stems=("guitar",))
    (two / "guitar.wav").rename(two / "Lead Gtr.wav")
    write_track(two, stems=("guitar",), suffix=".flac")
    (two / "guitar.flac").rename(two / "rhythm-guitar.flac")
    write_track(two, stems=("piano",))
    write_track(two, stems=("piano",), suffix=".flac")
    (two / "vocals.wav").write_bytes(b"")
    (two / ".bass.wav").write_bytes(b"")
    os.symlink(tmp_path, two / "loop")
    songs = find_songs(tmp_path)
    assert [s.name for s in songs] == ["artist/song one", "song two"]
    assert set(songs[0].stems) == {"bass", "drums"}
    assert [p.name for p in songs[1].stems["guitar"]] == ["Lead Gtr.wav", "rhythm-guitar.flac"]
    assert [p.name for p in songs[1].stems["piano"]] == ["piano.flac"]
    assert set(songs[1].stems) == {"guitar", "piano"}


def test_one_song_in_the_root(tmp_path):
    root = write_track(tmp_path / "only song")
    with pytest.warns(UserWarning, match="too few"):
        source = FolderSource(root, "train", segment_frames=20)
    assert source.num_songs == 1 and source.example(0, num_frames=20).song == "only song"
    assert guess_source(root) == "folder"


def test_division_is_a_partition_that_hardly_moves(tmp_path):
    songs = [Song(f"song {n}", tmp_path) for n in range(40)]
    parts = {split: divide(songs, split) for split in ("train", "validation", "test")}
    assert {s: len(p) for s, p in parts.items()} == {"train": 32, "validation": 4, "test": 4}
    assert sorted(s.name for p in parts.values() for s in p) == sorted(s.name for s in songs)
    assert divide(songs[::-1], "test") == parts["test"]
    grown = divide([*songs, Song("new", tmp_path)], "validation")
    assert sum(song in parts["validation"] for song in grown) >= 3
    assert [len(divide(songs[:3], s)) for s in parts] == [1, 1, 1]


def test_split_folders_win(tmp_path):
    write_track(tmp_path / "train" / "a")
    write_track(tmp_path / "validation" / "deep" / "b", stems=("piano",))
    source = build_source("folder", tmp_path, "validation")
    assert [song.name for song in source.songs] == ["deep/b"]
    with pytest.raises(UserError, match="test.*does not exist"):
        FolderSource(tmp_path, "test")


def test_nothing_that_is_named_after_a_stem(tmp_path):
    (tmp_path / "mix.wav").write_bytes(b"")
    with pytest.raises(UserError, match=r"bass\.wav"):
        FolderSource(tmp_path, "train")
