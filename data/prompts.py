"""Facts that a prompt says outright: numbers, note names, chord symbols, meters, who plays.

A small, strict grammar beside the sentence encoder: what it reads is meant that way, and whatever
could mean two things ("120 or 140 bpm", "drums in the chorus, no drums in the verse") stays unread.
Moods, styles and words of degree are left to the planner. Arguments given beside a prompt come
before what is read here. Not read: words for numbers beyond five, other languages than English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any

from data.chords import KEYS
from data.prompt_band import read_band
from data.prompt_harmony import read_chords, read_key, read_mode
from data.sheet_features import BPM_RANGE

DURATION_RANGE = (1.0, 3_600.0)  # seconds
MAX_CHARACTERS = 2_000  # of a prompt; what stands beyond is not read


@dataclass(frozen=True)
class SpokenFacts:
    """What a prompt says; None or empty where it does not.

    Attributes:
        bpm: beats per minute.
        key: a name of `data.chords.KEYS`; `mode`: "major" or "minor", also said without a key.
        chords: a progression as `LeadSheet.parse` reads it.
        beats_per_bar: of a meter; 6/8 and 12/8 have dotted beats, two and four of them.
        plays: stem -> whether it plays; `programs`: stem -> General MIDI program.
        duration: seconds.
    """

    bpm: float | None = None
    key: str | None = None
    mode: str | None = None
    chords: str | None = None
    beats_per_bar: int | None = None
    plays: dict[str, bool] = field(default_factory=dict)
    programs: dict[str, int] = field(default_factory=dict)
    duration: float | None = None

    def said(self) -> dict[str, Any]:
        """Only what is said, by the names of the attributes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, {})}


def read_prompt(text: str | None) -> SpokenFacts:
    """The facts that a prompt says unambiguously; none for None."""
    text = _plain(text or "")
    mode = read_mode(text)
    key = read_key(text, mode)
    beats = _meter(text)
    plays, programs = read_band(text)
    return SpokenFacts(
        bpm=_bpm(text),
        key=None if key is None else KEYS[key],
        mode=mode if key is None else KEYS[key].split()[1],
        chords=read_chords(text, key, beats or 4),
        beats_per_bar=beats,
        plays=plays,
        programs=programs,
        duration=_duration(text),
    )


def unwanted_stems(negative: str | None) -> list[str]:
    """Stems that a negative prompt names and says nothing more about: "drums", "bass, the piano".

    "Busy drums" or "distorted guitar" is a way of playing that is not wanted, not a stem.
    """
    found = []
    for part in _plain(negative or "").lower().replace(" and ", ",").split(","):
        words = [word for word in part.split() if word not in ("the", "a", "any")]
        plays, _ = read_band(words[0]) if len(words) == 1 else ({}, {})
        found += [stem for stem, sounds in plays.items() if sounds]
    return found


def _plain(text: str) -> str:
    """One line, with plain quotes, dashes and accidentals."""
    marks = str.maketrans({"’": "'", "–": "-", "—": "-", "−": "-", "♯": "#", "♭": "b", "→": ">"})
    return " ".join(text[:MAX_CHARACTERS].translate(marks).split())


def _only(values: set) -> Any:
    """The one value of a set; None when there is none or more than one."""
    return next(iter(values)) if len(values) == 1 else None


_NUMBER = r"(?<![\d.,/:#-])(\d{2,3}(?:\.\d+)?)"
_TEMPOS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NUMBER}\s*-?\s*(?:bpm\b|beats? (?:per|a) minute\b|beats?/min)",
        rf"\bbpm\s*(?:of|is|=|:)?\s*{_NUMBER}\b",
        rf"\btempo\s*(?:of|is|=|:)?\s*(?:about |around )?{_NUMBER}\b",
        rf"(?:♩|\bquarter(?: note)?|\bcrotchet)\s*=\s*{_NUMBER}\b",
    )
)
_VAGUE_BEFORE = re.compile(
    r"(?:\b(?:under|below|over|above|than|least|most|up to|not|no|never|between|except|avoid|by)"
    r"|n't|\d\s*(?:-|/|to|or|and))\s*(?:at |around |about |a |the |tempo |of )*$",
    re.IGNORECASE,
)
_VAGUE_AFTER = re.compile(
    r"\s*(?:faster|slower|more|less|and up|or (?!so\b)|to \d|(?:-|/) ?\d|\+)", re.IGNORECASE
)


