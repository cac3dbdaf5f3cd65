"""Every style and genre has its instruments; an emotion has none."""

import pytest

from data.labels import GENRES
from data.movement import STYLES
from models.style_transfer.habits import habits_of

FAMILIES = {"bass": range(32, 40), "guitar": range(24, 32), "piano": range(8)}


@pytest.mark.parametrize(("label", "table"), [("style", STYLES), ("genre", GENRES)])
def test_every_name_has_an_instrument_of_its_family_for_each_stem(label, table):
    for index in range(len(table)):
        habits = habits_of({label: index})
        assert all(habits.programs[stem] in family for stem, family in FAMILIES.items())
        assert 0.5 <= habits.swing <= 0.67


def test_jazz_swings_on_an_upright_bass_and_funk_slaps_straight():
    jazz, funk = (habits_of({"style": STYLES.index(name)}) for name in ("jazz", "funk"))
    assert jazz.swing == pytest.approx(1.825 / 2.825) and jazz.programs["bass"] == 32
    assert funk.swing == 0.5 and funk.programs["bass"] == 36


def test_style_goes_before_genre_and_an_emotion_has_no_habits():
    both = {"style": STYLES.index("jazz"), "genre": GENRES.index("rock")}
    assert habits_of(both) == habits_of({"genre": GENRES.index("jazz")})
    assert habits_of({"emotion": 0}) is None
