"""What both codecs are made of: a ConvNeXt block over time, channels last, the scale of latents,
and how a long song passes a network piece after piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn import functional as F


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, normalisation, two linear layers, a scaled residual.

    Maps (b, l, width) to the same shape. Source: Liu et al. 2022, as Vocos (Siuzdak 2023) uses it.
    """

    def __init__(self, width: int, *, kernel: int = 7, expansion: int = 3, depth: int = 4) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, expansion * width)
        self.contract = nn.Linear(expansion * width, width)
        self.scale = nn.Parameter(torch.full((width,), 1.0 / depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mixed = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + self.scale * self.contract(F.gelu(self.expand(self.norm(mixed))))


def convnext_stack(width: int, depth: int, *, kernel: int = 7) -> nn.Sequential:
    """`depth` blocks in a row."""
    return nn.Sequential(*[ConvNeXtBlock(width, kernel=kernel, depth=depth) for _ in range(depth)])


def in_pieces(
    network: Callable[..., torch.Tensor],
    x: torch.Tensor,
    *,
    frames: int,
    context: int,
    rates: tuple[int, int] = (1, 1),
    beside: Callable[[int, int], torch.Tensor] | None = None,
) -> Iterator[torch.Tensor]:
    """What a convolutional network makes of a long x, piece after piece along axis 1.

    Args:
        network: (b, n r, ...) -> (b, n q, ...) for any n, of rates (r, q) per latent frame.
        x: (b, l r, ...).
        frames: latent frames per piece.
        context: latent frames that the network reads beside a piece; with as many as it can see,
            the pieces together equal the output for the whole.
        beside: (first latent frame, last) -> what the network takes as its second argument, of
            the frames between.
    """
    r, q = rates
    num_frames = x.shape[1] // r
    for start in range(0, num_frames, frames):
        stop = min(start + frames, num_frames)
        before, after = max(start - context, 0), min(stop + context, num_frames)
        also = () if beside is None else (beside(before, after),)
        made = network(x[:, before * r : after * r], *also)
        yield made[:, (start - before) * q : (stop - before) * q]


class LatentNorm(nn.Module):
    """Running mean and deviation of latents per stem and dimension, so that a flow sees unit scale.

    Statistics follow the batches seen in training with momentum; they are buffers, not parameters.
    """

    def __init__(self, num_stems: int, width: int, *, momentum: float = 0.02) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(num_stems, width))
        self.register_buffer("std", torch.ones(num_stems, width))
        self.register_buffer("seen", torch.zeros(num_stems))

    @torch.no_grad()
    def update(self, latents: torch.Tensor, counted: torch.Tensor) -> None:
        """Takes in latents (b s l d) of the stems counted (b s) bool."""
        for s in range(latents.shape[1]):
            rows = latents[:, s][counted[:, s]].reshape(-1, latents.shape[-1]).float()
            if len(rows) < 2:
                continue
            step = max(self.momentum, 1.0 / (1.0 + float(self.seen[s])))
            self.mean[s] += step * (rows.mean(0) - self.mean[s])
            self.std[s] += step * (rows.std(0).clamp_min(1e-4) - self.std[s])
            self.seen[s] += 1.0

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        """Codec latents (b s l d) to unit scale."""
        return (latents - self.mean[:, None]) / self.std[:, None]

    def restore(self, latents: torch.Tensor) -> torch.Tensor:
        """Unit-scale latents (b s l d) back to the codec's own scale."""
        return latents * self.std[:, None] + self.mean[:, None]
