"""The emotion proxy: every centre is its own nearest; each cue pulls in the published direction."""

from dataclasses import replace

import numpy as np
import pytest

from data.arranger import compose
from data.emotion import (
    CENTRES,
    EMOTIONS,
    Cues,
    cues_from,
    cues_of,
    emotion_of,
    nearest_emotion,
    valence_arousal,
)
from data.lead_sheet import LeadSheet
from data.score import Notes, Score
from utils import STEMS

NEUTRAL = Cues(mode=0.3, tempo=0.0, density=0.0, dynamics=0.0, register=0.0)


def test_names_and_centres():
    assert len(EMOTIONS) == 8 and EMOTIONS[2] == "calm"
    assert [nearest_emotion(*centre) for centre in CENTRES] == list(range(8))
    assert np.allclose(np.linalg.norm(CENTRES, axis=1), 1.0)
    valence, arousal = CENTRES[2]
    assert valence > 0 > arousal


def test_the_middle_of_the_plane_is_no_emotion():
    assert nearest_emotion(0.0, 0.0) == nearest_emotion(0.2, -0.2) == -1
    assert valence_arousal(NEUTRAL) == (0.0, 0.0)


@pytest.mark.parametrize("cue", ["tempo", "density", "dynamics"])
def test_faster_denser_louder_is_more_aroused(cue):
    assert valence_arousal(replace(NEUTRAL, **{cue: 1.0}))[1] > 0.2


@pytest.mark.parametrize("cue", ["mode", "tempo", "register"])
def test_brighter_faster_higher_is_more_pleasant(cue):
    assert valence_arousal(replace(NEUTRAL, **{cue: 1.3}))[0] > 0.15


def test_silence_says_nothing():
    silent = Score({s: Notes.empty() for s in STEMS}, 4.0)
    assert cues_of(silent, LeadSheet.from_score(silent)) is None
    assert emotion_of(silent, LeadSheet.from_score(silent)) == -1


def test_what_is_unknown_counts_as_average():
    cues = cues_from(LeadSheet(), strokes_per_second=2**3.42 - 0.5)
    assert (cues.tempo, cues.dynamics, cues.register) == (0.0, 0.0, 0.0)
    assert cues.density == pytest.approx(0.0, abs=1e-9)
    song = compose(4, num_bars=8)
    sheet, whole = LeadSheet.from_score(song), cues_of(song, LeadSheet.from_score(song))
    known = cues_from(sheet, strokes_per_second=9.0, dynamics=0.69 + 0.105, register=60.5 - 4.9)
    assert (known.dynamics, known.register) == (pytest.approx(1.0), pytest.approx(-1.0))
    assert (known.tempo, known.mode) == (whole.tempo, whole.mode)


def measured(emotion: str, seed: int) -> tuple[float, float]:
    song = compose(seed, emotion=emotion, num_bars=12)
    return valence_arousal(cues_of(song, LeadSheet.from_score(song)))


def test_a_song_composed_for_an_emotion_measures_as_such():
    points = {e: np.mean([measured(e, s) for s in range(6)], axis=0) for e in EMOTIONS}
    for emotion, (valence, arousal) in zip(EMOTIONS, CENTRES, strict=True):
        if abs(valence) > 0.5:
            assert points[emotion][0] * valence > 0, emotion
        if abs(arousal) > 0.5:
            assert points[emotion][1] * arousal > 0, emotion
