"""Was it good enough? What must hold and what is aimed at, answered from the rows of an evaluation.

Nothing here is a result: each target names rows, how they become one number, and its bounds. A row
that is not there leaves its target open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from metrics.report import UNKNOWN, Row, written
from utils import STEMS

Rows = Mapping[tuple[str, str], Row]


def gap_share(row: Row) -> float:
    """How far a value has come from its floor (0) to its ceiling (1); NaN where they are equal.

    The ceiling must be on the better side of the floor, else there is no way to go.
    """
    way = row.ceiling - row.floor
    forward = way > 0 if row.better == "higher" else way < 0
    return (row.value - row.floor) / way if forward else UNKNOWN


def excess(row: Row) -> float:
    """(value - ceiling) / (floor - ceiling): 0 as good as real, 1 as bad as wrong."""
    return 1.0 - gap_share(row)


@dataclass(frozen=True)
class Target:
    """One line of what must hold.

    Attributes:
        name: what is judged. rows: (group, name) of rows; the worst of them counts.
        number: a row -> the judged number.
        must, aim: bounds, NaN where there is none. lower: whether less is better.
    """

    name: str
    rows: Sequence[tuple[str, str]]
    number: Callable[[Row], float]
    must: float = UNKNOWN
    aim: float = UNKNOWN
    lower: bool = False


@dataclass(frozen=True)
class Verdict:
    """A target with its number; `met` is "aim", "must", "no", or "-" when it is not known."""

    name: str
    value: float
    must: float
    aim: float
    met: str


def _value(row: Row) -> float:
    return row.value


SOUND = (
    Target("identity, the worst stem",
           [("identity", f"accuracy, {stem}") for stem in STEMS], _value, 0.95, 0.99),
    *(
        Target(f"sound distance to real over wrong, {label}, {stem}",
               [("features", f"{label}, {stem}")], excess, 0.3, 0.05, lower=True)
        for label in ("Frechet", "MMD")
        for stem in (*STEMS, "mix")
    ),
)  # fmt: skip
COHERENCE = tuple(
    Target(f"coherence, {name}, shuffled 0 to real 1", [("coherence", name)], gap_share, 0.5, 0.9)
    for name in ("chroma, sound", "chroma, notes", "onsets, sound", "onsets, notes")
)
# what SyncTrack reaches (arXiv 2603.01101), with another beat tracker than ours
PUBLISHED_BEATS = {"CBS 70 ms": (0.487, False), "CBD": (0.120, True), "IRS s": (0.125, True)}
BEATS = (
    *(
        Target(f"beats, {name}, shuffled 0 to real 1", [("coherence", f"beats, {name}")],
               gap_share, 0.5)
        for name in PUBLISHED_BEATS
    ),
    *(
        Target(f"beats, {name}, aim published with another tracker",
               [("coherence", f"beats, {name}")], _value, aim=aim, lower=lower)
        for name, (aim, lower) in PUBLISHED_BEATS.items()
    ),
)  # fmt: skip
SCORE_AND_CODEC = (
    Target("sound plays its score, onset F1",
           [("sound plays its score", "onset F1, generated, all")], _value, 0.5, 0.85),
    Target("codec, SI-SDR dB, the worst of bass, guitar, piano",
           [("codec", f"SI-SDR dB, {stem}") for stem in STEMS if stem != "drums"],
           _value, aim=5.0),
)  # fmt: skip
# rows of `metrics.adherence` in the same table, where it was measured
ADHERENCE = (
    Target("tempo asked as a number within 8 %, in the notes",
           [("tempo", "within 8 %, number, notes")], _value, 0.7, 0.95),
    Target("key asked as an argument, exact, relative or fifth, in the notes",
           [("key", "exact, relative or fifth, argument, notes")], _value, 0.5, 0.85),
    Target('"no X" silences X and only X, in the sound',
           [("silent stems", "the asked stem and no other silent, words, sound")],
           _value, 0.9, 0.99),
)  # fmt: skip
COST = (
    Target("seconds for four stems of 11.9 s, warm", [("cost", "warm seconds")],
           _value, 4.0, 0.8, lower=True),
)  # fmt: skip
TARGETS = (*SOUND, *COHERENCE, *BEATS, *SCORE_AND_CODEC, *ADHERENCE, *COST)


def _worst(target: Target, rows: Rows) -> float:
    values = [target.number(rows[key]) for key in target.rows if key in rows]
    if len(values) < len(target.rows) or any(v != v for v in values):
        return UNKNOWN
    return max(values) if target.lower else min(values)


def _met(target: Target, value: float) -> str:
    if value != value:
        return "-"
    reached = lambda bound: value <= bound if target.lower else value >= bound
    if reached(target.aim):
        return "aim"
    if target.must == target.must:
        return "must" if reached(target.must) else "no"
    return "no"


def summarise(rows: Sequence[Row]) -> list[Verdict]:
    """The verdict on every target whose rows are there."""
    by_name = {(row.group, row.name): row for row in rows}
    verdicts = []
    for target in TARGETS:
        if any(key in by_name for key in target.rows):
            value = _worst(target, by_name)
            met = _met(target, value)
            verdicts.append(Verdict(target.name, value, target.must, target.aim, met))
    return verdicts


def summary_table(verdicts: Sequence[Verdict]) -> str:
    """A text table: what was judged, its number, what must hold, the aim, and which is met."""
    width = max([len(v.name) for v in verdicts], default=7)
    lines = [f"{'summary':<{width}} {'value':>9} {'must':>9} {'aim':>9}  met"]
    for v in verdicts:
        numbers = " ".join(f"{written(n):>9}" for n in (v.value, v.must, v.aim))
        lines.append(f"{v.name:<{width}} {numbers}  {v.met}")
    return "\n".join(lines)
