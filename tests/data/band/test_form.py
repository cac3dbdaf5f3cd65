"""The form: exact length, chords in order, who plays, how it ends."""

import numpy as np
import pytest

from data.band.bar import METERS
from data.band.form import draw_form, draw_progressions
from data.band.styles import STYLE_BOOK
from utils import STEMS

EVERYONE = frozenset(STEMS)
PROGRESSION = dict.fromkeys(("verse", "chorus"), [["C"] * 4, ["F"] * 4, ["G"] * 4])


@pytest.mark.parametrize("num_bars", [1, 4, 5, 13, 40])
def test_the_length_is_exact_and_sections_tile_it(num_bars):
    bars, sections = draw_form(
        PROGRESSION, METERS["4/4"], num_bars, EVERYONE, np.random.default_rng(0)
    )
    assert [b.number for b in bars] == list(range(num_bars))
    assert sum(s[2] for s in sections) == num_bars
    for name, first, count in sections:
        part = bars[first : first + count]
        assert {b.section for b in part} == {name}
        assert part[0].first and part[-1].last and [b.place for b in part] == list(range(count))
    assert [b.ending for b in bars] == [False] * (num_bars - 1) + [num_bars > 4]


def test_bars_know_the_next_chord():
    bars, _ = draw_form(PROGRESSION, METERS["4/4"], 20, EVERYONE, np.random.default_rng(1))
    assert [b.next_chord for b in bars[:-1]] == [b.chords[0] for b in bars[1:]]


def test_intros_build_up_and_nobody_plays_who_was_not_asked():
    seen = set()
    for seed in range(30):
        bars, _ = draw_form(
            PROGRESSION, METERS["4/4"], 24, EVERYONE - {"piano"}, np.random.default_rng(seed)
        )
        assert all(b.stems and "piano" not in b.stems for b in bars)
        intro = [len(b.stems) for b in bars if b.section == "intro"]
        assert intro == sorted(intro)
        seen |= {b.section for b in bars if len(b.stems) < 3}
    assert {"intro", "verse", "break"} <= seen


def test_progressions_follow_the_key():
    rng = np.random.default_rng(0)
    found = draw_progressions(STYLE_BOOK["blues"], 4, METERS["12/8"], rng)
    assert found["verse"][0] == ["E7"] * 4 and len(found["verse"]) == 12
    found = draw_progressions(STYLE_BOOK["pop"], 21, METERS["3/4"], rng)
    assert all(len(bar) == 3 for bar in found["chorus"])
