"""Words for a segment: what anyone might type to ask for it, from its labels alone.

Every caption draws which facts to mention, how to word each and how to join them; a fact that is
unknown is never mentioned. Style, genre, mood, tempo, key, chords, instruments, absent stems,
density and dynamics come from `data.labels` and the lead sheet; mood is the computed proxy of
`data.emotion`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.caption_words import (
    BUSY_WORDS,
    DENSITY_EDGES,
    LOUD,
    LOUD_WORDS,
    MOOD_WORDS,
    NOTHING_KNOWN,
    NOUNS,
    PROGRAM_WORDS,
    SOFT,
    SOFT_WORDS,
    SPARSE_WORDS,
    STEM_WORDS,
    STYLE_WORDS,
    TEMPO_WORDS,
)
from data.chords import KEYS, NO_CHORD
from data.emotion import EMOTIONS
from data.labels import GENRES
from data.lead_sheet import LeadSheet
from data.movement import STYLES
from utils import STEMS


@dataclass(frozen=True)
class Facts:
    """What one caption says: wordings already chosen, empty where it stays silent."""

    mood: str = ""
    style: str = ""
    pace: str = ""
    bpm: str = ""
    key: str = ""
    chords: str = ""
    meter: str = ""
    touch: str = ""
    played: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def silent(self) -> bool:
        return not any(vars(self).values())


def captions(
    labels: Mapping[str, Any],
    sheet: LeadSheet | None,
    rng: np.random.Generator,
    count: int = 1,
) -> list[str]:
    """Captions of a segment, each a fresh draw.

    Args:
        labels: as from `data.labels.labels_of`; unknown ones are not mentioned.
        sheet: for the chords and the meter; None when unknown.
        rng: the only source of chance: the same state gives the same captions.
    """
    return [_caption(labels, sheet, rng) for _ in range(count)]


def _caption(labels: Mapping[str, Any], sheet: LeadSheet | None, rng: np.random.Generator) -> str:
    facts = _facts(labels, sheet, rng)
    if facts.silent:
        facts = _facts(labels, sheet, rng, mention=1.0)
    if facts.silent:
        return _one(NOTHING_KNOWN, rng)
    shape = SHAPES[rng.integers(len(SHAPES))]
    text = " ".join(shape(facts, rng).split())
    return text[0].upper() + text[1:] + "." if rng.random() < 0.5 else text


def _facts(
    labels: Mapping[str, Any],
    sheet: LeadSheet | None,
    rng: np.random.Generator,
    mention: float | None = None,
) -> Facts:
    """Draws which facts to mention (all known ones when `mention` is 1) and how."""
    talkative = rng.uniform(0.25, 0.9) if mention is None else mention
    say = lambda: rng.random() < talkative
    played, absent = _instruments(labels, rng, talkative)
    bpm = float(labels["tempo"])
    known_bpm = not math.isnan(bpm)
    return Facts(
        mood=_one(MOOD_WORDS[EMOTIONS[labels["emotion"]]], rng)
        if labels["emotion"] >= 0 and say()
        else "",
        style=_style(labels, rng) if say() else "",
        pace=_one(next(w for edge, w in TEMPO_WORDS if bpm < edge), rng)
        if known_bpm and say()
        else "",
        bpm=_bpm(bpm, rng) if known_bpm and rng.random() < 0.6 * talkative else "",
        key=_key(int(labels["key"]), rng)
        if labels["key"] >= 0 and rng.random() < 0.6 * talkative
        else "",
        chords=_chords(sheet) if rng.random() < 0.35 * talkative else "",
        meter=_meter(sheet, rng) if say() else "",
        touch=_touch(float(labels["dynamics"]), rng) if say() else "",
        played=played,
        absent=absent,
    )


def _one(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[rng.integers(len(words))]


def _style(labels: Mapping[str, Any], rng: np.random.Generator) -> str:
    """The style or the genre, whichever is known; either when both are."""
    names = []
    if labels["style"] >= 0:
        names.append(STYLES[labels["style"]])
    if labels["genre"] >= 0:
        names.append(GENRES[labels["genre"]])
    return _one(STYLE_WORDS[_one(names, rng)], rng) if names else ""


def _bpm(bpm: float, rng: np.random.Generator) -> str:
    exact, rough = round(bpm), 5 * round(bpm / 5)
    return _one(
        (f"at {exact} bpm", f"{exact} BPM", f"around {rough} bpm", f"at a tempo of {exact}"), rng
    )


def _key(key: int, rng: np.random.Generator) -> str:
    tonic, mode = KEYS[key].split()
    short = tonic + ("m" if mode == "minor" else "")
    return _one(
        (f"in {tonic} {mode}", f"in {tonic} {mode}", f"in a {mode} key", f"key of {short}"), rng
    )


def _chords(sheet: LeadSheet | None) -> str:
    """The first four chords to change, as a progression; nothing when fewer than two are known."""
    names: list[str] = []
    for chord in sheet.chords if sheet is not None else ():
        if chord not in (None, NO_CHORD) and (not names or chord != names[-1]):
            names.append(chord)
    return " ".join(names[:4]) if len(names) > 1 else ""


def _meter(sheet: LeadSheet | None, rng: np.random.Generator) -> str:
    if sheet is None or not len(sheet) or sheet.beats_per_bar != 3:
        return ""
    return _one(("in 3/4", "in three", "waltz time"), rng)


def _touch(dynamics: float, rng: np.random.Generator) -> str:
    if math.isnan(dynamics) or SOFT < dynamics < LOUD:
        return ""
    return _one(SOFT_WORDS if dynamics <= SOFT else LOUD_WORDS, rng)


def _instruments(
    labels: Mapping[str, Any], rng: np.random.Generator, talkative: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words for the stems that are mentioned as playing, and for those mentioned as absent."""
    played, absent = [], []
    for index in rng.permutation(len(STEMS)):
        stem, plays = STEMS[index], labels["plays"][index]
        if plays == 1 and rng.random() < 0.75 * talkative:
            played.append(_instrument(stem, labels, index, rng))
        elif plays == 0 and rng.random() < max(talkative, 0.5):
            absent.append(stem)
    return tuple(played), tuple(absent)


