"""Compressor: a feed-forward gain computer in decibels with a soft knee, attack and release.

The level of every 1.5 ms (the highest sample in it) goes through the static curve; what the curve
asks for is smoothed, quickly when it takes more away (attack) and slowly when it lets go
(release), and drawn as straight lines between these moments. A ratio below 1 expands.

Rendering follows attack and release exactly, frame after frame (`smoothed`). Training replaces
that branch, which cannot be computed in parallel, by one exponential average whose time constant is
the geometric mean of both (`smoothed_parallel`): the same static curve, gradients everywhere, the
same gain wherever the level is steady.

Source: Giannoulis, Massberg and Reiss, "Digital dynamic range compressor design", JAES 2012.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as F

CONTROL_SECONDS = 0.0015
FLOOR_DB = -120.0


def control_hop(sample_rate: int) -> int:
    """Samples per moment of control."""
    return round(CONTROL_SECONDS * sample_rate)


def static_curve(level_db, threshold_db, ratio, knee_db: float):
    """Gain in dB for a level in dB; tensors, arrays or numbers that broadcast.

    Below the knee 0, above it (1 / ratio - 1) times the excess, a parabola between.
    """
    excess = level_db - threshold_db
    inside = (excess + knee_db / 2).clip(0.0, knee_db)
    above = (excess - knee_db / 2).clip(0.0, None)
    bend = inside**2 / (2 * knee_db) if knee_db > 0 else 0.0
    return (1.0 / ratio - 1.0) * (bend + above)


def control_level(x: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """Peak level in dB of full scale (..., m) of every moment of audio (..., t), -120 at least."""
    hop = control_hop(sample_rate)
    padded = F.pad(x, (0, -x.shape[-1] % hop))
    peak = padded.abs().unflatten(-1, (-1, hop)).amax(-1)
    return 20.0 * peak.clamp_min(10.0 ** (FLOOR_DB / 20.0)).log10()


def smoothed(gain_db: np.ndarray, attack_ms: float, release_ms: float) -> np.ndarray:
    """Gain in dB (m,) with attack and release, moment after moment from 0 dB."""
    attack, release = (_pole(ms) for ms in (attack_ms, release_ms))
    out, now = [], 0.0
    for wanted in gain_db.tolist():
        pole = attack if wanted < now else release
        now = wanted + pole * (now - wanted)
        out.append(now)
    return np.array(out)


def smoothed_parallel(gain_db: torch.Tensor, attack_ms: float, release_ms: float) -> torch.Tensor:
    """Gain in dB (..., m) after one exponential average; differentiable."""
    pole = _pole(math.sqrt(attack_ms * release_ms))
    length = max(1, math.ceil(math.log(1e-3) / math.log(pole)))
    kernel = pole ** torch.arange(length - 1, -1, -1, dtype=gain_db.dtype, device=gain_db.device)
    kernel = kernel / kernel.sum()
    flat = gain_db.reshape(-1, 1, gain_db.shape[-1])
    return F.conv1d(F.pad(flat, (length - 1, 0)), kernel[None, None]).reshape(gain_db.shape)


def _pole(milliseconds: float) -> float:
    """Feedback per moment of an exponential average with this time constant."""
    return math.exp(-1000.0 * CONTROL_SECONDS / milliseconds)


def to_samples(values: torch.Tensor, hop: int, num_samples: int) -> torch.Tensor:
    """Values (..., m), each the middle of `hop` samples, as straight lines (..., t)."""
    flat = values.reshape(-1, 1, values.shape[-1])
    lines = F.interpolate(flat, scale_factor=hop, mode="linear", align_corners=False)
    return lines[..., :num_samples].reshape(*values.shape[:-1], num_samples)


def compress(
    x: torch.Tensor,
    sample_rate: int,
    threshold_db: torch.Tensor | float,
    ratio: torch.Tensor | float,
    *,
    knee_db: float = 6.0,
    attack_ms: float = 10.0,
    release_ms: float = 150.0,
) -> torch.Tensor:
    """Audio (..., t) compressed, by the differentiable approximation.

    Args:
        threshold_db: dB of full scale, a number or (...,); ratio: likewise, below 1 expands.
    """
    threshold, ratio = (torch.as_tensor(v).unsqueeze(-1) for v in (threshold_db, ratio))
    level = control_level(x, sample_rate)
    gain = smoothed_parallel(static_curve(level, threshold, ratio, knee_db), attack_ms, release_ms)
    lines = to_samples(gain, control_hop(sample_rate), x.shape[-1])
    return x * 10.0 ** (lines / 20.0)
