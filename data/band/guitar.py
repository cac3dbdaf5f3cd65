"""The guitarist: strums, picked chords, power chords, skanks, scratches, all written as text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.band.bar import Bar, Event, Step, pick_two, steps
from data.band.melody import Melodist
from data.band.voicing import guitar_shape, power_chord
from data.chords import NO_CHORD

STRUM_SECONDS = 0.011  # from one string to the next

# D, U strum down, up; d only the low strings; x muted strings; b bass string; p power chord, m
# muted power chord; s short chord on the high strings; h held chord; 1-5 one string, 1 the highest
PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "4/4": {
        "pop": (
            "D---D-U---U-D-U-",
            "D---D---D-U-D-U-",
            "b-3-2-1-2-3-2-3-",
            "h---------------",
            "--s---s---s---s-",
            "D-D-DUDU-UDUD-U-",
        ),
        "rock": (
            "m-m-m-m-m-m-m-m-",
            "p-----p-p-------",
            "p---p---p---p---",
            "p-m-m-p-m-m-p-m-",
            "D-D-D-DUD-D-D-DU",
            "p---------------",
        ),
        "funk": (
            "xxsxxsxxxxsxsxxx",
            "--sx-xs---sx-x--",
            "s--s--x-s--s-x--",
            "x-x-sxx-x-x-sx-s",
            "s---x-s---x-s---",
        ),
        "jazz": ("s---s---s---s---", "s-----s---------", "--s-----s-----s-", "h-------s-------"),
        "blues": ("d-d-d-d-d-d-d-d-", "s---s---s---s---", "----s-------s---", "b-d-b-d-b-d-b-d-"),
        "country": (
            "b---D---b---D---",
            "b---D-U-b---D-U-",
            "b-3-2-3-b-1-2-3-",
            "D-DUD-DUD-DUD-DU",
            "b-s-b-s-b-s-b-s-",
        ),
        "electronic": (
            "h---------------",
            "--s---s---s---s-",
            "xxsxxxsxxxsxxxsx",
            "s--s--s---s--s--",
        ),
        "latin": ("b--ss--sb--s-s--", "--s--ss---s-s---", "b-3-2-1-b-3-1-2-", "D--UD-U-D--UD-U-"),
        "reggae": ("----s-------s---", "--s---s---s---s-", "----sU------sU--", "----s---x---s-x-"),
        "ballad": (
            "b-3-2-1-b-3-2-1-",
            "b-4-3-2-1-2-3-4-",
            "D-------D---D-U-",
            "h---------------",
            "b---3---1---2---",
        ),
    },
    "3/4": {
        "pop": ("D---D---D-U-", "b-3-2-1-2-3-"),
        "jazz": ("s---s---s---", "s-----s-----"),
        "country": ("b---D---D---", "b---D-U-D-U-"),
        "ballad": ("b-3-2-1-2-3-", "h-----------", "D-----D-D-U-"),
    },
    "12/8": {
        "pop": ("b32123b32123", "D-UD-UD-UD-U", "D-----D-UD-U"),
        "rock": ("m-mm-mm-mm-m", "p-----p--p--", "p-----------"),
        "blues": ("d-dd-dd-dd-d", "--s--s--s--s", "s--s--s--s--"),
        "ballad": ("b32123b32123", "b43212b43212", "h-----------"),
    },
}
_STRENGTH = {"D": 0.85, "U": 0.62, "d": 0.78, "x": 0.35, "b": 0.8, "p": 0.95, "m": 0.72, "s": 0.75}
_RING = {"D": 1.0, "U": 1.0, "h": 1.0, "d": 0.9, "p": 0.95, "m": 0.45, "s": 0.35, "x": 0.12}


@dataclass(frozen=True)
class Guitarist:
    """Plays one part in the verses, one in the loud sections, and may take the bridge as a solo.

    Attributes:
        verse, chorus: parts of `PARTS`.
        position: fret about which shapes lie.
        strum: beats from one string to the next.
        solo: the line played in the bridge, None for chords there too.
    """

    verse: str
    chorus: str
    position: int
    strum: float
    solo: Melodist | None

    @classmethod
    def for_style(
        cls,
        style: str,
        meter: str,
        drive: float,
        beat_seconds: float,
        solo: Melodist | None,
        rng: np.random.Generator,
    ) -> Guitarist:
        """A guitarist of a style; drive 0-1 leans to busier parts."""
        verse, chorus = pick_two(PARTS, style, meter, drive, rng, change=0.6)
        high = style in ("funk", "reggae", "jazz", "electronic", "latin")
        position = int(rng.integers(3, 8) if high else rng.integers(0, 4))
        return cls(verse, chorus, position, STRUM_SECONDS / beat_seconds, solo)

    def play(self, bar: Bar, rng: np.random.Generator) -> list[Event]:
        if bar.ending:
            return self._stroke(Step(0.0, bar.meter.beats * 0.85, "D"), bar)
        if self.solo is not None and bar.section == "bridge":
            return self.solo.play(bar, rng)
        part = steps(self.chorus if bar.loud else self.verse, bar.meter)
        events = []
        for step in self._held_to_changes(part, bar):
            events += self._stroke(step, bar)
        return events

    def _held_to_changes(self, part: tuple[Step, ...], bar: Bar) -> list[Step]:
        """The part with notes stopped, and long ones struck again, where the chord changes."""
        result = list(part)
        for beat, _, _ in bar.spans()[1:]:
            if not any(abs(s.start - beat) < 0.3 for s in result):
                token = next((s.token for s in reversed(part) if s.start < beat), "D")
                if token in "hpD":
                    result.append(Step(float(beat), bar.meter.beats - beat, token))
        result.sort()
        changes = [float(b) for b, _, _ in bar.spans()[1:]]
        stop = lambda s: min([c for c in changes if c > s.start + 1e-6] + [s.start + s.length])
        return [Step(s.start, stop(s) - s.start, s.token) for s in result]

    def _stroke(self, step: Step, bar: Bar) -> list[Event]:
        """The notes of one stroke, string after string."""
        chord = bar.chord_at(step.start)
        if chord == NO_CHORD:
            return []
        token = step.token
        strength = _STRENGTH.get(token, 0.7) + (0.08 if step.start % 1.0 == 0 else 0.0)
        if token in "pm":
            pitches = power_chord(chord)[: 2 if token == "m" else 3]
        else:
            pitches = self._strings(guitar_shape(chord, self.position), token)
        length = step.length * _RING[token] if token in _RING else self._ring(step, bar)
        spread = self.strum * (1 if token in "DUh" else 0.4)
        order = pitches[::-1] if token == "U" else pitches
        return [
            Event(step.start + i * spread, max(length - i * spread, 0.08), p, strength)
            for i, p in enumerate(order)
        ]

    @staticmethod
    def _strings(shape: tuple[int, ...], token: str) -> tuple[int, ...]:
        if token in "Dh":
            return shape
        if token in "Us":
            return shape[-3:]
        if token == "d":
            return shape[:3]
        if token == "x":
            return shape[-2:]
        if token == "b":
            return shape[:1]
        return (shape[-min(int(token), len(shape))],)

    @staticmethod
    def _ring(step: Step, bar: Bar) -> float:
        """A picked string rings to the end of its chord, at most two beats."""
        end = next(b + n for b, n, _ in bar.spans() if step.start < b + n)
        return min(end - step.start, 2.0)
