"""The page: every lane shows what the record says."""

from dataclasses import replace

import numpy as np

from models.preprocessing.features.picture import (
    features_figure,
    mel_columns,
    save_features_picture,
)
from tests.models.preprocessing.features.songs import small_record
from utils import SAMPLE_RATE, STEMS

NOISE = np.random.default_rng(0).standard_normal(4 * SAMPLE_RATE).astype(np.float32)


def test_lanes_show_the_record():
    figure = features_figure(small_record(), NOISE)
    beats, _, chords, players, loudness, notes = figure.axes
    assert [len(lines.get_segments()) for lines in beats.collections] == [8, 2]
    assert [text.get_text() for text in chords.texts] == ["Am", "F"]
    assert [text.get_text() for text in players.texts] == ["unknown"] * 2
    assert loudness.lines[0].get_ydata().tolist() == [-19.0, -18.0, -18.0, -19.5]
    assert len(notes.patches) == 1 and notes.get_xlim() == (0.0, 4.0)


def test_strokes_are_shown_where_notes_are_unknown():
    record = replace(small_record(), notes=dict.fromkeys(STEMS))
    axis = features_figure(record, NOISE).axes[-1]
    assert axis.get_ylabel() == "strokes per second"
    assert axis.patches[1].get_data().values.tolist() == [2, 2, 2, 2]


def test_columns_do_not_grow_with_the_song():
    assert mel_columns(NOISE).shape == (96, 173)
    assert mel_columns(np.tile(NOISE, 40)).shape == (96, 1_600)
    assert mel_columns(NOISE).max() == 0.0


def test_the_picture_is_written(tmp_path):
    record = replace(small_record(), tempo=None, key=None, loudness=None, chords=())
    save_features_picture(tmp_path / "features.png", record, NOISE)
    assert (tmp_path / "features.png").read_bytes()[:4] == b"\x89PNG"
