"""Judges taught by songs: facts that they add, and what they cannot learn."""

import numpy as np

from data.labels import labels_of
from data.movement import STYLES
from metrics.adherence.listeners import Lesson, Listeners
from metrics.adherence.tempo import TempoEar, tempo_of_notes
from metrics.adherence.timbre import family_index, heard_program, timbre_features, train_timbre
from tests.metrics.adherence.songs import song
from utils import SAMPLE_RATE

TIME = np.arange(SAMPLE_RATE) / SAMPLE_RATE


def tone(hertz: float, *, harsh: bool) -> np.ndarray:
    """A sine, or a square wave, at some level (t,)."""
    wave = np.sin(2 * np.pi * hertz * TIME)
    return (0.1 * (np.sign(wave) if harsh else wave)).astype(np.float32)


def taught():
    sounds = [
        tone(h, harsh=harsh) for h in (100.0, 115.0, 130.0, 150.0, 175.0) for harsh in (False, True)
    ]
    stems = {"bass": sounds, "guitar": sounds, "piano": [np.zeros_like(s) for s in sounds]}
    programs = {"bass": [32, 38] * 5, "guitar": [27] * 10, "piano": [0, 4] * 5}
    return train_timbre(stems, programs)


def test_timbre_is_told_whatever_the_level():
    classifiers = taught()
    assert set(classifiers) == {"bass"}
    for gain in (0.1, 1.0):
        assert heard_program("bass", gain * tone(150.0, harsh=False), classifiers) == 32.0
        assert heard_program("bass", gain * tone(150.0, harsh=True), classifiers) == 38.0
    assert np.isnan(heard_program("bass", np.zeros(SAMPLE_RATE, np.float32), classifiers))
    assert timbre_features(np.zeros(SAMPLE_RATE, np.float32)) is None
    assert family_index("bass", 39) == 2 and family_index("piano", 40) == -1


def test_listeners_add_style_and_instruments():
    styles = ("rock", "jazz")
    lessons = []
    for i in range(12):
        score = song(i, style=styles[i % 2])
        sound = np.stack([tone(100.0 + 10 * i, harsh=bool(i % 2))] * 4)
        labels = labels_of(score, score.tags, np.ones(4, bool))
        labels["program"][0] = (32, 38)[i % 2]
        lessons.append(Lesson(score, labels, sound))
    listeners = Listeners.taught_by(lessons)
    heard = listeners.measure(song(101, style="jazz"), lessons[1].stems)
    assert heard.notes["style"] == STYLES.index("jazz")
    chances = [v for k, v in heard.notes.items() if k.startswith("style.")]
    assert len(chances) == 2 and abs(sum(chances) - 1.0) < 1e-9
    assert heard.sound["program.bass"] == 38.0


def test_listeners_hear_tempo_as_they_were_taught():
    score = song(1, style="rock")
    assert Listeners(hearing=lambda notes, duration: 77.0).measure(score, None).notes["tempo"] == 77
    songs = [song(i, style="rock", bpm=70.0 + i) for i in range(60)]
    lessons = [Lesson(s, labels_of(s, {}, np.ones(4, bool))) for s in songs]
    assert isinstance(Listeners.taught_by(lessons).hearing, TempoEar)
    assert Listeners.taught_by(lessons[:20]).hearing is tempo_of_notes


def test_without_lessons_nothing_is_added():
    heard = Listeners.taught_by([]).measure(song(1, style="rock"), None)
    assert "style" not in heard.notes and heard.sound is None
