"""What the players share: the bar in front of them, their events, and rhythms written as text.

A rhythm is a string with one character per step of the bar; "-" is a rest and each player gives
the other characters a meaning ("D" a down-strum, "r" the root, "x" a hit). Positions are in beats
from the bar line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

import numpy as np

REST = "-"
Choice = TypeVar("Choice", str, dict[str, str])


class Event(NamedTuple):
    """A note: start and length in beats, MIDI pitch, strength 0-1.2 (0.8 is a normal stroke)."""

    start: float
    length: float
    pitch: int
    strength: float


class Meter(NamedTuple):
    """Beats in a bar and the steps that a beat divides into (4 straight, 3 in compound time)."""

    beats: int
    division: int

    @property
    def steps(self) -> int:
        return self.beats * self.division


METERS = {"4/4": Meter(4, 4), "3/4": Meter(3, 4), "6/8": Meter(2, 3), "12/8": Meter(4, 3)}


@dataclass(frozen=True)
class Bar:
    """One bar of the plan.

    Attributes:
        number: from 0 in the song; `place` from 0 in its section.
        meter: beats and steps.
        chords: name per beat; `next_chord`: the first of the following bar.
        section: intro, verse, chorus, bridge, break or outro.
        intensity: 0 (quiet) to 1 (full).
        first, last: of its section; `ending`: the last bar of the song.
        stems: who plays.
    """

    number: int
    place: int
    meter: Meter
    chords: tuple[str, ...]
    next_chord: str
    section: str
    intensity: float
    first: bool
    last: bool
    ending: bool
    stems: frozenset[str]

    @property
    def loud(self) -> bool:
        """Whether the players use what they keep for the full sections."""
        return self.section in ("chorus", "bridge")

    def chord_at(self, position: float) -> str:
        """The chord at a position in beats; past the end it is the next bar's."""
        beat = int(position + 1e-6)
        return self.chords[beat] if beat < len(self.chords) else self.next_chord

    def spans(self) -> list[tuple[int, int, str]]:
        """(beat, beats long, chord) for every stretch of one chord."""
        starts = [b for b, c in enumerate(self.chords) if b == 0 or c != self.chords[b - 1]]
        ends = [*starts[1:], len(self.chords)]
        return [(a, b - a, self.chords[a]) for a, b in zip(starts, ends, strict=True)]


class Step(NamedTuple):
    """A character of a rhythm that is no rest: where, how long until the next one, and what."""

    start: float
    length: float
    token: str


@lru_cache(maxsize=4_096)
def steps(text: str, meter: Meter) -> tuple[Step, ...]:
    """The strokes of a rhythm written for this meter; 6/8 plays the first half of 12/8."""
    assert len(text) >= meter.steps, f"rhythm '{text}' is shorter than a bar of {meter}"
    places = [i for i in range(meter.steps) if text[i] != REST]
    ends = [*places, meter.steps][1:]
    return tuple(
        Step(a / meter.division, (b - a) / meter.division, text[a])
        for a, b in zip(places, ends, strict=True)
    )


def pick(choices: tuple[Choice, ...], drive: float, rng: np.random.Generator) -> Choice:
    """One of several rhythms (or grooves), by tendency a busier one for a higher drive.

    Args:
        choices: texts, or lanes of texts; a name without rests counts as a middling one.
        drive: 0 (calm) to 1 (busy).
    """
    ranked = sorted(choices, key=_strokes_of)
    place = np.clip(drive + rng.normal(0.0, 0.3), 0.0, 0.999)
    return ranked[int(place * len(ranked))]


def pick_two(
    written: Mapping[str, Mapping[str, tuple[Choice, ...]]],
    style: str,
    meter: str,
    drive: float,
    rng: np.random.Generator,
    *,
    change: float,
) -> tuple[Choice, Choice]:
    """What a player plays in the verses and in the loud sections: the same, or something busier.

    Args:
        written: meter -> style -> rhythms (or grooves).
        drive: 0 (calm) to 1 (busy).
        change: how often the loud sections have something of their own, 0 to 1.
    """
    choices = written[written_meter(meter)][style]
    verse = pick(choices, drive, rng)
    return verse, pick(choices, drive + 0.2, rng) if rng.random() < change else verse


def written_meter(meter: str) -> str:
    """The meter in which the rhythms of a meter are written: 6/8 is half of 12/8."""
    return "12/8" if meter == "6/8" else meter


def _strokes_of(rhythm: str | dict[str, str]) -> int:
    texts = rhythm.values() if isinstance(rhythm, dict) else [rhythm]
    return sum(len(t) - t.count(REST) for t in texts)
