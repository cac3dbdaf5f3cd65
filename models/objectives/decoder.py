"""Stage "decoder": the codec's decoder alone learns detail; the latents stay what they are.

To the codec's own distances come the logarithm of single bins down to -110 dB, so that the gaps
between partials and the ends of notes fall silent, and a critic that learns to tell copies from
recordings. Where the performer is trained, half of the stems whose notes are known are what it
makes of these notes: of those the decoder learns how loud every band and bin should be, and what
it should sound like, while phases are its own. Of the others, copies, half of the latents are
means, as a generator makes them, half are drawn. Vocoders are tuned like that on what an acoustic
model predicts (Kong et al. 2020, HiFi-GAN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from einops import rearrange
from torch.func import functional_call

from models.encoders.conditions import Conditions
from models.generative.sampling import Sampling, perform
from models.generative.starts import Start
from models.latent.codec import Codec
from models.latent.critic import Critic, mistaken, unlike
from models.objectives import Losses, Media, Objective
from models.objectives.codec import CodecObjective, SpectralLoss, relative_error
from utils import FRAME_SAMPLES

if TYPE_CHECKING:
    from data.batch import Batch

DETAIL_WINDOWS = (4_096, 2_048, 512)
FLOOR = 1e-3
JUDGED_RMS = 0.1
SOUND_STEPS = 8
CRITICAL = {"deceive", "unlike", "critic"}  # a critic moves: checkpoints do not compare by it
EDGE_SAMPLES = 768  # the outermost frames of a crop lack their neighbours


class DecoderObjective(Objective):
    """Trains the decoder of `model.codec`; the critic belongs to the objective and is not kept."""

    fields = frozenset({"audio", "roll", "labels"})
    lr_scale = 12.0
    num_frames = 32
    judged = 6  # clips of a batch that the critic hears, drawn; hearing costs more than decoding
    weights = {
        "complex": 3.0,
        "mel": 1.0,
        "wave": 3.0,
        "detail": 0.5,
        "deceive": 0.2,
        "unlike": 0.6,
        "critic": 1.0,
    }

    def __init__(self, model) -> None:
        super().__init__(model)
        model.codec.requires_grad_(False)
        for parameter in model.codec.decoder():
            parameter.requires_grad_(True)
        self.spectral = SpectralLoss()
        self.critic = Critic()

    @staticmethod
    def trained(model) -> Codec:
        return model.codec

    def forward(self, batch, generator: torch.Generator) -> Losses:
        codec: Codec = self.model.codec
        present = rearrange(batch.present, "b s -> (b s)")
        audio = rearrange(batch.audio, "b s t -> (b s) t")
        with torch.no_grad():
            posterior = codec.posterior(audio)
            drawn = torch.rand((len(audio), 1, 1), generator=generator) < 0.5
            sample = posterior.sample(generator)
            latents = torch.where(drawn.to(sample.device), sample, posterior.mean)
            played = self._played(batch, generator)
            if played.any():
                performed = self._performed(batch, generator)
                latents = torch.where(played[:, None, None], performed, latents)
        output = codec.synthesise(latents)[present, EDGE_SAMPLES:-EDGE_SAMPLES]
        target = audio[present, EDGE_SAMPLES:-EDGE_SAMPLES]
        copied = (~played)[present]
        parts = self.spectral(output, target, phased=copied) | {
            "detail": detail_error(output, target),
        }
        own, theirs = output[copied], target[copied]
        parts["wave"] = relative_error(own, theirs) if len(own) else own.sum()
        heard = torch.randperm(len(output), generator=generator)[: self.judged].to(output.device)
        parts |= self._judged(output[heard], target[heard])
        counted = [name for name in parts if self.training or name not in CRITICAL]
        total = sum(self.weights[name] * parts[name] for name in counted)
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    def _played(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Which stems (b s, flat) are heard as the performer plays their notes."""
        half = torch.rand(batch.present.shape, generator=generator) < 0.5
        known = batch.score_known & ("performer" in self.model.trained)
        return rearrange(half.to(known.device) & known, "b s -> (b s)")

    def _performed(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Codec-scale latents ((b s) l d) of all stems as the performer plays their notes."""
        model, notes = self.model, self.model.batch_notes(batch)
        start = Start.of(model, len(notes), notes.shape[2] * FRAME_SAMPLES)
        seeds = torch.randint(2**31, (len(notes),), generator=generator).tolist()
        said = Conditions.from_batch(batch, None)
        made = perform(
            model.performer, said, start, notes, seeds, Sampling(1, SOUND_STEPS, "euler", 1.0)
        )
        return rearrange(model.codec.norm.restore(made), "b s l d -> (b s) l d")

    def _judged(self, output: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
        """The decoder's failure to deceive, and the critic's mistakes; all at one loudness."""
        rms = target.square().mean(-1, keepdim=True).sqrt().clamp_min(3e-3)
        ours, real = JUDGED_RMS * output / rms, JUDGED_RMS * target / rms
        fixed = {name: p.detach() for name, p in self.critic.named_parameters()}
        judged = functional_call(self.critic, fixed, (ours,))
        on_real, on_ours = self.critic(real), self.critic(ours.detach())
        pairs = list(zip(judged, on_real, on_ours, strict=True))
        return {
            "deceive": -sum(verdict.mean() for (verdict, _), _, _ in pairs),
            "unlike": sum(
                unlike(heard, [h.detach() for h in wanted]) for (_, heard), (_, wanted), _ in pairs
            ),
            "critic": sum(mistaken(real, copy) for _, (real, _), (copy, _) in pairs),
        }

    def media(self, batch, generator: torch.Generator) -> Media:
        """The codec's."""
        return CodecObjective.media(self, batch, generator)


def detail_error(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean difference of the natural logarithms of single bins' magnitudes of audio (b, t),
    floored at 1e-3.
    """
    errors = []
    for n_fft in DETAIL_WINDOWS:
        window = torch.hann_window(n_fft, device=output.device)
        ours, real = (
            torch.stft(audio, n_fft, n_fft // 4, window=window, return_complex=True)
            for audio in (output, target)
        )
        errors.append((_log_magnitude(ours) - _log_magnitude(real)).abs().mean())
    return torch.stack(errors).mean()


def _log_magnitude(spectrum: torch.Tensor) -> torch.Tensor:
    return ((spectrum.real.square() + spectrum.imag.square() + 1e-8).sqrt() + FLOOR).log()
