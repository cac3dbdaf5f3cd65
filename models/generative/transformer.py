"""Hierarchical stem transformer: the velocity of the score's flow for every stem and frame.

Three scales, micro x1, meso x4 and macro x16 frames, in an hourglass with skips. When fine,
attention sees a short window of time over all stems; when coarse, the whole segment over all stems,
beside the neural audio graph. The work per second is constant, so cost grows linearly with length
up to the macro scale, which has a sixteenth of the frames. Words and labels enter by
cross-attention at the meso and macro scales and by adaptive normalisation everywhere; the lead
sheet enters at every frame. What is to be expected before a note is heard is a linear map of its
own beside the hourglass (`models.generative.expectation`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from einops import rearrange
from torch import nn
from torch.nn import functional as F

from models.encoders.conditions import Context
from models.generative.expectation import Expectation, prior_share
from models.generative.flow import time_features
from models.latent.audio_graph import AudioGraph
from utils import NUM_STEMS


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of the stem transformer.

    widths: channels at micro, meso and macro scale. depths: blocks at micro and meso scale on each
    side of the hourglass, and at the macro scale in its middle. windows: frames of their own scale
    that one attention window spans at micro and meso scale. graph: whether the audio graph acts.
    """

    widths: tuple[int, int, int] = (128, 256, 384)
    depths: tuple[int, int, int] = (1, 3, 2)
    windows: tuple[int, int] = (16, 16)
    head_dim: int = 32
    context_width: int = 256
    sheet_width: int = 128
    graph: bool = True

    FOLD = 4


def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Shifts and scales normalised channels of (b s m w) by (b s w)."""
    return x * (1.0 + scale[:, :, None]) + shift[:, :, None]


def rotate(x: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of (..., n, head_dim) at positions (n,). Source: Su et al. 2021, section
    3.4.
    """
    half = x.shape[-1] // 2
    frequency = torch.exp(-math.log(10_000.0) * torch.arange(half, device=x.device) / half)
    angle = positions[:, None].to(x.dtype) * frequency.to(x.dtype)
    cos, sin = angle.cos(), angle.sin()
    even, odd = x[..., :half], x[..., half:]
    return torch.cat([even * cos - odd * sin, even * sin + odd * cos], dim=-1)


class Attention(nn.Module):
    """Self-attention over (b n w) with rotary positions and a learned bias between stems."""

    def __init__(self, width: int, head_dim: int) -> None:
        super().__init__()
        self.heads = width // head_dim
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.between_stems = nn.Parameter(torch.zeros(self.heads, NUM_STEMS, NUM_STEMS))

    def forward(
        self, x: torch.Tensor, num_frames: int, hidden: torch.Tensor | None
    ) -> torch.Tensor:
        """x (b, s x frames, w), stems outermost; hidden (b, s x frames) bool, True where not to
        look.
        """
        q, k, v = rearrange(self.qkv(x), "b n (p h e) -> p b h n e", p=3, h=self.heads)
        positions = torch.arange(num_frames, device=x.device).repeat(NUM_STEMS)
        bias = self.between_stems.repeat_interleave(num_frames, 1).repeat_interleave(num_frames, 2)
        mask = bias[None].to(x.dtype)
        if hidden is not None:
            mask = mask.masked_fill(hidden[:, None, None, :], -1e4)
        mixed = F.scaled_dot_product_attention(rotate(q, positions), rotate(k, positions), v, mask)
        return self.out(rearrange(mixed, "b h n e -> b n (h e)"))


class CrossAttention(nn.Module):
    """Attention from (b n w) to the condition tokens (b m e)."""

    def __init__(self, width: int, context_width: int, head_dim: int) -> None:
        super().__init__()
        self.heads = width // head_dim
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(context_width, 2 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, x: torch.Tensor, context: Context) -> torch.Tensor:
        q = rearrange(self.query(x), "b n (h e) -> b h n e", h=self.heads)
        kv = self.key_value(context.tokens)
        k, v = rearrange(kv, "b m (p h e) -> p b h m e", p=2, h=self.heads)
        mixed = F.scaled_dot_product_attention(q, k, v, context.mask[:, None, None, :])
        return self.out(rearrange(mixed, "b h n e -> b n (h e)"))


class Block(nn.Module):
    """Windowed attention over time and stems, optional cross-attention, feed-forward; adaptive
    norms.

    `window` 0 means the whole sequence. `shifted` moves the windows by half, so that neighbours
    meet.
    """

    def __init__(
        self, width: int, config: TransformerConfig, *, window: int, shifted: bool, crossed: bool
    ) -> None:
        super().__init__()
        self.window, self.shifted = window, shifted
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.attention = Attention(width, config.head_dim)
        self.cross = (
            CrossAttention(width, config.context_width, config.head_dim) if crossed else None
        )
        self.cross_norm = nn.LayerNorm(width) if crossed else None
        self.feed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.modulation = nn.Linear(config.context_width, 6 * width)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(
        self, x: torch.Tensor, present: torch.Tensor | None, context: Context, pooled: torch.Tensor
    ) -> torch.Tensor:
        """x (b s m w) -> (b s m w); pooled (b s e) steers the norms of each stem; present None is
        all.
        """
        chunks = self.modulation(F.silu(pooled)).chunk(6, dim=-1)
        gate_a, gate_f = (1.0 + c[:, :, None] for c in (chunks[2], chunks[5]))
        x = x + gate_a * self._attend(modulate(self.norms[0](x), chunks[0], chunks[1]), present)
        if self.cross is not None:
            flat = rearrange(self.cross_norm(x), "b s m w -> b (s m) w")
            x = x + rearrange(self.cross(flat, context), "b (s m) w -> b s m w", s=x.shape[1])
        return x + gate_f * self.feed(modulate(self.norms[1](x), chunks[3], chunks[4]))

    def _attend(self, x: torch.Tensor, present: torch.Tensor | None) -> torch.Tensor:
        b, s, m, _ = x.shape
        window = min(self.window, m) if self.window else m
        lead = window // 2 if self.shifted and window < m else 0
        tail = -(m + lead) % window
        padded = F.pad(x, (0, 0, lead, tail))
        count = padded.shape[2] // window
        flat = rearrange(padded, "b s (c m) w -> (b c) (s m) w", c=count)
        hidden = None
        if lead or tail or present is not None:
            seen = x.new_ones(b, s, m).bool() if present is None else present[:, :, None]
            seen = F.pad(seen.expand(b, s, m), (lead, tail), value=False)
            hidden = ~rearrange(seen, "b s (c m) -> (b c) (s m)", c=count)
        mixed = self.attention(flat, window, hidden)
        mixed = rearrange(mixed, "(b c) (s m) w -> b s (c m) w", b=b, s=s)
        return mixed[:, :, lead : lead + m]


