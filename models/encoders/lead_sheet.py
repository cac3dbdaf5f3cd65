"""The lead sheet as the generator reads it: features at every latent frame."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import nn

from models.encoders.labels import INIT_STD


class LeadSheetEncoder(nn.Module):
    """Two convolutions over time: sheet (b l k) of `data.lead_sheet.sheet_features` -> (b l w).

    Each frame sees half a second to either side, enough to hear the next chord coming. An item that
    is zero throughout says nothing and gives the learned null at every frame; a sheet that is known
    in part carries its own flags.

    Args:
        num_columns: k.
        width: w.
    """

    def __init__(self, num_columns: int, width: int) -> None:
        super().__init__()
        self.near = nn.Conv1d(num_columns, width, kernel_size=5, padding=2)
        self.far = nn.Conv1d(width, width, kernel_size=5, padding=8, dilation=4, groups=width)
        self.mix = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.null = nn.Parameter(INIT_STD * torch.randn(width))

    def forward(self, sheet: torch.Tensor) -> torch.Tensor:
        known = (sheet != 0).any(-1).any(-1)
        x = F.gelu(self.near(rearrange(sheet, "b l k -> b k l")))
        near, far = (rearrange(y, "b w l -> b l w") for y in (x, self.far(x)))
        x = self.norm(near + self.mix(far))
        return torch.where(known[:, None, None], x, self.null.to(x.dtype))
