"""The command for official Slakh2100: what it writes, that it can be interrupted, what it says."""

import json
import os

import numpy as np
import pytest

from data.convert_slakh import main
from data.sources import build_source
from tests.data.published_slakh import BAND, Published, publish
from utils import STEMS, UserError


def convert(tmp_path, *arguments):
    main(["--slakh_dir", str(tmp_path / "in"), "--output_dir", str(tmp_path / "a b"), *arguments])


@pytest.fixture
def slakh(tmp_path):
    """Track 1 (train), 3 (train, but test in split2), 1501 (validation), one that redux omits."""
    for folder in ("train/Track00001", "train/Track00003", "omitted/Track01740"):
        publish(tmp_path / "in" / "slakh2100_flac_redux" / folder, BAND)
    publish(tmp_path / "in/slakh2100_flac_redux/validation/Track01501", {"S01": Published(33)})
    return tmp_path


def written(tmp_path):
    root = tmp_path / "a b"
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


def test_writes_our_layout_that_the_source_reads(slakh, capsys):
    convert(slakh, "--num_workers", "2")
    extra = ("labels.json", "metadata.yaml", "score.mid")
    band = [*(f"{stem}.wav" for stem in STEMS), *extra]
    expected = {f"train/Track0000{n}/{name}" for n in (1, 3) for name in band}
    expected |= {f"validation/Track01501/{name}" for name in ("bass.wav", *extra)}
    assert written(slakh) == expected | {"conversion.json"}
    said = capsys.readouterr().out
    assert "3 tracks converted, 0 there before, 0 failed, 1 not in this variant" in said
    assert "train 2, validation 1, test 0" in said and "absent: drums in 1" in said
    source = build_source("slakh", slakh / "a b", "train", segment_frames=40)
    example = source.example(0, num_frames=40)
    assert example.present.all() and example.score_known.all()
    assert [len(example.score.notes[s]) for s in STEMS] == [2, 2, 2, 2]
    fixed = build_source("slakh", slakh / "a b", "validation").example(0, num_frames=40)
    assert fixed.present.tolist() == [True, False, False, False]


def test_an_interrupted_run_goes_on(slakh, capsys):
    convert(slakh, "--num_workers", "1")
    track = slakh / "a b" / "train" / "Track00001"
    before = {p: p.stat().st_mtime_ns for p in track.iterdir()}
    other = slakh / "a b" / "train" / "Track00003"
    (other / "labels.json").unlink()
    left = other.parent / ".Track00003.partial"
    left.mkdir()
    (left / "bass.wav").write_bytes(b"half")
    capsys.readouterr()
    convert(slakh, "--num_workers", "1")
    assert "1 tracks converted, 2 there before" in capsys.readouterr().out
    assert not left.exists() and (other / "labels.json").exists()
    assert before == {p: p.stat().st_mtime_ns for p in track.iterdir()}
    assert len(json.loads((slakh / "a b" / "conversion.json").read_text())) == 3


def test_dry_run_writes_nothing(slakh, capsys):
    convert(slakh, "--dry_run")
    assert not (slakh / "a b").exists()
    assert "3 tracks to convert" in capsys.readouterr().out


def test_variants_and_their_mixture(slakh, capsys):
    convert(slakh, "--variant", "split2", "--format", "flac")
    assert (slakh / "a b" / "test" / "Track00003" / "bass.flac").exists()
    assert (slakh / "a b" / "train" / "Track01740").exists()
    with pytest.raises(UserError, match="Track00003 in 'test'"):
        convert(slakh)


def test_known_bad_stems_are_left_out_and_doubted(tmp_path, capsys):
    for name in ("Track00357", "Track00404"):
        publish(tmp_path / "in" / "train" / name, BAND)
    convert(tmp_path)
    assert "left out: Track00357 S03 (white noise)" in capsys.readouterr().out
    noise = tmp_path / "a b" / "train" / "Track00357"
    assert not (noise / "guitar.wav").exists() and (noise / "bass.wav").exists()
    labels = json.loads((noise / "labels.json").read_text())
    assert labels["left_out"] == {"S03": "white_noise"} and labels["score_unknown"] == []
    doubted = json.loads((noise.parent / "Track00404" / "labels.json").read_text())
    assert doubted["score_unknown"] == ["guitar"] and doubted["sources"]["guitar"] == ["S03"]
    source = build_source("slakh", tmp_path / "a b", "train", segment_frames=40)
    known = {e.song: e.score_known for e in (source.example(i, num_frames=40) for i in range(2))}
    np.testing.assert_array_equal(known["Track00404"], [True, True, False, True])
    np.testing.assert_array_equal(known["Track00357"], [True, True, False, True])


def test_damaged_tracks_are_reported_and_leave_nothing(slakh, capsys):
    track = slakh / "in" / "slakh2100_flac_redux" / "train" / "Track00001"
    (track / "stems" / "S02.flac").write_bytes(b"fLaC damaged")
    convert(slakh)
    said = capsys.readouterr().out
    assert "2 tracks converted" in said and "failed: cannot read" in said and "S02.flac" in said
    assert sorted(os.listdir(slakh / "a b" / "train")) == ["Track00003"]


def test_nothing_converted_is_an_error(tmp_path):
    publish(tmp_path / "in" / "Track00001", {"S00": Published(50)})
    with pytest.raises(UserError, match="no track could be converted.*no audible source"):
        convert(tmp_path)
    with pytest.raises(UserError, match="at least 1, not 0"):
        convert(tmp_path, "--num_workers", "0")


def test_too_many_failures_stop_the_run(tmp_path):
    for number in range(1, 14):
        folder = tmp_path / "in" / f"Track{number:05d}"
        folder.mkdir(parents=True)
        (folder / "metadata.yaml").write_text("stems: {}")
    with pytest.raises(UserError, match="11 of 13 tracks failed"):
        convert(tmp_path, "--num_workers", "1")
