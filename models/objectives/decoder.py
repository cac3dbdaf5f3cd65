"""Stage "decoder": the codec's decoder alone learns detail; the latents stay what they are.

To the codec's own distances come the logarithm of single bins down to -110 dB, so that the gaps
between partials and the ends of notes fall silent, and a critic that learns to tell copies from
recordings. Of the stems whose notes are known, 30 % are copied like all others, and the rest are
*voiced*: the decoder hears what the notes excite, and half of all are, moreover, what the performer
makes of these notes where it is trained. Of voiced stems the decoder learns how loud every band and
bin should be, how much they move, how far they peak, and what it should sound like, while phases
are its own. Of latents of recordings half are means, as a generator makes them, half are drawn.
Vocoders are tuned like that on what an acoustic model predicts (Kong et al. 2020, HiFi-GAN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from einops import rearrange
from scipy.fft import dct
from torch import nn
from torch.func import functional_call

from data.roll import from_roll
from models.latent.codec import Codec
from models.latent.critic import Critic, mistaken, unlike
from models.latent.excitation import excitation
from models.objectives import CachedObjective, Losses, Media
from models.objectives.codec import CodecObjective, SpectralLoss, relative_error
from utils import FRAME_SAMPLES, NUM_STEMS, SAMPLE_RATE, mel_filterbank

if TYPE_CHECKING:
    from data.batch import Batch

DETAIL_WINDOWS = (4_096, 2_048, 512)
FLOOR = 1e-3
MOVING_WINDOW, MOVING_BANDS, MOVING_CEPSTRA = 2_048, 64, 24
QUIETEST = 1e-4  # of the loudest bin of a recording: 80 dB below it nobody hears a movement
PEAK_BLOCK_SAMPLES = (256, 1_024, 4_096)
PEAK_ORDER = 8  # near the maximum, and every sample of a peak learns
PEAKS_DOWN, PEAKS_FROM = 0.01, 3e-5  # of a clip's loudest block, and RMS: quieter ones do not count
JUDGED_RMS = 0.1
VOICED, PERFORMED = 0.7, 0.5  # shares of the stems whose notes are known
CRITICAL = {"deceive", "unlike", "critic"}  # a critic moves: checkpoints do not compare by it
EDGE_SAMPLES = 768  # the outermost frames of a crop lack their neighbours


class DecoderObjective(CachedObjective):
    """Trains the decoder of `model.codec` on short stretches of whole segments, which are performed
    once and kept; the critic belongs to the objective and is not kept.
    """

    fields = frozenset({"audio", "roll", "labels", "performed"})
    lr_scale = 12.0
    at_most = 500
    crop_frames = 48
    weights = {
        "complex": 3.0,
        "mel": 1.0,
        "wave": 3.0,
        "detail": 0.5,
        "movement": 0.8,
        "peaks": 1.5,
        "deceive": 0.3,
        "unlike": 0.6,
        "critic": 1.0,
    }

    def __init__(self, model) -> None:
        super().__init__(model)
        model.postfilter.reset()
        model.codec.requires_grad_(False)
        for parameter in model.codec.decoder():
            parameter.requires_grad_(True)
        self.spectral = SpectralLoss()
        self.movement = MovementLoss()
        self.critic = Critic()

    @staticmethod
    def trained(model) -> Codec:
        return model.codec

    def forward(self, batch, generator: torch.Generator) -> Losses:
        codec: Codec = self.model.codec
        performed, voiced = self._played(batch, generator)
        made = self._performances(batch, generator) if performed.any() else None
        first, length = self._stretches(batch, generator)
        crop = lambda x, rate: rearrange(
            torch.stack(
                [row[:, i * rate : (i + length) * rate] for row, i in zip(x, first, strict=True)]
            ),
            "b s ... -> (b s) ...",
        )
        present = rearrange(batch.present, "b s -> (b s)")
        audio = crop(batch.audio, FRAME_SAMPLES)
        with torch.no_grad():
            posterior = codec.posterior(audio)
            drawn = torch.rand((len(audio), 1, 1), generator=generator) < 0.5
            sample = posterior.sample(generator)
            latents = torch.where(drawn.to(sample.device), sample, posterior.mean)
            if made is not None:
                restored = crop(codec.norm.restore(made), 1)
                latents = torch.where(performed[:, None, None], restored, latents)
            excited = self._excited(batch, first, length).to(audio) * voiced[:, None]
            own_phases = performed | excited.any(-1)
        output = codec.synthesise(latents, excited)[present, EDGE_SAMPLES:-EDGE_SAMPLES]
        target = audio[present, EDGE_SAMPLES:-EDGE_SAMPLES]
        copied = (~own_phases)[present]
        parts = self.spectral(output, target, phased=copied) | {
            "detail": detail_error(output, target),
            "movement": self.movement(output, target),
            "peaks": peak_error(output, target),
        }
        own, theirs = output[copied], target[copied]
        parts["wave"] = relative_error(own, theirs) if len(own) else own.sum()
        stems = (torch.arange(len(audio), device=audio.device) % NUM_STEMS)[present]
        parts |= self._judged(output, target, stems, generator)
        counted = [name for name in parts if self.training or name not in CRITICAL]
        total = sum(self.weights[name] * parts[name] for name in counted)
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    def _stretches(self, batch: Batch, generator: torch.Generator) -> tuple[list[int], int]:
        """First latent frame of the stretch of each song, and its length; not drawn when not
        training.
        """
        frames = batch.audio.shape[-1] // FRAME_SAMPLES
        length = min(self.crop_frames, frames)
        drawn = torch.randint(frames - length + 1, (len(batch),), generator=generator).tolist()
        return (drawn if self.training else [(frames - length) // 2] * len(batch)), length

    def _excited(self, batch: Batch, first: list[int], length: int) -> torch.Tensor:
        """What the notes of a stretch of each song excite ((b s) t), also those struck before."""
        rolls = batch.roll.float().cpu().numpy()
        rows = [
            excitation([from_roll(roll)], start * FRAME_SAMPLES, length * FRAME_SAMPLES)[0]
            for roll, start in zip(rolls, first, strict=True)
        ]
        return torch.cat(rows)

    def _played(
        self, batch: Batch, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Which stems (b s, flat) the performer plays, and which are voiced."""
        drawn = torch.rand(batch.present.shape, generator=generator).to(batch.score_known.device)
        known = rearrange(batch.score_known, "b s -> (b s)")
        drawn = rearrange(drawn, "b s -> (b s)")
        performing = "performer" in self.model.trained
        return known & (drawn < PERFORMED) & performing, known & (drawn < VOICED)

    def _performances(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """Unit-scale latents (b s l d) of all stems as the performer plays their notes."""
        seeds = torch.randint(2**31, (len(batch),), generator=generator).tolist()
        return self.model.batch_performed(batch, seeds)

    def _judged(
        self,
        output: torch.Tensor,
        target: torch.Tensor,
        stems: torch.Tensor,
        generator: torch.Generator,
    ) -> dict[str, torch.Tensor]:
        """The decoder's failure to deceive, and the critic's mistakes; all at one loudness."""
        rms = target.square().mean(-1, keepdim=True).sqrt().clamp_min(3e-3)
        ours, real = JUDGED_RMS * output / rms, JUDGED_RMS * target / rms
        fixed = {name: p.detach() for name, p in self.critic.named_parameters()}
        judged = functional_call(self.critic, fixed, (ours, stems))
        on_real, on_ours = self.critic(real, stems), self.critic(ours.detach(), stems)
        pairs = list(zip(judged, on_real, on_ours, strict=True))
        other = (
            stems + torch.randint(1, NUM_STEMS, stems.shape, generator=generator).to(stems)
        ) % NUM_STEMS
        on_other = [c.verdict(h[-1], other) for c, (_, h) in zip(self.critic, on_real, strict=True)]
        return {
            "deceive": -sum(verdict.mean() for (verdict, _), _, _ in pairs),
            "unlike": sum(
                unlike(heard, [h.detach() for h in wanted]) for (_, heard), (_, wanted), _ in pairs
            ),
            "critic": sum(
                mistaken(real, copy, wrong)
                for (_, (real, _), (copy, _)), wrong in zip(pairs, on_other, strict=True)
            ),
        }

    def media(self, batch, generator: torch.Generator) -> Media:
        """The codec's."""
        return CodecObjective.media(self, batch, generator)


class MovementLoss(nn.Module):
    """How far crops are off in what their log-mel bands do over time: means, deviations and steps,
    and the deviations of their cepstra.

    Frame by frame the safest guess is the middle of what is possible, and a spectrum of safe
    guesses hardly moves; over a whole crop too little movement is an error like any other (global
    variance: Toda and Tokuda 2007).
    """

    def __init__(self) -> None:
        super().__init__()
        filters = mel_filterbank(SAMPLE_RATE, MOVING_WINDOW, MOVING_BANDS)
        cosines = dct(np.eye(MOVING_BANDS), axis=0, norm="ortho")[:MOVING_CEPSTRA]
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        self.register_buffer("cosines", torch.from_numpy(cosines).float(), persistent=False)
        self.register_buffer("window", torch.hann_window(MOVING_WINDOW), persistent=False)

    def _magnitude(self, audio: torch.Tensor) -> torch.Tensor:
        """Magnitudes (b f m) of audio (b, t)."""
        spectrum = torch.stft(
            audio.float(),
            MOVING_WINDOW,
            MOVING_WINDOW // 4,
            window=self.window,
            center=False,
            return_complex=True,
        )
        return (spectrum.real.square() + spectrum.imag.square() + 1e-8).sqrt()

    def _statistics(self, magnitude: torch.Tensor, floor: torch.Tensor) -> list[torch.Tensor]:
        bands = (self.filters @ (magnitude + floor)).log()
        deviation = lambda rows: (rows.var(-1) + 1e-4).sqrt()
        steps = bands.diff(dim=-1).abs().mean(-1)
        return [bands.mean(-1), deviation(bands), steps, deviation(self.cosines @ bands)]

    def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Sum of the mean differences of the four, of audio (b, t), in single precision: small
        differences need it.
        """
        with torch.autocast(output.device.type, enabled=False):
            ours, real = self._magnitude(output), self._magnitude(target)
            floor = QUIETEST * real.amax((1, 2), keepdim=True) + FLOOR
            pairs = zip(self._statistics(ours, floor), self._statistics(real, floor), strict=True)
            return sum((ours - real).abs().mean() for ours, real in pairs)


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


def peak_error(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean difference of how far audio (b, t) rises above its RMS within short blocks, natural
    logarithm, where the target sounds; 0 where it never does.

    Magnitudes do not tell noise from a click in every frame, nor a pluck from a hum; ears do.
    """
    errors = []
    for length in PEAK_BLOCK_SAMPLES:
        if length > output.shape[-1]:
            continue
        (ours, _), (real, rms) = (_peaks(audio.float(), length) for audio in (output, target))
        counted = rms > (PEAKS_DOWN * rms.amax(-1, keepdim=True)).clamp_min(PEAKS_FROM)
        errors.append(((ours - real).abs() * counted).sum() / counted.sum().clamp_min(1))
    return torch.stack(errors).mean()


def _peaks(audio: torch.Tensor, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Logarithm of (mean of x^8)^(1/8) over the RMS, and the RMS, of blocks (b m) that overlap by
    half.
    """
    blocks = audio.unfold(-1, length, length // 2)
    rms = (blocks.square().mean(-1) + 1e-12).sqrt()
    high = (blocks / (rms[..., None] + 1e-5)).pow(PEAK_ORDER).mean(-1)
    return (high + 1e-6).log() / PEAK_ORDER, rms


def _log_magnitude(spectrum: torch.Tensor) -> torch.Tensor:
    return ((spectrum.real.square() + spectrum.imag.square() + 1e-8).sqrt() + FLOOR).log()
