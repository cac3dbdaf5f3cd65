import json

import numpy as np
import pytest
import soundfile

from data.midi import read_midi
from data.render_midi import main, program_name
from tests.data import midi_files as files
from utils import STEMS, UserError


@pytest.fixture
def songs(tmp_path):
    for name in ("one", "two"):
        files.band_song(tmp_path / "songs" / "train" / f"{name}.mid", bars=4)
    return tmp_path / "songs"


def run(songs, out, *more):
    main(["--midi_dir", str(songs), "--output_dir", str(out), "--num_workers", "1", *more])


def test_a_song_becomes_a_track_folder(songs, tmp_path, capsys):
    run(songs, tmp_path / "out")
    folder = tmp_path / "out" / "train" / "one"
    assert sorted(p.name for p in folder.iterdir()) == [
        "bass.wav",
        "drums.wav",
        "guitar.wav",
        "labels.json",
        "metadata.yaml",
        "piano.wav",
        "score.mid",
    ]
    stems = [soundfile.read(folder / f"{stem}.wav") for stem in STEMS]
    assert all(rate == 22_050 for _, rate in stems)
    mix = np.sum([audio for audio, _ in stems], axis=0)
    assert 20 * np.log10(np.abs(mix).max()) == pytest.approx(-1.0, abs=0.01)
    assert len(mix) == round(read_midi(songs / "train" / "one.mid").duration * 22_050)
    assert "rendered 2 songs" in capsys.readouterr().out


def test_score_labels_and_metadata_lie_beside(songs, tmp_path):
    import yaml

    run(songs, tmp_path / "out")
    folder = tmp_path / "out" / "train" / "one"
    original = read_midi(songs / "train" / "one.mid").score
    score = read_midi(folder / "score.mid").score
    assert [len(score.notes[s]) for s in STEMS] == [len(original.notes[s]) for s in STEMS]
    labels = json.loads((folder / "labels.json").read_text())["labels"]
    assert labels["tempo"] == pytest.approx(120, abs=0.1)
    assert labels["program"] == [33, 128, 27, 0]
    metadata = yaml.safe_load((folder / "metadata.yaml").read_text())
    assert metadata["target_peak"] == -1.0 and metadata["normalization_factor"] == -13.0
    assert len(metadata["UUID"]) == 32 and 0 < metadata["overall_gain"] < 10
    drums = metadata["stems"]["S01"]
    assert drums["is_drum"] and drums["program_num"] == 128 and drums["inst_class"] == "Drums"
    assert -60 < drums["integrated_loudness"] < 0


def test_a_second_run_goes_on_where_the_first_was(songs, tmp_path, capsys):
    run(songs, tmp_path / "out")
    (tmp_path / "out" / "train" / "two" / "metadata.yaml").unlink()
    before = (tmp_path / "out" / "train" / "one" / "bass.wav").stat().st_mtime_ns
    capsys.readouterr()
    run(songs, tmp_path / "out")
    assert (tmp_path / "out" / "train" / "one" / "bass.wav").stat().st_mtime_ns == before
    said = capsys.readouterr().out
    assert "1 of 2 songs are rendered already" in said and "rendered 1 songs" in said


def test_a_bad_file_is_named_and_the_others_are_rendered(songs, tmp_path, capsys):
    (songs / "train" / "bad.mid").write_bytes(b"nothing")
    run(songs, tmp_path / "out")
    captured = capsys.readouterr()
    assert "bad.mid" in captured.err and "rendered 2 songs" in captured.out
    assert not (tmp_path / "out" / "train" / "bad").exists()


def test_a_missing_stem_has_no_file(tmp_path):
    files.write(tmp_path / "songs" / "train" / "solo.mid", files.note(0, 0, 60))
    run(tmp_path / "songs", tmp_path / "out")
    folder = tmp_path / "out" / "train" / "solo"
    assert [s for s in STEMS if (folder / f"{s}.wav").exists()] == ["piano"]


def test_mistakes_are_answered(songs, tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        run(tmp_path / "none", tmp_path / "out")
    with pytest.raises(UserError, match="no.sf2"):
        run(songs, tmp_path / "out", "--soundfont", "no.sf2")
    with pytest.raises(UserError, match="split"):
        run(songs, tmp_path / "out", "--split", "test")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.mid").write_bytes(b"x")
    with pytest.raises(UserError, match="none of the"):
        run(tmp_path / "bad", tmp_path / "out", "--split", "train")
    assert not (tmp_path / "out").exists()


def test_two_workers_render_the_same(songs, tmp_path):
    run(songs, tmp_path / "one")
    arguments = ["--midi_dir", str(songs), "--output_dir", str(tmp_path / "two")]
    main([*arguments, "--num_workers", "2"])
    for name in ("bass.wav", "score.mid", "metadata.yaml"):
        one, two = (tmp_path / out / "train" / "two" / name for out in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_program_names():
    assert program_name(128) == "Drums" and program_name(None) is None
    assert program_name(0) == "Acoustic Grand Piano"
