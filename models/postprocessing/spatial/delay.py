"""Delays by fractions of a sample: fixed ones as short filters, changing ones by interpolation.

The kernel is one windowed sinc of 24 taps. Where a delay changes with every sample, each tap is a
cubic of the fraction, another one in each third of it (after Farrow, "A continuously variable
digital delay element", ISCAS 1988), so a source is filtered once for all paths along which it is
heard.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import fft

TAPS = 24
HALF = TAPS // 2
ORDER, PIECES = 3, 3
KAISER_BETA = 7.0
CHUNK = 8_192


def sinc_kernel(fraction: np.ndarray) -> np.ndarray:
    """Taps (n, 24) that read a signal `fraction` (n,), 0 to 1, of a sample after tap 11."""
    from scipy.special import i0

    offset = np.arange(TAPS) - (HALF - 1) - np.asarray(fraction)[:, None]
    window = i0(KAISER_BETA * np.sqrt(np.maximum(1.0 - (offset / HALF) ** 2, 0.0)))
    kernel = np.sinc(offset) * window / i0(KAISER_BETA)
    return kernel / kernel.sum(axis=1, keepdims=True)


@lru_cache(maxsize=1)
def farrow_taps() -> np.ndarray:
    """Polynomials (3, 4, 24), float32, that follow `sinc_kernel`: one for each third of a sample,
    of the place -1 to 1 within it.
    """
    place = np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    powers = np.vander(place, ORDER + 1, increasing=True)
    pieces = [sinc_kernel(((place + 1.0) / 2.0 + piece) / PIECES) for piece in range(PIECES)]
    taps = [np.linalg.lstsq(powers, piece, rcond=None)[0] for piece in pieces]
    return np.array(taps, np.float32)


class DelayLine:
    """One stretch of a signal, to be read at any place between its samples.

    Args:
        signal: float32 (t,), with enough of its past at the beginning.
    """

    def __init__(self, signal: np.ndarray) -> None:
        windows = np.lib.stride_tricks.sliding_window_view(signal, TAPS)
        taps = farrow_taps().reshape(-1, TAPS).T
        self._parts = (np.ascontiguousarray(windows) @ taps).reshape(-1, ORDER + 1)

    def read(self, first: int, behind: np.ndarray, out: np.ndarray) -> None:
        """Writes the signal at `first + i - behind[i]` to `out`, both float32 (n,); places lie at
        least 12 samples inside the signal.

        Args:
            behind: samples (n,), precise where they are small: `first` takes what all have in
                common.
        """
        for begin in range(0, len(behind), CHUNK):
            back = np.float32(-PIECES) * behind[begin : begin + CHUNK]
            whole = np.floor(back)
            place = back - whole
            place *= np.float32(2.0)
            place -= np.float32(1.0)
            start = PIECES * (first + begin - (HALF - 1))
            rows = np.arange(start, start + PIECES * len(back), PIECES)
            rows += whole.astype(np.int64)
            rows = self._parts.take(rows, axis=0, mode="clip")
            total = out[begin : begin + CHUNK]
            total[:] = rows[:, ORDER]
            for power in range(ORDER - 1, -1, -1):
                total *= place
                total += rows[:, power]


def placed(delays: np.ndarray, filters: np.ndarray, length: int) -> np.ndarray:
    """One filter per channel from many paths.

    Args:
        delays: samples (n, c) of each path, at least 12.
        filters: (n, c, taps) what happens along each path.

    Returns:
        (c, length) with every path's filter at its delay.
    """
    num, channels, taps = filters.shape
    size = fft.next_fast_len(taps + TAPS, real=True)
    whole = np.floor(delays).astype(np.int64)
    kernel = sinc_kernel((delays - whole).ravel())
    spectra = fft.rfft(filters, size) * fft.rfft(kernel, size).reshape(num, channels, -1)
    parts = fft.irfft(spectra, size)
    out = np.zeros((channels, length + size))
    for path in range(num):
        for channel in range(channels):
            first = whole[path, channel] - (HALF - 1)
            if first < length:
                out[channel, first : first + size] += parts[path, channel]
    return out[:, :length]
