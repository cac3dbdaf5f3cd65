"""Stage "mixing": the mixer puts right what was damaged, and a listener tries to tell.

A song's stems, each at one loudness, are the reference: the balance of the data. They are damaged
(`mixing.damage`), the mixer hears the result and sets the console, whose output is compared with
the reference: loudness, tone and dynamics per stem, and the spectrum of the sum. One song of a
batch goes through the differentiable console as audio; all of them go through the console on
spectra, four damages each (`mixing.spectra`). Validation is by audio alone. A listener, trained
beside it, hears the spectra of the stems and of the sum and learns to tell reference from
restoration; the mixer learns to deceive it (least squares, Mao et al. 2017). The mixer hears audio
and not latents, so it is a model of its own and its checkpoints hold nothing else.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.func import functional_call

from models.objectives import Losses, Media, Objective
from models.postprocessing.mixing.console import bus, channels
from models.postprocessing.mixing.damage import Damage
from models.postprocessing.mixing.listening import (
    NUM_MELS,
    Heard,
    averaged,
    decibels,
    dynamics,
    gate,
    hear,
    louder,
    loudness,
    tone,
)
from models.postprocessing.mixing.network import NOMINAL_LUFS, QUIETEST_LUFS, Controls, Mixer
from models.postprocessing.mixing.space import gain
from models.postprocessing.mixing.spectra import compressed, restored_spectra, sum_spectra
from utils import NUM_STEMS, SAMPLE_RATE

MAX_MAKEUP_DB = 30.0


class Listener(nn.Module):
    """Says of stems and their sum, as mel spectra in dB (b 5 f m), how well mixed they are (b m').

    Convolutions over time and frequency, so it hears patches of about a second.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        sizes = (NUM_STEMS + 1, width, 2 * width, 2 * width)
        self.layers = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2d(a, b, (5, 5), stride=2, padding=2),
                    nn.GroupNorm(4, b),
                    nn.LeakyReLU(0.2),
                )
                for a, b in zip(sizes, sizes[1:], strict=False)
            )
        )
        self.judge = nn.Conv2d(sizes[-1], 1, (NUM_MELS // 8, 3), padding=(0, 1))

    def forward(self, spectra: torch.Tensor) -> torch.Tensor:
        return self.judge(self.layers(spectra))[:, 0, 0]


class MixingObjective(Objective):
    """Trains `model.mixer`; the listener belongs to the objective and is not kept."""

    fields = frozenset({"audio"})
    lr_scale = 40.0
    num_frames = 64
    damages = 4
    weights = {
        "level": 1.0,
        "tone": 1.0,
        "dynamics": 0.5,
        "spectrum": 0.5,
        "deceive": 0.05,
        "listener": 1.0,
    }

    def __init__(self, model) -> None:
        super().__init__(model)
        self.listener = Listener()

    @staticmethod
    def trained(model) -> Mixer:
        return model.mixer

    def forward(self, batch, generator: torch.Generator) -> Losses:
        reference = nominal(batch.audio)
        with torch.no_grad():
            wanted = hear(reference)
        parts = self._of_audio(reference, wanted, generator)
        if self.training:
            cheap = self._of_spectra(wanted, generator)
            parts = {name: (value + cheap[name]) / 2.0 for name, value in parts.items()}
        total = sum(self.weights[name] * value for name, value in parts.items())
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    def _of_audio(
        self, reference: torch.Tensor, wanted: Heard, generator: torch.Generator
    ) -> dict[str, torch.Tensor]:
        """Through the console itself; in training the first song only."""
        if self.training:
            reference, wanted = reference[:1], first_of(wanted)
        damaged = self._damaged(reference, generator)
        with torch.no_grad():
            before, wanted_mix = hear(damaged), hear(reference.sum(1))
        controls = self.model.mixer(before)
        mix, found = restore(damaged, controls)
        return self._compared(found, hear(mix), wanted, wanted_mix)

    def _of_spectra(self, wanted: Heard, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """All songs, each damaged `self.damages` times, through the console on spectra."""
        wanted = repeated(wanted, self.damages)
        b, s = wanted.power.shape[:2]
        damage = Damage.draw(b, s, generator).to(wanted.power.device)
        with torch.no_grad():
            before = damage.apply_to_spectra(wanted)
        controls = self.model.mixer(before)
        found = restored_spectra(before, controls)
        found = louder(found, missing_db(found, controls))
        mix = sum_spectra(found)
        mix = compressed(mix, controls.bus_threshold_db, controls.bus_ratio)
        return self._compared(found, mix, wanted, sum_spectra(wanted))

    def _compared(
        self, found: Heard, found_mix: Heard, wanted: Heard, wanted_mix: Heard
    ) -> dict[str, torch.Tensor]:
        """Every part of the loss, for stems and sums as found and as wanted."""
        ours, real = spectra(found, found_mix), spectra(wanted, wanted_mix)
        parts = stem_distances(found, wanted)
        parts["spectrum"] = 2.0 * (ours - real)[:, -1].abs().mean()
        return parts | self._judged(ours, real)

    def _damaged(self, reference: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        b, s, _ = reference.shape
        damage = Damage.draw(b, s, generator).to(reference.device)
        with torch.no_grad():
            return damage.apply(reference, SAMPLE_RATE)

    def _judged(self, ours: torch.Tensor, real: torch.Tensor) -> dict[str, torch.Tensor]:
        """The mixer's success at deceiving, and the listener's error."""
        fixed = {name: p.detach() for name, p in self.listener.named_parameters()}
        deceived = functional_call(self.listener, fixed, (ours,))
        error = (self.listener(real) - 1.0).square().mean()
        error = error + self.listener(ours.detach()).square().mean()
        return {"deceive": (deceived - 1.0).square().mean(), "listener": error}

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """The first song's sum: reference, damaged, restored."""
        reference = nominal(batch.audio[:1])
        damaged = self._damaged(reference, generator)
        controls = self.model.mixer(hear(damaged))
        restored, _ = restore(damaged, controls)
        sums = {"reference": reference.sum(1), "damaged": damaged.sum(1), "restored": restored}
        return Media(audio={name: audio[0].cpu() for name, audio in sums.items()})


def missing_db(found: Heard, controls: Controls) -> torch.Tensor:
    """Make-up gain (b s) in dB of what leaves the channels."""
    missing = controls.level_lufs - loudness(found, gate(found))
    return missing.clamp(-MAX_MAKEUP_DB, MAX_MAKEUP_DB) * controls.sounds


def restore(damaged: torch.Tensor, controls: Controls) -> tuple[torch.Tensor, Heard]:
    """The mix (b t) of stems (b s t), and what is heard of the stems in it."""
    restored = channels(damaged, SAMPLE_RATE, controls)
    found = hear(restored)
    makeup = missing_db(found, controls)
    restored = gain(restored, SAMPLE_RATE, makeup)
    return bus(restored.sum(1), SAMPLE_RATE, controls), louder(found, makeup)


def first_of(heard: Heard) -> Heard:
    """What is heard of the first song."""
    return Heard(heard.mel[:1], heard.power[:1], heard.peak[:1])


def repeated(heard: Heard, times: int) -> Heard:
    """Every song several times, one after another."""
    again = lambda x: x.repeat_interleave(times, 0)
    return Heard(again(heard.mel), again(heard.power), again(heard.peak))


def nominal(stems: torch.Tensor) -> torch.Tensor:
    """Stems (b s t), each at `NOMINAL_LUFS`: the data's balance without its random gains."""
    heard = hear(stems)
    keep = gate(heard)
    gain_db = NOMINAL_LUFS - loudness(heard, keep).clamp_min(QUIETEST_LUFS)
    return gain(stems, SAMPLE_RATE, gain_db) * keep.any(-1)[..., None]


def stem_distances(found: Heard, wanted: Heard) -> dict[str, torch.Tensor]:
    """Mean absolute differences over the stems that sound, in units of 10 dB."""
    keep, kept = gate(found), gate(wanted)
    sounds = kept.any(-1) & keep.any(-1)
    mean = lambda x: averaged(x.abs().flatten(), sounds.flatten()) / 10.0
    return {
        "level": mean(loudness(found, keep) - loudness(wanted, kept)),
        "tone": mean((tone(found, keep) - tone(wanted, kept)).abs().mean(-1)),
        "dynamics": mean((dynamics(found, keep) - dynamics(wanted, kept)).abs().mean(-1)),
    }


def spectra(stems: Heard, mix: Heard) -> torch.Tensor:
    """Mel spectra (b 5 f m) of stems and sum, near unit scale."""
    both = torch.cat([stems.mel, mix.mel[:, None]], 1)
    return (decibels(both) - NOMINAL_LUFS).clamp_min(-60.0) / 20.0
