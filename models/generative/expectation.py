"""What each stem's notes are to be expected to be, before any of them is heard.

A kick on the first beat and a snare on the second, more strokes where more are asked for, higher
notes in a high song: each is a small part of the score's error (the back beat a thousandth), so a
deep network finds it late or never (of the back beat it expected nothing). They are linear in what
is given, so they are a linear map of their own, which the flow adds to the velocity with the weight
that a Gaussian posterior leaves to its mean. What it was worth, and where not: docs/LOG.md.
"""

from __future__ import annotations

import torch
from einops import einsum, rearrange
from torch import nn

from models.encoders.plain_labels import NUM_SONG_COLUMNS, NUM_STEM_COLUMNS
from utils import NUM_STEMS


def prior_share(tau: torch.Tensor) -> torch.Tensor:
    """How much of the velocity at flow times (b,) what was expected beforehand is: (b 1 1 1).

    For Gaussian data of unit variance around an expected value, seen through x_tau, the posterior
    mean holds (1 - tau)^2 / ((1 - tau)^2 + tau^2) of that value, and the velocity towards it a
    factor 1 / (1 - tau) of that.
    """
    rest = 1.0 - tau
    return (rest / (rest.square() + tau.square()))[:, None, None, None]


class Expectation(nn.Module):
    """Expected score latents from the lead sheet, the labels and the words; zero when new.

    Three parts: habits (of a place in the bar, a chord, a key), which labels and words make weaker
    or stronger; the manner of the whole song; what is said of one stem alone.

    Args:
        sheet_width: w of the encoded lead sheet. text_width: e of the encoded sentence.
        score_dim: d.
    """

    def __init__(self, sheet_width: int, text_width: int, score_dim: int) -> None:
        super().__init__()
        said = NUM_SONG_COLUMNS + text_width
        self.habit = nn.Linear(sheet_width, NUM_STEMS * score_dim, bias=False)
        self.lean = nn.Linear(said, sheet_width, bias=False)
        self.manner = nn.Linear(said, NUM_STEMS * score_dim, bias=False)
        self.stems = nn.Parameter(torch.zeros(NUM_STEMS, NUM_STEM_COLUMNS, score_dim))
        for layer in (self.habit, self.lean, self.manner):
            nn.init.zeros_(layer.weight)

    def forward(self, sheet: torch.Tensor, song: torch.Tensor, stems: torch.Tensor) -> torch.Tensor:
        """Expected latents (b s l d).

        Args:
            sheet: (b l w), encoded. song: (b k) columns of labels and sentence side by side.
            stems: (b s k) columns of what is said of each stem.
        """
        habit = self.habit(sheet * (1.0 + self.lean(song)[:, None]))
        whole = (habit + self.manner(song)[:, None]).unflatten(-1, (NUM_STEMS, -1))
        own = einsum(stems, self.stems, "b s k, s k d -> b s d")
        return rearrange(whole, "b l s d -> b s l d") + own[:, :, None]
