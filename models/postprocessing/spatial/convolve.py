"""Fixed filters on a signal that passes in blocks (overlap-add in the frequency domain)."""

from __future__ import annotations

import numpy as np
from scipy import fft


class Convolver:
    """Several inputs through a matrix of filters to several channels.

    Args:
        filters: (i, c, taps). block: samples per call.
        workers: threads.
    """

    def __init__(self, filters: np.ndarray, block: int, *, workers: int = 1) -> None:
        self.block, self.workers = block, workers
        self.taps = filters.shape[2]
        self.size = fft.next_fast_len(block + self.taps - 1, real=True)
        self.spectra = fft.rfft(filters.astype(np.float32), self.size, workers=workers)
        self.used = np.flatnonzero(np.abs(filters).max(axis=(0, 2)))
        self.rest = np.zeros((filters.shape[1], self.size), np.float32)

    def process(self, audio: np.ndarray) -> np.ndarray:
        """The next `block` samples (c, block) from as many of the input (i, block)."""
        loud = np.flatnonzero(np.abs(audio).max(axis=1))
        if len(loud):
            heard = fft.rfft(audio[loud].astype(np.float32), self.size, workers=self.workers)
            for channel in self.used:
                total = np.einsum("if,if->f", self.spectra[loud, channel], heard)
                self.rest[channel] += fft.irfft(total, self.size, workers=self.workers)
        done = self.rest[:, : self.block].copy()
        self.rest[:, : -self.block] = self.rest[:, self.block :]
        self.rest[:, -self.block :] = 0.0
        return done
