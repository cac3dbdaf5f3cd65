"""How long a stage lasts and how its learning rate moves."""

from __future__ import annotations

import math

SCHEDULES = ("cosine", "constant")
FINAL_FACTOR = 0.05


def learning_rate_factor(step: int, *, total: int, warmup: int, kind: str) -> float:
    """What the learning rate is multiplied by in optimiser step `step` (from 0).

    It rises linearly over `warmup` steps to 1, then stays ("constant") or falls along half a cosine
    to 0.05 at `total` ("cosine").
    """
    if step < warmup:
        return (step + 1) / warmup
    if kind == "constant":
        return 1.0
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    return FINAL_FACTOR + (1.0 - FINAL_FACTOR) * 0.5 * (1.0 + math.cos(math.pi * progress))


def total_steps(steps: int | None, epochs: float, num_segments: int, segments_per_step: int) -> int:
    """Optimiser steps of a stage: `steps`, or enough to see every segment `epochs` times."""
    return steps or max(1, math.ceil(epochs * num_segments / segments_per_step))


def validation_interval(interval: float, num_segments: int, segments_per_step: int) -> int:
    """Optimiser steps between validations: `interval` epochs up to 1, else steps; 0 is never."""
    if interval > 1.0:
        return round(interval)
    return max(1, round(interval * num_segments / segments_per_step)) if interval > 0 else 0


def time_share(stage: str, remaining: list[str]) -> float:
    """Part of the time left that a stage may use; `remaining` stages, itself first, share it.

    A judgement, not a measurement: the composer learns longest, the planner within minutes.
    """
    weights = {
        "codec": 0.18,
        "score": 0.08,
        "transcriber": 0.07,
        "planner": 0.1,
        "composer": 0.25,
        "performer": 0.2,
        "decoder": 0.12,
    }
    return weights.get(stage, 0.25) / sum(weights.get(name, 0.25) for name in remaining)
