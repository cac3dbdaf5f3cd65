"""The form of a song: sections, the chords of their bars, who plays in each, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from data.band.bar import Bar, Meter
from data.band.styles import Style, chord_of
from data.chords import NO_CHORD
from utils import STEMS

Progression = list[list[str]]  # bars of one chord per beat

_FORMS = (
    "intro verse chorus verse chorus bridge chorus outro",
    "verse verse chorus verse chorus chorus outro",
    "intro verse verse bridge verse outro",
    "intro chorus verse chorus break chorus outro",
    "verse chorus break verse chorus bridge chorus",
)
_SHORT_FORM = "verse chorus verse chorus"
_SHORT_BARS = 12
_DRAWN_BARS = (24, 48)
_INTENSITY = {
    "intro": 0.4,
    "verse": 0.55,
    "chorus": 0.95,
    "bridge": 0.75,
    "break": 0.3,
    "outro": 0.6,
}
_ENDING_BARS = 4  # a song longer than this ends on a held chord


def draw_progressions(
    book: Style, key: int, meter: Meter, rng: np.random.Generator
) -> dict[str, Progression]:
    """A progression of the style for the verses and one for the loud sections."""
    minor = key >= 12
    verses = book.verse_minor if minor else book.verse
    choruses = book.chorus_minor if minor else book.chorus
    found = {}
    for name, choices in (("verse", verses), ("chorus", choruses)):
        cells = choices[rng.integers(len(choices))].split()
        bars = [[chord_of(n, key % 12) for n in cell.split("-")] for cell in cells]
        found[name] = [[c[b * len(c) // meter.beats] for b in range(meter.beats)] for c in bars]
    return found


def draw_form(
    progressions: Mapping[str, Progression],
    meter: Meter,
    num_bars: int | None,
    stems: frozenset[str],
    rng: np.random.Generator,
) -> tuple[list[Bar], list[list]]:
    """The bars of a song and its sections ([name, first bar, bars]).

    Args:
        progressions: for "verse" and "chorus", repeated as often as a section needs.
        num_bars: None draws a length.
        stems: who plays at all.
    """
    drawn, choice = rng.integers(_DRAWN_BARS[0], _DRAWN_BARS[1] + 1), rng.integers(len(_FORMS))
    total = int(drawn) if num_bars is None else num_bars
    form = (_FORMS[choice] if total > _SHORT_BARS else _SHORT_FORM).split()
    bars: list[Bar] = []
    sections: list[list] = []
    while len(bars) < total:
        name = form[len(sections) % len(form)]
        phrase = progressions["chorus" if name in ("chorus", "bridge") else "verse"]
        length = _section_length(name, len(phrase), rng)
        everyone = [stems] * length
        playing = _who_plays(name, stems, length, rng) if total > _SHORT_BARS else everyone
        count = min(length, total - len(bars))
        sections.append([name, len(bars), count])
        for place in range(count):
            bars.append(_bar(len(bars), place, count, name, phrase, playing[place], meter))
    return _joined(bars, stems), sections


def _section_length(name: str, phrase: int, rng: np.random.Generator) -> int:
    if name in ("intro", "outro", "break"):
        return min(int(rng.choice((2, 4))), phrase)
    return phrase if phrase >= 8 else phrase * 2


def _who_plays(
    name: str, stems: frozenset[str], length: int, rng: np.random.Generator
) -> list[frozenset[str]]:
    """Who plays in every bar: intros build up, breaks thin out, verses may rest someone."""
    order = [s for s in rng.permutation(STEMS) if s in stems]
    draws = rng.random(2)
    if name == "intro" and len(order) > 1:
        start = 1 + int(draws[0] * (len(order) - 1))
        grow = lambda bar: min(len(order), start + bar * len(order) // (2 * length))
        return [frozenset(order[: grow(bar)]) for bar in range(length)]
    if name == "break" and len(order) > 1:
        return [frozenset(order[: 1 + int(draws[0] * (len(order) - 1))])] * length
    if name == "verse" and len(order) > 2 and draws[1] < 0.3:
        return [frozenset(order[1:])] * length
    return [stems] * length


def _bar(
    number: int,
    place: int,
    count: int,
    section: str,
    phrase: list[list[str]],
    stems: frozenset[str],
    meter: Meter,
) -> Bar:
    return Bar(
        number=number,
        place=place,
        meter=meter,
        chords=tuple(phrase[place % len(phrase)]),
        next_chord=NO_CHORD,
        section=section,
        intensity=_INTENSITY[section],
        first=place == 0,
        last=place == count - 1,
        ending=False,
        stems=stems,
    )


def _joined(bars: list[Bar], stems: frozenset[str]) -> list[Bar]:
    """Bars that know the chord that follows; a longer song ends with all on one held chord."""
    following = [b.chords[0] for b in bars[1:]] + [bars[-1].chords[0]]
    bars = [replace(b, next_chord=c) for b, c in zip(bars, following, strict=True)]
    last = bars[-1]
    if len(bars) > _ENDING_BARS and len(last.spans()) == 1:
        bars[-1] = replace(last, ending=True, stems=stems)
    return bars
