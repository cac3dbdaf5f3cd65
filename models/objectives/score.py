"""Stage "score": the round trip of a roll, note by note.

Onsets and sustain are probabilities (binary cross-entropy, rare onsets weighted up); place and
velocity count only where a note begins.
"""

from __future__ import annotations

import numpy as np
import torch
from einops import rearrange
from torch.nn import functional as F

from data.roll import NUM_PITCHES, PLANES
from models.latent.score import RollLogits, ScoreCodec
from models.objectives import Losses, Media, Objective, grey_picture
from utils import STEMS

ONSET_WEIGHT = 4.0


class ScoreObjective(Objective):
    """Trains `model.score_codec` on rolls whose notes are known."""

    fields = frozenset({"roll"})
    lr_scale = 20.0
    num_frames = 128
    weights = {"onset": 1.0, "sustain": 0.5, "place": 0.5, "velocity": 0.1, "kl": 0.01}

    @staticmethod
    def trained(model) -> ScoreCodec:
        return model.score_codec

    def forward(self, batch, generator: torch.Generator) -> Losses:
        codec: ScoreCodec = self.model.score_codec
        posterior = codec.posterior(batch.roll)
        if self.training:
            means = rearrange(posterior.mean.detach(), "(b s) l d -> b s l d", s=len(STEMS))
            codec.norm.update(means, batch.score_known)
        logits = codec.logits(posterior.sample(generator))
        counted = rearrange(batch.score_known, "b s -> (b s)")
        roll = rearrange(batch.roll, "b s l p -> (b s) l p")
        parts = roll_errors(logits, roll, counted) | {"kl": posterior.kl(counted)}
        total = sum(self.weights[name] * value for name, value in parts.items())
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """Onset and sustain planes of the first segment, original above round trip, per stem."""
        codec: ScoreCodec = self.model.score_codec
        copy = codec.decode(codec.encode(batch.roll[:1]))
        images = {}
        for i, stem in enumerate(STEMS):
            images[f"{stem}/roll"] = roll_picture(torch.stack([batch.roll[0, i], copy[0, i]]))
        return Media(images=images)


def roll_errors(
    logits: RollLogits, roll: torch.Tensor, counted: torch.Tensor
) -> dict[str, torch.Tensor]:
    """How far decoded rolls are from rolls (b l p), per note; items counted (b,) bool."""
    known = counted[:, None, None].float()
    onset, place, velocity, sustain = roll.split([NUM_PITCHES] * len(PLANES), -1)
    struck = onset * known
    count = struck.sum().clamp_min(1.0)
    return {
        "onset": _cross_entropy(logits.onset, onset, known, count, positive=ONSET_WEIGHT),
        "sustain": _cross_entropy(logits.sustain, sustain, known, count),
        "place": ((logits.place - place).abs() * struck).sum() / count,
        "velocity": ((logits.velocity - velocity).abs() * struck).sum() / count,
    }


def _cross_entropy(logits, target, known, count, *, positive: float = 1.0) -> torch.Tensor:
    """Binary cross-entropy of a plane, summed and divided by the number of notes."""
    weight = known * (1.0 + (positive - 1.0) * target)
    return F.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum") / count


def roll_picture(rolls: torch.Tensor) -> np.ndarray:
    """Rolls (n l p) stacked as an (h, w, 3) uint8 picture: sustain grey, onsets bright."""
    onset, _, _, sustain = rolls.detach().cpu().split([NUM_PITCHES] * len(PLANES), -1)
    return grey_picture(torch.maximum(0.5 * sustain, onset).transpose(1, 2).flip(1))
