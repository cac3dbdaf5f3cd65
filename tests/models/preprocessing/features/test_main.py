"""The command on a file and on a folder, and what it refuses."""

import pytest

from data.audio import save_audio
from models.harmonicflow import HarmonicFlow
from models.preprocessing.features import Features
from models.preprocessing.features.__main__ import main
from models.presets import tiny
from tests.data.listening.sounds import band
from utils import STEMS, UserError


def test_a_file_gets_its_record_and_picture_beside_it(tmp_path, capsys):
    save_audio(tmp_path / "song.wav", band(120.0, 8.0).sum(0))
    main([str(tmp_path / "song.wav")])
    assert "song: 8.0 s" in capsys.readouterr().out
    assert Features.from_json(tmp_path / "song.features.json").kind == "mix"
    assert (tmp_path / "song.features.png").stat().st_size > 10_000


def test_a_folder_is_transcribed_unless_told_not_to(tmp_path):
    model = HarmonicFlow(tiny())
    model.save_pretrained(tmp_path / "weights")
    for stem, audio in zip(STEMS, band(120.0, 4.0), strict=True):
        save_audio(tmp_path / "song" / f"{stem}.wav", audio)
    out = tmp_path / "found"
    weights = ["--checkpoint", str(tmp_path / "weights"), "--device", "cpu"]
    with pytest.warns(UserWarning, match="untrained"):
        main([str(tmp_path / "song"), "--output", str(out), *weights])
    notes = Features.from_json(out / "features.json").notes
    assert notes["bass"] is not None and len(notes["guitar"]) == 0
    main([str(tmp_path / "song"), "--no_notes"])
    kept = Features.from_json(tmp_path / "song" / "features.json")
    assert kept.name == "song" and set(kept.notes.values()) == {None}


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        main([str(tmp_path / "none.wav")])
    with pytest.raises(UserError, match="did you mean '--no_notes'"):
        main(["song.wav", "--nonotes"])
