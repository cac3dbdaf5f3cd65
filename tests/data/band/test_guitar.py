"""The guitarist: strums spread over the strings, notes that stop when the chord does."""

import numpy as np
import pytest

from data.band.bar import METERS
from data.band.guitar import PARTS, Guitarist
from data.band.melody import Melodist
from data.band.voicing import guitar_shape
from tests.data.band.bars import bar_of

RNG = np.random.default_rng(0)


def guitarist(part: str, solo: Melodist | None = None) -> Guitarist:
    return Guitarist(part, part, position=0, strum=0.02, solo=solo)


def test_every_part_is_a_bar_long():
    for meter, styles in PARTS.items():
        for part in (part for parts in styles.values() for part in parts):
            assert len(part) == METERS[meter].steps and set(part) <= set("DUdxbpmsh12345-")


def test_a_down_strum_goes_from_low_to_high_and_an_up_strum_back():
    down = guitarist("D---------------").play(bar_of("C"), RNG)
    assert tuple(e.pitch for e in down) == guitar_shape("C", 0)
    assert np.allclose(np.diff([e.start for e in down]), 0.02)
    up = guitarist("U---------------").play(bar_of("C"), RNG)
    assert [e.pitch for e in up] == sorted((e.pitch for e in up), reverse=True)


def test_notes_do_not_outlast_their_chord():
    bar = bar_of("C", "C", "G", "G")
    for part in ("h---------------", "b-3-2-1-2-3-2-3-", "p---------------"):
        for e in guitarist(part).play(bar, RNG):
            end = 2.0 if e.start < 2.0 else 4.0
            assert e.start + e.length <= end + 1e-9
    starts = {round(e.start) for e in guitarist("h---------------").play(bar, RNG)}
    assert starts == {0, 2}


def test_the_solo_takes_the_bridge():
    line = Melodist.for_style("blues", "4/4", 9, 67, np.random.default_rng(1))
    player = guitarist("D---D---D---D---", line)
    solo = player.play(bar_of("A7", section="bridge"), RNG)
    assert max(sum(e.start == f.start for f in solo) for e in solo) == 1
    assert len(player.play(bar_of("A7"), RNG)) > 12


@pytest.mark.parametrize("style", PARTS["4/4"])
def test_every_style_plays_any_chord(style):
    rng = np.random.default_rng(5)
    player = Guitarist.for_style(style, "4/4", 0.5, 0.5, None, rng)
    for place, chord in enumerate(("E", "Bb7", "C#m", "Asus4", "F#m7", "Bdim", "Abmaj7")):
        events = player.play(bar_of(chord, place=place), rng)
        assert events and all(e.length > 0 and 40 <= e.pitch <= 88 for e in events)
    assert player.play(bar_of("N"), rng) == []
