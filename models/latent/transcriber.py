"""The transcriber: sound latents (b s l d) of stems to the score latents of what they play.

Dilated ConvNeXt blocks over the frames of one stem. What a stem plays is nearly a function of how
it sounds, so this is a regression, not a flow: one call, the same answer every time. It lets a
recording whose notes nobody wrote down be accompanied, varied and measured like a score.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn

from models.latent.blocks import ConvNeXtBlock, in_pieces
from utils import NUM_STEMS


@dataclass(frozen=True)
class TranscriberConfig:
    """Sizes of the transcriber: channels, blocks, kernel in frames."""

    width: int = 192
    depth: int = 4
    kernel: int = 7


class Transcriber(nn.Module):
    """Unit-scale sound latents -> unit-scale score latents, one network for all stems."""

    PIECE_FRAMES = 1_024

    def __init__(self, config: TranscriberConfig, *, sound_dim: int, score_dim: int) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Embedding(NUM_STEMS, config.width)
        self.sound_in = nn.Linear(sound_dim, config.width)
        self.blocks = nn.Sequential(
            *(
                ConvNeXtBlock(config.width, kernel=config.kernel, depth=config.depth)
                for _ in range(config.depth)
            )
        )
        self.out = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, score_dim))

    def forward(self, sound: torch.Tensor) -> torch.Tensor:
        """Score latents (b s l d) of sound latents (b s l d); memory beyond them does not grow."""
        b, s = sound.shape[:2]
        x = rearrange(self.sound_in(sound) + self.stem.weight[:, None], "b s l w -> (b s) l w")
        pieces = in_pieces(
            lambda part: self.out(self.blocks(part)),
            x,
            frames=self.PIECE_FRAMES,
            context=self.config.kernel // 2 * self.config.depth,
        )
        return rearrange(torch.cat(list(pieces), 1), "(b s) l d -> b s l d", b=b, s=s)
