"""`labels.jsonl`: read by every source, and every bad line is named."""

import json

import pytest

from data.song_labels import FILE_NAME, SongLabels, read_song_labels
from data.sources import build_source
from tests.data import midi_files
from tests.data.songs import write_corpus, write_track
from utils import UserError


def write(folder, *lines):
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text("\n".join(text) + "\n", encoding="utf-8")
    return folder / FILE_NAME


def test_tags_by_folder_file_and_name(tmp_path):
    write(
        tmp_path,
        {"song": "artist/one", "genre": "rock", "style": 3},
        "",
        {"song": "Mr. Blue", "emotion": "calm", "caption": "my words", "genre": None},
        {"song": "three.mid", "genre": "soul_rnb"},
        {"song": "four", "style": "funk"},
    )
    said = read_song_labels(tmp_path / "nowhere", tmp_path)
    assert said.of("artist/one") == {"genre": "rock", "style": 3}
    assert said.of("deep/Mr. Blue") == {"emotion": "calm", "caption": "my words"}
    assert said.of("Mr") == said.of("Mr. Green") == {}
    assert said.of("three.mid") == {"genre": "soul_rnb"}
    assert said.of("four.mid") == {"style": "funk"}
    assert read_song_labels(tmp_path / "nowhere").of("four") == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{song: x}", "line 2: it is not JSON"),
        ('["x"]', "line 2: expected an object like"),
        ({"genre": "rock"}, "line 2: expected an object like"),
        ({"song": "x", "gerne": "rock"}, "line 2: there is no 'gerne': did you mean 'genre'"),
        ({"song": "x", "genre": "rok"}, "line 2: unknown genre 'rok': did you mean 'rock'"),
        ({"song": "x", "style": 10}, "line 2: unknown style 10: .*choose from: pop"),
        ({"song": "x", "emotion": "hapy"}, "line 2: .* did you mean 'happy'"),
        ({"song": "x", "caption": 3}, "line 2: a caption is text, not 3"),
        ({"song": "first"}, "line 2: 'first' has been labelled already"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    path = write(tmp_path, {"song": "first", "genre": "pop"}, line)
    with pytest.raises(UserError, match=message) as error:
        read_song_labels(tmp_path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot read"):
        read_song_labels(tmp_path)


def test_labels_for_other_songs_only_are_warned_about():
    with pytest.warns(UserWarning, match="labels 1 songs, none of which .* 'a'"):
        SongLabels({"a": {"genre": "pop"}}).warn_if_unused(["b", "c"])
    SongLabels({"a": {"genre": "pop"}}).warn_if_unused(["x/a"])
    SongLabels().warn_if_unused(["b"])


def test_slakh_and_folder_sources_take_them_before_labels_json(tmp_path):
    root = write_corpus(tmp_path / "slakh", num_train=1)
    own = {"tags": {"genre": "pop", "style": "rock"}}
    (root / "train" / "Track00001" / "labels.json").write_text(json.dumps(own))
    write(root, {"song": "Track00001", "genre": "jazz"})
    tags = build_source("slakh", root, "train").example(0, num_frames=8, need_audio=False).tags
    assert tags == {"genre": "jazz", "style": "rock"}
    write_track(tmp_path / "mine" / "train" / "a song")
    write(tmp_path / "mine" / "train", {"song": "a song", "emotion": "sad"})
    source = build_source("folder", tmp_path / "mine", "train")
    assert source.example(0, num_frames=8, need_audio=False).tags == {"emotion": "sad"}


def test_midi_source_takes_them_before_the_index(tmp_path):
    midi_files.band_song(tmp_path / "train" / "one.mid", bars=8)
    (tmp_path / "index.csv").write_text("md5,genre,artist_tags\none,rock,loud|british\n")
    write(tmp_path, {"song": "one", "genre": "blues"})
    example = build_source("midi", tmp_path, "train").example(0, num_frames=43, need_audio=False)
    assert example.tags == {"genre": "blues", "artist_tags": ("loud", "british")}
