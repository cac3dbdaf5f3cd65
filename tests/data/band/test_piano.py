"""The pianist: two hands, voice leading from bar to bar, a melody over it."""

import numpy as np
import pytest

from data.band.bar import METERS
from data.band.melody import Melodist
from data.band.piano import PARTS, Pianist
from data.chords import chord_tones
from tests.data.band.bars import bar_of

RNG = np.random.default_rng(0)


def pianist(part: str, **changes) -> Pianist:
    settings = {"centre": 62, "pedal": False, "line": None, "line_sections": frozenset()}
    return Pianist(part, part, **{**settings, **changes})


def test_every_part_is_a_bar_long():
    for meter, styles in PARTS.items():
        for part in (part for parts in styles.values() for part in parts):
            assert len(part) == METERS[meter].steps and set(part) <= set("CcsBFL12345-")


def test_both_hands():
    events = pianist("L---------------").play(bar_of("Am"), RNG)
    assert len(events) == 4 and {e.pitch % 12 for e in events} == set(chord_tones("Am"))
    assert min(e.pitch for e in events) % 12 == 9


def test_a_chord_inside_the_bar_is_struck():
    events = pianist("C---------------").play(bar_of("C", "C", "F", "F"), RNG)
    assert {e.start for e in events} == {0.0, 2.0}
    assert all(e.start + e.length <= 2.0 for e in events if e.start == 0)


def test_the_pedal_holds_single_notes():
    part = "1-2-3-----------"
    dry, wet = (pianist(part, pedal=p).play(bar_of("C"), RNG) for p in (False, True))
    assert dry[0].length == pytest.approx(0.48) and wet[0].length == pytest.approx(3.84)


def test_the_melody_lies_on_top_in_its_sections():
    line = Melodist.for_style("pop", "4/4", 0, 74, np.random.default_rng(3))
    player = pianist("C---------------", line=line, line_sections=frozenset({"verse"}))
    with_line = player.play(bar_of("C", section="verse"), RNG)
    without = player.play(bar_of("C", section="chorus"), RNG)
    assert len(with_line) > len(without) == 3


@pytest.mark.parametrize("style", PARTS["4/4"])
def test_every_style_plays_any_chord(style):
    rng = np.random.default_rng(5)
    player = Pianist.for_style(style, "4/4", 0.5, 62, None, rng)
    for place, chord in enumerate(("E", "Bb7", "C#m", "Asus4", "F#m7", "Bdim", "Abmaj7")):
        events = player.play(bar_of(chord, place=place), rng)
        assert events and all(e.length > 0 and 35 <= e.pitch <= 96 for e in events)
        assert {e.pitch % 12 for e in events} <= set(chord_tones(chord)) | {
            (chord_tones(chord)[0] + 7) % 12
        }
    assert player.play(bar_of("N"), rng) == []