def _instrument(stem: str, labels: Mapping[str, Any], index: int, rng: np.random.Generator) -> str:
    program = int(labels["program"][index])
    word = _one(STEM_WORDS[stem], rng)
    if program in PROGRAM_WORDS and rng.random() < 0.6:
        word = _one(PROGRAM_WORDS[program], rng)
    density, (low, high) = float(labels["density"][index]), DENSITY_EDGES[stem]
    if math.isnan(density) or low < density < high or word.startswith("a ") or rng.random() < 0.5:
        return word
    return f"{_one(SPARSE_WORDS if density <= low else BUSY_WORDS, rng)} {word}"


def _joined(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _article(phrase: str) -> str:
    return f"{'an' if phrase[0].lower() in 'aeiou' else 'a'} {phrase}"


def _thing(facts: Facts, rng: np.random.Generator) -> str:
    """A noun phrase: "a slow, sad jazz tune"."""
    adjectives = [w for w in (facts.pace, facts.mood) if w]
    if rng.random() < 0.5:
        adjectives.reverse()
    noun = _one(NOUNS, rng)
    if facts.style.endswith("ballad") and rng.random() < 0.7:
        noun = ""
    return _article(f"{', '.join(adjectives)} {facts.style} {noun}".strip())


def _absence(facts: Facts) -> str:
    return "without " + " or ".join(facts.absent) if facts.absent else ""


def _details(facts: Facts, rng: np.random.Generator, *, band: bool = True) -> str:
    """The technical facts and the band, in varying order, separated by commas."""
    parts = [facts.bpm, facts.key, facts.meter, facts.touch]
    parts.append(f"over {facts.chords}" if facts.chords else "")
    if band:
        parts.append(
            f"{_one(('with', 'featuring'), rng)} {_joined(facts.played)}" if facts.played else ""
        )
    parts.append(_absence(facts))
    parts = [p for p in parts if p]
    return ", ".join(parts[i] for i in rng.permutation(len(parts)))


def _described(facts: Facts, rng: np.random.Generator) -> str:
    details = _details(facts, rng)
    comma = "," if details and rng.random() < 0.5 else ""
    return f"{_thing(facts, rng)}{comma} {details}"


def _asked(facts: Facts, rng: np.random.Generator) -> str:
    opening = (
        "I want",
        "I'd like",
        "give me",
        "please play",
        "make",
        "compose",
        "write me",
        "I need",
    )
    return f"{_one(opening, rng)} {_described(facts, rng)}"


def _keywords(facts: Facts, rng: np.random.Generator) -> str:
    words = [
        facts.style,
        facts.mood,
        facts.pace,
        facts.bpm.removeprefix("at a ").removeprefix("at "),
        facts.key,
    ]
    words += [facts.meter, facts.touch, *facts.played, facts.chords]
    words += [f"no {stem}" for stem in facts.absent]
    words = [w.removeprefix("in ") for w in words if w]
    return ", ".join(words[i] for i in rng.permutation(len(words)))


def _band_first(facts: Facts, rng: np.random.Generator) -> str:
    if not facts.played:
        return _described(facts, rng)
    verb = "plays" if len(facts.played) == 1 else "play"
    if facts.played[0].endswith(("s", "ion")):
        verb = "play"
    return f"{_joined(facts.played)} {verb} {_thing(facts, rng)} {_details(facts, rng, band=False)}"


def _something(facts: Facts, rng: np.random.Generator) -> str:
    """Plain words: "something calm and slow, with piano"."""
    words = [w for w in (facts.mood, facts.pace) if w]
    style = f"{facts.style} music" if facts.style and rng.random() < 0.5 else facts.style
    opening = _one(("something", "music that is", "background music,", "a bit of music,"), rng)
    if not words:
        opening = _one(("something", "some music"), rng)
    tail = ", ".join(p for p in (style, _details(facts, rng)) if p)
    return f"{opening} {' and '.join(words)}{', ' if words and tail else ' '}{tail}"


def _players_note(facts: Facts, rng: np.random.Generator) -> str:
    """A bandleader's shorthand: "A minor, 92 bpm: slow funk; slap bass and drums"."""
    head = [
        facts.key.removeprefix("in "),
        facts.bpm.removeprefix("at a ").removeprefix("at "),
        facts.meter,
        facts.chords,
    ]
    feel = [f"{facts.style} feel" if facts.style else "", facts.pace, facts.mood, facts.touch]
    band = [_joined(facts.played) if facts.played else "", *(f"no {stem}" for stem in facts.absent)]
    groups = [", ".join(p for p in group if p) for group in (head, feel, band)]
    return "; ".join(g for g in groups if g)


SHAPES = (_described, _described, _asked, _keywords, _band_first, _something, _players_note)
