"""The composer: condition encoder and stem transformer, the velocity of the score's flow."""

from __future__ import annotations

import torch
from torch import nn

from models.encoders.conditions import ConditionConfig, ConditionEncoder, Conditions, Context
from models.generative.transformer import StemTransformer, TransformerConfig


class Composer(nn.Module):
    """Velocity of noisy score latents under conditions."""

    def __init__(
        self, conditions: ConditionConfig, transformer: TransformerConfig, *, score_dim: int
    ) -> None:
        super().__init__()
        self.encoder = ConditionEncoder(conditions)
        self.transformer = StemTransformer(transformer, score_dim)

    def context(self, conditions: Conditions, latents: torch.Tensor) -> Context:
        """What the transformer reads of conditions for latents of shape (b s l d)."""
        return self.encoder(conditions, latents.shape[0], latents.shape[2], latents.device)

    def forward(
        self,
        latents: torch.Tensor,
        tau: torch.Tensor,
        known: torch.Tensor,
        present: torch.Tensor,
        conditions: Conditions,
    ) -> torch.Tensor:
        """Velocity (b s l d); arguments as in `StemTransformer.forward`."""
        context = self.context(conditions, latents)
        return self.transformer(latents, tau, known, present, context)
