"""One walk under several conditions: its velocity is the weighted mean of theirs.

The velocity of a flow is linear in the score (gradient of the log-density) at its point, so a
weighted mean of velocities walks towards music that is likely under all conditions at once: a
product of densities, each to the power of its weight. Source: Liu et al. 2022 (composable
diffusion), equation 11, with weights that sum to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from models.encoders.conditions import Conditions, Context
from models.generative.composer import Composer
from models.generative.sampling import Sampling, compose
from models.generative.starts import Start


class BlendedComposer:
    """A composer whose rows are the parts of one blend: all of them move as their weighted mean.

    Rows of equal place in the batch of k parts that begin alike stay alike.
    """

    def __init__(self, composer: Composer, weights: Sequence[float]) -> None:
        self.composer = composer
        self.weights = tuple(weights)

    def context(self, conditions: Conditions, latents: torch.Tensor) -> Context:
        """As `Composer.context`, for latents (k s l d)."""
        return self.composer.context(conditions, latents)

    def transformer(
        self,
        latents: torch.Tensor,
        tau: torch.Tensor,
        known: torch.Tensor,
        present: torch.Tensor,
        context: Context,
    ) -> torch.Tensor:
        """As `StemTransformer.forward`, for batches of any number of times the k parts."""
        velocity = self.composer.transformer(latents, tau, known, present, context)
        parts = velocity.view(-1, len(self.weights), *velocity.shape[1:])
        weights = velocity.new_tensor(self.weights).view(1, -1, 1, 1, 1)
        return (weights * parts).sum(1, keepdim=True).expand_as(parts).reshape(velocity.shape)


def compose_blend(
    composer: Composer,
    said: Conditions,
    weights: Sequence[float],
    start: Start,
    seed: int,
    sampling: Sampling,
) -> torch.Tensor:
    """Score latents (1 s l d) of one song under k conditions at once.

    Args:
        said: of the k parts, the sheet over all l frames. weights: (k,), their sum is 1.
        start: of the one song.

    Returns:
        For a single part exactly what `compose` returns.
    """
    k = len(weights)
    if k == 1:
        return compose(composer, said, start, [seed], sampling, None)
    rows = lambda x: x.expand(k, *x.shape[1:]).contiguous()
    start = replace(start, notes=rows(start.notes), notes_known=rows(start.notes_known))
    blended = BlendedComposer(composer, weights)
    return compose(blended, said, start, [seed] * k, sampling, None)[:1]
