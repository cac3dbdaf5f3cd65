"""Score codec: rolls (b s l p) to score latents (b s l d) at the same 21.5 Hz frames, and back.

A frame's rows enter sparse (onsets with their place and velocity, sustain), pass a few ConvNeXt
blocks and a Gaussian bottleneck, and come back as logits and values that `data.roll` reads as
notes. All stems share the network; a stem embedding tells a drum key from a pitch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn

from data.roll import NUM_PITCHES, PLANES, ROLL_ROWS
from models.latent.blocks import LatentNorm, convnext_stack, in_pieces
from models.latent.codec import CodecPosterior
from utils import NUM_STEMS


@dataclass(frozen=True)
class ScoreCodecConfig:
    """Sizes of the score codec: latent width d, channels, blocks in encoder and decoder, kernel in
    frames.
    """

    latent_dim: int = 32
    width: int = 192
    encoder_depth: int = 1
    decoder_depth: int = 2
    kernel: int = 3


@dataclass
class RollLogits:
    """What the decoder says of a roll: logits of onset and sustain, values of place and velocity,
    (b l 88) each.
    """

    onset: torch.Tensor
    place: torch.Tensor
    velocity: torch.Tensor
    sustain: torch.Tensor

    def roll(self) -> torch.Tensor:
        """The roll (b, l, p): onset and sustain as probabilities."""
        planes = (self.onset.sigmoid(), self.place, self.velocity, self.sustain.sigmoid())
        return torch.cat(planes, dim=-1)


class ScoreCodec(nn.Module):
    """The score codec; `encode` and `decode` speak unit-scale latents (b s l d)."""

    PIECE_FRAMES = 1_024

    def __init__(self, config: ScoreCodecConfig = ScoreCodecConfig()) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.encoder_in = nn.Linear(ROLL_ROWS, width)
        self.encoder_stem = nn.Embedding(NUM_STEMS, width)
        self.encoder = convnext_stack(width, config.encoder_depth, kernel=config.kernel)
        self.encoder_out = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * config.latent_dim)
        )
        self.decoder_in = nn.Linear(config.latent_dim, width)
        self.decoder_stem = nn.Embedding(NUM_STEMS, width)
        self.decoder = convnext_stack(width, config.decoder_depth, kernel=config.kernel)
        self.decoder_out = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, ROLL_ROWS))
        nn.init.constant_(self.decoder_out[1].bias[:NUM_PITCHES], -4.0)
        nn.init.constant_(self.decoder_out[1].bias[-NUM_PITCHES:], -3.0)
        self.norm = LatentNorm(NUM_STEMS, config.latent_dim)

    def posterior(self, roll: torch.Tensor) -> CodecPosterior:
        """Distribution of the latents of a roll (b s l p), as (b s, l, d) with stems in the
        batch.
        """
        b, s = roll.shape[:2]
        stems = self.encoder_stem.weight[:, None].repeat(b, 1, 1)
        x = self.encoder_in(rearrange(roll, "b s l p -> (b s) l p")) + stems
        mean, logvar = self.encoder_out(self.encoder(x)).chunk(2, dim=-1)
        return CodecPosterior(mean, logvar.clamp(-12.0, 4.0))

    def logits(self, latents: torch.Tensor) -> RollLogits:
        """Roll logits of codec-scale latents (b s, l, d)."""
        stems = self.decoder_stem.weight[:, None].repeat(len(latents) // NUM_STEMS, 1, 1)
        out = self.decoder_out(self.decoder(self.decoder_in(latents) + stems))
        return RollLogits(*out.split([NUM_PITCHES] * len(PLANES), dim=-1))

    def encode(self, roll: torch.Tensor) -> torch.Tensor:
        """Unit-scale latents (b s l d) of rolls (b s l p); no randomness."""
        unfold = lambda x: rearrange(x, "(b s) l p -> b s l p", s=NUM_STEMS)
        means = in_pieces(
            lambda x: self.posterior(unfold(x)).mean,
            rearrange(roll, "b s l p -> (b s) l p"),
            frames=self.PIECE_FRAMES,
            context=self.config.kernel // 2 * self.config.encoder_depth,
        )
        return self.norm.normalise(unfold(torch.cat(list(means), 1)))

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Rolls (b s l p) of unit-scale latents (b s l d); onset and sustain are probabilities."""
        rolls = in_pieces(
            lambda x: self.logits(x).roll(),
            rearrange(self.norm.restore(latents), "b s l d -> (b s) l d"),
            frames=self.PIECE_FRAMES,
            context=self.config.kernel // 2 * self.config.decoder_depth,
        )
        return rearrange(torch.cat(list(rolls), 1), "(b s) l p -> b s l p", s=NUM_STEMS)
