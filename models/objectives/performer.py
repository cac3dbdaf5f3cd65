"""Stage "performer": the velocity of the sound, given the score."""

from __future__ import annotations

import torch
from torch import nn

from data.roll import from_roll
from models.encoders.conditions import Conditions
from models.generative.edits import PERFORMING, draw_known
from models.generative.flow import interpolate, sample_tau, velocity
from models.latent.excitation import excitation
from models.objectives import CachedObjective, Losses, Media, mean_error
from utils import FRAME_SAMPLES, STEMS

SCORELESS = 0.08  # share of stems whose notes are hidden, so that sound without MIDI can be learned
DROPOUT = {"program": 0.15, "dynamics": 0.3, "brightness": 0.4, "loudness": 0.4}


class PerformerObjective(CachedObjective):
    """Trains `model.performer` on short stretches of sound latents and their score latents."""

    fields = frozenset({"sound", "notes", "labels"})
    lr_scale = 30.0
    crop_frames = 64

    def __init__(self, model) -> None:
        super().__init__(model)
        model.postfilter.reset()

    @staticmethod
    def trained(model) -> nn.Module:
        return model.performer

    def forward(self, batch, generator: torch.Generator) -> Losses:
        sound, notes = self._crops(batch, generator)
        b, s, num_frames, _ = sound.shape
        said = Conditions.from_batch(batch, None).dropped(generator, DROPOUT)
        held = draw_known(b, num_frames, PERFORMING, generator).to(sound.device)
        told = torch.rand(b, s, generator=generator).to(sound.device) > SCORELESS
        told = (told & batch.score_known)[:, :, None].expand_as(held)
        tau = sample_tau(b, generator).to(sound.device)
        noise = torch.randn(sound.shape, generator=generator).to(sound)
        x_tau = interpolate(noise, sound, tau[:, None, None, None])
        x_tau = torch.where(held[..., None], sound, x_tau)
        known = torch.stack([held, told], -1)
        error = (self.model.performer(x_tau, tau, notes, known, said) - velocity(noise, sound)) ** 2
        loss = mean_error(error, ~held & batch.present[:, :, None])
        return Losses(loss, {"sound": loss.detach()})

    def _crops(self, batch, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The same random stretch of all stems, another one for each song; whole when not
        training.
        """
        sound, notes = self.model.batch_sound(batch), self.model.batch_notes(batch)
        length = min(self.crop_frames, sound.shape[2])
        if not self.training or length == sound.shape[2]:
            return sound, notes
        starts = torch.randint(sound.shape[2] - length + 1, (len(sound),), generator=generator)
        crop = lambda x: torch.stack(
            [row[:, i : i + length] for row, i in zip(x, starts.tolist(), strict=True)]
        )
        return crop(sound), crop(notes)

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """The first segment's score performed: audio and spectrogram per stem, beside the real
        ones.
        """
        from models.objectives.codec import mel_picture

        model, sound = self.model, self.model.batch_sound(batch)[:1]
        media = Media()
        made = model.perform_like(batch, generator)
        roll = model.score_codec.decode(model.batch_notes(batch)[:1])[0].float().cpu().numpy()
        struck = excitation([from_roll(roll)], 0, made.shape[2] * FRAME_SAMPLES)
        for kind, latents, excited in (("performed", made, struck), ("real", sound, None)):
            audio = model.codec.decode(latents, excited).cpu()
            for i, stem in enumerate(STEMS):
                media.audio[f"{stem}/{kind}"] = audio[0, i]
                media.images[f"{stem}/mel_{kind}"] = mel_picture(audio[:, i])
        return media
