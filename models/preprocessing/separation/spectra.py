"""Spectra as the separator uses them: a window of 93 ms every 23 ms at 22,050 Hz, both ways.

Masks multiply spectra; masks of all stems that sum to one give stems that sum to the mixture.
"""

from __future__ import annotations

import torch

N_FFT, HOP_SAMPLES = 2_048, 512
NUM_BINS = N_FFT // 2 + 1
TINY = 1e-6


def _window(like: torch.Tensor) -> torch.Tensor:
    return torch.hann_window(N_FFT, device=like.device)


def spectra(x: torch.Tensor) -> torch.Tensor:
    """Complex spectra (..., f, m) of audio (..., t), m = t // 512 + 1, zeros beyond the ends.

    White noise of variance 1 has bins of variance 1.
    """
    flat, window = x.reshape(-1, x.shape[-1]), _window(x)
    found = torch.stft(
        flat, N_FFT, HOP_SAMPLES, window=window, pad_mode="constant", return_complex=True
    )
    return (found / window.square().sum().sqrt()).reshape(*x.shape[:-1], *found.shape[-2:])


def waveform(spectrum: torch.Tensor, num_samples: int) -> torch.Tensor:
    """Audio (..., t) of spectra (..., f, m): the inverse of `spectra`."""
    window = _window(spectrum)
    flat = spectrum.reshape(-1, *spectrum.shape[-2:]) * window.square().sum().sqrt()
    found = torch.istft(flat, N_FFT, HOP_SAMPLES, window=window, length=num_samples)
    return found.reshape(*spectrum.shape[:-2], num_samples)


def compressed(spectrum: torch.Tensor) -> torch.Tensor:
    """Magnitudes to the power 1/4, near to how loudness is heard; differentiable at zero."""
    power = spectrum.real.square() + spectrum.imag.square()
    return (power + TINY).sqrt().sqrt().sqrt()  # three roots cost a fifth of one power


def masked(masks: torch.Tensor, mixture: torch.Tensor) -> torch.Tensor:
    """Stems (b s t) that masks (b s f m) make of a mixture (b t)."""
    return waveform(masks * spectra(mixture)[:, None], mixture.shape[-1])


def ideal_masks(stems: torch.Tensor, *, power: float = 1.0) -> torch.Tensor:
    """Masks (b s f m) of stems (b s t) that are known: each one's part of the magnitudes.

    Args:
        power: of the magnitudes; 1 is the ideal ratio mask, 2 the Wiener mask. Where nothing
            sounds, every stem gets the same part.
    """
    parts = spectra(stems).abs().pow(power) + 1e-12
    return parts / parts.sum(1, keepdim=True)
