"""The tempo of notes: what repeats, and an ear that chooses among multiples of it."""

import numpy as np
import pytest

from data.score import Notes
from metrics.adherence.tempo import MULTIPLES, _turns, _weighed, tempo_of_notes, train_tempo_ear
from tests.metrics.adherence.songs import song
from utils import STEMS

STYLES = ("rock", "pop", "jazz", "country")


def played(indices):
    tempos = [60.0 + (37 * i) % 110 for i in indices]
    songs = [song(i, style=STYLES[i % 4], bpm=t) for i, t in zip(indices, tempos, strict=True)]
    return songs, tempos


def hits(hearing, songs, tempos):
    heard = [hearing(s.notes, s.duration) for s in songs]
    return np.mean(np.abs(np.array(heard) / tempos - 1.0) < 0.04)


@pytest.mark.parametrize("bpm", [72.0, 96.0, 120.0])
def test_the_tempo_is_heard_from_the_notes_alone(bpm):
    score = song(4, style="country", bpm=bpm)
    ratio = tempo_of_notes(score.notes, score.duration) / bpm
    assert min(abs(ratio / octave - 1.0) for octave in (0.5, 1.0, 2.0)) < 0.02


def test_an_ear_that_was_taught_counts_better():
    ear = train_tempo_ear(*played(range(80)))
    songs, tempos = played(range(100, 140))
    assert hits(ear, songs, tempos) > hits(tempo_of_notes, songs, tempos) + 0.1


def test_kick_and_snare_take_turns_on_the_beat():
    kick, snare = np.zeros(900), np.zeros(900)
    kick[0::80], snare[40::80] = 1.0, 1.0
    at_the_beat, at_two = _turns(kick, snare, np.array([40.0, 80.0]))
    assert at_the_beat > 1.5 and at_two < 0.1


def test_weights_find_what_decides():
    rng = np.random.default_rng(0)
    evidence = rng.standard_normal((200, len(MULTIPLES), 3))
    weights = _weighed(evidence, evidence[:, :, 1].argmax(1))
    assert weights[1] > 5 * np.abs(weights[[0, 2]]).max()


def test_without_notes_there_is_no_tempo():
    silence = dict.fromkeys(STEMS, Notes.empty())
    assert np.isnan(tempo_of_notes(silence, 10.0))
    assert np.isnan(train_tempo_ear(*played(range(60)))(silence, 10.0))


def test_few_songs_or_unknown_tempos_teach_nothing():
    songs, tempos = played(range(20))
    assert train_tempo_ear(songs, tempos) is None
    assert train_tempo_ear(songs * 3, [float("nan")] * 60) is None
    assert train_tempo_ear([], []) is None
