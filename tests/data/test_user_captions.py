"""Captions of a user's own, in both file formats, and how they reach segments."""

import json

import pytest

from data.dataset import SegmentDataset
from data.sources.folder import FolderSource
from data.user_captions import UserCaptions, own_caption
from tests.data.songs import write_track
from utils import UserError, counter_rng


def write(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")


def tags(root, song, start=0.0, end=10.0, split="validation"):
    found: dict = {}
    UserCaptions.beside(root, split, [song]).add_to(found, song, start, end)
    return found


def test_one_or_several_captions_of_a_song(tmp_path):
    write(
        tmp_path / "captions.jsonl",
        {"song": "One", "caption": "a  slow song "},
        {"song": "Two", "caption": ["fast", "wild"]},
        {"song": "One", "caption": "sad"},
    )
    assert tags(tmp_path, "One") == {"caption": ["a slow song", "sad"]}
    assert tags(tmp_path, "Artist/Two") == {"caption": ["fast", "wild"]}
    assert tags(tmp_path, "Three") == {}


@pytest.mark.parametrize("name", ["train/A/One.mid", "A/One", "A\\One.wav", "./train/A/One"])
def test_names_of_songs_as_people_write_them(tmp_path, name):
    write(tmp_path / "captions.jsonl", {"song": name, "caption": "slow"})
    assert tags(tmp_path, "A/One") == {"caption": ["slow"]}
    assert tags(tmp_path, "B/One") == {}


def test_stretches_reach_the_segments_that_they_are_about(tmp_path):
    write(
        tmp_path / "captions.jsonl",
        {"song": "One", "caption": "the intro", "end": 10},
        {"song": "One", "caption": "the rest", "start": 10, "end": 60},
    )
    assert tags(tmp_path, "One", 0.0, 11.9) == {"caption": ["the intro"]}
    assert tags(tmp_path, "One", 20.0, 31.9) == {"caption": ["the rest"]}
    assert tags(tmp_path, "One", 58.0, 69.9) == {}


def test_uniflow_files(tmp_path):
    write(
        tmp_path / "audio.jsonl",
        {"audio_id": "x1", "audio": "/somewhere/else/One/mix.wav"},
        {"audio_id": "x2", "audio": "clips/Two.flac"},
    )
    write(
        tmp_path / "content.jsonl",
        {"audio_id": "x1", "caption": "slow"},
        {"audio_id": "x2", "caption": "fast"},
        {"audio_id": "Three.wav", "caption": "loud"},
        {"audio_id": "x2", "phoneme": "a task without captions"},
    )
    assert tags(tmp_path, "One") == {"caption": ["slow"]}
    assert tags(tmp_path, "Two") == {"caption": ["fast"]}
    assert tags(tmp_path, "Three") == {"caption": ["loud"]}


def test_the_nearest_file_is_read(tmp_path):
    root = tmp_path / "songs"
    (root / "train").mkdir(parents=True)
    write(tmp_path / "captions.jsonl", {"song": "One", "caption": "beside"})
    assert tags(root, "One", split="train") == {"caption": ["beside"]}
    write(root / "captions.jsonl", {"song": "One", "caption": "inside"})
    assert tags(root, "One", split="train") == {"caption": ["inside"]}
    write(root / "train" / "captions.jsonl", {"song": "One", "caption": "of the split"})
    assert tags(root, "One", split="train") == {"caption": ["of the split"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1 is not JSON"),
        ('["a"]', "must be an object"),
        ('{"song": "One"}', "'caption' must be a text"),
        ('{"song": "One", "caption": ["a", 3]}', "'caption' must be a text"),
        ('{"song": "One", "caption": []}', "'caption' must be a text"),
        ('{"caption": "slow"}', "'song' must be a name"),
        ('{"song": "One", "caption": "a", "start": -1}', "'start' must be seconds"),
        ('{"song": "One", "caption": "a", "start": 9, "end": 3}', "must come after"),
    ],
)
def test_mistakes_name_the_line(tmp_path, line, message):
    (tmp_path / "captions.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        UserCaptions.beside(tmp_path, "train", [])
    assert "captions.jsonl" in str(error.value) and "\n" not in str(error.value)


def test_captions_for_other_songs_warn_in_training(tmp_path):
    write(tmp_path / "captions.jsonl", {"song": "Other", "caption": "slow"})
    with pytest.warns(UserWarning, match="none of them for these"):
        UserCaptions.beside(tmp_path, "train", ["One"])


def test_one_caption_is_drawn_from_several():
    several = {"caption": ["slow", "sad"]}
    assert {own_caption(several, counter_rng(seed)) for seed in range(20)} == {"slow", "sad"}
    assert own_caption({"caption": "slow"}, counter_rng(0)) == "slow"
    assert own_caption({}, counter_rng(0)) is None


def test_segments_draw_one_of_their_songs_captions(tmp_path):
    for name in ("One", "Two", "Three"):
        write_track(tmp_path / "train" / name, seconds=2.0)
    write(tmp_path / "captions.jsonl", {"song": "One", "caption": ["slow", "sad", "soft"]})
    source = FolderSource(tmp_path, "train", segment_frames=16)
    data = SegmentDataset(source, fields=("text",), num_frames=16)
    drawn = [data[i] for i in range(3 * len(source))]
    own = {segment.text for segment in drawn if segment.song == "One"}
    assert len(own) > 1 and own <= {"slow", "sad", "soft"}
    assert not {s.text for s in drawn if s.song != "One"} & {"slow", "sad", "soft"}
    assert data[0].text == drawn[0].text
