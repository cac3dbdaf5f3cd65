"""What the planner reads beside its own tokens, once with everything said and once without each
condition that guidance pulls on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from models.encoders.conditions import Conditions
from models.generative.flow import guided

READ = ("text", "mel")  # of all conditions; facts come in as tokens


@dataclass(frozen=True)
class Reading:
    """Condition tokens (b m e), bool mask (b m) of those that count, summary (b width)."""

    tokens: torch.Tensor
    mask: torch.Tensor
    summary: torch.Tensor

    @staticmethod
    def joined(readings: list[Reading]) -> Reading:
        """The songs of all readings, one after another."""
        longest = max(r.tokens.shape[1] for r in readings)
        pad = lambda r: longest - r.tokens.shape[1]
        return Reading(
            tokens=torch.cat([F.pad(r.tokens, (0, 0, 0, pad(r))) for r in readings]),
            mask=torch.cat([F.pad(r.mask, (0, pad(r)), value=False) for r in readings]),
            summary=torch.cat([r.summary for r in readings]),
        )


@dataclass(frozen=True)
class Guidance:
    """How strongly what was said pulls on the plan.

    Attributes:
        weights: per condition, "all" or one of `READ`; 1 leaves it as it is, above 1 stresses it.
        negative: text tokens (b n e) and mask (b n) that stand where the text is left out, so that
            a weight above 1 pulls away from them.
    """

    weights: Mapping[str, float]
    negative: tuple[torch.Tensor, torch.Tensor] | None = None

    @staticmethod
    def of(
        weights: float | Mapping[str, float],
        said: Conditions,
        *,
        facts: bool,
        negative: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> Guidance:
        """What acts, and so costs a reading: weights other than 1 of something that is said.

        Args:
            weights: one for "all", or per condition; those of facts are passed over.
            facts: whether a fact of the brief is said of any song.
        """
        weights = weights if isinstance(weights, Mapping) else {"all": weights}
        acting = {*said.given, *(["text"] if negative is not None else [])} & {*READ}
        acting |= {"all"} if acting or facts else set()
        chosen = {n: float(w) for n, w in weights.items() if n in acting and w != 1.0}
        return Guidance(chosen, negative)

    def versions(self, said: Conditions) -> list[tuple[Conditions, bool]]:
        """Conditions of each reading, and whether the facts that were said are read with them."""
        found = [(said, True)]
        for name, weight in self.weights.items():
            less = Conditions() if name == "all" else said.without(name)
            if self.negative is not None and name != "mel" and weight > 1.0:
                tokens, mask = self.negative
                less = Conditions(**dict(less.said()) | {"text_tokens": tokens, "text_mask": mask})
            found.append((less, name != "all"))
        return found

    def combined(self, logits: torch.Tensor) -> torch.Tensor:
        """Logits (b v) from those of all readings ((1 + n) b v), one reading after another."""
        return guided(logits.unflatten(0, (1 + len(self.weights), -1)), list(self.weights.values()))
