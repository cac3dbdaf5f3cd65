"""The critic: tells recordings from copies by their spectra, so that a decoder learns detail.

A regression draws the mean of all that a latent leaves open, which sounds like haze; a critic hears
haze. Small strided convolutions over magnitude spectra at several window lengths, after the
multi-scale STFT discriminators of EnCodec (Défossez et al. 2022), sized for a CPU. It knows which
stem it should hear (projection: Miyato and Koyama 2018), and learns that a real recording of
another stem is wrong as well (Reed et al. 2016): a piano that could be a real guitar does not pass.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

from utils import NUM_STEMS

WINDOWS = (2_048, 512)
LAYERS = ((9, 2), (9, 4), (9, 4), (5, 2))  # kernel and stride along frequency
SCALE = 0.3  # brings log and root magnitudes to about one


class SpectralCritic(nn.Module):
    """Judges audio (b, t) by magnitudes at one window length."""

    def __init__(self, n_fft: int, width: int = 16) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        sizes = (2, width, width, 2 * width, 2 * width)
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(a, b, (k, 3), (stride, 1), (k // 2, 1)))
            for a, b, (k, stride) in zip(sizes[:-1], sizes[1:], LAYERS, strict=True)
        )
        self.out = weight_norm(nn.Conv2d(sizes[-1], 1, 3, padding=1))
        self.fits = weight_norm(nn.Conv2d(sizes[-1], NUM_STEMS, 3, padding=1))

    def forward(
        self, audio: torch.Tensor, stems: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Verdicts (b 1 f' m), high for recordings of the stems (b,) said, and what each layer
        heard.
        """
        spectrum = torch.stft(
            audio, self.n_fft, self.n_fft // 4, window=self.window, return_complex=True
        )
        magnitude = (spectrum.real.square() + spectrum.imag.square() + 1e-10).sqrt()
        x = SCALE * torch.stack([(magnitude + 1e-3).log(), magnitude.sqrt()], dim=1)
        heard = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            heard.append(x)
        return self.verdict(x, stems), heard

    def verdict(self, heard: torch.Tensor, stems: torch.Tensor) -> torch.Tensor:
        """Verdicts (b 1 f' m) on what the last layer heard, as recordings of stems (b,)."""
        places = stems[:, None, None, None].expand(-1, 1, *heard.shape[2:])
        return self.out(heard) + self.fits(heard).gather(1, places)


class Critic(nn.ModuleList):
    """A spectral critic per window length."""

    def __init__(self) -> None:
        super().__init__(SpectralCritic(n_fft) for n_fft in WINDOWS)

    def forward(
        self, audio: torch.Tensor, stems: torch.Tensor
    ) -> list[tuple[torch.Tensor, list[torch.Tensor]]]:
        """Verdict and hearing of each."""
        return [critic(audio, stems) for critic in self]


def mistaken(
    real: torch.Tensor, copy: torch.Tensor, other: torch.Tensor | None = None
) -> torch.Tensor:
    """Hinge loss of a critic whose verdict on recordings is `real`, on copies `copy` and, where
    given, on recordings of other stems than it should hear `other`, which count half as much as
    copies; what is right weighs as much as all that is wrong.
    """
    passed, failed = F.relu(1.0 - real).mean(), F.relu(1.0 + copy).mean()
    if other is None:
        return passed + failed
    return 1.5 * passed + failed + 0.5 * F.relu(1.0 + other).mean()


def unlike(heard: list[torch.Tensor], wanted: list[torch.Tensor]) -> torch.Tensor:
    """How far apart copy and recording are in what a critic hears, relative to the recording."""
    errors = [
        (ours - real).abs().mean() / (real.abs().mean() + 1e-3)
        for ours, real in zip(heard, wanted, strict=True)
    ]
    return torch.stack(errors).mean()
