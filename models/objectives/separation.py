"""Stage "separation": mixtures are taken apart again.

Stems of a batch are remixed (`separation.remixing`), the separator hears their sum, and what its
masks make of it is compared with the stems: waveforms, and compressed magnitudes, in which quiet
bins count too. Validation hears real songs as they are. The separator hears audio and not latents,
so it is a model of its own and its checkpoints hold nothing else.
"""

from __future__ import annotations

import torch

from models.objectives import Losses, Media, Objective
from models.preprocessing.separation.network import Separator
from models.preprocessing.separation.remixing import levelled, remixed
from models.preprocessing.separation.spectra import compressed, masked, spectra, waveform
from utils import STEMS


class SeparationObjective(Objective):
    """Trains `model.separator`; mean absolute errors of stems at the level of their mixture."""

    fields = frozenset({"audio"})
    lr_scale = 20.0
    num_frames = 64
    weights = {"waveform": 1.0, "spectrum": 1.0}

    @staticmethod
    def trained(model) -> Separator:
        return model.separator

    def forward(self, batch, generator: torch.Generator) -> Losses:
        stems = batch.audio
        if self.training:
            stems = levelled(remixed(stems, generator), generator)
        else:
            stems = levelled(stems)
        wanted = torch.cat([stems, stems.sum(1, keepdim=True)], 1)
        spectrum = spectra(wanted)
        found = self.model.separator(spectrum[:, -1]) * spectrum[:, -1:]
        away = compressed(found) - compressed(spectrum[:, :-1])
        parts = {
            "waveform": (waveform(found, stems.shape[-1]) - stems).abs().mean(),
            "spectrum": away.abs().mean(),
        }
        total = sum(self.weights[name] * value for name, value in parts.items())
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """The first song: the mixture, and each stem as found in it."""
        stems = levelled(batch.audio[:1])
        mixture = stems.sum(1)
        found = masked(self.model.separator(spectra(mixture)), mixture)[0]
        quiet = 0.1
        audio = {f"found {stem}": quiet * found[i].cpu() for i, stem in enumerate(STEMS)}
        return Media(audio={"mixture": quiet * mixture[0].cpu(), **audio})
