"""The bassist: lines in every style, roots where chords begin, walking that arrives."""

import numpy as np
import pytest

from data.band.bar import METERS
from data.band.bass import HIGHEST, LINES, LOCK, LOWEST, WALK, Bassist
from data.chords import chord_root
from tests.data.band.bars import bar_of


def bassist(line: str) -> Bassist:
    return Bassist(line, line, key=0, short=0.9, home=36.0)


def test_every_line_is_a_bar_long():
    for meter, styles in LINES.items():
        for line in (line for lines in styles.values() for line in lines):
            assert line in (WALK, LOCK) or len(line) == METERS[meter].steps
            assert line in (WALK, LOCK) or set(line) <= set("rR3567a.-")


def test_degrees_over_a_chord():
    events = bassist("r---3---5---R---").play(bar_of("Am"), [], np.random.default_rng(0))
    assert [(e.start, e.pitch % 12) for e in events] == [(0, 9), (1, 0), (2, 4), (3, 9)]
    assert events[3].pitch - events[0].pitch == 12


@pytest.mark.parametrize("line", ["r-------5-------", "r-r-r-r-r-r-r-r-", WALK, LOCK])
def test_a_chord_inside_the_bar_begins_with_its_root(line):
    bar = bar_of("C", "C", "F", "F", next_chord="G")
    events = bassist(line).play(bar, [0.0, 1.5], np.random.default_rng(1))
    assert [e.pitch % 12 for e in events if e.start == 2.0] == [5]


def test_walking_goes_to_the_next_root_by_a_step_or_a_fifth():
    player, rng = bassist(WALK), np.random.default_rng(2)
    for _ in range(30):
        quarters = [
            e for e in player.play(bar_of("Dm7", next_chord="G7"), [], rng) if e.start % 1 == 0
        ]
        assert len(quarters) == 4 and quarters[0].pitch % 12 == 2
        interval = (quarters[-1].pitch - 7) % 12
        assert interval in (1, 2, 10, 11, 7, 9, 3)


def test_locked_to_the_kick():
    events = bassist(LOCK).play(bar_of("E"), [0.0, 0.75, 2.5], np.random.default_rng(0))
    assert [e.start for e in events] == [0.0, 0.75, 2.5]


@pytest.mark.parametrize("style", LINES["4/4"])
def test_every_style_stays_in_reach(style):
    rng = np.random.default_rng(3)
    player = Bassist.for_style(style, "4/4", 0.5, 4, rng)
    for place, chord in enumerate(("E", "B7", "C#m", "A", "F#m7", "Bdim", "Ab", "N") * 3):
        for event in player.play(bar_of(chord, place=place), [0.0], rng):
            assert LOWEST <= event.pitch <= HIGHEST and 0 <= event.start < 4 and event.length > 0


def test_the_last_bar_is_one_root():
    (event,) = bassist(WALK).play(bar_of("G", ending=True), [], np.random.default_rng(0))
    assert event.start == 0 and event.pitch % 12 == chord_root("G") and event.length > 3
