"""The bassist: lines written as text over any chord, walking lines, lines locked to the kick."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.band.bar import Bar, Event, Meter, Step, pick_two, steps
from data.band.voicing import bass_degree, nearest, scale_of
from data.chords import NO_CHORD, chord_root, chord_tones

LOWEST, HIGHEST = 28, 52
WALK, LOCK = "walk", "lock"

# meter -> style -> lines: r root, R octave, 3 5 6 7 degrees, a approach to the next chord, . muted
LINES: dict[str, dict[str, tuple[str, ...]]] = {
    "4/4": {
        "pop": (
            "r-r-r-r-r-r-r-a-",
            "r-------r-5-r---",
            "r-----r-r-----5-",
            "r---r---r---5-a-",
            LOCK,
        ),
        "rock": (
            "r-r-r-r-r-r-r-r-",
            "r-r-r-R-r-r-5-a-",
            "r-----r-r-r---a-",
            "r-------r-r-----",
            LOCK,
        ),
        "funk": (
            "r--.-rR--.r-5-7-",
            "r-.r--R-.-r--7R-",
            "rR--r-.R--5-7-a-",
            "r-----7rR--.5-a-",
            LOCK,
        ),
        "jazz": (WALK, WALK, WALK, "r-------5-------"),
        "blues": (
            "r---3---5---6---",
            "r-r-3-3-5-5-6-6-",
            "r---5---6---7---",
            WALK,
            "r-r-5-5-6-6-5-5-",
        ),
        "country": ("r-------5-------", "r-------5-----a-", "r-------5---r-3-", "r---r---5---5---"),
        "electronic": (
            "--r---r---r---r-",
            "r-R-r-R-r-R-r-R-",
            "rrrrrrrrrrrrrrrr",
            "r--r--r-r--r--R-",
            "r-----r---r-----",
        ),
        "latin": ("r-----5-----a---", "r-----5-R-----5-", "r--5R--5r--5R--a", "r-----5-r-----a-"),
        "reggae": (
            "----r-5-r---3-5-",
            "r---r-r-3---5---",
            "r-----5-3-r-----",
            "--r-3-5-----5-3-",
        ),
        "ballad": ("r---------------", "r-------5-------", "r-----r-5-------", "r-------r---5-a-"),
    },
    "3/4": {
        "pop": ("r-------5---", "r-----r-5-a-"),
        "jazz": (WALK, "r-------5---"),
        "country": ("r-----------", "r-------5---", "r---5---3---"),
        "ballad": ("r-----------", "r-------5-a-"),
    },
    "12/8": {
        "pop": ("r--r-r5--5-a", "r-----r----a", "r--r--r--5--"),
        "rock": ("r-rr-rr-rr-r", "r----rr----a"),
        "blues": ("r--3--5--6--", "r-r3-35-56-6", "r--5--6--7--"),
        "ballad": ("r-----------", "r-----5-----", "r----r5----a"),
    },
}


@dataclass
class Bassist:
    """Plays a line in the verses and one in the loud sections, never far from the last place.

    Attributes:
        verse, chorus: lines of `LINES`.
        key: 0-23, whose scale the walking line uses.
        short: how much of each note's room sounds, 0.4 (staccato) to 0.98 (legato).
        home: pitch about which roots lie.
        last: pitch played last.
    """

    verse: str
    chorus: str
    key: int
    short: float
    home: float
    last: int = field(default=36)

    @classmethod
    def for_style(
        cls, style: str, meter: str, drive: float, key: int, rng: np.random.Generator
    ) -> Bassist:
        """A bassist of a style; drive 0-1 leans to busier lines."""
        verse, chorus = pick_two(LINES, style, meter, drive, rng, change=0.5)
        short = rng.uniform(0.45, 0.8) if style in ("funk", "electronic", "reggae") else 0.93
        return cls(verse, chorus, key, float(short), float(rng.uniform(33.0, 38.0)))

    def play(self, bar: Bar, kicks: list[float], rng: np.random.Generator) -> list[Event]:
        """The bar's line; a chord that begins inside the bar begins with its root."""
        if bar.ending:
            return self._notes([Step(0.0, bar.meter.beats * 0.8, "r")], bar, rng)
        line = self.chorus if bar.loud else self.verse
        if line == WALK:
            return self._walk(bar, rng)
        if line == LOCK:
            return self._notes(_locked(kicks, bar), bar, rng)
        return self._notes(_with_roots(steps(line, bar.meter), bar), bar, rng)

    def _notes(self, line: list[Step], bar: Bar, rng: np.random.Generator) -> list[Event]:
        events = []
        for start, length, token in line:
            chord = bar.chord_at(start)
            if chord == NO_CHORD:
                continue
            muted = token == "."
            pitch = self.last if muted else self._pitch(token, chord, bar, rng)
            room = 0.12 if muted else length * (self.short if length < 2 else 0.96)
            strength = 0.45 if muted else 0.95 if start == 0 else 0.82
            events.append(Event(start, room, pitch, strength))
            self.last = pitch
        return events

    def _pitch(self, token: str, chord: str, bar: Bar, rng: np.random.Generator) -> int:
        if token == "a":
            return self._approach(bar.next_chord if bar.next_chord != NO_CHORD else chord, rng)
        root = nearest(chord_root(chord), 0.7 * self.home + 0.3 * self.last)
        root += 12 if root < LOWEST else -12 if root > 43 else 0
        return _in_reach(root + bass_degree(chord, token))

    def _approach(self, chord: str, rng: np.random.Generator) -> int:
        """A note that leads to a chord's root: a scale step or semitone away, or its fifth."""
        target = nearest(chord_root(chord), self.last)
        scale = scale_of(self.key)
        step_below = next(target - d for d in (1, 2, 3) if (target - d) % 12 in scale)
        step_above = next(target + d for d in (1, 2, 3) if (target + d) % 12 in scale)
        choices = (step_below, step_above, target - 1, target + 7)
        return _in_reach(int(choices[rng.choice(4, p=(0.4, 0.25, 0.15, 0.2))]))

    def _walk(self, bar: Bar, rng: np.random.Generator) -> list[Event]:
        """A note a beat: the root where a chord begins, then steps towards the next one."""
        events = []
        for beat, length, chord in bar.spans():
            if chord == NO_CHORD:
                continue
            following = bar.chord_at(beat + length)
            line = self._walked(chord, following, length, rng)
            for i, pitch in enumerate(line):
                events.append(Event(float(beat + i), 0.9, pitch, 0.9 if i == 0 else 0.8))
                if rng.random() < 0.08 and i + 1 < len(line):
                    events.append(Event(beat + i + 0.5, 0.3, pitch, 0.5))
            self.last = line[-1]
        return sorted(events)

    def _walked(
        self, chord: str, following: str, length: int, rng: np.random.Generator
    ) -> list[int]:
        start = nearest(chord_root(chord), 0.6 * self.last + 0.4 * (self.home + 3))
        line = [_in_reach(start)]
        up = rng.random() < (0.7 if line[0] < self.home + 2 else 0.3)
        tones = set(chord_tones(chord)) | ({*scale_of(self.key)} if rng.random() < 0.5 else set())
        for _ in range(length - 2):
            reach = (
                range(line[-1] + 1, line[-1] + 8) if up else range(line[-1] - 1, line[-1] - 8, -1)
            )
            options = [p for p in reach if p % 12 in tones and LOWEST <= p <= HIGHEST]
            if not options:
                up = not up
                options = [nearest(chord_tones(chord)[2], line[-1])]
            line.append(
                _in_reach(options[0] if rng.random() < 0.7 else options[min(1, len(options) - 1)])
            )
        if length > 1:
            self.last = line[-1]
            line.append(self._approach(following if following != NO_CHORD else chord, rng))
        return line


def _in_reach(pitch: int) -> int:
    while pitch < LOWEST:
        pitch += 12
    while pitch > HIGHEST:
        pitch -= 12
    return pitch


def _with_roots(line: tuple[Step, ...], bar: Bar) -> list[Step]:
    """The line with a root wherever a chord begins inside the bar."""
    result = list(line)
    for beat, _, _ in bar.spans()[1:]:
        result = [s for s in result if s.start != beat]
        result.append(Step(float(beat), 1.0, "r"))
    return _fitted(sorted(result), bar.meter)


def _fitted(line: list[Step], meter: Meter) -> list[Step]:
    """Steps whose lengths reach to the next one."""
    ends = [s.start for s in line[1:]] + [float(meter.beats)]
    return [Step(s.start, end - s.start, s.token) for s, end in zip(line, ends, strict=True)]


def _locked(kicks: list[float], bar: Bar) -> list[Step]:
    """Roots on the kick drum and on the first beat."""
    starts = sorted({0.0, *kicks})
    return _with_roots(tuple(Step(s, 0.5, "r") for s in starts), bar)
