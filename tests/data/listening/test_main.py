"""The command: a mix, a folder of stems, and what is missing."""

import re

import pytest

from data.audio import save_audio
from data.listening.__main__ import main
from tests.data.listening.sounds import band
from utils import STEMS, UserError


def test_it_prints_what_it_hears(tmp_path, capsys):
    audio = 0.8 * band(104.0, 7.0, roots=(48, 53, 43))
    save_audio(tmp_path / "mix.wav", audio.sum(0), 22_050, "PCM_16")
    for stem, row in zip(STEMS, audio, strict=True):
        save_audio(tmp_path / "song" / f"{stem}.wav", row, 22_050, "PCM_16")
    main([str(tmp_path / "mix.wav"), str(tmp_path / "song")])
    mix, song = capsys.readouterr().out.split(str(tmp_path / "song"))
    assert re.search(r"10[34]\.\d bpm, 4 beats", mix) and "LUFS" in mix and "drums" not in mix
    assert "C major" in song and re.search(r"drums 1.[67]/s", song) and "| C | F | G" in song


def test_mistakes_are_named(tmp_path):
    with pytest.raises(UserError, match="pass audio files or song folders"):
        main([])
    with pytest.raises(UserError, match="--songs must be at least 1"):
        main(["--check", "--songs", "0"])
    with pytest.raises(UserError, match="pass --check with it"):
        main(["song.wav", "--data_dir", str(tmp_path)])
    save_audio(tmp_path / "song" / "bass.wav", band(104.0, 2.0)[0], 22_050, "PCM_16")
    few = pytest.warns(UserWarning, match="too few to hold any out")
    with few, pytest.raises(UserError, match="has no notes to check against"):
        main(["--check", "--data_dir", str(tmp_path), "--split", "train", "--songs", "1"])
    with pytest.raises(UserError, match=r"missing\.wav"):
        main([str(tmp_path / "missing.wav")])
