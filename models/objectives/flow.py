"""Stage "flow": the joint velocity of sound and score, under random conditions and random
knowledge.
"""

from __future__ import annotations

import torch
from torch import nn

from models.encoders.conditions import Conditions
from models.generative.edits import draw_known
from models.generative.flow import interpolate, sample_tau, velocity
from models.objectives import Losses, Media, Objective

DROPOUT = {
    "all": 0.08,
    "labels": 0.4,
    "text": 0.25,
    "style": 0.3,
    "emotion": 0.3,
    "genre": 0.3,
    "tempo": 0.3,
    "key": 0.3,
    "program": 0.4,
    "plays": 0.3,
    "density": 0.5,
    "dynamics": 0.5,
    "mel": 0.7,
    "sheet": 0.1,
    "sheet_beats": 0.05,
    "sheet_chords": 0.2,
    "sheet_key": 0.2,
    "sheet_density": 0.2,
}


class FlowObjective(Objective):
    """Trains `model.generator` (condition encoder and stem transformer) on latents.

    Batches carry cached latents (`sound`, `notes`) or, without a cache, audio and rolls that are
    encoded here. Absent stems are neither seen nor scored; an unknown score is noise and not
    scored.
    """

    fields = frozenset({"latents", "sheet", "labels", "text", "mel"})
    lr_scale = 8.0

    @staticmethod
    def trained(model) -> nn.Module:
        return model.generator

    @staticmethod
    def prepare_data(model, dataset, settings):
        """The same segments as latents, encoded once and kept on disk."""
        from data.latent_cache import LatentCache

        return LatentCache.build(model, dataset, settings)

    def forward(self, batch, generator: torch.Generator) -> Losses:
        data = self.model.batch_latents(batch)
        b, s, num_frames, _ = data.shape
        conditions = Conditions.from_batch(batch, None).dropped(generator, DROPOUT)
        known = draw_known(b, num_frames, generator).to(data.device)
        known &= batch.present[:, :, None, None]
        known[..., 1] &= batch.score_known[:, :, None]
        tau = sample_tau(b, generator).to(data.device)
        noise = torch.randn(data.shape, generator=generator).to(data)
        widths = self.model.widths
        clean = widths.spread(known)
        trusted = widths.spread(_pair(batch.score_known))
        path = widths.spread(tau)[:, None, None]
        x_tau = interpolate(noise, data, path * trusted)
        x_tau = torch.where(clean, data, x_tau)
        predicted = self.model.generator(x_tau, tau, known, batch.present, conditions)
        error = (predicted - velocity(noise, data)).square()
        counted = ~clean * trusted * batch.present[:, :, None, None]
        sound, score = error.split([widths.sound, widths.score], -1)
        sound_count, score_count = counted.split([widths.sound, widths.score], -1)
        parts = {"sound": _mean(sound, sound_count), "score": _mean(score, score_count)}
        return Losses(sum(parts.values()), {k: v.detach() for k, v in parts.items()})

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """A song from the first segment's conditions: audio, spectrogram and roll per stem, beside
        the real ones.
        """
        from models.objectives.codec import mel_picture
        from models.objectives.score import roll_picture
        from utils import STEMS

        model, data = self.model, self.model.batch_latents(batch)[:1]
        made = model.sample_like(batch, generator)
        media = Media()
        for kind, latents in (("generated", made), ("real", data)):
            sound, notes = latents.split([model.widths.sound, model.widths.score], -1)
            audio = model.codec.decode(sound).cpu()
            rolls = model.score_codec.decode(notes).cpu()
            for i, stem in enumerate(STEMS):
                media.audio[f"{stem}/{kind}"] = audio[0, i]
                media.images[f"{stem}/mel_{kind}"] = mel_picture(audio[:, i])
                media.images[f"{stem}/roll_{kind}"] = roll_picture(rolls[:, i])
        return media


def _pair(score_known: torch.Tensor) -> torch.Tensor:
    """(b s) bool -> (b s 1 2) float: sound always counts, score where it is known."""
    ones = torch.ones_like(score_known)
    return torch.stack([ones, score_known], dim=-1)[:, :, None].float()


def _mean(error: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    return (error * counted).sum() / counted.sum().clamp_min(1.0)
