"""Parametric equaliser: second-order sections after the RBJ cookbook, applied in two ways.

Gradients go through `equalise`, which multiplies spectra by the response of the filters, sampled
every few hertz; `equalise_exact` runs the filters themselves and carries their state from block to
block.

Source: Robert Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.signal import sosfilt
from torch.nn import functional as F

RINGING_SECONDS = 0.1
GRID_BINS = 4_097


@dataclass(frozen=True)
class Band:
    """A filter of an equaliser: kind "low_shelf", "peak" or "high_shelf", corner or centre in Hz,
    quality (0.707 is the steepest shelf without a hump), gain in dB.
    """

    kind: str
    frequency_hz: float
    q: float = 0.707
    gain_db: float = 0.0


def _peak(a, cosine: float, alpha: float) -> tuple:
    return 1 + alpha * a, -2 * cosine, 1 - alpha * a, 1 + alpha / a, -2 * cosine, 1 - alpha / a


def _low_shelf(a, cosine: float, alpha: float) -> tuple:
    plus, minus, root = a + 1, a - 1, 2 * alpha * a**0.5
    return (
        a * (plus - minus * cosine + root),
        2 * a * (minus - plus * cosine),
        a * (plus - minus * cosine - root),
        plus + minus * cosine + root,
        -2 * (minus + plus * cosine),
        plus + minus * cosine - root,
    )


def _high_shelf(a, cosine: float, alpha: float) -> tuple:
    plus, minus, root = a + 1, a - 1, 2 * alpha * a**0.5
    return (
        a * (plus + minus * cosine + root),
        -2 * a * (minus + plus * cosine),
        a * (plus + minus * cosine - root),
        plus - minus * cosine + root,
        2 * (minus - plus * cosine),
        plus - minus * cosine - root,
    )


KINDS: dict[str, Callable[..., tuple]] = {
    "low_shelf": _low_shelf,
    "peak": _peak,
    "high_shelf": _high_shelf,
}


def sections(bands: Sequence[Band], sample_rate: int, gains_db: torch.Tensor) -> torch.Tensor:
    """Filters (..., k, 6) of k bands, b0 b1 b2 a0 a1 a2 with a0 = 1, float64.

    Args:
        gains_db: (..., k) in place of the bands' own gains; gradients reach it.
    """
    found = []
    for i, band in enumerate(bands):
        angle = 2 * math.pi * band.frequency_hz / sample_rate
        assert 0 < angle < math.pi, f"{band.frequency_hz} Hz does not exist at {sample_rate} Hz"
        a = 10.0 ** (gains_db[..., i].double() / 40.0)
        parts = KINDS[band.kind](a, math.cos(angle), math.sin(angle) / (2 * band.q))
        parts = torch.stack([torch.as_tensor(p).double().expand_as(a) for p in parts], -1)
        found.append(parts / parts[..., 3:4])
    return torch.stack(found, -2)


def response(filters: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """Complex response (..., f) of filters (..., k, 6) in series at angles (f,), pi at half the
    rate.
    """
    delays = torch.exp(-1j * angles.double()[:, None] * torch.arange(3, device=filters.device))
    above = torch.einsum("...i,fi->...f", filters[..., :3].to(delays.dtype), delays)
    below = torch.einsum("...i,fi->...f", filters[..., 3:].to(delays.dtype), delays)
    return (above / below).prod(-2)


def equalise(
    x: torch.Tensor, sample_rate: int, bands: Sequence[Band], gains_db: torch.Tensor | None = None
) -> torch.Tensor:
    """Audio (..., t) through the bands, by frequency sampling; differentiable in both.

    Args:
        gains_db: (..., k) per signal; default the bands' own.
    """
    if gains_db is None:
        gains_db = torch.tensor([band.gain_db for band in bands])
    t = x.shape[-1]
    size = t + round(RINGING_SECONDS * sample_rate)
    size += -size % 4_096
    angles = torch.linspace(0.0, math.pi, GRID_BINS, device=x.device)
    coarse = response(sections(bands, sample_rate, gains_db), angles).to(torch.complex64)
    shape = _between(coarse, size // 2 + 1)
    return torch.fft.irfft(torch.fft.rfft(x, size) * shape, size)[..., :t]


def _between(coarse: torch.Tensor, num_bins: int) -> torch.Tensor:
    """A response (..., f) at more bins, by straight lines: the filters are smooth."""
    parts = torch.view_as_real(coarse.reshape(-1, coarse.shape[-1])).transpose(-1, -2)
    fine = F.interpolate(parts, num_bins, mode="linear", align_corners=True).transpose(-1, -2)
    return torch.view_as_complex(fine.contiguous()).reshape(*coarse.shape[:-1], num_bins)


def equalise_exact(
    x: np.ndarray, sample_rate: int, bands: Sequence[Band], state: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Audio (t,) through the filters themselves, float32, and their state for the next block.

    Args:
        state: (k, 2) that the block before returned, None at the beginning.
    """
    gains = torch.tensor([band.gain_db for band in bands], dtype=torch.float64)
    filters = sections(bands, sample_rate, gains).numpy()
    state = np.zeros((len(filters), 2)) if state is None else state
    out, state = sosfilt(filters, np.asarray(x, np.float64), zi=state)
    return out.astype(np.float32), state
