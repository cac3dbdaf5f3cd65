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
    for name in ("key", "tempo", "program", "plays", "density", "dynamics"):
        assert np.array_equal(labels[name], rest[name], equal_nan=True)


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
