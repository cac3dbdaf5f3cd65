"""What a style says before a note is played: its instruments and how its eighths fall.

Both come from the style book of composed music (`data.band.styles`): the first instrument of each
stem, which is the one by which `data.movement` knows the style where it asks for one, and the
middle of the range of swing. Soul is a genre that the book does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.band.styles import STYLE_BOOK
from data.labels import GENRES
from data.movement import STYLES


@dataclass(frozen=True)
class Habits:
    """Of a style: programs (stem -> General MIDI program) and the share of the long eighth."""

    programs: Mapping[str, int]
    swing: float


# fingered bass, clean electric guitar, electric piano
SOUL = Habits({"bass": 33, "guitar": 27, "piano": 4}, 0.5)


def habits_of(ids: Mapping[str, int]) -> Habits | None:
    """The habits of a style, else of a genre, by id; None where neither is said.

    Args:
        ids: "style", "genre" or "emotion" -> id.
    """
    if "style" in ids:
        return _from_book(STYLES[ids["style"]])
    if "genre" in ids:
        name = GENRES[ids["genre"]]
        return SOUL if name == "soul" else _from_book(name)
    return None


def _from_book(name: str) -> Habits:
    book = STYLE_BOOK[name]
    ratio = sum(book.swing) / 2
    return Habits(
        {stem: choices[0] for stem, choices in book.programs.items()}, ratio / (1 + ratio)
    )
