"""Everything that is asked in plain words, by name, by number and by argument."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.chords import KEYS, parse_key
from data.emotion import CENTRES, EMOTIONS
from data.labels import GENRES
from data.lead_sheet import LeadSheet
from data.movement import STYLES
from metrics.adherence.facts import Facts
from metrics.adherence.requests import Request
from metrics.adherence.wordings import (
    BPM_WORDS,
    DIRECTED,
    EMOTION_WORDS,
    KEY_WORDS,
    METER_WORDS,
    NAMED_WORDS,
    NEGATIVES,
    PACE_WORDS,
    PLAYING_WORDS,
    PROGRAM_ASKED,
    SILENT_WORDS,
)
from utils import SAMPLE_RATE, SEGMENT_SAMPLES, STEMS

BPM_ASKED = (60.0, 180.0)
KEYS_ASKED = (
    "C major",
    "A minor",
    "G major",
    "E minor",
    "F major",
    "D minor",
    "Bb major",
    "F# minor",
)
SHEETS_ASKED = (
    ("Am F C G", 92.0),
    ("C G Am F", 120.0),
    ("Dm7 G7 Cmaj7 Cmaj7", 140.0),
    ("E7 A7 E7 B7", 104.0),
    ("Em C G D", 76.0),
    ("Cm Ab Eb Bb", 128.0),
    ("F#m D A E", 112.0),
    ("Bb Gm Eb F", 84.0),
)
FEELINGS_ASKED = (-0.8, 0.8)
GUIDANCE_ASKED = (0.0, 1.0, 2.0, 4.0)
# facts that are asked for as numbers, over the range of real music
NUMBERS = ("density", "dynamics", "loudness", "brightness", "register", "swing")
QUANTILES = (0.1, 0.9)
# what only notes can tell; the songs need not be performed
UNHEARD = ("dynamics", "register", "style", "genre")


@dataclass(frozen=True)
class Catalogue:
    """How requests are made: `songs` per condition, the first of them with `seed`.

    `real`: true facts of real songs, whose spread says which numbers can be asked for.
    """

    songs: int
    seed: int
    real: Sequence[Facts] = ()

    def requests(self) -> list[Request]:
        """All requests that need nothing but words and numbers."""
        return [request for make in MAKERS for request in make(self)]

    def each(
        self,
        condition: str,
        way: str,
        wishes: Sequence[tuple[Mapping[str, Any], Mapping[str, float | str]]],
        *,
        songs: int | None = None,
    ) -> list[Request]:
        """`songs` requests that go through the wishes (said, expected) in turn."""
        count = self.songs if songs is None else songs
        turns = [wishes[i % len(wishes)] for i in range(count)]
        heard = condition not in UNHEARD
        return [
            Request(condition, way, said, expects, self.seed + i, heard=heard)
            for i, (said, expects) in enumerate(turns)
        ]

    def numbers(self, fact: str) -> np.ndarray:
        """Values (songs,) of a fact from its lower to its upper tenth in real songs."""
        known = [f[fact] for f in self.real if np.isfinite(f.get(fact, np.nan))]
        return np.quantile(known, np.linspace(*QUANTILES, self.songs)) if known else np.zeros(0)


def _tempos(ask: Catalogue) -> list[Request]:
    grid = np.round(np.linspace(*BPM_ASKED, ask.songs), 1)
    numbers = [({"bpm": float(v)}, {"tempo": float(v)}) for v in grid]
    words = [
        ({"text": BPM_WORDS[i % len(BPM_WORDS)].format(round(v))}, {"tempo": float(round(v))})
        for i, v in enumerate(grid)
    ]
    pace = [({"text": text}, {"tempo": side}) for text, side in PACE_WORDS]
    return [
        *ask.each("tempo", "number", numbers),
        *ask.each("tempo", "words with number", words),
        *ask.each("pace", "words", pace),
    ]


def _keys(ask: Catalogue) -> list[Request]:
    wish = lambda name: {"key": float(parse_key(name)), "mode": float(parse_key(name) // 12)}
    names = [KEYS[parse_key(name)] for name in KEYS_ASKED]
    words = [
        ({"text": KEY_WORDS[i % len(KEY_WORDS)].format(name)}, wish(name))
        for i, name in enumerate(names)
    ]
    return [
        *ask.each("key", "argument", [({"key": name}, wish(name)) for name in names]),
        *ask.each("key", "words", words),
    ]


def _meters(ask: Catalogue) -> list[Request]:
    numbers = [({"beats_per_bar": beats}, {"meter": float(beats)}) for beats in (3, 4)]
    words = [({"text": text}, {"meter": beats}) for text, beats in METER_WORDS]
    return [*ask.each("meter", "number", numbers), *ask.each("meter", "words", words)]


def _sheets(ask: Catalogue) -> list[Request]:
    seconds = SEGMENT_SAMPLES / SAMPLE_RATE
    found = []
    for i in range(ask.songs):
        chords, bpm = SHEETS_ASKED[i % len(SHEETS_ASKED)]
        sheet = LeadSheet.parse(bpm=bpm, chords=chords, duration=seconds)
        said = {"bpm": bpm, "chords": chords}
        found.append(Request("lead sheet", "chords and bpm", said, {}, ask.seed + i, sheet))
    return found


def _stems(ask: Catalogue) -> list[Request]:
    """No X and with X, for every stem, by argument and in words."""
    found = []
    few = max(1, ask.songs // 2)
    for stem in STEMS:
        quiet, heard = {f"plays.{stem}": 0.0}, {f"plays.{stem}": 1.0}
        off, on = [({"plays": {stem: False}}, quiet)], [({"plays": {stem: True}}, heard)]
        words = [({"text": text}, quiet) for text in SILENT_WORDS[stem]]
        present = [({"text": text}, heard) for text in PLAYING_WORDS[stem]]
        found += ask.each("silent stems", "argument", off, songs=few)
        found += ask.each("silent stems", "words", words)
        found += ask.each("playing stems", "argument", on, songs=few)
        found += ask.each("playing stems", "words", present, songs=few)
    return found


def _instruments(ask: Catalogue) -> list[Request]:
    expects = lambda stem, program: {f"program.{stem}": float(program)}
    numbers = [({"programs": {s: p}}, expects(s, p)) for s, p, _ in PROGRAM_ASKED]
    words = [({"text": text}, expects(s, p)) for s, p, text in PROGRAM_ASKED]
    songs = max(ask.songs, len(PROGRAM_ASKED))
    return [
        *ask.each("instruments", "argument", numbers, songs=songs),
        *ask.each("instruments", "words", words, songs=songs),
    ]


def _numbers(ask: Catalogue) -> list[Request]:
    found = []
    for fact in NUMBERS:
        if fact == "density":
            found += _densities(ask)
            continue
        values = [round(float(v), 3) for v in ask.numbers(fact)]
        found += (
            ask.each(fact, "number", [({fact: v}, {fact: v}) for v in values]) if values else []
        )
    for fact in ("valence", "arousal"):
        values = np.linspace(*FEELINGS_ASKED, ask.songs).round(3).tolist()
        found += ask.each(fact, "number", [({fact: v}, {fact: v}) for v in values])
    return found


def _densities(ask: Catalogue) -> list[Request]:
    """All stems sparser or busier together."""
    grids = {stem: ask.numbers(f"density.{stem}") for stem in STEMS}
    if not all(len(grid) for grid in grids.values()):
        return []
    wishes = []
    for i in range(ask.songs):
        each = {stem: round(float(grid[i]), 2) for stem, grid in grids.items()}
        wishes.append(({"density": each}, {"density": sum(each.values())}))
    return ask.each("density", "number", wishes)


def _names(ask: Catalogue) -> list[Request]:
    """Emotion, style and genre by id and in words."""
    feeling = lambda i: {"valence": CENTRES[i][0], "arousal": CENTRES[i][1]}
    ids = [({"emotion_idx": i}, feeling(i)) for i in range(len(EMOTIONS))]
    words = [
        ({"text": text}, feeling(i))
        for i, name in enumerate(EMOTIONS)
        for text in EMOTION_WORDS[name]
    ]
    many = max(ask.songs, len(EMOTIONS))
    found = [
        *ask.each("emotion", "id", ids, songs=many),
        *ask.each("emotion", "words", words, songs=max(ask.songs, len(words))),
    ]
    for name, table in (("style", STYLES), ("genre", GENRES)):
        by_id = [({f"{name}_idx": i}, {name: float(i)}) for i in range(len(table))]
        said = [({"text": NAMED_WORDS[i % len(NAMED_WORDS)].format(w)}, {name: float(i)})
                for i, w in enumerate(table)]  # fmt: skip
        found += ask.each(name, "id", by_id, songs=max(ask.songs, len(table)))
        found += ask.each(name, "words", said, songs=max(ask.songs, len(table)))
    return found


def _negatives(ask: Catalogue) -> list[Request]:
    wishes = [({"negative_text": text}, expects) for text, expects in NEGATIVES]
    return ask.each("negative prompt", "words", wishes)


def _guidance(ask: Catalogue) -> list[Request]:
    found = []
    for weight in GUIDANCE_ASKED:
        wishes = [({"text": t, "guidance": weight}, expects) for t, expects in DIRECTED]
        found += ask.each("guidance", f"{weight:g}", wishes, songs=max(ask.songs, len(DIRECTED)))
    return found


MAKERS: tuple[Callable[[Catalogue], list[Request]], ...] = (
    _tempos,
    _keys,
    _meters,
    _sheets,
    _stems,
    _instruments,
    _numbers,
    _names,
    _negatives,
    _guidance,
)