def _bpm(text: str) -> float | None:
    found = set()
    for pattern in _TEMPOS:
        for match in pattern.finditer(text):
            start = match.start() if pattern is not _TEMPOS[0] else match.start(1)
            if _VAGUE_BEFORE.search(text[:start]) or _VAGUE_AFTER.match(text[match.end() :]):
                continue
            bpm = float(match[1])
            if BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
                found.add(bpm)
    return _only(found)


_SMALL = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
_NOT = r"(?:\bnot?|n't|\bnever|\bwithout|\binstead of|\brather than|\bthan|\banything but)"
_METER_DENIED = re.compile(_NOT + r" (?:(?:a|an|be|in|the|play|make|it) )*$", re.IGNORECASE)
_FRACTION = re.compile(r"(?<![\d/.])(2|3|4|5|6|7|9|12)/(4|8)(?![\d/])(?! (?:of|cup|inch|hour))")
_SPOKEN = re.compile(r"\b(two|three|four|five|six|seven)[- ](four|eight) time\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"\b([2-7]|two|three|four|five|six|seven) beats (?:to the|per|in a|a) (?:bar|measure)\b"
    r"|\bin (three|five|six|seven)(?= time\b|[,.;:!?)]|$)",
    re.IGNORECASE,
)
_WALTZ = re.compile(r"\bwaltz(?:es)?\b", re.IGNORECASE)


def _meter(text: str) -> int | None:
    found = set()
    denied = lambda match: _METER_DENIED.search(text[: match.start()])
    for match in _FRACTION.finditer(text):
        if not denied(match):
            found.add(_beats(int(match[1]), int(match[2])))
    for match in _SPOKEN.finditer(text):
        if not denied(match):
            found.add(_beats(_SMALL[match[1].lower()], 4 if match[2].lower() == "four" else 8))
    for match in _COUNTED.finditer(text):
        number = (match[1] or match[2]).lower()
        if not denied(match):
            found.add(_SMALL.get(number) or int(number))
    if any(not denied(match) for match in _WALTZ.finditer(text)):
        found.add(3)
    return _only(found - {1})


def _beats(numerator: int, denominator: int) -> int:
    """Beats of a bar as `data.midi_time` counts them: quarters, dotted quarters, or eighths."""
    return numerator // 3 if denominator == 8 and numerator % 3 == 0 else numerator


_COUNT = r"(\d+(?:\.\d+)?|a|one|two|three|four|five)"
_UNIT = r"(seconds?|secs?|s|minutes?|mins?)\b"
_THING = (
    r"(?:song|track|piece|loop|tune|clip|jingle|groove|jam|instrumental|ballad|waltz|music|idea|"
    r"theme|composition|blues|number)\b"
)
_DURATIONS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:lasting|lasts|should last|duration|length|plays for|go on for)(?: of| is|:|=)?"
        rf"(?: about| around)? {_COUNT}[ -]?{_UNIT}",
        rf"\b{_COUNT}[ -]?{_UNIT} (?:long\b|in length\b|of (?:[\w-]+ )?music\b)",
        rf"\b{_COUNT}[ -]{_UNIT} (?:[\w'-]+,? ){{0,3}}?{_THING}",
        rf"(?:^|(?<!\d)[,;.] ?)(?:about )?{_COUNT}[ -]?{_UNIT}(?=[,;.!]|$)",
    )
)
_PART = re.compile(
    r"\b(?:first|last|after|every|next|than|until|within|over|at|in) $", re.IGNORECASE
)


def _duration(text: str) -> float | None:
    found = set()
    for pattern in _DURATIONS:
        for match in pattern.finditer(text):
            if _PART.search(text[: match.start(1)]):
                continue
            number = {"a": 1, "one": 1, **_SMALL}.get(match[1].lower()) or float(match[1])
            found.add(float(number) * (60.0 if match[2].lower().startswith("m") else 1.0))
    low, high = DURATION_RANGE
    return _only({seconds for seconds in found if low <= seconds <= high})
