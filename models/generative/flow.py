"""Rectified flow: the path from noise to latents, its samplers and guidance.

tau = 0 is noise, tau = 1 is data: x_tau = (1 - tau) noise + tau data, and a network predicts the
velocity data - noise. Samplers are pure functions of a velocity field, a start and the flow times
to visit, all with the same arguments. Source: Liu et al. 2022 (rectified flow), Ho & Salimans 2022
(guidance), Song et al. 2023, algorithm 1 (fresh noise at every step).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Field = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Fresh = Callable[[int], torch.Tensor]  # noise, shaped like x, for the i-th step
SCORE_POWER = 2.0  # of the score's flow times: most steps where the shape of the music is decided


def interpolate(noise: torch.Tensor, data: torch.Tensor, tau: torch.Tensor) -> torch.Tensor:
    """Point at flow time tau (broadcast) on the straight path from noise to data."""
    return (1.0 - tau) * noise + tau * data


def velocity(noise: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
    """Constant velocity of the path."""
    return data - noise


def sample_tau(count: int, generator: torch.Generator) -> torch.Tensor:
    """Flow times (count,) for training, logit-normal. Source: Esser et al. 2024, section 3.1."""
    return torch.randn(count, generator=generator).sigmoid()


def sample_walk(count: int, generator: torch.Generator, power: float) -> torch.Tensor:
    """Flow times (count,) for training, as often as a walk along `schedule(power=...)` is there.

    With power 2 a third of them lie below 0.1, where a song is decided; of logit-normal ones 1 %.
    """
    return torch.rand(count, generator=generator) ** power


def schedule(steps: int, start: float = 0.0, *, power: float = 1.0) -> torch.Tensor:
    """Flow times (steps + 1,) that a walk visits, from `start` to 1.

    `power` 1 is even; above 1 the steps near noise are shorter, those near data longer.
    """
    return start + (1.0 - start) * torch.linspace(0.0, 1.0, steps + 1) ** power


def time_features(tau: torch.Tensor) -> torch.Tensor:
    """Sines and cosines (b, 32) of flow times (b,)."""
    frequency = torch.exp(torch.linspace(0.0, math.log(100.0), 16, device=tau.device))
    angle = math.pi * tau[:, None] * frequency
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def euler(field: Field, x: torch.Tensor, times: torch.Tensor, fresh: Fresh) -> torch.Tensor:
    """One call a step: x + dtau v(x, tau)."""
    for here, there in zip(times[:-1], times[1:], strict=True):
        x = x + (there - here) * field(x, here)
    return x


def midpoint(field: Field, x: torch.Tensor, times: torch.Tensor, fresh: Fresh) -> torch.Tensor:
    """Two calls a step: the velocity halfway along an Euler step."""
    for here, there in zip(times[:-1], times[1:], strict=True):
        half = (there - here) / 2
        middle = x + half * field(x, here)
        x = x + 2 * half * field(middle, (here + there) / 2)
    return x


def heun(field: Field, x: torch.Tensor, times: torch.Tensor, fresh: Fresh) -> torch.Tensor:
    """Two calls a step: the mean of the velocities at both ends of an Euler step."""
    for here, there in zip(times[:-1], times[1:], strict=True):
        step = there - here
        first = field(x, here)
        x = x + step * (first + field(x + step * first, there)) / 2
    return x


def ancestral(field: Field, x: torch.Tensor, times: torch.Tensor, fresh: Fresh) -> torch.Tensor:
    """One call a step: to the data as it looks from here, and back with fresh noise.

    What one step got wrong the next does not inherit; a young network gains most by it.
    """
    for i, (here, there) in enumerate(zip(times[:-1], times[1:], strict=True)):
        data = x + (1.0 - here) * field(x, here)
        x = interpolate(fresh(i), data, there) if there < 1.0 else data
    return x


SAMPLERS = {"ancestral": ancestral, "euler": euler, "midpoint": midpoint, "heun": heun}


def guided(velocities: torch.Tensor, weights: list[float]) -> torch.Tensor:
    """Guided velocity from a stack (1 + n, b, ...): everything said, then without each condition.

    v + sum_i (w_i - 1) (v - v_without_i): weight 1 leaves a condition as it is, above 1 stresses
    it, 0 leaves it out.
    """
    full = velocities[0]
    pulls = [
        (w - 1.0) * (full - without) for w, without in zip(weights, velocities[1:], strict=True)
    ]
    return full + sum(pulls) if pulls else full
