"""New mixtures from old stems: who plays together, how loud, who rests; and the level of a mixture.

Stems of different songs do not fit each other, which is what makes them worth separating: the
network cannot rely on what usually goes together. The other half of the mixtures are real songs.
"""

from __future__ import annotations

import torch

GAIN_DB, LEVEL_DB = 8.0, 4.0
OWN_SHARE, REST_SHARE = 0.5, 0.1


def remixed(stems: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Stems (b s t) in new company, half of the songs left together.

    Every stem gets a gain within 8 dB either way and a sign, and rests in one song of ten; never
    all of a song. `generator` is on the CPU.
    """
    b, s, _ = stems.shape
    draw = lambda *size: torch.rand(*size, generator=generator)
    others = torch.stack([torch.randperm(b, generator=generator) for _ in range(s)], 1)
    songs = torch.where(draw(b, 1) < OWN_SHARE, torch.arange(b)[:, None], others)
    gain = 10.0 ** ((2.0 * draw(b, s) - 1.0) * GAIN_DB / 20.0)
    gain = gain * torch.where(draw(b, s) < 0.5, -1.0, 1.0)
    rests = draw(b, s) < REST_SHARE
    gain = gain * ~(rests & ~rests.all(1, keepdim=True))
    together = stems[songs.to(stems.device), torch.arange(s, device=stems.device)]
    return together * gain.to(stems.device)[..., None]


def levelled(stems: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """Stems (b s t) with one gain per song, so that their sum has a mean square of 1.

    Args:
        generator: lets the level vary by 4 dB either way, as the passages of a song do.
    """
    gain = mixture_gain(stems.sum(1))
    if generator is not None:
        jitter = 2.0 * torch.rand(len(stems), generator=generator) - 1.0
        gain = gain * (10.0 ** (jitter * LEVEL_DB / 20.0)).to(gain.device)
    return stems * gain[:, None, None]


def mixture_gain(mixture: torch.Tensor) -> torch.Tensor:
    """Gain (b,) that brings mixtures (b t) to a mean square of 1; 1 for silence."""
    return level_gain(mixture.square().mean(-1))


def level_gain(power: torch.Tensor) -> torch.Tensor:
    """Gain for a mean square; 1 below -100 dB of full scale, which is silence."""
    return torch.where(power > 1e-10, power.clamp_min(1e-10).rsqrt(), 1.0)
