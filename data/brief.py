"""The brief of a song: the facts that hold from its first bar to its last, and their coarse steps.

A planner writes a brief before the lead sheet, one token per fact, so that words become facts which
anyone can read. Names and units are those of `data.labels`; ids are exact, numbers are rounded to
the nearest step (tempo by ratio). An instrument outside its stem's usual family has no step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from data.chords import KEYS
from data.labels import EMOTIONS, GENRES, LABEL_SPECS, STYLES, unknown_labels
from data.lead_sheet import BPM_RANGE
from utils import NUM_STEMS, STEMS

UNKNOWN = -1
TEMPO_STEPS_PER_OCTAVE = 36
NUM_TEMPI = 1 + round(TEMPO_STEPS_PER_OCTAVE * np.log2(BPM_RANGE[1] / BPM_RANGE[0]))
NAMES_OF = {"style": STYLES, "genre": GENRES, "emotion": EMOTIONS, "key": KEYS}
FAMILIES = {"bass": 32, "guitar": 24, "piano": 0}  # first of eight General MIDI programs


@dataclass(frozen=True)
class Fact:
    """One fact of a header: a label (of one stem), and the values that its steps stand for.

    scale: on which axis the nearest step is sought; ids need no axis, they match or are unknown.
    """

    label: str
    values: np.ndarray
    stem: int | None = None
    scale: Callable[[np.ndarray], np.ndarray] = field(default=np.asarray, repr=False)

    def step_of(self, labels: Mapping[str, Any]) -> int:
        """The step that labels say, -1 where they do not or where an id has none."""
        value = labels.get(self.label)
        value = value if value is None or self.stem is None else value[self.stem]
        if value is None or math.isnan(value):
            return UNKNOWN
        if self.values.dtype.kind == "i":
            found = np.flatnonzero(self.values == value)
            return int(found[0]) if len(found) else UNKNOWN
        return int(np.abs(self.scale(self.values) - self.scale(np.asarray(value))).argmin())

    def value_of(self, step: int) -> int | float | None:
        """What a step stands for; None for -1."""
        return None if step < 0 else self.values[step].item()


def tempo_of(index: int) -> float:
    """The tempo in bpm of a step; neighbours differ by 1.9 %, so rounding errs by at most 1 %."""
    return float(BPM_RANGE[0] * 2.0 ** (index / TEMPO_STEPS_PER_OCTAVE))


def tempo_bin(bpm: float | None) -> int:
    """The step nearest to a tempo in bpm, -1 for None; beyond `BPM_RANGE` the outermost step."""
    if bpm is None:
        return UNKNOWN
    index = round(TEMPO_STEPS_PER_OCTAVE * np.log2(bpm / BPM_RANGE[0]))
    return int(np.clip(index, 0, NUM_TEMPI - 1))


def _ids(name: str, *, count: int, first: int = 0, stem: str | None = None) -> Fact:
    values = np.arange(first, first + count)
    return Fact(name, values, None if stem is None else STEMS.index(stem))


FACTS = (
    *(_ids(name, count=len(NAMES_OF[name])) for name in ("style", "genre", "emotion")),
    Fact("valence", np.linspace(-1.0, 1.0, 9)),
    Fact("arousal", np.linspace(-1.0, 1.0, 9)),
    Fact("tempo", np.array([tempo_of(i) for i in range(NUM_TEMPI)]), scale=np.log2),
    _ids("key", count=len(KEYS)),
    Fact("swing", np.array([0.50, 0.55, 0.61, 0.67])),
    Fact("dynamics", np.linspace(0.40, 0.98, 12)),
    Fact("register", np.linspace(46.0, 79.0, 12)),
    Fact("loudness", np.linspace(-27.2, -14.0, 12)),
    Fact("brightness", np.linspace(-0.4, 2.35, 12)),
    *(_ids("program", count=8, first=FAMILIES[stem], stem=stem) for stem in FAMILIES),
    *(_ids("plays", count=2, stem=stem) for stem in STEMS),
)


@dataclass(frozen=True)
class Brief:
    """Facts of one song, None where unknown; per stem in the order of `utils.STEMS`.

    Attributes:
        style, genre, emotion, key: ids. valence, arousal: -1 to 1. tempo: bpm. meter: beats per
            bar. swing: share of the long eighth. dynamics: mean velocity, 0 to 1. register: mean
            MIDI pitch of guitar and piano. loudness: LUFS. brightness: octaves over 1 kHz.
        program: General MIDI programs (s,). plays: 1 sounds, 0 rests (s,). density: strokes per
            second (s,).
    """

    style: int | None = None
    genre: int | None = None
    emotion: int | None = None
    valence: float | None = None
    arousal: float | None = None
    tempo: float | None = None
    key: int | None = None
    meter: int | None = None
    swing: float | None = None
    dynamics: float | None = None
    register: float | None = None
    loudness: float | None = None
    brightness: float | None = None
    program: tuple[int | None, ...] = (None,) * NUM_STEMS
    plays: tuple[int | None, ...] = (None,) * NUM_STEMS
    density: tuple[float | None, ...] = (None,) * NUM_STEMS

    @classmethod
    def of(cls, labels: Mapping[str, Any]) -> Brief:
        """The facts that labels know, exactly."""
        return cls(**{f.name: _known(labels.get(f.name), f.name) for f in fields(cls)})

    @classmethod
    def of_steps(cls, steps: np.ndarray) -> Brief:
        """The facts of a header's steps (one for each of `FACTS`), -1 unknown."""
        values: dict[str, Any] = {name: [None] * NUM_STEMS for name in ("program", "plays")}
        for fact, step in zip(FACTS, steps, strict=True):
            if fact.stem is None:
                values[fact.label] = fact.value_of(int(step))
            else:
                values[fact.label][fact.stem] = fact.value_of(int(step))
        return cls(**{n: tuple(v) if isinstance(v, list) else v for n, v in values.items()})

    def labels(self) -> dict[str, Any]:
        """The facts in the form of `data.labels.labels_of`."""
        labels = unknown_labels()
        for name, spec in LABEL_SPECS.items():
            value = getattr(self, name)
            if spec.shape:
                row = [spec.unknown if v is None else v for v in value]
                labels[name] = np.array(row, spec.dtype)
            elif value is not None:
                labels[name] = value
        return labels

    def updated(self, other: Brief) -> Brief:
        """This brief with everything that another one knows put over it."""
        changed = {}
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if isinstance(mine, tuple):
                pairs = zip(mine, theirs, strict=True)
                changed[f.name] = tuple(a if b is None else b for a, b in pairs)
            elif theirs is not None:
                changed[f.name] = theirs
        return replace(self, **changed)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: ids by name, a value per stem, null where unknown."""
        plain: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, tuple):
                plain[f.name] = dict(zip(STEMS, map(_rounded, value), strict=True))
            elif value is not None and f.name in NAMES_OF:
                plain[f.name] = NAMES_OF[f.name][value]
            else:
                plain[f.name] = _rounded(value)
        return plain


def header_steps(labels: Mapping[str, Any]) -> np.ndarray:
    """Steps (len(FACTS),) of the header that labels fill in, -1 unknown."""
    return np.array([fact.step_of(labels) for fact in FACTS], np.int64)


def _known(value: Any, name: str) -> Any:
    """A label as plain numbers, None where it is unknown."""
    if value is None:
        spec = LABEL_SPECS[name]
        return (None,) * NUM_STEMS if spec.shape else None
    if np.ndim(value):
        return tuple(_known(v, name) for v in np.asarray(value).tolist())
    unknown = value < 0 if LABEL_SPECS[name].dtype == "int64" else math.isnan(value)
    return None if unknown else value


def _rounded(value: float | None) -> float | None:
    return round(value, 4) if isinstance(value, float) else value
