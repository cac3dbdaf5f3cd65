"""The drummer: grooves per style as lanes of text, with crashes, fills and ghost notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.band.bar import Bar, Event, Step, pick_two, steps

KEYS = {
    "kick": 36,
    "side": 37,
    "snare": 38,
    "clap": 39,
    "floor_tom": 43,
    "hat": 42,
    "pedal": 44,
    "low_tom": 45,
    "open": 46,
    "mid_tom": 47,
    "crash": 49,
    "high_tom": 50,
    "ride": 51,
    "bell": 53,
    "tambourine": 54,
    "cowbell": 56,
    "bongo_hi": 60,
    "bongo_lo": 61,
    "conga_slap": 62,
    "conga_hi": 63,
    "conga_lo": 64,
    "shaker": 70,
    "claves": 75,
}
STRENGTH = {"X": 1.05, "x": 0.82, "o": 0.42}
_FILL_LANES = ("snare", "high_tom", "mid_tom", "low_tom", "floor_tom")

Groove = dict[str, str]

# meter -> style -> grooves to choose from; "X" accent, "x" stroke, "o" ghost
GROOVES: dict[str, dict[str, tuple[Groove, ...]]] = {
    "4/4": {
        "pop": (
            {"hat": "x-o-x-o-x-o-x-o-", "snare": "----X-------X---", "kick": "X-------X-x-----"},
            {"hat": "x-x-x-x-x-x-x-x-", "snare": "----X-------X---", "kick": "X-----x-x-------"},
            {"hat": "xoxoxoxoxoxoxoxo", "snare": "----X-------X---", "kick": "X--x--x-X--x----"},
            {"shaker": "xoxoxoxoxoxoxoxo", "clap": "----X-------X---", "kick": "X-----x---x-----"},
            {"hat": "x-o-x-o-x-o-x-o-", "side": "----X-------X---", "kick": "X-------x-----x-"},
        ),
        "rock": (
            {"hat": "X-x-X-x-X-x-X-x-", "snare": "----X-------X---", "kick": "X-------X-X-----"},
            {"hat": "X-x-X-x-X-x-X-x-", "snare": "----X-------X---", "kick": "X-X---X-X-X---X-"},
            {"open": "X---X---X---X---", "snare": "----X-------X---", "kick": "X-----X-X-----X-"},
            {"ride": "X-x-X-x-X-x-X-x-", "snare": "----X-------X-o-", "kick": "X--X--X---X-----"},
            {"hat": "x-x-x-x-x-x-x-x-", "snare": "--------X-------", "kick": "X---------x---X-"},
            {"crash": "X---x---x---x---", "snare": "----X-------X---", "kick": "X-x-----X-x-----"},
        ),
        "funk": (
            {"hat": "xoxoxoxoxoxoxoxo", "snare": "----X--o-o--X--o", "kick": "X-x-------x--x--"},
            {"hat": "x-xox-xox-xox-x-", "snare": "----X--o-o-oX---", "kick": "X--x--x---x-----"},
            {
                "hat": "x-x-x-x-x-x-x---",
                "open": "--------------x-",
                "snare": "----X-o--o--X--o",
                "kick": "X-----xx--x-----",
            },
            {"hat": "xxxxxxxxxxxxxxxx", "snare": "----X-------X---", "kick": "X--X--X--X--x-x-"},
            {
                "hat": "xoxo-oxoxoxo-oxo",
                "clap": "----X-------X---",
                "kick": "X---X---X---X---",
                "open": "--x---x---x---x-",
            },
        ),
        "jazz": (
            {"ride": "x---x-x-x---x-x-", "pedal": "----x-------x---", "kick": "o---o---o---o---"},
            {
                "ride": "x---X-x-x---X-x-",
                "pedal": "----x-------x---",
                "snare": "------o-------o-",
                "kick": "o---------o-----",
            },
            {"ride": "x---x---x---x-x-", "pedal": "----x-------x---", "side": "------------x---"},
            {
                "ride": "x-x-x-x-x-x-x-x-",
                "pedal": "----x-------x---",
                "snare": "o--o------o---o-",
                "kick": "x-------o---x---",
            },
        ),
        "blues": (
            {"hat": "x-x-x-x-x-x-x-x-", "snare": "----X-------X---", "kick": "X-------X-------"},
            {"ride": "x-x-x-x-x-x-x-x-", "snare": "----X-------X-o-", "kick": "X-------X-x-----"},
            {"hat": "x-x-x-x-x-x-x-x-", "snare": "----X-------X---", "kick": "X-----x-X-----x-"},
        ),
        "country": (
            {"snare": "o-o-X-o-o-o-X-o-", "kick": "X-------X-------"},
            {"hat": "x-x-x-x-x-x-x-x-", "side": "----X-------X---", "kick": "X-------X-------"},
            {"snare": "ooooXoooooooXooo", "kick": "X-------X-------", "pedal": "----x-------x---"},
            {"hat": "x-o-x-o-x-o-x-o-", "snare": "----X-------X---", "kick": "X-----x-X-------"},
            {"shaker": "x-o-x-o-x-o-x-o-", "kick": "X-------X-------", "side": "----x-------x---"},
        ),
        "electronic": (
            {"kick": "X---X---X---X---", "open": "--x---x---x---x-", "clap": "----X-------X---"},
            {"kick": "X---X---X---X---", "hat": "xoxoxoxoxoxoxoxo", "snare": "----X-------X---"},
            {
                "kick": "X---X---X---X---",
                "hat": "--x---x---x---x-",
                "clap": "----x-------x--o",
                "shaker": "oxoxoxoxoxoxoxox",
            },
            {"kick": "X--x---X--x-----", "hat": "x-x-x-x-x-x-x-x-", "snare": "----X-------X---"},
            {"kick": "X-----X---X-----", "hat": "xxxoxxxoxxxoxxxo", "clap": "--------X-------"},
        ),
        "latin": (
            {
                "hat": "x-x-x-x-x-x-x-x-",
                "side": "x--x--x---x--x--",
                "kick": "X--xX--xX--xX--x",
                "conga_hi": "------xx------xx",
            },
            {
                "cowbell": "x---x-x-x---x-x-",
                "claves": "x--x--x---x-x---",
                "conga_slap": "----x-------x---",
                "conga_hi": "------xx------xx",
                "kick": "------x-------x-",
            },
            {
                "shaker": "xoxoxoxoxoxoxoxo",
                "side": "x--x--x---x-x---",
                "kick": "X--xX--xX--xX--x",
                "conga_lo": "--------xx------",
                "conga_hi": "------x-------x-",
            },
            {
                "bongo_hi": "x-xxx-x-x-xxx-x-",
                "bongo_lo": "------x-------x-",
                "kick": "X-----x-X-----x-",
                "shaker": "x-o-x-o-x-o-x-o-",
            },
        ),
        "reggae": (
            {"hat": "x-o-x-o-x-o-x-o-", "side": "--------X-------", "kick": "--------X-------"},
            {"hat": "xoxoxoxoxoxoxoxo", "snare": "--------X-------", "kick": "--------X-------"},
            {"hat": "--x---x---x---x-", "side": "--------X-------", "kick": "X-------X-------"},
            {"hat": "x-o-x-o-x-o-x-o-", "side": "----x---X---x---", "kick": "X---X---X---X---"},
        ),
        "ballad": (
            {"hat": "x---x---x---x---", "side": "----x-------x---", "kick": "x-------x-------"},
            {"hat": "x-o-x-o-x-o-x-o-", "side": "----x-------x---", "kick": "x-------x-x-----"},
            {"ride": "x-o-x-o-x-o-x-o-", "snare": "----x-------x---", "kick": "x-----x-x-------"},
            {"shaker": "x-o-x-o-x-o-x-o-", "kick": "x---------------", "side": "------------x---"},
        ),
    },
    "3/4": {
        "pop": (
            {"hat": "x-o-x-o-x-o-", "snare": "----X---x---", "kick": "X-----------"},
            {"hat": "x-o-x-o-x-o-", "side": "--------X---", "kick": "X-----x-----"},
        ),
        "jazz": (
            {"ride": "x---x-x-x---", "pedal": "----x---x---", "kick": "o-----------"},
            {"ride": "x---x---x-x-", "pedal": "----x-------", "snare": "------o-----"},
        ),
        "country": (
            {"hat": "--o-x-o-x-o-", "side": "----x---x---", "kick": "X-----------"},
            {"snare": "----x-o-x-o-", "kick": "X-----------"},
        ),
        "ballad": (
            {"hat": "x---x---x---", "side": "--------x---", "kick": "x-----------"},
            {"ride": "x-o-x-o-x-o-", "side": "--------x---", "kick": "x-------x---"},
        ),
    },
    "12/8": {
        "pop": (
            {"hat": "xooxooxooxoo", "snare": "---X-----X--", "kick": "X-----x-x---"},
            {"hat": "x-ox-ox-ox-o", "side": "---X-----X--", "kick": "X----xX-----"},
        ),
        "rock": (
            {"hat": "XxxXxxXxxXxx", "snare": "---X-----X--", "kick": "X-----X-X---"},
            {"ride": "X-xX-xX-xX-x", "snare": "---X-----X-o", "kick": "X----xX-----"},
        ),
        "blues": (
            {"hat": "xxxxxxxxxxxx", "snare": "---X-----X--", "kick": "X-----X-x---"},
            {"ride": "x-xx-xx-xx-x", "snare": "---X-----X--", "kick": "X----xX-----"},
        ),
        "ballad": (
            {"hat": "xooxooxooxoo", "side": "---x-----x--", "kick": "x-----x-x---"},
            {"ride": "xooxooxooxoo", "snare": "---x-----x--", "kick": "x-----------"},
        ),
    },
}


@dataclass(frozen=True)
class Drummer:
    """Plays one groove in the verses and one in the loud sections.

    Attributes:
        verse, chorus: grooves.
        busy: 0-1, how readily ghost notes, extra kicks and fills are added.
    """

    verse: Groove
    chorus: Groove
    busy: float

    @classmethod
    def for_style(cls, style: str, meter: str, drive: float, rng: np.random.Generator) -> Drummer:
        """A drummer of a style: two grooves, the second opened up for the loud sections."""
        verse, chorus = pick_two(GROOVES, style, meter, drive, rng, change=0.4)
        if "hat" in chorus and rng.random() < 0.6:
            lane = "ride" if rng.random() < 0.7 else "open"
            thinned = chorus["hat"].replace("o", "-") if lane == "open" else chorus["hat"]
            chorus = {**{k: v for k, v in chorus.items() if k != "hat"}, lane: thinned}
        return cls(verse, chorus, float(drive))

    def kicks(self, bar: Bar) -> list[float]:
        """Where the kick drum falls in a bar: the bass may lock to it."""
        return [s.start for s in self._lane(bar, "kick")]

    def _lane(self, bar: Bar, lane: str) -> tuple[Step, ...]:
        groove = self.chorus if bar.loud else self.verse
        return steps(groove[lane], bar.meter) if lane in groove else ()

    def play(self, bar: Bar, rng: np.random.Generator) -> list[Event]:
        """The bar's strokes; every length is a short one, drums ring by themselves."""
        if bar.ending:
            return [_hit("crash", 0.0, 1.0), _hit("kick", 0.0, 1.0)]
        groove = self.chorus if bar.loud else self.verse
        fill_from = self._fill_start(bar, rng)
        events = []
        for lane in groove:
            for step in self._lane(bar, lane):
                if step.start < fill_from or lane in ("kick", "pedal"):
                    events.append(_hit(lane, step.start, STRENGTH[step.token]))
        events += self._ornaments(bar, fill_from, rng)
        if fill_from < bar.meter.beats:
            events += _fill(bar, fill_from, rng)
        if bar.first and bar.number > 0 and bar.intensity > 0.4:
            events = [e for e in events if e.start > 0 or e.pitch == KEYS["kick"]]
            events.append(_hit("crash", 0.0, 1.0))
        return events

    def _fill_start(self, bar: Bar, rng: np.random.Generator) -> float:
        """The beat at which a fill begins; the end of the bar where there is none."""
        draw, length = rng.random(), rng.integers(1, 3)
        wanted = 0.85 if bar.last else 0.25 * self.busy if bar.place % 4 == 3 else 0.0
        return float(bar.meter.beats - (length if draw < wanted else 0))

    def _ornaments(self, bar: Bar, until: float, rng: np.random.Generator) -> list[Event]:
        """Ghost snares and an extra kick, more of them from a busy drummer in a full section."""
        draws = rng.random(3)
        step = 1.0 / bar.meter.division
        events = []
        if draws[0] < 0.4 * self.busy * bar.intensity:
            place = (bar.meter.beats // 2) - step
            events.append(_hit("kick", place, 0.7))
        if draws[1] < 0.5 * self.busy:
            place = step * rng.integers(1, bar.meter.steps)
            events.append(_hit("snare", place, 0.3))
        taken = {(e.start, e.pitch) for e in self._written(bar)}
        return [e for e in events if e.start < until and (e.start, e.pitch) not in taken]

    def _written(self, bar: Bar) -> list[Event]:
        return [
            _hit(lane, s.start, 1.0) for lane in ("kick", "snare") for s in self._lane(bar, lane)
        ]


def _hit(lane: str, start: float, strength: float) -> Event:
    return Event(start, 0.2, KEYS[lane], strength)


def _fill(bar: Bar, start: float, rng: np.random.Generator) -> list[Event]:
    """A run over snare and toms from `start` to the bar line, downwards as a rule."""
    per_beat = bar.meter.division if rng.random() < 0.6 else max(bar.meter.division // 2, 1)
    count = int(round((bar.meter.beats - start) * per_beat))
    lanes = np.sort(rng.integers(0, len(_FILL_LANES), count))
    if rng.random() < 0.3:
        lanes = np.zeros(count, int)
    plays = rng.random(count) < 0.85
    rising = np.linspace(0.7, 1.05, count)
    return [
        _hit(_FILL_LANES[lanes[i]], start + i / per_beat, float(rising[i]))
        for i in range(count)
        if plays[i]
    ]
