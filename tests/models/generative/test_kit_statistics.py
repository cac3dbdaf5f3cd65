"""The command that counts kits, on arranged songs written as MIDI."""

import json

import numpy as np
import pytest

from data.arranger import compose
from data.midi import write_midi
from data.score import Notes, Score
from data.sources import build_source
from models.generative.kit import from_tab
from models.generative.kit_statistics import kits_of, main
from utils import SEGMENT_FRAMES, STEMS, UserError


@pytest.fixture
def root(tmp_path):
    for seed in range(3):
        write_midi(compose(seed), tmp_path / "songs" / "train" / f"{seed}.mid")
    return tmp_path / "songs"


def test_the_command_writes_the_kits_of_its_songs(root, tmp_path, capsys):
    main(["--data_dir", str(root), "--output", str(tmp_path / "kits.json")])
    tabs = json.loads((tmp_path / "kits.json").read_text())
    shares, velocities = np.stack([from_tab(tab) for tab in tabs], axis=1)
    kits = kits_of(build_source("midi", root, "train"))
    assert len(shares) == 3 and np.allclose(shares, kits.shares, atol=0.06)
    often = kits.shares > 0.06
    assert np.allclose(velocities[often], kits.velocities[often], atol=2.6)
    assert kits.shares.max() == 1 and "3 kits of" in capsys.readouterr().out


def test_songs_without_drums_have_no_kit(tmp_path):
    onset = 0.5 * np.arange(40)
    piano = Notes.of(onset, onset + 0.4, np.full(40, 60), np.full(40, 80))
    notes = {stem: piano if stem == "piano" else Notes.empty() for stem in STEMS}
    beats = {"beat_times": 0.5 * np.arange(42), "beat_in_bar": np.arange(42) % 4}
    write_midi(Score(notes, 20.5, **beats), tmp_path / "train" / "alone.mid")
    with pytest.raises(UserError, match="no song has both drums and beats"):
        main(["--data_dir", str(tmp_path), "--output", str(tmp_path / "kits.json")])
    assert not (tmp_path / "kits.json").exists()


def test_drums_that_are_not_to_be_trusted_are_no_kit(root, monkeypatch):
    source = build_source("midi", root, "train")
    examples = [source.example(i, num_frames=SEGMENT_FRAMES, need_audio=False) for i in range(3)]
    for example in examples[1:]:
        example.score_known = np.zeros(len(STEMS), bool)
    monkeypatch.setattr(source, "example", lambda index, **_: examples[index])
    assert len(kits_of(source)) == 1


@pytest.mark.parametrize("place", [".", "songs/train/0.mid/kits.json"])
def test_a_place_that_cannot_be_written_is_said_in_one_line(root, tmp_path, place):
    with pytest.raises(UserError, match="cannot write .*choose another --output"):
        main(["--data_dir", str(root), "--output", str(tmp_path / place)])
