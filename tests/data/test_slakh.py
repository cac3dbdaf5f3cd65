"""Official Slakh2100: splits to the track, the traps of the metadata, the known-bad stems."""

import json
from collections import Counter
from pathlib import Path

import pytest

from data.slakh import VARIANTS, find_track_folders, known_bad, read_track, split_of
from tests.data.published_slakh import BAND, Published, publish
from utils import UserError

EXAMPLES = Path(__file__).parents[3] / "shared" / "slakh"
ALL = [f"Track{number:05d}" for number in range(1, 2_101)]


@pytest.mark.parametrize(
    ("variant", "counts"),
    [
        ("redux", {"train": 1_289, "validation": 270, "test": 151, None: 390}),
        ("orig", {"train": 1_500, "validation": 375, "test": 225}),
        ("split2", {"train": 1_500, "validation": 375, "test": 225}),
    ],
)
def test_split_sizes_are_the_published_ones(variant, counts):
    assert variant in VARIANTS
    assert Counter(split_of(track, variant) for track in ALL) == counts


def test_redux_only_omits_and_split2_only_moves():
    orig = {track: split_of(track, "orig") for track in ALL}
    assert all(split_of(t, "redux") in (None, orig[t]) for t in ALL)
    assert sum(split_of(t, "split2") != orig[t] for t in ALL) == 328
    assert split_of("Track00003", "split2") == "test" and orig["Track00003"] == "train"
    assert split_of("Track01740", "redux") is None is split_of("Track01794", "redux")


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the published lists are not here")
@pytest.mark.parametrize(("variant", "name"), [("redux", "redux"), ("split2", "splits_v2")])
def test_lists_equal_the_published_ones(variant, name):
    actions = json.loads((EXAMPLES / f"{name}.json").read_text())
    for track, entry in actions.items():
        moved = {"omit": None, "move": entry.get("destination_split")}
        assert split_of(track, variant) == moved.get(entry["action"], split_of(track, "orig"))


@pytest.mark.parametrize("track", ["Track00000", "Track02101", "Track1", "song"])
def test_other_tracks_are_refused(track):
    with pytest.raises(UserError, match=track):
        split_of(track, "redux")


def test_known_bad_stems():
    faults = Counter(fault for stems in known_bad()["stems"].values() for fault in stems.values())
    assert faults == {
        "missing": 7, "white_noise": 9, "held_tone": 2, "wrong_pitch": 4, "wrong_octave": 1,
        "notes_not_rendered": 4, "notes_too_short": 1, "notes_too_long": 3,
    }  # fmt: skip
    assert set(faults) == set(known_bad()["faults"])
    dropped = {name for name, fault in known_bad()["faults"].items() if not fault["use_audio"]}
    assert dropped == {"missing", "white_noise", "held_tone"}


def test_sources_are_sorted_into_stems_by_program(tmp_path):
    sources = {
        **BAND,
        "S07": Published(22, 600.0),
        "S11": Published(31, 300.0),
        "S12": Published(7, None),
        "S13": Published(39, 55.0, midi=False),
    }
    track = read_track(publish(tmp_path / "Track00001", sources))
    assert [s.name for s in track.sources] == ["S00", "S02", "S03", "S05", "S11", "S12", "S13"]
    by_stem = {
        stem: [s.name for s in track.sources_of(stem)] for stem in ("bass", "guitar", "piano")
    }
    assert by_stem == {"bass": ["S00", "S13"], "guitar": ["S03", "S11"], "piano": ["S05"]}
    assert [s.name for s in track.sources_of("drums")] == ["S02"]
    assert track.sources[-1].midi is None and track.unusable == {"S12": "no audio"}


def test_known_bad_audio_is_not_used(tmp_path):
    noise = read_track(publish(tmp_path / "Track00357", BAND))
    assert noise.unusable == {"S03": "white_noise"} and not noise.sources_of("guitar")
    octave = read_track(publish(tmp_path / "Track00404", BAND))
    assert [s.fault for s in octave.sources_of("guitar")] == ["notes_too_long"]


def test_wav_copies_are_read(tmp_path):
    folder = publish(tmp_path / "Track00001", {"S00": Published(33)})
    (folder / "stems" / "S00.flac").rename(folder / "stems" / "S00.wav")
    assert read_track(folder).sources[0].audio.suffix == ".wav"


@pytest.mark.parametrize(
    "text",
    ["stems: [1", "stems: {}", "just words", "stems: {S00: {inst_class: Bass}}",
     "stems: {../../x: {program_num: 3}}", "!!python/object/apply:os.system [true]", ""],
)  # fmt: skip
def test_damaged_metadata_are_user_errors(tmp_path, text):
    (tmp_path / "metadata.yaml").write_text(text)
    with pytest.raises(UserError, match="metadata.yaml") as caught:
        read_track(tmp_path)
    assert "\n" not in str(caught.value)


def test_missing_metadata_are_a_user_error(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        read_track(tmp_path)


def test_tracks_are_found_at_three_depths_but_not_twice(tmp_path):
    one = publish(tmp_path / "redux" / "train" / "Track00002", BAND)
    two = publish(tmp_path / "redux" / "omitted" / "Track00001", BAND)
    for root in (tmp_path, tmp_path / "redux"):
        assert find_track_folders(root) == [two, one]
    assert find_track_folders(one.parent) == [one]
    publish(tmp_path / "Track00002", {})
    with pytest.raises(UserError, match="Track00002 is there twice"):
        find_track_folders(tmp_path)
    with pytest.raises(UserError, match="no Slakh2100 track"):
        find_track_folders(one / "stems")
    with pytest.raises(UserError, match="does not exist"):
        find_track_folders(tmp_path / "nowhere")


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the real example is not here")
def test_the_real_example():
    (folder,) = find_track_folders(EXAMPLES / "example")
    track = read_track(folder)
    stems = {s.name: s.stem for s in track.sources}
    assert stems == {"S00": "guitar", "S01": "drums", "S02": "piano", "S03": "bass",
                     "S07": "guitar", "S08": "guitar"}  # fmt: skip
    assert track.unusable == {} and split_of(track.name, "redux") == "train"
