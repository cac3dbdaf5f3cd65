"""The table of adherence: every measure of every condition on notes and sound, with its bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.lead_sheet import LeadSheet
from metrics.adherence.facts import Facts, Measured
from metrics.adherence.following import FOLLOWING
from metrics.adherence.measures import (
    DIRECTED_CONDITIONS,
    MEASURES,
    Measure,
    expectations_met,
    medians,
    meets,
)
from metrics.adherence.requests import Request
from metrics.analysis import mean_known
from metrics.report import UNKNOWN, Row

SIDES = ("notes", "sound")
ALL_WAYS = "all"
HELD_OUT = "held-out words"
MEANS = {"floor_is": "the same wish, songs that were asked for nothing", "ceiling_is": "real songs"}


@dataclass(frozen=True)
class Answer:
    """A request and the song that came of it."""

    request: Request
    song: Measured


@dataclass(frozen=True)
class RealSong:
    """A real segment: what is known of it, what is measured of it, and its own lead sheet."""

    known: Facts
    song: Measured
    sheet: LeadSheet | None = None


def adherence_rows(
    answers: Sequence[Answer], unasked: Sequence[Measured], real: Sequence[RealSong]
) -> list[Row]:
    """Rows by condition, way of asking and side.

    Args:
        answers: what was asked and what came.
        unasked: songs of the same model that were asked for nothing: the floor.
        real: real songs and what is known of them: the ceiling.
    """
    rows = []
    for condition in dict.fromkeys(a.request.condition for a in answers):
        asked = [a for a in answers if a.request.condition == condition]
        ways = list(dict.fromkeys(a.request.way for a in asked))
        for way in [*ways, *([ALL_WAYS] if condition == HELD_OUT else [])]:
            group = asked if way == ALL_WAYS else [a for a in asked if a.request.way == way]
            for side in SIDES:
                rows += _fact_rows(condition, way, side, group, unasked, real)
            rows += _following_rows(condition, way, group, unasked, real)
    return rows


def _of_side(songs: Sequence[Measured], side: str) -> list[Facts]:
    return [facts for song in songs if (facts := getattr(song, side)) is not None]


def _fact_rows(
    condition: str,
    way: str,
    side: str,
    answers: Sequence[Answer],
    unasked: Sequence[Measured],
    real: Sequence[RealSong],
) -> list[Row]:
    """Rows of one way of asking on one side; a measure that could judge nothing gives none."""
    answers = [a for a in answers if getattr(a.song, side) is not None]
    wishes = [a.request.expects for a in answers]
    results, others = _of_side([a.song for a in answers], side), _of_side(unasked, side)
    rows = []
    for measure in _measures(condition, way, wishes, others):
        value, count = measure.value(wishes, results)
        if count:
            floor, ceiling = measure.floor(wishes, others), _ceiling(condition, measure, side, real)
            name = f"{measure.name}, {way}, {side}"
            rows.append(Row(condition, name, value, floor, ceiling, measure.better, count, **MEANS))
    return rows


def _ceiling(condition: str, measure: Measure, side: str, real: Sequence[RealSong]) -> float:
    """The measure of real songs against what is known of them; unknown for directions."""
    if condition in DIRECTED_CONDITIONS:
        return UNKNOWN
    heard = [r for r in real if getattr(r.song, side) is not None]
    return measure.value([r.known for r in heard], [getattr(r.song, side) for r in heard])[0]


def _measures(
    condition: str, way: str, wishes: Sequence[Facts], unasked: Sequence[Facts]
) -> Sequence[Measure]:
    """The measures of a condition; of held-out words also every fact apart."""
    if condition in DIRECTED_CONDITIONS:
        middle = medians(unasked)
        facts = dict.fromkeys(fact.partition(".")[0] for wish in wishes for fact in wish)
        apart = facts if condition == HELD_OUT and way == ALL_WAYS else ()
        return (expectations_met(middle), *(expectations_met(middle, fact) for fact in apart))
    return MEASURES.get(condition, ())


def _following_rows(
    condition: str,
    way: str,
    answers: Sequence[Answer],
    unasked: Sequence[Measured],
    real: Sequence[RealSong],
) -> list[Row]:
    """How closely songs keep to the sheets that were asked for; floor: songs without a sheet."""
    pairs = [(a.song, a.request.sheet) for a in answers if a.request.sheet is not None]
    if not pairs:
        return []
    floors = [(song, sheet) for song in unasked for _, sheet in pairs]
    ceilings = [(r.song, r.sheet) for r in real if r.sheet is not None]
    rows = []
    for name, measure in FOLLOWING.items():
        values = [[measure(*pair) for pair in group] for group in (pairs, floors, ceilings)]
        count = sum(value == value for value in values[0])
        if count:
            means = [mean_known(group) for group in values]
            rows.append(Row(condition, name, *means, count=count, **MEANS))
    return rows


def misses(answers: Sequence[Answer], unasked: Sequence[Measured]) -> list[dict]:
    """Every wish in words of which less than half of what it expects was met, the worst first."""
    middle = {side: medians(_of_side(unasked, side)) for side in SIDES}
    shares: dict[tuple, list[float]] = {}
    for answer in answers:
        if answer.request.condition not in DIRECTED_CONDITIONS:
            continue
        for fact, asked in answer.request.expects.items():
            for side in SIDES:
                if (facts := getattr(answer.song, side)) is not None:
                    key = (answer.request.way, answer.request.said.get("text"), fact, asked, side)
                    shares.setdefault(key, []).append(meets(fact, asked, facts, middle[side]))
    names = ("way", "text", "fact", "asked", "side")
    found = [dict(zip(names, k, strict=True)) | {"met": mean_known(v)} for k, v in shares.items()]
    return sorted((m for m in found if m["met"] < 0.5), key=lambda m: m["met"])
