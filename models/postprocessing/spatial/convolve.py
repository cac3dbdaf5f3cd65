"""Fixed filters on a signal that passes in blocks (overlap-add in the frequency domain)."""

from __future__ import annotations

import numpy as np
from scipy import fft

LONG_PARTS = 8


class Convolver:
    """Several inputs through a matrix of filters to several channels.

    Args:
        filters: (i, c, taps). block: samples per call; short filters take it in equal parts of at
            least eight times their length, whose transforms cost less.
        workers: threads.
    """

    def __init__(self, filters: np.ndarray, block: int, *, workers: int = 1) -> None:
        self.block, self.workers = block, workers
        self.taps, self.part = filters.shape[2], block
        while self.part % 2 == 0 and self.part // 2 >= LONG_PARTS * self.taps:
            self.part //= 2
        self.size = fft.next_fast_len(self.part + self.taps - 1, real=True)
        self.spectra = fft.rfft(filters.astype(np.float32), self.size, workers=workers)
        self.used = np.flatnonzero(np.abs(filters).max(axis=(0, 2)))
        self.rest = np.zeros((filters.shape[1], block - self.part + self.size), np.float32)

    def process(self, audio: np.ndarray) -> np.ndarray:
        """The next `block` samples (c, block) from as many of the input (i, block)."""
        loud = np.flatnonzero(np.abs(audio).max(axis=1))
        if len(loud):
            parts = audio[loud].astype(np.float32, copy=False).reshape(len(loud), -1, self.part)
            heard = fft.rfft(parts, self.size, workers=self.workers)
            for channel in self.used:
                self._add(channel, heard, self.spectra[loud, channel])
        done = self.rest[:, : self.block].copy()
        kept = self.rest.shape[1] - self.block
        self.rest[:, :kept] = self.rest[:, self.block :].copy()
        self.rest[:, kept:] = 0.0
        return done

    def _add(self, channel: int, heard: np.ndarray, spectra: np.ndarray) -> None:
        """Adds what a channel gets of spectra (i, p, f) through filters (i, f)."""
        through = np.flatnonzero(np.abs(spectra).max(axis=1))
        total = sum(heard[i] * spectra[i] for i in through)
        if not len(through):
            return
        for number, part in enumerate(fft.irfft(total, self.size, workers=self.workers)):
            begin = number * self.part
            self.rest[channel, begin : begin + self.size] += part
