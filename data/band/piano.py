"""The pianist: a voice-led right hand, a left hand of roots and fifths, sometimes a melody."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.band.bar import Bar, Event, Step, pick_two, steps
from data.band.melody import Melodist
from data.band.voicing import bass_degree, nearest, piano_voicing
from data.chords import NO_CHORD, chord_root

# C chord, c soft chord, s short chord, B left-hand root, F left-hand fifth, L both hands, 1-4 one
# note of the right hand from below, 5 its lowest note an octave up
PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "4/4": {
        "pop": (
            "L---c---C---c---",
            "L-------C-------",
            "L--C--C-L--C----",
            "B-2-3-4-5-4-3-2-",
            "L-----c-C---c-c-",
        ),
        "rock": ("L-c-c-c-c-c-c-c-", "L-------L-------", "C---C---C---C---", "L--C--C-C---C---"),
        "funk": ("s--s--s---s-s---", "--s---s-s--s--s-", "B--s-s--B-s--s--", "s---s-ss--s---s-"),
        "jazz": (
            "C-----s---------",
            "--s-----C-------",
            "C-------s-----s-",
            "------C-------s-",
            "C---------------",
        ),
        "blues": ("L-c-c-c-c-c-c-c-", "B-s-B-s-B-s-B-s-", "C-----s---s-----", "L---c---F---c---"),
        "country": ("B---c---F---c---", "B-s-c-s-F-s-c-s-", "L-------c---c---", "B-2-3-2-F-2-4-2-"),
        "electronic": (
            "s--s--s---s--s--",
            "C---------------",
            "--s---s---s---s-",
            "1-2-3-4-1-2-3-4-",
            "s-----s---s-----",
        ),
        "latin": ("C--s-s-s--s-s-s-", "B-s-s--s-s-s-ss-", "1-34-2-41-34-2-4", "s--s--s---s-s---"),
        "reggae": ("----s-------s---", "--s---s---s---s-", "-s-s-s-s-s-s-s-s", "----s---c---s---"),
        "ballad": (
            "L---c---c---c---",
            "B-2-3-4-5-4-3-2-",
            "B-1-2-3-B-1-2-3-",
            "L---------------",
            "L-------c---2-3-",
        ),
    },
    "3/4": {
        "pop": ("L---c---c---", "B-2-3-4-3-2-"),
        "jazz": ("C-----s-----", "----s---s---", "L-----------"),
        "country": ("B---c---c---", "B-2-3-2-4-2-"),
        "ballad": ("B-2-3-4-3-2-", "L---c---c---", "L-----------"),
    },
    "12/8": {
        "pop": ("LccCccCccCcc", "B23454B23454", "L-----C-----"),
        "rock": ("LccLccLccLcc", "L-----L-----"),
        "blues": ("LccCccCccCcc", "B-sB-sB-sB-s", "C----s---s--"),
        "ballad": ("B23454B23454", "LccCccLccCcc", "L-----------"),
    },
}
_STRENGTH = {"C": 0.82, "c": 0.62, "s": 0.76, "B": 0.8, "F": 0.72, "L": 0.88}


@dataclass
class Pianist:
    """Plays one part in the verses, one in the loud sections; the line sounds above its chords.

    Attributes:
        verse, chorus: parts of `PARTS`.
        centre: pitch about which the right hand lies.
        pedal: whether single notes ring on to the end of their chord.
        line: a melody for `line_sections`, None for chords alone.
        voicing: what the right hand holds.
    """

    verse: str
    chorus: str
    centre: int
    pedal: bool
    line: Melodist | None
    line_sections: frozenset[str]
    voicing: tuple[int, ...] = field(default=())

    @classmethod
    def for_style(
        cls,
        style: str,
        meter: str,
        drive: float,
        centre: int,
        line: Melodist | None,
        rng: np.random.Generator,
    ) -> Pianist:
        """A pianist of a style; drive 0-1 leans to busier parts."""
        verse, chorus = pick_two(PARTS, style, meter, drive, rng, change=0.6)
        options = (
            {"verse", "intro"},
            {"chorus"},
            {"intro", "outro"},
            {"verse", "chorus", "bridge"},
        )
        sections = frozenset(options[rng.integers(len(options))])
        pedal = style in ("ballad", "pop") and rng.random() < 0.7
        return cls(verse, chorus, centre, pedal, line, sections)

    def play(self, bar: Bar, rng: np.random.Generator) -> list[Event]:
        if bar.ending:
            return self._stroke(Step(0.0, bar.meter.beats * 0.85, "L"), bar)
        with_line = self.line is not None and bar.section in self.line_sections
        events = []
        for step in self._with_changes(
            steps(self.chorus if bar.loud else self.verse, bar.meter), bar
        ):
            events += self._stroke(step, bar)
        if with_line:
            events = [e._replace(strength=e.strength * 0.8) for e in events]
            events += self.line.play(bar, rng)
        return events

    @staticmethod
    def _with_changes(part: tuple[Step, ...], bar: Bar) -> list[Step]:
        """The part with a chord struck wherever one begins inside the bar."""
        starts = [float(b) for b, _, _ in bar.spans()[1:]]
        result = [*part, *(Step(b, 1.0, "C") for b in starts if all(s.start != b for s in part))]
        result.sort()
        ends = [s.start for s in result[1:]] + [float(bar.meter.beats)]
        return [Step(s.start, e - s.start, s.token) for s, e in zip(result, ends, strict=True)]

    def _stroke(self, step: Step, bar: Bar) -> list[Event]:
        chord = bar.chord_at(step.start)
        if chord == NO_CHORD:
            return []
        self.voicing = piano_voicing(chord, self.voicing, self.centre)
        end = next(float(b + n) for b, n, _ in bar.spans() if step.start < b + n)
        strength = _STRENGTH.get(step.token, 0.68) + (0.06 if step.start == 0 else 0.0)
        events = []
        if step.token in "BFL":
            degree = "5" if step.token == "F" else "r"
            pitch = nearest(chord_root(chord), 41) + bass_degree(chord, degree)
            room = min(end - step.start, max(step.length, 2.0))
            events.append(Event(step.start, room * 0.95, pitch, strength))
        length = (
            0.3 * step.length if step.token == "s" else 0.94 * min(step.length, end - step.start)
        )
        if step.token in "CcsL":
            events += [Event(step.start, max(length, 0.12), p, strength) for p in self.voicing]
        elif step.token.isdigit():
            room = end - step.start if self.pedal else step.length
            events.append(Event(step.start, room * 0.96, self._single(int(step.token)), strength))
        return events

    def _single(self, number: int) -> int:
        """Note `number` of the right hand from below; beyond its size, an octave up."""
        octave, place = divmod(number - 1, len(self.voicing))
        return self.voicing[place] + 12 * octave
