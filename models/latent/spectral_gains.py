"""Bands of a spectrum: how loud they are from moment to moment, and gains by band and moment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from utils import SAMPLE_RATE, mel_filterbank

QUIETEST_DB = -90.0
NEPERS = math.log(10.0) / 20.0  # per dB


class Bands:
    """Mel bands of Hann windows, a frame every quarter of one; gains run between their centres.

    Args:
        num_mels: None: every bin is a band.
    """

    def __init__(self, n_fft: int, num_mels: int | None) -> None:
        self.n_fft = n_fft
        self.window = torch.hann_window(n_fft)
        self.mels, self.between = None, None
        if num_mels is not None:
            bins = np.arange(n_fft // 2 + 1)
            filters = mel_filterbank(SAMPLE_RATE, n_fft, num_mels)
            filters = filters / filters.sum(1, keepdims=True)
            rows = [np.interp(bins, filters @ bins, row) for row in np.eye(num_mels)]
            self.mels = torch.from_numpy(filters)
            self.between = torch.from_numpy(np.stack(rows, 1)).float()

    @property
    def _frames(self) -> dict[str, Any]:
        return {"n_fft": self.n_fft, "hop_length": self.n_fft // 4, "window": self.window}

    def spectrum(self, audio: torch.Tensor) -> torch.Tensor:
        """Complex spectrum (f m) of audio (t,)."""
        return torch.stft(audio, **self._frames, return_complex=True)

    def levels(self, audio: torch.Tensor, lufs: float) -> torch.Tensor:
        """Level in dB over a loudness of each band and frame of audio (t,): (c m)."""
        return self.levels_of(self.spectrum(audio), lufs)

    def levels_of(self, spectrum: torch.Tensor, lufs: float) -> torch.Tensor:
        """The same of its spectrum (f m)."""
        power = (spectrum.real.square() + spectrum.imag.square()) / (0.375 * self.n_fft)
        power = power if self.mels is None else self.mels @ power
        return (10.0 * power.clamp_min(1e-15).log10() - lufs).clamp_min(QUIETEST_DB)

    def with_gains(self, spectrum: torch.Tensor, gains: torch.Tensor, length: int) -> torch.Tensor:
        """Audio (length,) of a spectrum (f m) with gains in dB (c m)."""
        gains = gains if self.between is None else self.between @ gains
        return torch.istft(spectrum * (gains * NEPERS).exp(), **self._frames, length=length)
