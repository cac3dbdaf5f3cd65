"""What a user says, checked and made into conditions, a number of songs and a sheet."""

import numpy as np
import pytest
import torch

from data.labels import STYLES
from data.lead_sheet import LeadSheet
from data.prompts import SpokenFacts
from data.score import Notes, Score
from models.generative.edits import Keep
from models.generative.requests import (
    Wishes,
    explicit_facts,
    given_sheet,
    heard_of,
    over,
    per_stem,
    programs_of,
    seen_of,
    songs_of,
    spoken_facts,
    stem_densities,
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


def facts(**said):
    parts = ("bpm", "key", "chords", "beats_per_bar", "plays", "programs")
    return explicit_facts(**dict.fromkeys(parts) | said)


def wishes(spoken, **said) -> Wishes:
    return Wishes(**{"prompts": None, "spoken": spoken, "ids": NOTHING, "numbers": {}} | said)


def test_a_value_per_stem():
    assert per_stem(None, -1, torch.long).tolist() == [-1] * 4
    assert per_stem({"drums": True}, -1, torch.long).tolist() == [-1, 1, -1, -1]
    with pytest.raises(UserError, match="unknown stem 'pian': did you mean 'piano'"):
        per_stem({"pian": 1}, -1, torch.long)


def test_conditions_are_for_every_song(model):
    spoken = [facts(bpm=90, key="Am", programs={"bass": 33}), facts(plays={"drums": False})]
    said = wishes(
        spoken,
        ids=NOTHING | {"style": 3},
        mel=np.ones((128, 5)),
        density={"piano": 2.0},
        numbers={"valence": -0.5},
        heard={"tempo": 70.0, "brightness": 0.5},
    ).conditions(model)
    assert said.style.tolist() == [3, 3] and said.tempo.tolist() == [90.0, 70.0]
    assert said.key.tolist() == [21, -1] and said.mel.shape == (2, 128, 5)
    assert said.program.tolist() == [[33, -1, -1, -1], [-1] * 4]
    assert said.plays.tolist() == [[-1] * 4, [-1, 0, -1, -1]]
    assert said.density[0].isnan().tolist() == [True, True, True, False]
    assert said.valence.tolist() == [-0.5, -0.5] and said.brightness.tolist() == [0.5, 0.5]


def test_numbers_out_of_range_are_answered(model):
    with pytest.raises(UserError, match="valence 3"):
        wishes([facts()], numbers={"valence": 3.0}).conditions(model)


def test_prompts_say_facts_and_arguments_come_first():
    prompts = ["a waltz at 92 bpm in A minor, no drums", "something slow"]
    first, second = spoken_facts(prompts, facts(bpm=120, plays={"piano": True}), None, 2)
    assert first.bpm == 120.0 and first.key == "A minor" and first.beats_per_bar == 3
    assert first.plays == {"bass": True, "drums": False, "guitar": True, "piano": True}
    assert second.bpm == 120.0 and second.key is None and second.plays == {"piano": True}
    assert spoken_facts(None, facts(bpm=80), None, 2) == [facts(bpm=80)] * 2
    assert over(first, facts(key="C")).key == "C major"


def test_prompts_do_not_silence_what_is_given():
    keep = Keep.stems({"drums": np.ones(4_096, np.float32)})
    (said,) = spoken_facts(["no drums, no bass"], facts(), keep, 1)
    assert said.plays == {"bass": False, "guitar": True, "piano": True}


def test_where_one_rests_the_others_play():
    asked = facts(plays={"bass": False, "piano": False})
    (said,) = spoken_facts(None, asked, None, 1)
    assert said.plays == {"bass": False, "drums": True, "guitar": True, "piano": False}
    (said,) = spoken_facts(["with guitar"], facts(), None, 1)
    assert said.plays == {"guitar": True}


def test_each_song_has_the_sheet_of_its_own_words():
    spoken = spoken_facts(["in A minor at 60 bpm", "jazz"], facts(), None, 2)
    first, second = wishes(spoken).sheets(None, 8.0, explicit=facts())
    assert first.bpm == pytest.approx(60) and first.key == "A minor" and second is None
    whole = LeadSheet.parse(bpm=100, chords="C", duration=8.0)
    assert wishes(spoken).sheets(whole, 8.0, explicit=facts()) == [whole, whole]


def test_a_waveform_lends_what_is_heard_in_it():
    time = np.arange(8 * 22_050) / 22_050
    clicks = np.sin(2 * np.pi * 2_000 * time) * np.exp(-30 * (time % 0.5))
    mel, heard = heard_of(torch.from_numpy(clicks).float())
    assert mel.shape[0] == 128 and heard["tempo"] == pytest.approx(120, rel=0.02)
    assert heard["brightness"] == pytest.approx(1.0, abs=0.2) and heard["loudness"] < 0
    assert heard_of(None) == (None, {}) and heard_of(mel)[1] == {}


def test_a_recording_tells_how_densely_a_band_plays():
    sparse, busy = (stem_densities(strokes) for strokes in (2.0, 6.0))
    assert all(busy[stem] > sparse[stem] > 0.0 for stem in STEMS)
    assert stem_densities(0.0) == stem_densities(None) == {}


def test_a_picture_is_a_point_and_a_clip_a_curve(model):
    with pytest.raises(UserError, match="cannot see"):
        seen_of(model, torch.rand(3, 16, 16))
    model.trained.add("visual")
    point, curve = seen_of(model, torch.rand(3, 16, 16))
    assert point.keys() == {"valence", "arousal"} and curve is None
    _, curve = seen_of(model, torch.rand(5, 3, 16, 16))
    assert len(curve.times) == 5 and seen_of(model, None) == ({}, None)


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
    said = facts(bpm=bpm, key=key, chords=chords, beats_per_bar=beats_per_bar)
    return given_sheet(lead_sheet, said, 9.0)


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


def test_what_is_unwanted_rests_unless_it_is_asked_for():
    (said,) = spoken_facts(["jazz"], facts(), None, 1, negative="drums")
    assert said.plays == {"bass": True, "drums": False, "guitar": True, "piano": True}
    (said,) = spoken_facts(["with drums"], facts(), None, 1, negative="drums")
    assert said.plays == {"drums": True}
    (said,) = spoken_facts(None, facts(plays={"drums": True}), None, 1, negative="drums")
    assert said.plays == {"drums": True}


@pytest.mark.parametrize(
    ("prompts", "ids", "words"),
    [
        (None, {}, None),
        (None, {"genre": torch.tensor([-1])}, None),
        (None, {"genre": 3, "emotion": torch.tensor([1])}, ["sad, jazz"] * 2),
        (["late at night", "Jazz!"], {"genre": 3}, ["late at night, jazz", "Jazz!"]),
        (["", "fast"], {"style": torch.tensor([-1, 4])}, ["", "fast, " + STYLES[4]]),
        (["intense"] * 2, {"emotion": 5}, ["intense, tense"] * 2),
        (["a"] * 2, {"genre": 99}, ["a"] * 2),  # refused where conditions are checked
    ],
)
def test_ids_are_read_as_their_names_too(prompts, ids, words):
    assert Wishes(prompts, [SpokenFacts()] * 2, NOTHING | ids, {}).words() == words
