"""Movement: each feature on patterns where it is known, and the styles of composed songs."""

from dataclasses import replace

import numpy as np
import pytest

from data.arranger import compose
from data.labels import GENRES
from data.lead_sheet import LeadSheet
from data.movement import (
    RULES,
    RULES_IN_GENRE,
    STYLES,
    Movement,
    movement_of,
    style_of,
    swing_of,
    swing_share,
)
from data.score import Notes, Score
from utils import STEMS

BEATS = np.arange(33) * 0.5


def moved(**stems: list[tuple[float, int]]):
    """Movement of 32 beats at 120 bpm; per stem (position in beats, pitch), repeated every bar."""
    notes = {s: Notes.empty() for s in STEMS}
    for stem, pattern in stems.items():
        rows = [(b + p, key) for b in range(0, 32, 4) for p, key in pattern]
        onset = np.array([r[0] for r in rows]) * 0.5
        pitch = [r[1] for r in rows]
        notes[stem] = Notes.of(onset, onset + 0.1, pitch, [80] * len(rows))
    score = Score(notes, 16.0, BEATS, np.arange(33) % 4)
    return movement_of(score, LeadSheet.from_score(score))


def test_a_rock_beat():
    hats = [(i / 2, 42) for i in range(8)]
    m = moved(drums=[*hats, (0, 36), (2, 36), (1, 38), (3, 38)])
    assert m.bpm == pytest.approx(120.0) and m.swing == pytest.approx(1.0)
    assert m.backbeat == 1.0 and m.four_floor == 0.5
    assert m.ride == m.hand_drums == m.sixteenths == 0.0
    assert m.drum_rate == 4.0


def test_swing_is_the_ratio_of_the_eighths():
    assert moved(drums=[(b + f, 51) for b in range(4) for f in (0, 2 / 3)]).swing == pytest.approx(
        2
    )
    assert moved(drums=[(b + f, 51) for b in range(4) for f in (0, 0.6)]).swing == pytest.approx(
        1.5
    )
    assert np.isnan(moved(drums=[(0, 36)]).swing)


def test_swing_share_is_the_long_eighths_part_of_the_pair():
    beats = np.arange(8.0)
    for place in (0.5, 0.6, 2 / 3):
        assert swing_share([beats, beats + place]) == pytest.approx(place)
    assert swing_share([beats + 0.46]) == 0.5
    assert np.isnan(swing_share([beats]))
    song = compose(3, style="jazz", num_bars=8)
    expected = song.tags["swing"] / (1 + song.tags["swing"])
    assert swing_of(song, LeadSheet.from_score(song)) == pytest.approx(expected, abs=0.03)
    assert np.isnan(swing_of(song, LeadSheet()))


PLAIN = Movement(100.0, 1.0, 0.1, 0.5, 0.9, 0.3, 0.2, 0.5, 0.0, 0.0, 4.5, 0.0)
PROGRAMS = {"bass": 33, "drums": 128, "guitar": 27, "piano": 0}


WALKING = {"swing": 2.0, "walking": 0.9}
TRAIN = {"four_floor": 1.0, "backbeat": 0.0, "walking": 1.0, "strong_chords": 0.1}
SHUFFLE = {"swing": 2.0, "two_feel": 0.5, "sixteenths": 0.0}
SLOW = {"bpm": 70.0, "drum_rate": 2.5, "two_feel": 0.7}


def named(movement, programs):
    m, p = replace(PLAIN, **movement), {**PROGRAMS, **programs}
    return next((style for style, rule in RULES.items() if rule(m, p)), "unknown")


@pytest.mark.parametrize(
    ("style", "movement", "programs"),
    [
        ("jazz", {**WALKING, "backbeat": 0.2, "ride": 0.5}, {}),
        ("jazz", WALKING, {"bass": 32, "guitar": 26}),
        ("jazz", {"swing": 2.0, "ride": 0.3}, {"bass": 32, "guitar": 24}),
        ("rock", {}, {"guitar": 30}),
        ("funk", {"sixteenths": 0.4}, {"bass": 36}),
        ("funk", {"sixteenths": 0.4}, {"guitar": 28}),
        ("country", TRAIN, {"guitar": 25}),
        ("country", {"two_feel": 1.0, "bpm": 160.0}, {"guitar": 24}),
        ("country", SHUFFLE, {"guitar": 25}),
        ("ballad", SLOW, {}),
    ],
)
def test_a_style_needs_its_own_movement(style, movement, programs):
    assert named(movement, programs) == style


