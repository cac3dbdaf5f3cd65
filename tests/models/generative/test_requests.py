"""What a user says, checked and made into conditions, a number of songs and a sheet."""

import numpy as np
import pytest
import torch

from data.lead_sheet import LeadSheet
from data.score import Notes, Score
from models.generative.edits import Keep
from models.generative.requests import (
    conditions_of,
    given_sheet,
    per_stem,
    programs_of,
    songs_of,
)
from utils import STEMS, UserError

NOTHING = {"style": None, "emotion": None, "genre": None}


def songs(text=None, ids=NOTHING, mel=None, keep=None, batch_size=1, seed=0):
    return songs_of(text, ids, mel, keep, batch_size, seed)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, (1, [0])),
        ({"batch_size": 3, "seed": 7}, (3, [7, 8, 9])),
        ({"text": ["a", "b"]}, (2, [0, 1])),
        ({"text": ["a"], "batch_size": 2}, (2, [0, 1])),
        ({"ids": NOTHING | {"style": torch.tensor([1, 2])}}, (2, [0, 1])),
        ({"ids": NOTHING | {"style": 3}, "seed": [4, 9]}, (2, [4, 9])),
        ({"mel": torch.ones(3, 2, 128, 5)}, (3, [0, 1, 2])),
        ({"mel": torch.ones(2, 128, 5)}, (1, [0])),  # two channels of one song
        ({"keep": Keep.sound(torch.zeros(2, 4, 2_048))}, (2, [0, 1])),
    ],
)
def test_how_many_songs(said, expected):
    assert songs(**said) == expected


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"batch_size": 0}, "at least one"),
        ({"text": []}, "different numbers"),
        ({"text": ["a", "b"], "seed": [1, 2, 3]}, r"\[2, 3\]"),
        ({"keep": Keep.sound(torch.zeros(2, 4, 2_048)), "batch_size": 3}, "given music"),
        ({"seed": -1}, "choose 0 or more"),
    ],
)
def test_songs_that_do_not_add_up(said, words):
    with pytest.raises(UserError, match=words):
        songs(**said)


def test_a_value_per_stem():
    assert per_stem({}, -1, torch.long, 2) is None and per_stem(None, -1, torch.long, 2) is None
    assert per_stem({"drums": True}, -1, torch.long, 2).tolist() == [[-1, 1, -1, -1]] * 2
    with pytest.raises(UserError, match="unknown stem 'pian': did you mean 'piano'"):
        per_stem({"pian": 1}, -1, torch.long, 1)


def test_conditions_are_for_every_song(model):
    said = conditions_of(
        model, 2, text=None, ids=NOTHING | {"style": 3}, mel=np.ones((128, 5)), bpm=90, key="Am",
        programs={"bass": 33}, plays=None, density={"piano": 2.0}, dynamics=None,
    )  # fmt: skip
    assert said.style.tolist() == [3, 3] and said.tempo.tolist() == [90.0, 90.0]
    assert said.key.tolist() == [21, 21] and said.mel.shape == (2, 128, 5)
    assert said.program.tolist() == [[33, -1, -1, -1]] * 2
    assert said.density[0].isnan().tolist() == [True, True, True, False]
    assert said.given == ("style", "key", "tempo", "program", "density", "mel")


def test_programs_are_those_asked_for_else_those_of_the_score():
    notes = {stem: Notes.of([0.0], [0.5], [50], [90]) for stem in STEMS}
    notes["piano"] = Notes.empty()
    programs = {"bass": 38, "drums": 128, "guitar": None, "piano": 4}
    keep = Keep.score(Score(notes, 1.0, programs=programs))
    assert programs_of(keep, None) == {"bass": 38}
    assert programs_of(keep, {"bass": 32, "piano": 0}) == {"bass": 32, "piano": 0}
    assert programs_of(None, None) == {} and programs_of(Keep.sound(keep_audio()), None) == {}


def keep_audio() -> torch.Tensor:
    return torch.zeros(1, 4, 2_048)


WALTZ = LeadSheet.parse(bpm=120, key="C major", chords="C F G", beats_per_bar=3, duration=9.0)
CHORDS = LeadSheet.parse(chords="Am F C G", duration=8.0)


def sheet(lead_sheet=None, bpm=None, key=None, chords=None, beats_per_bar=None):
    return given_sheet(lead_sheet, bpm, key, chords, beats_per_bar, 9.0)


def test_a_sheet_from_parts_or_as_it_is():
    assert sheet() is None and sheet(WALTZ) is WALTZ
    assert sheet(WALTZ, beats_per_bar=3) is WALTZ
    assert sheet(bpm=90, chords="Am").chords[:2] == ("Am", "Am")


def test_a_new_key_leaves_the_bars_alone():
    for given in (WALTZ, CHORDS):
        changed = sheet(given, key="D minor")
        assert changed.key == "D minor" and changed.chords == given.chords
    assert np.array_equal(sheet(WALTZ, key="D minor").beat_times, WALTZ.beat_times)


def test_a_new_tempo_keeps_the_meter_and_the_chords():
    changed = sheet(WALTZ, bpm=60)
    assert changed.bpm == pytest.approx(60) and changed.beats_per_bar == 3
    assert changed.chords[:9] == WALTZ.chords[:9] and changed.key == "C major"


def test_new_chords_keep_the_beats():
    changed = sheet(WALTZ, chords="Dm Am")
    assert np.array_equal(changed.beat_times, WALTZ.beat_times)
    assert changed.chords[:6] == ("Dm",) * 3 + ("Am",) * 3


def test_a_new_meter_acts_or_is_refused():
    changed = sheet(WALTZ, beats_per_bar=4)
    assert changed.beats_per_bar == 4 and changed.bpm == pytest.approx(120)
    assert changed.chords[:8] == ("C",) * 4 + ("F",) * 4
    with pytest.raises(UserError, match="4 beats in a bar"):
        sheet(CHORDS, beats_per_bar=3)
