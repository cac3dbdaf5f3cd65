"""The command on a song, and what it refuses."""

import numpy as np
import pytest

from data.audio import load_audio, save_audio
from models.preprocessing.separation import save_separator
from models.preprocessing.separation.__main__ import main
from tests.models.preprocessing.separation.sounds import band, opinionated
from utils import STEMS, UserError


def test_a_song_becomes_a_folder_of_stems(tmp_path, capsys):
    save_separator(opinionated(), tmp_path / "w.safetensors")
    save_audio(tmp_path / "song.flac", band(1.0).sum(0))
    main([str(tmp_path / "song.flac"), "--checkpoint", str(tmp_path / "w.safetensors")])
    folder = tmp_path / "song_stems"
    assert len(capsys.readouterr().out.splitlines()) == 4
    total = sum(load_audio(folder / f"{stem}.wav") for stem in STEMS)
    assert np.abs(total - load_audio(tmp_path / "song.flac")).max() < 2e-6
    with pytest.raises(UserError, match="no separator at .*train.py --stage separation"):
        main([str(tmp_path / "song.flac"), "--checkpoint", str(tmp_path / "none.pt")])


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="not an audio file"):
        main([str(tmp_path)])
    with pytest.raises(UserError, match="did you mean '--output'"):
        main(["song.wav", "--outptu", "x"])