@pytest.mark.parametrize(
    ("movement", "programs"),
    [
        ({}, {}),
        ({**WALKING, "ride": 0.5}, {}),
        ({"backbeat": 0.3}, {"guitar": 30}),
        ({"sixteenths": 0.4, "dominant": 0.9}, {}),
        (TRAIN, {}),
        ({"two_feel": 1.0, "bpm": 140.0}, {"guitar": 25}),
        ({**SHUFFLE, "ride": 0.5}, {"guitar": 25}),
        ({**SLOW, "swing": 2.0}, {}),
        ({**SLOW, "strong_chords": 0.0}, {}),
    ],
)
def test_what_other_styles_do_as_well_names_none(movement, programs):
    assert named(movement, programs) == "unknown"


GROOVES = {
    "blues": {"swing": 2.0, "dominant": 1.0, "walking": 0.0},
    "reggae": {"strong_chords": 0.0, "backbeat": 0.3, "bpm": 76.0},
    "electronic": {"four_floor": 1.0, "bpm": 126.0},
    "latin": {"hand_drums": 0.5, "backbeat": 0.0, "two_feel": 0.0},
}


@pytest.mark.parametrize("style", GROOVES)
def test_some_styles_need_their_genre_as_well(style):
    groove = replace(PLAIN, **GROOVES[style])
    assert named(GROOVES[style], {}) == "unknown"
    assert [s for s, rule in RULES_IN_GENRE.items() if rule(groove)][:1] == [style]
    assert not RULES_IN_GENRE[style](PLAIN)


def test_every_style_but_pop_has_one_rule():
    assert sorted([*RULES, *RULES_IN_GENRE, "pop"]) == sorted(STYLES)
    assert set(RULES_IN_GENRE) <= set(GENRES)


def test_a_genre_does_not_name_a_style_by_itself():
    song = compose(6, style="electronic", num_bars=8)
    sheet = LeadSheet.from_score(song)
    assert STYLES[style_of(song, sheet, "electronic")] == "electronic"
    assert style_of(song, sheet, "rock") == style_of(song, sheet) == -1
    assert style_of(song, sheet, "blues") == -1


def test_walking_and_two_feel():
    m = moved(bass=[(0, 36), (1, 40), (2, 43), (3, 45)])
    assert m.walking == 1.0 and m.two_feel == 0.0
    m = moved(bass=[(0, 36), (2, 43)])
    assert m.walking == 0.5 and m.two_feel == 1.0


def test_where_the_chords_fall():
    assert moved(guitar=[(1, 60), (3, 60)]).strong_chords == 0.0
    assert moved(piano=[(0, 60), (2, 60)]).strong_chords == 1.0
    assert moved(bass=[(0.25, 36), (0.75, 36), (1, 36), (2, 36)]).sixteenths == 0.5


def test_nothing_moves_without_notes_or_beats():
    silent = Score({s: Notes.empty() for s in STEMS}, 4.0, BEATS, np.arange(33) % 4)
    assert movement_of(silent, LeadSheet.from_score(silent)) is None
    assert style_of(silent, LeadSheet.from_score(silent)) == -1


def test_styles_of_composed_songs_are_right_or_unknown():
    """A style that is named is nearly always the right one; half of those with a rule get one."""
    songs = [compose(seed, style=seed % 10, num_bars=12) for seed in range(30)]
    styles = [style_of(song, LeadSheet.from_score(song)) for song in songs]
    pairs = [
        (STYLES[i], song.tags["style"]) for i, song in zip(styles, songs, strict=True) if i >= 0
    ]
    assert len(pairs) >= 8 and np.mean([found == meant for found, meant in pairs]) > 0.8
