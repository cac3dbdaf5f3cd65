"""Where a transfer goes: styles, genres and emotions with weights, a recording, words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from models.options import TABLES
from utils import UserError, did_you_mean

if TYPE_CHECKING:
    import torch

Blend = str | int | Mapping[str | int, float]


@dataclass(frozen=True)
class Part:
    """One of the pure targets that are mixed: its share of the whole, and its ids by label."""

    weight: float
    ids: Mapping[str, int]


@dataclass(frozen=True)
class Target:
    """What the song shall become.

    Attributes:
        blends: "style", "genre", "emotion" -> id -> weight; the weights of a label sum to 1.
        reference: a recording to sound like: waveform (t,) at 22,050 Hz, or power mel (f m).
        text: further words.
    """

    blends: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    reference: torch.Tensor | None = None
    text: str | None = None

    @classmethod
    def of(
        cls,
        style: Blend | None = None,
        *,
        genre: Blend | None = None,
        emotion: Blend | None = None,
        reference: torch.Tensor | None = None,
        text: str | None = None,
    ) -> Target:
        """A target from what a user says; a label is a name, an id or a blend (`parse_blend`).

        Raises:
            UserError: nothing is said, or a name or weight that cannot be.
        """
        said = {"style": style, "genre": genre, "emotion": emotion}
        blends = {name: parse_blend(name, v) for name, v in said.items() if v is not None}
        if not blends and reference is None and text is None:
            raise UserError("no style is said: give a style, a genre, an emotion or a reference")
        return cls(blends, reference, text)

    @property
    def parts(self) -> list[Part]:
        """Every combination of the blended ids, the heaviest first; weights sum to 1."""
        choices = [[(name, *item) for item in blend.items()] for name, blend in self.blends.items()]
        parts = [
            Part(math.prod(w for _, _, w in chosen), {name: index for name, index, _ in chosen})
            for chosen in product(*choices)
        ]
        return sorted(parts, key=lambda part: -part.weight)

    def named(self) -> dict[str, dict[str, float]]:
        """The blends by name, as JSON."""
        return {
            label: {TABLES[label][index]: weight for index, weight in blend.items()}
            for label, blend in self.blends.items()
        }

    def described(self) -> str:
        """The target in words: "0.7 jazz, 0.3 funk, tender, like a recording"."""
        words = []
        for blend in self.named().values():
            words += [name if w == 1.0 else f"{w:.2g} {name}" for name, w in blend.items()]
        words += ["like a recording"] if self.reference is not None else []
        return ", ".join([*words, *([self.text] if self.text else [])])


def parse_blend(label: str, value: Blend) -> dict[int, float]:
    """Weight of every id that takes part, summing to 1.

    Args:
        label: "style", "genre" or "emotion".
        value: a name or an id; "jazz=0.7 funk=0.3"; or the same as a mapping. Only the proportions
            of the weights matter; what has no weight has 1, what has 0 takes no part.

    Raises:
        UserError: no such name (with the nearest one), or weights that are not shares.
    """
    if isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        pairs = [_pair(label, word) for word in str(value).replace(",", " ").split()]
    weights: dict[int, float] = {}
    for name, weight in pairs:
        index = _id(label, name)
        if index in weights:
            raise UserError(f"{label} '{TABLES[label][index]}' has two weights: say it once")
        if not (math.isfinite(weight) and weight >= 0.0):
            raise UserError(f"the weight of {label} '{name}' is {weight:g}: expected 0 or more")
        weights[index] = float(weight)
    total = sum(weights.values())
    if not total:
        raise UserError(
            f"no {label} has a weight above 0: give a blend such as 'jazz=0.7 funk=0.3'"
        )
    return {index: weight / total for index, weight in weights.items() if weight}


def _pair(label: str, word: str) -> tuple[str, float]:
    """A name and its weight: "jazz=0.7", "jazz"."""
    name, equals, weight = word.partition("=")
    try:
        return name, float(weight) if equals else 1.0
    except ValueError:
        raise UserError(
            f"'{word}' has no weight that can be read: expected {label}=number, as in {name}=0.7"
        ) from None


def _id(label: str, name: str | int) -> int:
    """The id of a name, or of an id as a number or word."""
    table, word = TABLES[label], str(name).strip().lower()
    if word in table:
        return table.index(word)
    if word.isdecimal() and int(word) < len(table):
        return int(word)
    raise UserError(f"unknown {label} '{name}': {did_you_mean(word, table)}")
