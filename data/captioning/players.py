"""What a caption says about who plays: instruments by name, absent ones, and bands as a whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from data.captioning.band import (
    ABSENT_CLAUSES,
    ABSENT_DETAILS,
    ABSENT_TAGS,
    ALONE_CLAUSES,
    ALONE_DETAILS,
    ALONE_THINGS,
    BUSY_PART,
    DUOS,
    FULL_BAND,
    HEARD_CLAUSES,
    NAMED_TRIOS,
    ON,
    ONLY_CLAUSES,
    ONLY_DETAILS,
    PART_EDGES,
    PLAYED,
    PROGRAMS,
    SHORT,
    SPARSE_PART,
    TRIOS,
    WITH,
)
from data.captioning.facts import Known
from data.captioning.wording import Draw, Wording
from utils import STEMS

_JOINTS = (" and ", " and ", " and ", " & ", " + ", " with ")


@dataclass(frozen=True)
class Band:
    """Drawn mentions: words for instruments that play, names of stems that do not, and words for
    the whole band where it is known."""

    played: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    whole: Wording | None = None

    @property
    def silent(self) -> bool:
        return not (self.played or self.absent or self.whole)

    def details(self, draw: Draw) -> list[str]:
        """Phrases after a noun: "with slap bass and drums", "without piano"."""
        people = any(word.startswith("a ") for word in self.played)
        before = draw.one(WITH if people or draw.chance(0.7) else ON)
        found = [f"{before} {joined(self.played, draw)}"] if self.played else []
        if self.absent:
            found.append(draw.one(ABSENT_DETAILS).format(_either(self.absent, draw)))
        return found + ([draw.one(self.whole.details)] if self.whole else [])

    def clauses(self, draw: Draw) -> list[str]:
        """Sentences of their own: "let me hear slap bass", "leave out the piano"."""
        found = []
        if self.played:
            found.append(draw.one(HEARD_CLAUSES).format(joined(self.played, draw)))
        if self.absent:
            found.append(draw.one(ABSENT_CLAUSES).format(_either(self.absent, draw)))
        return found + ([draw.one(self.whole.clauses)] if self.whole else [])

    def tags(self, draw: Draw) -> list[str]:
        """Keywords: "slap bass", "no piano"."""
        absent = [draw.one(ABSENT_TAGS).format(name) for name in self.absent]
        whole = [draw.one(self.whole.keywords)] if self.whole else []
        return [*self.played, *absent, *whole]


def draw_band(known: Known, draw: Draw, talkative: float) -> Band:
    """Draws whom to mention; `talkative`, 0 to 1, is how many."""
    plays = known.labels.get("plays")
    if plays is None:
        return Band()
    playing = [i for i in range(len(STEMS)) if plays[i] == 1]
    silent = [i for i in range(len(STEMS)) if plays[i] == 0]
    share = 0.5 if silent else 0.15
    if playing and len(playing) + len(silent) == len(STEMS) and draw.chance(share * talkative):
        return Band(whole=_whole([_named(known, i, draw) for i in playing], playing, draw))
    played = [_part(known, i, draw) for i in draw.shuffled(playing) if draw.chance(0.7 * talkative)]
    absent = [i for i in draw.shuffled(silent) if draw.chance(max(talkative, 0.5))]
    return Band(tuple(played), tuple(draw.one(SHORT[STEMS[i]]) for i in absent))


def _named(known: Known, index: int, draw: Draw) -> str:
    """A short name of a stem's instrument, without an article."""
    program = _program(known, index)
    use = program in PROGRAMS and draw.chance(0.5)
    return draw.one(PROGRAMS[program] if use else SHORT[STEMS[index]])


def _program(known: Known, index: int) -> int:
    programs = known.labels.get("program")
    return -1 if programs is None else int(programs[index])


def _part(known: Known, index: int, draw: Draw) -> str:
    """Words for what a stem plays on, perhaps with how much it plays."""
    stem, program = STEMS[index], _program(known, index)
    use = program in PROGRAMS and draw.chance(0.6)
    word = draw.one(PROGRAMS[program] if use else PLAYED[stem])
    densities = known.labels.get("density")
    density = math.nan if densities is None else float(densities[index])
    low, high = PART_EDGES[stem]
    tells = density <= low or density >= high
    if not tells or word.startswith("a ") or " with " in word or draw.chance(0.5):
        return word
    return f"{draw.one(SPARSE_PART if density <= low else BUSY_PART)} {word}"


def _whole(names: list[str], playing: list[int], draw: Draw) -> Wording:
    """Words that say exactly who plays and nobody else."""
    if len(names) == len(STEMS):
        return FULL_BAND
    if len(names) == 1:
        name = names[0]
        return Wording(
            details=tuple(text.format(name) for text in ALONE_DETAILS),
            clauses=tuple(text.format(name) for text in ALONE_CLAUSES),
            tags=tuple(text.format(name) for text in ALONE_THINGS),
        )
    together = joined(names, draw)
    size = DUOS if len(names) == 2 else TRIOS
    size += NAMED_TRIOS.get(frozenset(STEMS[i] for i in playing), ())
    only = tuple(text.format(together) for text in ONLY_DETAILS)
    return Wording(
        details=(*only, *only, f"for {together}, {draw.one(size)}"),
        clauses=tuple(text.format(together) for text in ONLY_CLAUSES),
        tags=(f"{together} only", f"just {together}", f"only {together}"),
    )


def joined(words: Sequence[str], draw: Draw) -> str:
    """A list in words: "a, b and c"."""
    if len(words) == 1:
        return words[0]
    joint = draw.one(_JOINTS) if len(words) == 2 else " and "
    return f"{', '.join(words[:-1])}{joint}{words[-1]}"


def _either(words: Sequence[str], draw: Draw) -> str:
    """Absent stems: "drums or piano"."""
    if len(words) == 1:
        return words[0]
    return f"{', '.join(words[:-1])} {draw.one(('or', 'or', 'and'))} {words[-1]}"
