"""Rectified flow over joint latents: the path, its samplers and guidance.

A latent has sound dimensions and score dimensions, each with a flow time of its own (tau = 0 is
noise, tau = 1 is data): x_tau = (1 - tau) noise + tau data, and the network predicts the velocity
data - noise. Samplers are pure functions of a velocity field, a start and a schedule, all with the
same arguments; a schedule lists the pairs (sound time, score time) that the walk visits, so the
score may run ahead of the sound. Source: Liu et al. 2022 (rectified flow), Bao et al. 2023 (one
network, two times), Ho & Salimans 2022 (guidance).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Field = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def interpolate(noise: torch.Tensor, data: torch.Tensor, tau: torch.Tensor) -> torch.Tensor:
    """Point at flow time tau (broadcast) on the straight path from noise to data."""
    return (1.0 - tau) * noise + tau * data


def velocity(noise: torch.Tensor, data: torch.Tensor) -> torch.Tensor:
    """Constant velocity of the path."""
    return data - noise


def sample_tau(count: int, generator: torch.Generator) -> torch.Tensor:
    """Flow times (count, 2) of sound and score for training, logit-normal and independent.

    One item in eight has its score at pure noise and one in eight its sound, so that the model also
    knows sound without notes and notes without sound.
    """
    tau = torch.randn(count, 2, generator=generator).sigmoid()
    draw = torch.rand(count, generator=generator)
    tau[:, 1] = torch.where(draw < 0.125, 0.0, tau[:, 1])
    tau[:, 0] = torch.where(draw > 0.875, 0.0, tau[:, 0])
    return tau


def schedule(
    steps: int, *, score_lead: float = 0.0, start: tuple[float, float] = (0.0, 0.0)
) -> torch.Tensor:
    """Pairs (steps + 1, 2) of sound time and score time from `start` to 1.

    Args:
        steps: number of steps.
        score_lead: share of the walk by which the score is ahead, 0 (together) to below 1; at 0.5
            the score is finished before the sound begins.
        start: flow times at which sound and score begin; above 0 where existing music is varied.
    """
    begin = torch.tensor(start)
    walk = torch.linspace(0.0, 1.0, steps + 1)
    score = (walk / (1.0 - score_lead)).clamp_max(1.0)
    sound = ((walk - score_lead) / (1.0 - score_lead)).clamp_min(0.0)
    return begin + (1.0 - begin) * torch.stack([sound, score], dim=-1)


@dataclass(frozen=True)
class Widths:
    """How many latent dimensions are sound and how many are score."""

    sound: int
    score: int

    def spread(self, pair: torch.Tensor) -> torch.Tensor:
        """A pair (..., 2) for sound and score, of any type, as one value per latent dimension
        (..., d).
        """
        sound, score = pair.split(1, dim=-1)
        shape = pair.shape[:-1]
        return torch.cat([sound.expand(*shape, self.sound), score.expand(*shape, self.score)], -1)


def euler(field: Field, x: torch.Tensor, times: torch.Tensor, widths: Widths) -> torch.Tensor:
    """One call a step: x + dtau v(x, tau)."""
    for here, there in zip(times[:-1], times[1:], strict=True):
        x = x + widths.spread(there - here) * field(x, here)
    return x


def midpoint(field: Field, x: torch.Tensor, times: torch.Tensor, widths: Widths) -> torch.Tensor:
    """Two calls a step: the velocity halfway along an Euler step."""
    for here, there in zip(times[:-1], times[1:], strict=True):
        half = widths.spread(there - here) / 2
        middle = x + half * field(x, here)
        x = x + 2 * half * field(middle, (here + there) / 2)
    return x


def heun(field: Field, x: torch.Tensor, times: torch.Tensor, widths: Widths) -> torch.Tensor:
    """Two calls a step: the mean of the velocities at both ends of an Euler step."""
    for here, there in zip(times[:-1], times[1:], strict=True):
        step = widths.spread(there - here)
        first = field(x, here)
        x = x + step * (first + field(x + step * first, there)) / 2
    return x


SAMPLERS = {"euler": euler, "midpoint": midpoint, "heun": heun}


def guided(velocities: torch.Tensor, weights: list[float]) -> torch.Tensor:
    """Guided velocity from a stack (1 + n, b, ...): everything said, then without each condition.

    v + sum_i (w_i - 1) (v - v_without_i): weight 1 leaves a condition as it is, above 1 stresses
    it, 0 ignores it.
    """
    full = velocities[0]
    pulls = [
        (w - 1.0) * (full - without) for w, without in zip(weights, velocities[1:], strict=True)
    ]
    return full + sum(pulls) if pulls else full
