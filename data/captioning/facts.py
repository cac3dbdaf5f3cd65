"""Which facts are known of a segment, each as the words that are true of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from data.captioning.harmony_words import chords_wording, key_wording
from data.captioning.kinds import KINDS, PLACES
from data.captioning.moods import AROUSAL, MOODS, SCENES, VALENCE
from data.captioning.moves import MOVES
from data.captioning.playing import (
    FULLNESS,
    LEVELS,
    METERS,
    PACES,
    REGISTERS,
    SHUFFLE,
    STRAIGHT,
    SWUNG,
    TONES,
    TOUCHES,
)
from data.captioning.wording import Draw, Wording
from data.emotion import CENTRES, EMOTIONS
from data.labels import GENRES
from data.lead_sheet import LeadSheet
from data.movement import STYLES

# label -> at most and at least this is worth a word: about the outer fifths of real songs
EDGES: dict[str, tuple[float, float]] = {
    "valence": (-0.4, 0.4),
    "arousal": (-0.4, 0.4),
    "dynamics": (0.55, 0.8),
    "loudness": (-20.5, -17.4),
    "brightness": (0.85, 1.25),
    "register": (56.0, 65.0),
    "fullness": (7.0, 16.0),  # strokes per second of all stems
    "swing": (0.53, 0.6),
}
_DIRECTED = {
    "valence": VALENCE,
    "arousal": AROUSAL,
    "dynamics": TOUCHES,
    "brightness": TONES,
    "register": REGISTERS,
}


@dataclass(frozen=True)
class Known:
    """What is known of a segment; see `data.captions.captions`."""

    labels: Mapping[str, Any]
    sheet: LeadSheet | None
    feel: tuple[str, ...]

    def number(self, name: str) -> float:
        """A label that is a number; nan where it is unknown or not there."""
        value = self.labels.get(name)
        return math.nan if value is None else float(value)

    def name(self, label: str, names: tuple[str, ...]) -> str | None:
        """A label that is an id, as its name; None where it is unknown."""
        value = self.labels.get(label, -1)
        return names[value] if value is not None and value >= 0 else None

    def side(self, label: str) -> str | None:
        """Whether a number is "low" or "high"; None where it is neither or unknown."""
        return _side(label, self.number(label))


def _side(label: str, value: float) -> str | None:
    low, high = EDGES[label]
    return "low" if value <= low else "high" if value >= high else None


def _mood(known: Known, draw: Draw) -> Wording | None:
    return MOODS.get(known.name("emotion", EMOTIONS) or "")


def _scene(known: Known, draw: Draw) -> Wording | None:
    """A time or a place: of the emotion, or of the style."""
    scenes = SCENES.get(known.name("emotion", EMOTIONS) or "", ())
    places = PLACES.get(known.name("style", STYLES) or known.name("genre", GENRES) or "", ())
    chosen = scenes if scenes and (not places or draw.chance(0.7)) else places
    return Wording(details=(draw.one(chosen),)) if chosen else None


def _kind(known: Known, draw: Draw) -> Wording | None:
    """The style or the genre, whichever is known; either when both are."""
    names = [n for n in (known.name("style", STYLES), known.name("genre", GENRES)) if n]
    return KINDS[draw.one(names)] if names else None


def _pace(known: Known, draw: Draw) -> Wording | None:
    bpm = known.number("tempo")
    return None if math.isnan(bpm) else next(words for edge, words in PACES if bpm < edge)


def _bpm(known: Known, draw: Draw) -> Wording | None:
    bpm = known.number("tempo")
    return None if math.isnan(bpm) else _bpm_wording(round(bpm))


@lru_cache(maxsize=512)
def _bpm_wording(bpm: int) -> Wording:
    rough = 5 * round(bpm / 5)
    return Wording(
        details=(
            f"at {bpm} bpm",
            f"at {bpm} BPM",
            f"around {rough} bpm",
            f"at about {rough} beats per minute",
            f"at a tempo of {bpm}",
            f"with a tempo of {bpm} bpm",
            f"at {bpm} beats per minute",
        ),
        clauses=(f"the tempo is {bpm} bpm", f"count it off at {bpm}", f"keep it at {bpm} bpm"),
        tags=(f"{bpm} bpm", f"{bpm} BPM", f"{bpm}bpm", f"tempo {bpm}", f"bpm: {bpm}"),
    )


def _key(known: Known, draw: Draw) -> Wording | None:
    key = known.labels.get("key", -1)
    return key_wording(int(key)) if key is not None and key >= 0 else None


def _chords(known: Known, draw: Draw) -> Wording | None:
    if known.sheet is None:
        return None
    return chords_wording(tuple(known.sheet.chords), known.sheet.key_index)


def _meter(known: Known, draw: Draw) -> Wording | None:
    beats = known.labels.get("meter")
    if (beats is None or beats < 0) and known.sheet is not None and len(known.sheet):
        beats = known.sheet.beats_per_bar
    common = beats == 4 and draw.chance(0.85)  # hardly anybody says so
    return None if beats is None or common else METERS.get(int(beats))


def _swing(known: Known, draw: Draw) -> Wording | None:
    side = known.side("swing")
    if side == "low":
        return STRAIGHT if draw.chance(0.3) else None
    shuffles = "backbeat" in known.feel or known.name("style", STYLES) == "blues"
    return None if side is None else SHUFFLE if shuffles else SWUNG


def _level(known: Known, draw: Draw) -> Wording | None:
    """How loud the sound is, unless it was played the other way."""
    side, touch = known.side("loudness"), known.side("dynamics")
    return None if side is None or touch not in (None, side) else LEVELS[side]


def _fullness(known: Known, draw: Draw) -> Wording | None:
    """How much all stems play together, where all of them are known."""
    density, plays = known.labels.get("density"), known.labels.get("plays")
    if density is None or plays is None:
        return None
    heard = [float(d) for d, p in zip(density, plays, strict=True) if p == 1]
    side = _side("fullness", sum(heard)) if heard else None
    unheard = any(p < 0 for p in plays)
    return None if side is None or (side == "low" and unheard) else FULLNESS[side]


def _move(known: Known, draw: Draw) -> Wording | None:
    return MOVES[draw.one(known.feel)] if known.feel else None


def _directed(label: str) -> Callable[[Known, Draw], Wording | None]:
    """Words for the side on which a number lies."""

    def words(known: Known, draw: Draw) -> Wording | None:
        side = known.side(label)
        return None if side is None else _DIRECTED[label][side]

    return words


def _feeling(axis: int) -> Callable[[Known, Draw], Wording | None]:
    """Words for valence (0) or arousal (1), unless a named emotion lies on the other side."""
    label = ("valence", "arousal")[axis]

    def words(known: Known, draw: Draw) -> Wording | None:
        side, emotion = known.side(label), known.name("emotion", EMOTIONS)
        if side is None:
            return None
        named = 0.0 if emotion is None else CENTRES[EMOTIONS.index(emotion)][axis]
        return None if (named < 0) != (side == "low") and named else _DIRECTED[label][side]

    return words


# fact -> how readily people say it, and its words
FACTS: dict[str, tuple[float, Callable[[Known, Draw], Wording | None]]] = {
    "mood": (0.9, _mood),
    "kind": (0.9, _kind),
    "pace": (0.85, _pace),
    "bpm": (0.45, _bpm),
    "key": (0.5, _key),
    "chords": (0.3, _chords),
    "meter": (0.6, _meter),
    "swing": (0.6, _swing),
    "touch": (0.6, _directed("dynamics")),
    "level": (0.4, _level),
    "tone": (0.4, _directed("brightness")),
    "register": (0.4, _directed("register")),
    "fullness": (0.5, _fullness),
    "valence": (0.3, _feeling(0)),
    "arousal": (0.3, _feeling(1)),
    "scene": (0.25, _scene),
    "move": (0.5, _move),
}