class Scale(nn.Module):
    """A few blocks at one scale, every other one shifted."""

    def __init__(
        self, width: int, depth: int, config: TransformerConfig, *, window: int, crossed: bool
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(width, config, window=window, shifted=bool(i % 2), crossed=crossed)
            for i in range(depth)
        )

    def forward(
        self, x: torch.Tensor, present: torch.Tensor | None, context: Context, pooled: torch.Tensor
    ) -> torch.Tensor:
        for block in self.blocks:
            x = block(x, present, context, pooled)
        return x


class StemTransformer(nn.Module):
    """The composer's network: noisy score latents, flow time, what is known and the conditions ->
    velocity.
    """

    def __init__(self, config: TransformerConfig, score_dim: int) -> None:
        super().__init__()
        self.config = config
        micro, meso, macro = config.widths
        self.latent_in = nn.Linear(score_dim, micro)
        self.known_in = nn.Linear(1, micro, bias=False)
        self.sheet_in = nn.Linear(config.sheet_width, micro, bias=False)
        self.stem = nn.Embedding(NUM_STEMS, micro)
        self.time = nn.Sequential(
            nn.Linear(32, config.context_width),
            nn.SiLU(),
            nn.Linear(config.context_width, config.context_width),
        )
        scale = lambda width, i, depth, crossed: Scale(
            width, depth, config, window=config.windows[i] if i < 2 else 0, crossed=crossed
        )
        self.micro_down = scale(micro, 0, config.depths[0], False)
        self.to_meso = nn.Linear(config.FOLD * micro, meso)
        self.meso_down = scale(meso, 1, config.depths[1], True)
        self.to_macro = nn.Linear(config.FOLD * meso, macro)
        self.macro = scale(macro, 2, config.depths[2], True)
        self.graph = AudioGraph(macro) if config.graph else None
        self.from_macro = nn.Linear(macro, config.FOLD * meso)
        self.meso_up = scale(meso, 1, config.depths[1], True)
        self.from_meso = nn.Linear(meso, config.FOLD * micro)
        self.micro_up = scale(micro, 0, config.depths[0], False)
        self.out_norm = nn.LayerNorm(micro, elementwise_affine=False)
        self.out_modulation = nn.Linear(config.context_width, 2 * micro)
        self.out = nn.Linear(micro, score_dim)
        self.expectation = Expectation(config.sheet_width, config.context_width, score_dim)
        for layer in (self.out, self.out_modulation):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        latents: torch.Tensor,
        tau: torch.Tensor,
        known: torch.Tensor,
        present: torch.Tensor,
        context: Context,
    ) -> torch.Tensor:
        """Velocity (b s l d) of noisy score latents (b s l d).

        Args:
            latents: known frames are clean, the rest is at flow time tau.
            tau: (b,) flow times.
            known: (b s l) bool, True where the score is given.
            present: (b s) bool, False for stems that do not exist.
            context: what was said, as `ConditionEncoder` gives it.
        """
        num_frames = latents.shape[2]
        pad = -num_frames % self.config.FOLD**2
        x = self.latent_in(latents) + self.known_in(known[..., None].to(latents.dtype))
        x = x + self.sheet_in(context.sheet)[:, None] + self.stem.weight[:, None]
        x = F.pad(x, (0, 0, 0, pad))
        pooled = (context.pooled + self.time(time_features(tau)))[:, None] + context.stems
        x = self._hourglass(x, present, context, pooled)[:, :, :num_frames]
        shift, scale = self.out_modulation(F.silu(pooled)).chunk(2, dim=-1)
        expected = self.expectation(context.sheet, context.song, context.stem_facts)
        return self.out(modulate(self.out_norm(x), shift, scale)) + prior_share(tau) * expected

    def _hourglass(
        self, x: torch.Tensor, present: torch.Tensor, context: Context, pooled: torch.Tensor
    ) -> torch.Tensor:
        """Down to the macro scale and back, (b s l w) with l a multiple of 16."""
        fold = lambda y: rearrange(y, "b s (m r) w -> b s m (r w)", r=self.config.FOLD)
        unfold = lambda y: rearrange(y, "b s m (r w) -> b s (m r) w", r=self.config.FOLD)
        steer = (None if bool(present.all()) else present, context, pooled)
        micro = self.micro_down(x, *steer)
        meso = self.meso_down(self.to_meso(fold(micro)), *steer)
        macro = self.macro(self.to_macro(fold(meso)), *steer)
        if self.graph is not None:
            macro = self.graph(macro, present)
        meso = self.meso_up(meso + unfold(self.from_macro(macro)), *steer)
        return self.micro_up(micro + unfold(self.from_meso(meso)), *steer)
