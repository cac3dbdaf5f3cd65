"""What the players of a segment unmistakably do: the names of `MOVES` that are true of its notes.

Counted against the beat by `data.movement`, with stricter edges than those of its styles: a caption
may stay silent, but what it says must hold.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from data.bars import strokes
from data.lead_sheet import LeadSheet
from data.movement import Movement, movement_of
from data.score import Notes, Score
from utils import STEMS

MIN_STROKES = 8
_CHORDAL, _SINGLE = 2.4, 1.1  # notes per stroke
_HITS = 6  # strokes of one piece of the kit that make it worth a word
_PIECES = {"rim clicks": (37,), "tambourine": (54,), "cowbell": (56,)}
_HATS = (42, 44, 46)
_STRAIGHT, _SWUNG = 1.15, 1.4  # long over short eighth

_DRUMS: dict[str, Callable[[Movement], bool]] = {
    "four on the floor": lambda m: m.four_floor > 0.9,
    "ride": lambda m: m.ride > 0.25,
    "hand drums": lambda m: m.hand_drums > 0.15,
}


def feel_of(score: Score | None, sheet: LeadSheet | None, known: np.ndarray) -> tuple[str, ...]:
    """Names of `MOVES`, sorted; empty where there is no beat or nothing to tell.

    Args:
        known: bool (s,), False where a stem's notes are not to be trusted; nothing is said of it.
    """
    if score is None or sheet is None:
        return ()
    movement = movement_of(score, sheet)
    if movement is None:
        return ()
    heard = {s for s, k in zip(STEMS, known, strict=True) if k and _enough(score.notes[s])}
    found = set()
    if "bass" in heard:
        found |= _bass(score.notes["bass"], movement, score.duration, sheet.beats_per_bar)
    if "drums" in heard:
        found |= _drums(score.notes["drums"], movement, sheet)
    straight = not movement.swing > _STRAIGHT  # unknown counts as straight
    if {"bass", "guitar"} <= heard and movement.sixteenths > 0.25 and straight:
        found.add("sixteenths")
    for stem in heard & {"guitar", "piano"}:
        found |= _chords(stem, score.notes[stem], movement)
    if "guitar chords" in found and {"guitar", "piano"} <= heard and movement.strong_chords < 0.12:
        found.add("offbeat chords")
    return tuple(sorted(found))


def _enough(notes: Notes) -> bool:
    return len(notes) >= MIN_STROKES


def _bass(notes: Notes, movement: Movement, seconds: float, beats_per_bar: int) -> set[str]:
    per_beat = len(strokes(notes)) / seconds * 60.0 / movement.bpm
    found = {"walking bass"} if movement.walking > 0.7 else set()
    if movement.two_feel > 0.8 and beats_per_bar == 4 and per_beat < 0.75:
        found.add("two-beat bass")
    if 1.85 < per_beat < 2.15 and movement.walking < 0.35:
        found.add("eighth-note bass")
    return found


def _drums(notes: Notes, movement: Movement, sheet: LeadSheet) -> set[str]:
    found = {name for name, holds in _DRUMS.items() if holds(movement)}
    if sheet.beats_per_bar == 4 and movement.backbeat > 0.85:
        found.add("backbeat")
    for name, pitches in _PIECES.items():
        if np.isin(notes.pitch, pitches).sum() >= _HITS:
            found.add(name)
    if np.isin(notes.pitch, _HATS).mean() > 0.35:
        found.add("hi-hats")
    return found


def _chords(stem: str, notes: Notes, movement: Movement) -> set[str]:
    """Whether guitar or piano play chords or one note at a time."""
    per_stroke = len(notes) / len(strokes(notes))
    if per_stroke >= _CHORDAL:
        swung = movement.swing > _SWUNG
        return {f"{stem} chords", f"{stem} comping"} if swung else {f"{stem} chords"}
    return {f"{stem} line"} if per_stroke <= _SINGLE else set()
