"""Stage "composer": the velocity of the score, under random conditions and random knowledge."""

from __future__ import annotations

import torch
from torch import nn

from models.encoders.conditions import Conditions
from models.generative.edits import COMPOSING, draw_known
from models.generative.flow import SCORE_POWER, interpolate, sample_walk, velocity
from models.objectives import CachedObjective, Losses, Media, mean_error

DROPOUT = {
    "all": 0.05,
    "all_but_densities": 0.04,
    "labels": 0.15,
    "text": 0.4,
    "style": 0.3,
    "emotion": 0.3,
    "genre": 0.3,
    "tempo": 0.3,
    "key": 0.3,
    "program": 0.4,
    "plays": 0.3,
    "density": 0.5,
    "dynamics": 0.3,
    "valence": 0.5,
    "arousal": 0.5,
    "swing": 0.3,
    "register": 0.3,
    "meter": 0.3,
    "loudness": 0.5,
    "brightness": 0.5,
    "mel": 0.7,
    "sheet": 0.1,
    "sheet_beats": 0.05,
    "sheet_chords": 0.2,
    "sheet_key": 0.2,
    "sheet_density": 0.2,
}


class ComposerObjective(CachedObjective):
    """Trains `model.composer` (condition encoder and stem transformer) on score latents.

    Batches carry cached latents (`notes`) or, without a cache, rolls that are encoded here. Absent
    stems are neither seen nor scored; an unknown score is noise and not scored.
    """

    fields = frozenset({"notes", "plan", "sheet", "labels", "captions", "mel"})
    lr_scale = 16.0
    balanced = True

    @staticmethod
    def trained(model) -> nn.Module:
        return model.composer

    @staticmethod
    def quick(model) -> nn.Module:
        return model.composer.transformer.expectation

    def forward(self, batch, generator: torch.Generator) -> Losses:
        data = self.model.batch_notes(batch)
        b, _, num_frames, _ = data.shape
        conditions = Conditions.from_batch(batch, None).dropped(generator, DROPOUT)
        known = draw_known(b, num_frames, COMPOSING, generator).to(data.device)
        known &= (batch.present & batch.score_known)[:, :, None]
        tau = sample_walk(b, generator, SCORE_POWER).to(data.device)
        noise = torch.randn(data.shape, generator=generator).to(data)
        path = tau[:, None, None, None] * batch.score_known[:, :, None, None]
        x_tau = torch.where(known[..., None], data, interpolate(noise, data, path))
        predicted = self.model.composer(x_tau, tau, known, batch.present, conditions)
        error = (predicted - velocity(noise, data)).square()
        counted = ~known & (batch.present & batch.score_known)[:, :, None]
        loss = mean_error(error, counted)
        return Losses(loss, {"score": loss.detach()})

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """A score from the first segment's conditions as a roll per stem, beside the real one."""
        from models.objectives.score import roll_picture
        from utils import STEMS

        made = self.model.compose_like(batch, generator)
        media = Media()
        for kind, latents in (("generated", made), ("real", self.model.batch_notes(batch)[:1])):
            rolls = self.model.score_codec.decode(latents).cpu()
            for i, stem in enumerate(STEMS):
                media.images[f"{stem}/roll_{kind}"] = roll_picture(rolls[:, i])
        return media
