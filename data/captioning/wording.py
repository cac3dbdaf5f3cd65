"""What every table of words holds, and the chance that chooses from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

T = TypeVar("T")
_BLOCK = 64


@dataclass(frozen=True)
class Wording:
    """Ways to say one fact, by the place that they fit in.

    Attributes:
        adjectives: before a noun: "slow".
        details: after a noun: "at an easy pace".
        clauses: a request or a remark of its own, without a stop: "take your time".
        tags: further keywords; adjectives are keywords, too.
    """

    adjectives: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def keywords(self) -> tuple[str, ...]:
        """What can stand in a list of keywords."""
        return self.adjectives + self.tags or self.details

    def phrases(self) -> Iterator[str]:
        """All of them."""
        for field in fields(self):
            yield from getattr(self, field.name)


def listed(text: str) -> tuple[str, ...]:
    """The phrases of a text, which stand between "|" or line ends."""
    return tuple(phrase.strip() for phrase in re.split(r"[|\n]", text) if phrase.strip())


def wording(adjectives: str = "", details: str = "", clauses: str = "", tags: str = "") -> Wording:
    """A `Wording` of lists as `listed` reads them."""
    return Wording(listed(adjectives), listed(details), listed(clauses), listed(tags))


class Draw:
    """Chance in small change: numbers of a generator, drawn in blocks because that is faster."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._numbers: Iterator[float] = iter(())

    def number(self) -> float:
        """Uniform in [0, 1)."""
        value = next(self._numbers, None)
        if value is None:
            self._numbers = iter(self._rng.random(_BLOCK).tolist())
            value = next(self._numbers)
        return value

    def chance(self, probability: float) -> bool:
        return self.number() < probability

    def one(self, items: Sequence[T]) -> T:
        return items[int(self.number() * len(items))]

    def shuffled(self, items: Iterable[T]) -> list[T]:
        rest = list(items)
        for last in range(len(rest) - 1, 0, -1):
            other = int(self.number() * (last + 1))
            rest[last], rest[other] = rest[other], rest[last]
        return rest
