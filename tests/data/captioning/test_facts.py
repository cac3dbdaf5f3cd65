"""Facts become words where they are known and clear, and only the right ones."""

import numpy as np
import pytest

from data.captioning.facts import EDGES, FACTS, Known
from data.captioning.kinds import KINDS
from data.captioning.moods import MOODS, SCENES
from data.captioning.playing import FULLNESS, LEVELS, METERS, PACES, SHUFFLE, STRAIGHT, SWUNG
from data.captioning.wording import Draw
from data.emotion import EMOTIONS
from data.movement import STYLES
from utils import counter_rng


def words(fact, labels, *, feel=(), seed=0):
    return FACTS[fact][1](Known(labels, None, feel), Draw(counter_rng(seed)))


@pytest.mark.parametrize("fact", FACTS)
def test_what_is_not_there_is_not_said(fact):
    assert words(fact, {}) is None


@pytest.mark.parametrize(
    ("bpm", "pace"), [(50, 0), (69.9, 0), (70, 1), (100, 2), (120, 3), (200, 5)]
)
def test_tempo_words(bpm, pace):
    assert words("pace", {"tempo": bpm}) is PACES[pace][1]


def test_numbers_are_rounded():
    said = words("bpm", {"tempo": 91.6})
    assert "at 92 bpm" in said.details and "around 90 bpm" in said.details


@pytest.mark.parametrize(
    ("fact", "label"),
    [
        ("touch", "dynamics"),
        ("level", "loudness"),
        ("tone", "brightness"),
        ("register", "register"),
        ("valence", "valence"),
        ("arousal", "arousal"),
    ],
)
def test_numbers_have_two_sides_and_a_silent_middle(fact, label):
    low, high = EDGES[label]
    below, above = words(fact, {label: low}), words(fact, {label: high})
    assert below is not None and above is not None and below is not above
    assert words(fact, {label: (low + high) / 2}) is None
    assert words(fact, {label: float("nan")}) is None


def test_mood_kind_and_scene():
    assert words("mood", {"emotion": 1}) is MOODS[EMOTIONS[1]]
    assert words("kind", {"style": 3}) is KINDS[STYLES[3]]
    assert words("scene", {"emotion": 2}).details[0] in SCENES["calm"]


def test_valence_does_not_contradict_a_named_emotion():
    angry = {"emotion": EMOTIONS.index("angry"), "valence": 0.9}
    assert words("valence", angry) is None and words("valence", {"valence": 0.9}) is not None


def test_a_soft_touch_is_not_called_loud():
    loud = {"loudness": -10.0}
    assert words("level", loud) is LEVELS["high"]
    assert words("level", {**loud, "dynamics": 0.3}) is None


def test_swing_and_shuffle():
    assert words("swing", {"swing": 0.66}) is SWUNG
    assert words("swing", {"swing": 0.66}, feel=("backbeat",)) is SHUFFLE
    assert words("swing", {"swing": 0.56}) is None
    straight = {words("swing", {"swing": 0.5}, seed=seed) for seed in range(20)}
    assert straight == {None, STRAIGHT}


def test_meters():
    assert words("meter", {"meter": 3}) is METERS[3] and words("meter", {"meter": 11}) is None
    assert words("meter", {"meter": -1}) is None


def test_fullness_counts_all_stems_that_play():
    few, many = np.full(4, 1.0), np.full(4, 5.0)
    playing, unsure = np.ones(4, int), np.array([1, 1, 1, -1])
    assert words("fullness", {"density": few, "plays": playing}) is FULLNESS["low"]
    assert words("fullness", {"density": many, "plays": playing}) is FULLNESS["high"]
    assert words("fullness", {"density": few, "plays": unsure}) is None
