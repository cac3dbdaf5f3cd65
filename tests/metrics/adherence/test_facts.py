"""Facts heard from notes and sound against what was composed."""

from dataclasses import replace

import numpy as np
import pytest

from data.labels import labels_of, unknown_labels
from data.listening import listen
from metrics.adherence.facts import (
    facts_of_notes,
    facts_of_sound,
    flat,
    measure,
    meter_of_notes,
    mode_of,
)
from metrics.adherence.tempo import tempo_of_notes
from tests.metrics.adherence.songs import song
from utils import SAMPLE_RATE, STEMS


def test_the_planned_beats_are_not_believed():
    score = song(4, style="country", bpm=96.0)
    misled = replace(score, beat_times=score.beat_times * 1.3)
    assert facts_of_notes(misled)["tempo"] == tempo_of_notes(score.notes, score.duration)


def test_the_tempo_is_that_of_the_hearing():
    score = song(4, style="country", bpm=96.0)
    assert facts_of_notes(score, hearing=lambda notes, duration: 77.0)["tempo"] == 77.0


@pytest.mark.parametrize(("meter", "beats"), [("3/4", 3.0), ("4/4", 4.0)])
def test_the_meter_is_what_repeats(meter, beats):
    score = song(3, style="jazz", meter=meter)
    assert meter_of_notes(score) == beats
    unmarked = replace(score, beat_in_bar=np.arange(len(score.beat_times)) % 5)
    assert meter_of_notes(unmarked) == beats


def test_the_key_is_heard_and_never_believed():
    score = song(1, style="rock", key="A minor")
    assert facts_of_notes(replace(score, key=0))["key"] == 21.0
    assert facts_of_notes(score)["mode"] == 1.0
    assert mode_of(11.0) == 0.0 and mode_of(12.0) == 1.0 and np.isnan(mode_of(float("nan")))


def test_swing_is_that_of_the_beats_and_arousal_that_of_the_heard_tempo():
    score = song(4, style="jazz", meter="4/4", bpm=140.0)
    facts = facts_of_notes(score)
    labels = labels_of(score, {}, np.ones(4, bool))
    assert facts["swing"] == pytest.approx(labels["swing"]) and facts["swing"] > 0.6
    plan = replace(score, beat_times=score.beat_times * 1.2)
    assert facts_of_notes(plan)["arousal"] == pytest.approx(facts["arousal"], abs=0.15)


def test_stems_that_rest_are_known_to_rest():
    facts = facts_of_notes(song(0, style="pop", stems=("bass", "piano")))
    plays = {stem: facts[f"plays.{stem}"] for stem in STEMS}
    assert plays == {"bass": 1.0, "drums": 0.0, "guitar": 0.0, "piano": 1.0}
    assert facts["density"] == pytest.approx(facts["density.bass"] + facts["density.piano"])
    assert "loudness" not in facts and "style" not in facts


def test_unknown_labels_are_nan_facts():
    facts = flat(unknown_labels())
    assert np.isnan(facts["key"]) and np.isnan(facts["mode"]) and np.isnan(facts["plays.drums"])
    assert facts["density"] == 0.0


def clicks(bpm: float, seconds: float = 8.0) -> np.ndarray:
    """Short tones on every beat (t,)."""
    audio = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    tone = 0.5 * np.sin(2 * np.pi * 880 * np.arange(2_000) / SAMPLE_RATE)
    tone *= np.exp(-np.arange(2_000) / 400) * np.linspace(1, 0, 2_000)
    for start in np.arange(0.1, seconds - 0.2, 60.0 / bpm):
        place = int(start * SAMPLE_RATE)
        audio[place : place + 2_000] += tone.astype(np.float32)
    return audio


def test_sound_tells_tempo_density_brightness_and_who_plays():
    stems = np.zeros((4, 8 * SAMPLE_RATE), np.float32)
    stems[1] = clicks(100.0)
    facts = facts_of_sound(listen(stems))
    assert facts["tempo"] == pytest.approx(100.0, rel=0.02)
    assert facts["plays.drums"] == 1.0 and facts["plays.bass"] == 0.0
    assert facts["density.drums"] == pytest.approx(100 / 60, rel=0.1)
    assert facts["density"] == facts["density.drums"]
    assert facts["brightness"] == pytest.approx(np.log2(0.88), abs=0.4)
    louder = facts_of_sound(listen(2 * stems))
    assert louder["loudness"] - facts["loudness"] == pytest.approx(6.02, abs=0.01)
    assert "dynamics" not in facts and "program.bass" not in facts


def test_a_song_is_measured_as_far_as_it_is_there():
    score = song(0, style="pop")
    stems = np.zeros((4, 4 * SAMPLE_RATE), np.float32)
    stems[0] = clicks(120.0, 4.0)
    both = measure(score, stems)
    assert both.notes is not None and both.sound is not None and len(both.sheet) > 0
    assert len(both.strokes) == pytest.approx(8, abs=1)
    assert measure(score, None).sound is None and measure(None, stems).notes is None
