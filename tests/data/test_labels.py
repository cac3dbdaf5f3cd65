"""Labels: exact where the arranger knows the truth, unknown where nothing is known."""

import math

import numpy as np
import pytest

from data.arranger import compose
from data.labels import (
    EMOTIONS,
    GENRE_OF,
    GENRES,
    LABEL_SPECS,
    STYLES,
    collate_labels,
    labels_of,
    named_id,
    unknown_labels,
)
from data.score import Notes, Score
from utils import STEMS

EVERYONE = np.ones(4, bool)


@pytest.fixture(scope="module")
def song() -> Score:
    return compose(1, style="rock", bpm=120, key="E minor", num_bars=8, meter="4/4")


def test_tables():
    assert (len(STYLES), len(EMOTIONS), len(GENRES)) == (10, 8, 10)
    assert STYLES[3] == "jazz" and EMOTIONS[2] == "calm" and GENRES[5] == "rock"
    assert set(GENRE_OF.values()) <= set(GENRES)


def test_a_composed_song(song):
    labels = labels_of(song, song.tags, EVERYONE)
    assert labels["style"] == STYLES.index("rock") and labels["genre"] == 5
    assert labels["key"] == 16 and labels["tempo"] == pytest.approx(120.0)
    assert labels["program"].tolist() == [song.programs[s] for s in STEMS]
    assert labels["plays"].tolist() == [1, 1, 1, 1]
    assert (labels["density"] > 0).all() and 0.2 < labels["dynamics"] < 1.0
    assert set(labels) == set(LABEL_SPECS)


def test_numbers_of_a_composed_song(song):
    labels = labels_of(song, song.tags, EVERYONE)
    pitch = np.concatenate([song.notes[s].pitch for s in ("guitar", "piano")])
    assert labels["register"] == pytest.approx(pitch.mean()) and labels["meter"] == 4
    assert labels["valence"] < 0.2 and abs(labels["arousal"]) <= 1
    assert labels["swing"] == pytest.approx(0.5, abs=0.02)
    swung = labels_of(compose(3, style="jazz", num_bars=8), {}, EVERYONE)
    assert 0.58 < swung["swing"] < 0.72
    waltz = compose(1, style="ballad", num_bars=8, meter="3/4")
    assert labels_of(waltz, {}, EVERYONE)["meter"] == 3


def test_register_ignores_stems_that_are_not_there(song):
    labels = labels_of(song, {}, np.array([True, True, True, False]))
    assert labels["register"] == pytest.approx(song.notes["guitar"].pitch.mean())
    assert math.isnan(labels_of(song, {}, np.array([True, True, False, False]))["register"])


def test_loudness_and_brightness_are_of_the_mix():
    seconds = np.arange(22_050) / 22_050
    tone = (0.25 * np.sin(2 * np.pi * 1_000 * seconds)).astype(np.float32)
    audio = np.stack([tone, tone, 0 * tone, 0 * tone])
    labels = labels_of(None, {}, EVERYONE, audio=audio)
    assert labels["loudness"] == pytest.approx(20 * math.log10(0.5) - 3.01, abs=0.1)
    assert labels["brightness"] == pytest.approx(0.0, abs=0.05)
    quiet = labels_of(None, {}, EVERYONE, audio=np.zeros_like(audio))
    assert math.isnan(quiet["loudness"]) and math.isnan(quiet["brightness"])


def test_density_is_strokes_per_second():
    notes = {s: Notes.empty() for s in STEMS}
    notes["bass"] = Notes.of([0.0, 1.0, 2.0], [0.5, 1.5, 2.5], [40] * 3, [100, 100, 54])
    labels = labels_of(Score(notes, 4.0), {}, EVERYONE)
    assert labels["density"].tolist() == [0.75, 0, 0, 0]
    assert labels["dynamics"] == pytest.approx(254 / 3 / 127)
    assert labels["plays"].tolist() == [1, 0, 0, 0]
    assert math.isnan(labels["tempo"])


def test_an_absent_stem_is_unknown_not_silent(song):
    labels = labels_of(song, {}, np.array([True, True, False, True]))
    assert labels["plays"][2] == labels["program"][2] == -1
    assert np.isnan(labels["density"][2])


def test_without_a_score_only_tags_speak():
    labels = labels_of(None, {"genre": "soul_rnb", "style": 3, "emotion": "calm"}, EVERYONE)
    assert (labels["genre"], labels["style"], labels["emotion"]) == (1, 3, 2)
    rest = unknown_labels()
    for name in set(LABEL_SPECS) - {"genre", "style", "emotion"}:
        assert np.array_equal(labels[name], rest[name], equal_nan=True)


def test_a_style_may_need_the_word_of_the_genre():
    song = compose(6, style="electronic", num_bars=8)
    song.tags.clear()
    assert labels_of(song, {}, EVERYONE)["style"] == -1
    assert labels_of(song, {"genre": "electronic"}, EVERYONE)["style"] == STYLES.index("electronic")
    said = labels_of(song, {"genre": "electronic", "style": "pop"}, EVERYONE)
    assert said["style"] == STYLES.index("pop")


@pytest.mark.parametrize("genre", ["classical_soundtrack", "", None, "polka", 99, -3, 2.5])
def test_unknown_genres_stay_unknown(genre):
    assert labels_of(None, {"genre": genre}, EVERYONE)["genre"] == -1


def test_named_id():
    assert named_id(" Jazz ", STYLES) == named_id(3, STYLES) == named_id(np.int64(3), STYLES) == 3
    assert named_id(True, STYLES) == named_id(10, STYLES) == -1


def test_collated_labels_have_their_shapes(song):
    batch = collate_labels([labels_of(song, song.tags, EVERYONE), unknown_labels()])
    assert set(batch) == set(LABEL_SPECS)
    for name, spec in LABEL_SPECS.items():
        assert batch[name].shape == (2, *spec.shape)
        assert str(batch[name].dtype) == f"torch.{spec.dtype}"
    assert batch["style"].tolist() == [1, -1] and batch["tempo"][1].isnan()
    assert batch["plays"][1].tolist() == [-1] * 4


def test_labels_differ_between_songs_and_repeat_for_one():
    first, second, third = (compose(s, num_bars=8) for s in (1, 1, 12))
    a, b, c = (labels_of(s, s.tags, EVERYONE) for s in (first, second, third))
    assert all(np.array_equal(a[n], b[n], equal_nan=True) for n in a)
    assert any(not np.array_equal(a[n], c[n], equal_nan=True) for n in a)
