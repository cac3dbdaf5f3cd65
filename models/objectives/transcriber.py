"""Stage "transcriber": from how a stem sounds to the notes that it plays.

The distance between score latents is what is minimised. The errors of the roll that the score codec
reads out of them are only watched: pulled through its decoder, they keep a young transcriber from
learning anything (docs/LOG.md).
"""

from __future__ import annotations

import torch
from einops import rearrange
from torch import nn

from data.roll import NUM_PITCHES
from models.objectives import CachedObjective, Losses, Media, mean_error
from models.objectives.score import roll_errors, roll_picture
from utils import STEMS


class TranscriberObjective(CachedObjective):
    """Trains `model.transcriber` on latents of stems whose notes are known."""

    fields = frozenset({"sound", "notes", "labels"})
    lr_scale = 15.0
    crop_frames = 64

    @staticmethod
    def trained(model) -> nn.Module:
        return model.transcriber

    def forward(self, batch, generator: torch.Generator) -> Losses:
        sound, notes = self.model.batch_sound(batch), self.model.batch_notes(batch)
        if self.training and sound.shape[2] > self.crop_frames:
            spare = sound.shape[2] - self.crop_frames
            first = int(torch.randint(spare + 1, (), generator=generator))
            stretch = slice(first, first + self.crop_frames)
            sound, notes = sound[:, :, stretch], notes[:, :, stretch]
        heard = self.model.transcriber(sound)
        counted = batch.present & batch.score_known
        frames = counted[:, :, None].expand(notes.shape[:3])
        loss = mean_error((heard - notes).square(), frames)
        return Losses(loss, {"latents": loss.detach()} | self._roll_errors(heard, notes, counted))

    @torch.no_grad()
    def _roll_errors(
        self, heard: torch.Tensor, notes: torch.Tensor, counted: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Errors of the roll that the score codec reads, against what it reads of the true one."""
        codec = self.model.score_codec
        flat = lambda x: rearrange(codec.norm.restore(x), "b s l d -> (b s) l d")
        onset, place, velocity, sustain = codec.logits(flat(notes)).roll().split(NUM_PITCHES, -1)
        onset, sustain = (onset > 0.5).float(), (sustain > 0.5).float()
        roll = torch.cat([onset, place, velocity, sustain], -1)
        return roll_errors(codec.logits(flat(heard)), roll, rearrange(counted, "b s -> (b s)"))

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """Rolls of the first segment, real above transcribed, per stem."""
        notes, sound = self.model.batch_notes(batch)[:1], self.model.batch_sound(batch)[:1]
        codec, images = self.model.score_codec, {}
        real, heard = codec.decode(notes), codec.decode(self.model.transcriber(sound))
        for i, stem in enumerate(STEMS):
            images[f"{stem}/roll"] = roll_picture(torch.stack([real[0, i], heard[0, i]]))
        return Media(images=images)
