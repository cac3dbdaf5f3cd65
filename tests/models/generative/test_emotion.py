"""Offsets are zero in the middle, linear, and heard as the emotion that was asked for."""

import math
from dataclasses import astuple, fields

import numpy as np
import pytest

from data.emotion import CENTRES, EMOTIONS, Cues, nearest_emotion, valence_arousal
from models.generative.emotion import (
    WEIGHTS,
    EmotionCurve,
    EmotionOffsets,
    offsets,
    offsets_table,
    point_of,
)
from utils import UserError

MINOR_SHARE = 0.35  # of neutral music, where data.emotion's mode is 0.3


def heard(o: EmotionOffsets) -> tuple[float, float]:
    """What the proxy hears in average music that was changed by offsets."""
    log_odds = math.log(MINOR_SHARE / (1 - MINOR_SHARE)) + o.minor_log_odds
    cues = Cues(
        mode=1 - 2 / (1 + math.exp(-log_odds)),
        tempo=o.tempo_octaves / 0.34,
        density=o.density_octaves / 0.63,
        dynamics=o.dynamics / 0.105,
        register=o.register_semitones / 4.9,
    )
    return valence_arousal(cues)


def test_the_middle_changes_nothing_and_every_cue_has_its_weights():
    assert offsets(0.0, 0.0) == EmotionOffsets() and offsets(1.0, -1.0, 0.0) == EmotionOffsets()
    assert list(WEIGHTS) == [f.name for f in fields(EmotionOffsets)]
    assert heard(EmotionOffsets()) == pytest.approx((0.0, 0.0), abs=1e-9)


def test_exact_offsets_of_a_point():
    exact = (-0.35, -1.5, -0.12, -0.6, 1.5, -0.35, -4.0)
    assert astuple(offsets(0.5, -1.0)) == pytest.approx(exact)


@pytest.mark.parametrize("name", [f.name for f in fields(EmotionOffsets)])
def test_offsets_are_linear_and_monotone(name):
    value = lambda v, a, s=1.0: getattr(offsets(v, a, s), name)
    assert value(0.4, -0.2) == pytest.approx(0.4 * value(1, 0) - 0.2 * value(0, 1))
    assert value(0.4, -0.2, 2.0) == pytest.approx(2 * value(0.4, -0.2))
    for axis, weight in enumerate(WEIGHTS[name]):
        low, high = np.eye(2)[axis] * -0.3, np.eye(2)[axis] * 0.8
        assert np.sign(value(*high) - value(*low)) == np.sign(weight)


def test_directions_are_the_published_ones():
    happy, sad, angry, calm = (offsets(*point_of(n)) for n in ("happy", "sad", "angry", "calm"))
    assert sad.minor_log_odds > 2 > -2 > happy.minor_log_odds
    assert sad.tempo_octaves < 0 < happy.tempo_octaves < angry.tempo_octaves
    assert calm.dynamics < 0 < angry.dynamics and calm.loudness_db < 0 < angry.loudness_db
    assert angry.brightness_octaves > 0 > calm.brightness_octaves
    assert happy.register_semitones > 0 > sad.register_semitones


@pytest.mark.parametrize("emotion", range(8))
def test_changed_music_is_heard_as_the_emotion_asked_for(emotion):
    assert nearest_emotion(*heard(offsets(*point_of(emotion)))) == emotion


def test_points_by_id_and_name():
    assert [point_of(i) for i in range(8)] == [point_of(n) for n in EMOTIONS] == list(CENTRES)
    assert point_of(" Calm ") == CENTRES[2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: point_of("angy"), "did you mean 'angry'"),
        (lambda: point_of(8), "choose from 0 to 7"),
        (lambda: point_of(-1), "unknown emotion id -1"),
        (lambda: offsets(1.2, 0), "valence is 1.2"),
        (lambda: offsets(0, float("nan")), "arousal is nan"),
        (lambda: offsets(0, 0, 3), "emotion strength is 3"),
        (lambda: EmotionCurve([0, 1], [0, 0], [0]), "three equal lists"),
        (lambda: EmotionCurve([], [], []), "three equal lists"),
        (lambda: EmotionCurve([1, 1], [0, 0], [0, 0]), "must ascend"),
        (lambda: EmotionCurve([0], [2], [0]), "valence of an emotion curve"),
    ],
)
def test_errors_teach(call, message):
    with pytest.raises(UserError, match=message):
        call()


CURVE = EmotionCurve(times=[0, 10, 20], valence=[0, 1, 1], arousal=[-1, -1, 1])


def test_a_curve_between_its_points_and_beyond_its_ends():
    assert CURVE.at(5) == (0.5, -1.0) and CURVE.at(15) == (1.0, 0.0)
    assert CURVE.at(-3) == (0.0, -1.0) and CURVE.at(99) == (1.0, 1.0)


def test_means_are_areas():
    assert CURVE.mean == pytest.approx((0.75, -0.5))
    assert CURVE.between(5, 10) == pytest.approx((0.75, -1.0))
    assert CURVE.between(20, 40) == pytest.approx((1.0, 1.0))
    assert CURVE.between(5, 5) == CURVE.at(5)
    assert EmotionCurve([3], [0.2], [0.1]).mean == (0.2, 0.1)


def test_offsets_subtract():
    difference = offsets(0.5, 0.5) - offsets(0.2, -0.3)
    assert astuple(difference) == pytest.approx(astuple(offsets(0.3, 0.8)))


def test_the_table_names_every_emotion():
    lines = offsets_table().splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(EMOTIONS)
    assert "-16%" in lines[2] and lines[0].startswith("emotion")
