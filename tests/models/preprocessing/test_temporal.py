"""The form of songs: planted, composed, rendered; and what is written of it."""

import json
import sys

import numpy as np
import pytest

from data.audio import save_audio
from data.midi import write_midi
from data.soundfont import render_score
from models.preprocessing.temporal import (
    main,
    read_structure,
    structure_of_audio,
    structure_of_score,
)
from tests.models.preprocessing.songs import song
from utils import UserError


def test_a_planted_form_is_found_exactly():
    structure = structure_of_score(song("ABAB"))
    assert structure.letters == "ABAB"
    assert [section.start for section in structure.sections] == [0.0, 8.0, 16.0, 24.0]
    assert structure.sections[-1].end == structure.duration == 32.0
    bass = next(m for m in structure.motifs if m.stem == "bass")
    assert bass.num_bars * len(bass.bars) >= 8


def test_the_same_form_is_heard_in_stems_when_bars_are_known():
    score = song("ABA")
    structure = structure_of_audio(render_score(score), score=score, name="heard")
    assert structure.heard and structure.letters == "ABA"
    assert [section.start for section in structure.sections] == [0.0, 8.0, 16.0]


def test_a_recording_of_all_is_heard_from_beats_to_motifs():
    structure = structure_of_audio(render_score(song("AB", bars_each=6)).sum(0))
    assert structure.sections[0].start == 0.0
    ends = [section.end for section in structure.sections]
    assert ends[-1] == pytest.approx(24.0, abs=0.01)
    assert min(abs(end - 12.0) for end in ends) <= 2.5
    assert {motif.stem for motif in structure.motifs} <= {"mix"}


def test_silence_is_one_section():
    structure = structure_of_audio(np.zeros(5 * 22_050, np.float32))
    assert structure.letters == "A" and structure.motifs == ()


def test_json_holds_the_form_and_no_matrix(tmp_path):
    structure = structure_of_score(song("AB"))
    structure.to_json(tmp_path / "form.json")
    content = json.loads((tmp_path / "form.json").read_text())
    assert content["form"] == "AB" and len(content["bars"]) == 9
    assert content["sections"][1] == {"start": 8.0, "end": 16.0, "letter": "B"}
    assert "similarity" not in content and "novelty" not in content


def test_command_on_midi_folder_and_audio(tmp_path, monkeypatch, capsys):
    score = song("AB")
    write_midi(score, tmp_path / "song" / "song.mid")
    monkeypatch.setattr(sys, "argv", ["temporal", str(tmp_path / "song")])
    main()
    assert "song: AB, 8 bars" in capsys.readouterr().out
    assert (tmp_path / "song" / "form.png").stat().st_size > 10_000
    save_audio(tmp_path / "mix.wav", render_score(score).sum(0))
    monkeypatch.setattr(sys, "argv", ["temporal", str(tmp_path / "mix.wav")])
    main()
    assert (tmp_path / "mix.form.json").is_file() and (tmp_path / "mix.form.png").is_file()


def test_what_has_no_form_is_named(tmp_path):
    with pytest.raises(UserError, match="neither song.mid nor a stem"):
        read_structure(tmp_path)
    save_audio(tmp_path / "short.wav", np.zeros(100, np.float32))
    with pytest.raises(UserError, match="expected 1 s"):
        read_structure(tmp_path / "short.wav")
