"""A causal transformer with cross-attention that goes on where it stopped: keys and values stay.

Each block does its three things side by side (as in PaLM, Chowdhery et al. 2022, section 2):
one token at a time it is the number of operations that costs, not their size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

EXPANSION = 4


class Memory:
    """What a transformer keeps of the tokens it has seen.

    Attributes:
        length: how many tokens have been seen.
        seen: per block, the keys and values (2 b h n e) of those tokens.
        context: per block, the keys and values (2 b h m e) of the context.
    """

    def __init__(self) -> None:
        self.length = 0
        self.seen: dict[int, torch.Tensor] = {}
        self.context: dict[int, torch.Tensor] = {}

    def extend(self, block: int, new: torch.Tensor) -> torch.Tensor:
        """All keys and values of a block after new ones (2 b h n e)."""
        if block in self.seen:
            new = torch.cat([self.seen[block], new], 3)
        self.seen[block] = new
        return new


@dataclass(frozen=True)
class Reach:
    """Where new tokens stand and how far back they look.

    cos, sin: (n e/2) of their rotary angles. mask: bool (n, all tokens); None sees everything.
    """

    cos: torch.Tensor
    sin: torch.Tensor
    mask: torch.Tensor | None

    @staticmethod
    def of(first: int, x: torch.Tensor, head_width: int) -> Reach:
        """The reach of tokens x (b n width) at positions first, first + 1, ..."""
        num_new, half = x.shape[1], head_width // 2
        rates = 10_000.0 ** (-torch.arange(half, device=x.device) / half)
        angles = torch.arange(first, first + num_new, device=x.device)[:, None] * rates
        mask = None
        if num_new > 1:
            every = torch.ones(num_new, first + num_new, dtype=torch.bool, device=x.device)
            mask = every.tril(first)
        return Reach(angles.cos().to(x.dtype), angles.sin().to(x.dtype), mask)

    def rotate(self, x: torch.Tensor) -> torch.Tensor:
        """Rotary position embedding (Su et al. 2021, section 3.4) of x (... n e)."""
        a, b = x.chunk(2, -1)
        return torch.cat([a * self.cos - b * self.sin, a * self.sin + b * self.cos], -1)


class CausalBlock(nn.Module):
    """Attention to the past, attention to the context and a perceptron, side by side.

    Args:
        width: of the tokens; `context_width`: of the context tokens.
        heads: attention heads; `width` is an even multiple of it.
        index: which block this is, to find its part of a `Memory`.
    """

    def __init__(self, width: int, context_width: int, heads: int, index: int) -> None:
        super().__init__()
        self.heads, self.index = heads, index
        self.sizes = [4 * width, EXPANSION * width]
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Linear(width, sum(self.sizes))
        self.to_context = nn.Linear(context_width, 2 * width)
        self.leave = nn.Linear((2 + EXPANSION) * width, width)

    def forward(
        self,
        x: torch.Tensor,
        context: torch.Tensor,
        known: torch.Tensor,
        reach: Reach,
        memory: Memory,
    ) -> torch.Tensor:
        """x (b n width) after this block; `memory` takes in the new tokens.

        Args:
            context: (b m context_width), the same at every call with one memory.
            known: bool (b m), which context tokens may be looked at.
        """
        heads, hidden = self.enter(self.norm(x)).split(self.sizes, -1)
        heads = self._split(heads, 4)
        query, new_keys = reach.rotate(heads[:2])
        keys, values = memory.extend(self.index, torch.stack([new_keys, heads[2]]))
        back = F.scaled_dot_product_attention(query, keys, values, reach.mask)
        keys, values = self._context(context, memory)
        aside = F.scaled_dot_product_attention(heads[3], keys, values, known[:, None, None])
        found = torch.cat([back, aside], 1).transpose(1, 2).flatten(2)  # (b n 2 h e)
        return x + self.leave(torch.cat([found, F.gelu(hidden)], -1))

    def _context(self, context: torch.Tensor, memory: Memory) -> torch.Tensor:
        if self.index not in memory.context:
            memory.context[self.index] = self._split(self.to_context(context), 2)
        return memory.context[self.index]

    def _split(self, x: torch.Tensor, parts: int) -> torch.Tensor:
        """(b n p h e) flat -> (p b h n e); views, since one token at a time einops costs more."""
        return x.unflatten(-1, (parts, self.heads, -1)).permute(2, 0, 3, 1, 4)


class CausalTransformer(nn.Module):
    """A stack of `CausalBlock`s and a last norm; maps (b n width) to the same shape."""

    def __init__(self, width: int, context_width: int, *, depth: int, heads: int) -> None:
        super().__init__()
        self.head_width = width // heads
        self.blocks = nn.ModuleList(
            CausalBlock(width, context_width, heads, index) for index in range(depth)
        )
        self.norm = nn.LayerNorm(width)

    def forward(
        self, x: torch.Tensor, context: torch.Tensor, known: torch.Tensor, memory: Memory
    ) -> torch.Tensor:
        """The new tokens x (b n width), which follow those in `memory`, after all blocks."""
        reach = Reach.of(memory.length, x, self.head_width)
        for block in self.blocks:
            x = block(x, context, known, reach, memory)
        memory.length += x.shape[1]
        return self.norm(x)
