"""Stage "codec": waveform fidelity and spectral closeness of one stem's round trip.

Three views of the error: the compressed complex spectrum at several resolutions (phase counts,
quiet partials count), the log-mel spectrum (what is heard where phase cannot be known) and the
waveform itself, each relative to the loudness of the crop so that quiet passages matter too.
"""

from __future__ import annotations

import numpy as np
import torch
from einops import rearrange
from torch import nn

from models.latent.codec import Codec
from models.objectives import Losses, Media, Objective, grey_picture
from utils import SAMPLE_RATE, STEMS, compute_mel_spectrogram, mel_filterbank

MEL_BANDS = {256: 20, 1_024: 64, 4_096: 128}  # by length of the analysis window in samples


class SpectralLoss(nn.Module):
    """Distances between two waveforms (b, t): compressed complex spectrum and log-mel, averaged
    over resolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        for n_fft, bands in MEL_BANDS.items():
            filters = torch.from_numpy(mel_filterbank(SAMPLE_RATE, n_fft, bands))
            self.register_buffer(f"mel_{n_fft}", filters, persistent=False)
            self.register_buffer(f"window_{n_fft}", torch.hann_window(n_fft), persistent=False)

    def _spectrum(self, audio: torch.Tensor, n_fft: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Compressed complex spectrum and magnitude, both (b f m)."""
        window = getattr(self, f"window_{n_fft}")
        spectrum = torch.stft(
            audio, n_fft, n_fft // 4, window=window, normalized=True, return_complex=True
        )
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-8).sqrt()
        return spectrum * magnitude.rsqrt(), magnitude

    def forward(
        self, output: torch.Tensor, target: torch.Tensor, *, phased: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Both distances; the complex one of the items `phased` (b,) bool alone, where given, and 0
        without any.
        """
        chosen = slice(None) if phased is None else phased
        complex_terms, mel_terms = [], []
        for n_fft in MEL_BANDS:
            compressed, magnitude = self._spectrum(output, n_fft)
            wanted, wanted_magnitude = self._spectrum(target, n_fft)
            errors = torch.view_as_real(compressed - wanted).abs()[chosen]
            complex_terms.append(errors.mean() if len(errors) else errors.sum())
            mel = getattr(self, f"mel_{n_fft}")
            log_ratio = (mel @ magnitude + 1e-3).log() - (mel @ wanted_magnitude + 1e-3).log()
            mel_terms.append(log_ratio.abs().mean())
        return {"complex": torch.stack(complex_terms).mean(), "mel": torch.stack(mel_terms).mean()}


class CodecObjective(Objective):
    """Trains `model.codec` on stems that sound; absent stems do not count."""

    fields = frozenset({"audio"})
    lr_scale = 10.0
    num_frames = 32
    weights = {"complex": 4.0, "mel": 1.0, "wave": 4.0, "kl": 0.02}

    def __init__(self, model) -> None:
        super().__init__(model)
        model.postfilter.reset()
        self.spectral = SpectralLoss()

    @staticmethod
    def trained(model) -> Codec:
        return model.codec

    def forward(self, batch, generator: torch.Generator) -> Losses:
        codec: Codec = self.model.codec
        b, s, _ = batch.audio.shape
        audio = rearrange(batch.audio, "b s t -> (b s) t")
        posterior = codec.posterior(audio)
        if self.training:
            means = rearrange(posterior.mean.detach(), "(b s) l d -> b s l d", b=b, s=s)
            codec.norm.update(means, batch.present)
        output = codec.synthesise(posterior.sample(generator))
        present = rearrange(batch.present, "b s -> (b s)")
        output, target = output[present], audio[present]
        parts = self.spectral(output, target) | {
            "wave": relative_error(output, target),
            "kl": posterior.kl(present),
        }
        total = sum(self.weights[name] * value for name, value in parts.items())
        return Losses(total, {name: value.detach() for name, value in parts.items()})

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """Round trip of the first segment: audio per stem, spectrograms original above copy."""
        codec: Codec = self.model.codec
        stems = batch.audio[:1]
        copies = codec.decode(codec.encode(stems))
        media = Media()
        for i, name in enumerate(STEMS):
            media.audio[f"{name}/original"] = stems[0, i].cpu()
            media.audio[f"{name}/round_trip"] = copies[0, i].cpu()
            pair = torch.stack([stems[0, i], copies[0, i]]).cpu()
            media.images[f"{name}/mel"] = mel_picture(pair)
        return media


def relative_error(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean absolute waveform error over the target's RMS (floor -50 dB), averaged over the
    batch.
    """
    loudness = target.square().mean(-1).sqrt().clamp_min(3e-3)
    return ((output - target).abs().mean(-1) / loudness).mean()


def mel_picture(waveforms: torch.Tensor) -> np.ndarray:
    """Log-mel spectrograms of (n, t) audio stacked top to bottom as an (h, w, 3) uint8 picture."""
    mel = compute_mel_spectrogram(waveforms).add(1e-6).log10()
    return grey_picture(((mel + 6.0) / 9.0).flip(-2))
