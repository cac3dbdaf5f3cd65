"""The drummer: the written groove, fills before new sections, crashes on them."""

import numpy as np
import pytest

from data.band.bar import METERS
from data.band.drums import GROOVES, KEYS, Drummer
from tests.data.band.bars import bar_of

ROCK = {"hat": "x-x-x-x-x-x-x-x-", "snare": "----X-------X---", "kick": "X-------X-------"}


def test_every_groove_is_a_bar_long():
    for meter, styles in GROOVES.items():
        for groove in (g for grooves in styles.values() for g in grooves):
            assert set(groove) <= set(KEYS)
            assert {len(text) for text in groove.values()} == {METERS[meter].steps}
            assert {c for text in groove.values() for c in text} <= set("Xxo-")


def test_the_groove_is_played_as_written():
    events = Drummer(ROCK, ROCK, busy=0.0).play(bar_of("C", place=1), np.random.default_rng(0))
    assert sorted(e.start for e in events if e.pitch == 38) == [1.0, 3.0]
    assert sorted(e.start for e in events if e.pitch == 36) == [0.0, 2.0]
    assert sum(e.pitch == 42 for e in events) == 8
    assert Drummer(ROCK, ROCK, 0.0).kicks(bar_of("C")) == [0.0, 2.0]


def test_fills_come_before_a_new_section_and_crashes_on_it():
    drummer, rng = Drummer(ROCK, ROCK, busy=0.0), np.random.default_rng(0)
    fills = [drummer.play(bar_of("C", place=3, last=True), rng) for _ in range(40)]
    late = [any(e.pitch in (50, 47, 45, 43) for e in events) for events in fills]
    assert 20 <= sum(late) <= 40
    first = bar_of("C", place=0)
    object.__setattr__(first, "number", 8)
    assert any(e.pitch == KEYS["crash"] for e in drummer.play(first, rng))


@pytest.mark.parametrize("meter", ["3/4", "6/8", "12/8"])
def test_other_meters_stay_in_their_bar(meter):
    rng = np.random.default_rng(0)
    drummer = Drummer.for_style("ballad", meter, 0.8, rng)
    for place in range(8):
        events = drummer.play(bar_of("C", meter=meter, place=place, last=place == 7), rng)
        assert events and all(0 <= e.start < METERS[meter].beats for e in events)
