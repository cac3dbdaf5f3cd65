"""Pictures are drawn for sound and silence, and their files are whole."""

import sys

import numpy as np
import pytest

from data.score import Notes, Score
from metrics.pictures import (
    piano_roll_figure,
    save_figure,
    save_song_picture,
    spectrogram_figure,
    to_image,
)
from utils import STEMS, UserError


def test_importing_does_not_load_matplotlib():
    import subprocess

    code = "import sys, metrics.pictures; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.fixture
def stems() -> np.ndarray:
    audio = 0.1 * np.random.default_rng(0).standard_normal((4, 11_025)).astype(np.float32)
    audio[2] = 0.0
    return audio


def test_spectrograms_side_by_side(stems):
    one = to_image(spectrogram_figure({"generated": stems}))
    two = to_image(spectrogram_figure({"generated": stems, "real": 0 * stems + 1e-3}))
    assert one.dtype == np.uint8 and one.shape[2] == 3
    assert two.shape[1] > 1.5 * one.shape[1]
    assert one.std() > 10


def test_piano_rolls_with_beats_and_silent_stems(tmp_path):
    song = dict.fromkeys(STEMS, Notes.of([0.0, 1.0], [0.5, 9.0], [40, 47], [127, 30]))
    song["piano"] = Notes.empty()
    figure = piano_roll_figure({"generated": song, "real": song}, 2.0, beat_times=np.arange(3.0))
    save_figure(figure, tmp_path / "roll.png")
    assert (tmp_path / "roll.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_song_on_one_page(stems, tmp_path):
    notes = dict.fromkeys(STEMS, Notes.of([0.1], [0.4], [40], [100]))
    score = Score(notes, 0.5, beat_times=np.array([0.0, 0.5]), beat_in_bar=np.array([0, 1]))
    save_song_picture(tmp_path / "song.png", stems, score)
    assert (tmp_path / "song.png").stat().st_size > 5_000
    save_song_picture(
        tmp_path / "silent.png", 0 * stems, Score(dict.fromkeys(STEMS, Notes.empty()), 0.5)
    )


def test_malformed_input_is_refused(stems, tmp_path):
    with pytest.raises(ValueError, match="at least one column"):
        spectrogram_figure({})
    with pytest.raises(ValueError, match="expected audio"):
        spectrogram_figure({"generated": stems[:3]})
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        save_figure(spectrogram_figure({"a": stems}), tmp_path / "file" / "x.png")
