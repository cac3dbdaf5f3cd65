"""Stage "visual": the known values of drawn pictures and clips, frame by frame and from the tokens.

It needs no music: the data set draws its own examples, and validation shows kinds of pictures that
training never does.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from data.pictures.dataset import PictureDataset
from models.encoders.visual import POINT, VisualEncoder
from models.objectives import Losses, Media, Objective

SHOWN = 16
# a feature's error counts in spreads of about the same size as those of the point
FEATURE_SCALE = (0.2, 0.2, 0.2, 0.08, 0.02)


class VisualObjective(Objective):
    """Trains `model.visual` on frames (b m 3 h w) with `seen` (b m 8)."""

    fields = frozenset({"frames"})
    lr_scale = 40.0
    weights = {"valence": 1.0, "arousal": 1.0, "pace": 2.0, "features": 0.1, "summary": 0.3}

    @staticmethod
    def trained(model) -> VisualEncoder:
        return model.visual

    @staticmethod
    def own_data(split: str, seed: int) -> PictureDataset:
        """Drawn examples."""
        return PictureDataset(seed=seed, split=split)

    def forward(self, batch, generator: torch.Generator) -> Losses:
        sight = self.model.visual.look(batch.frames, batch.frame_mask)
        scale = batch.seen.new_tensor((1.0,) * len(POINT) + FEATURE_SCALE)
        known, counted = batch.seen / scale, batch.frame_mask[..., None].float()
        mean = lambda error: (error * counted).sum() / counted.sum() / error.shape[-1]
        point, features = known.split([len(POINT), len(FEATURE_SCALE)], -1)
        parts = {
            name: mean(_error(getattr(sight.seen, name)[..., None], point[..., i : i + 1]))
            for i, name in enumerate(POINT)
        }
        parts["features"] = mean(_error(sight.features, features))
        whole = (known * counted).sum(1) / counted.sum(1)
        parts["summary"] = _error(sight.summary, whole).mean()
        total = sum(self.weights[name] * value for name, value in parts.items())
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """The first frames of some clips; below each, as shades, known and seen valence, arousal
        and pace.
        """
        seen = self.model.visual(batch.frames, batch.frame_mask)
        said = torch.stack([getattr(seen, name)[:SHOWN, 0] for name in POINT], -1).cpu()
        known = batch.seen[:SHOWN, 0, : len(POINT)].cpu()
        rows = (torch.stack([known, said], -1).flatten(1) + 1.0) / 2.0  # (b 6)
        frames = torch.cat(list(batch.frames[:SHOWN, 0].cpu()), 2)
        shades = rows.T.repeat_interleave(8, 0).repeat_interleave(batch.frames.shape[-1], 1)
        picture = torch.cat([frames, shades.expand(3, -1, -1)], 1).clamp(0.0, 1.0)
        return Media(images={"seen": _bytes(picture)})


def _error(said: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    return F.smooth_l1_loss(said, known, beta=0.1, reduction="none")


def _bytes(picture: torch.Tensor) -> np.ndarray:
    """(3 h w) in [0, 1] -> (h, w, 3) uint8."""
    return (picture * 255).byte().permute(1, 2, 0).numpy()
