"""Listening: tempo, bars, chords, key, levels and who plays, as labels and as a lead sheet."""

import numpy as np
import pytest

from data.chords import KEYS
from data.labels import LABEL_SPECS, collate_labels
from data.listening import listen
from tests.data.listening.sounds import band

ROOTS = (48, 53, 43, 48)  # C F G C


@pytest.fixture(scope="module")
def audio():
    return band(104.0, 9.5, roots=ROOTS)


@pytest.fixture(scope="module")
def heard(audio):
    return listen(audio)


def test_a_band_is_heard(heard):
    labels, sheet = heard.labels(), heard.sheet()
    assert labels["tempo"] == pytest.approx(104.0, rel=0.01) and labels["meter"] == 4
    assert KEYS[labels["key"]] == sheet.key == "C major"
    assert sheet.beats_per_bar == 4 and sheet.duration == pytest.approx(9.5)
    assert sheet.chart().startswith("| C | F | G | C |")
    downbeats = sheet.beat_times[sheet.beat_in_bar == 0]
    assert np.abs(downbeats[:, None] - np.arange(5) * 240 / 104).min(1).max() < 0.07


def test_beats_reach_both_ends(heard):
    assert heard.beat_times[0] <= 0.01 and heard.beat_times[-1] >= heard.duration
    assert (np.diff(heard.beat_times) > 0).all()
    assert len(heard.beat_times) == len(heard.beat_in_bar) == len(heard.chords)


def test_who_plays_and_how_densely(heard):
    labels = heard.labels()
    assert labels["plays"].tolist() == [1, 1, 0, 1]
    bass, drums, guitar, piano = labels["density"]
    assert drums == pytest.approx(104 / 60, rel=0.1) and guitar == 0.0
    assert bass == pytest.approx(104 / 240, rel=0.3) and piano == pytest.approx(bass, rel=0.5)
    assert heard.sheet().density[0].tolist()[2] == 0.0
    assert heard.sheet().density[4, 1] == pytest.approx(1.0, abs=0.3)


def test_labels_are_those_of_the_contract(heard):
    labels = heard.labels({"genre": "rock", "emotion": "calm"})
    assert set(labels) == set(LABEL_SPECS)
    assert (labels["genre"], labels["emotion"], labels["style"]) == (5, 2, -1)
    assert -40 < labels["loudness"] < 0 and -3 < labels["brightness"] < 3
    assert abs(labels["valence"]) <= 1 and abs(labels["arousal"]) <= 1
    assert np.isnan(labels["dynamics"]) and (labels["program"] == -1).all()
    batch = collate_labels([labels, heard.labels()])
    assert batch["plays"].shape == (2, 4)


def test_a_mix_tells_all_but_the_stems(audio):
    heard = listen(audio.sum(0))
    labels = heard.labels()
    assert labels["tempo"] == pytest.approx(104.0, rel=0.01)
    assert labels["plays"].tolist() == [-1] * 4 and np.isnan(labels["density"]).all()
    assert np.isnan(heard.sheet().density).all()


def test_an_absent_stem_stays_unknown(audio):
    heard = listen(audio, np.array([True, True, False, True]))
    assert heard.labels()["plays"][2] == -1 and np.isnan(heard.sheet().density[:, 2]).all()


def test_silence_says_nothing():
    heard = listen(np.zeros((4, 40_000), np.float32))
    labels = heard.labels()
    assert labels["key"] == labels["meter"] == labels["emotion"] == -1
    assert np.isnan([labels["tempo"], labels["loudness"], labels["valence"]]).all()
    assert labels["plays"].tolist() == [0] * 4 and len(heard.sheet()) == 0


@pytest.mark.parametrize("shape", [(3, 100), (1, 4, 100)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected stems"):
        listen(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="nan or infinity"):
        listen(np.full(100, np.nan, np.float32))
