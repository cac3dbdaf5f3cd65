"""A line over the chords: a two-bar motif that returns, varied, on chord notes where it counts."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from data.band.bar import Bar, Event, steps, written_meter
from data.band.voicing import nearest, scale_of
from data.chords import NO_CHORD, chord_tones

RHYTHMS = {
    "4/4": (
        "x---x-x-x-------",
        "x-x---x-x---x---",
        "--x-x-x-x-x-x---",
        "x-------x---x---",
        "x--x--x-x-------",
        "----x-x-x--xx---",
        "x-x-x-x-x-------",
        "x---------------",
    ),
    "3/4": ("x---x---x---", "x-----x-x---", "x-x-x-------", "x-----------"),
    "12/8": ("x--x-xx-----", "x-xx-xx--x--", "x-----x-xx--", "xxxx--x-----"),
}
BLUES_SCALE = (0, 3, 5, 6, 7, 10)
MAJOR_PENTATONIC = (0, 2, 4, 7, 9)


@dataclass
class Melodist:
    """Sings a motif of two bars; the second time its end is changed.

    Attributes:
        rhythms: text of the motif's two bars and of the answering bar.
        contour: scale steps from note to note, used in turn.
        scale: pitch classes to move in.
        centre: pitch about which the line stays.
        last: pitch played last.
    """

    rhythms: tuple[str, str, str]
    contour: tuple[int, ...]
    scale: tuple[int, ...]
    centre: int
    last: int = field(default=0)

    @classmethod
    def for_style(
        cls, style: str, meter: str, key: int, centre: int, rng: np.random.Generator
    ) -> Melodist:
        choices = RHYTHMS[written_meter(meter)]
        rhythms = tuple(choices[i] for i in rng.integers(0, len(choices), 3))
        contour = tuple(int(s) for s in rng.choice((-2, -1, -1, 0, 1, 1, 2, 3), size=7))
        tones = scale_of(key)
        if style in ("blues", "rock", "funk"):
            steps_ = BLUES_SCALE if style == "blues" or key >= 12 else MAJOR_PENTATONIC
            tones = tuple((key + s) % 12 for s in steps_)
        return cls(rhythms, contour, tones, centre, centre)

    def play(self, bar: Bar, rng: np.random.Generator) -> list[Event]:
        """The motif's bar for this place: a b, a c, ..."""
        text = self.rhythms[(0, 1, 0, 2)[bar.place % 4]]
        if bar.place % 2 == 0:
            self.last = self.centre
        events = []
        for number, (start, length, _) in enumerate(steps(text, bar.meter)):
            chord = bar.chord_at(start)
            if chord == NO_CHORD:
                continue
            pitch = self._step(self.contour[(number + 3 * (bar.place % 2)) % len(self.contour)])
            if start % 1.0 == 0 or length >= 1.0:
                pitch = min(
                    (nearest(t, pitch) for t in chord_tones(chord)), key=lambda p: abs(p - pitch)
                )
            strength = 0.95 if start == 0 else 0.8 + 0.1 * float(rng.random())
            events.append(Event(start, min(length, 2.0) * 0.92, pitch, strength))
            self.last = pitch
        return events

    def _step(self, count: int) -> int:
        """The pitch `count` scale steps from the last one, turned back at the range's edges."""
        if abs(self.last - self.centre) > 7:
            count = -abs(count) if self.last > self.centre else abs(count)
        pitch = self.last
        direction = 1 if count > 0 else -1
        for _ in range(abs(count)):
            pitch += direction
            while pitch % 12 not in self.scale:
                pitch += direction
        return pitch
