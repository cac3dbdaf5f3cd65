"""Gain, pan and reverberation: where a stem stands and in which room.

The room is one fixed impulse response of 1.3 s, two ears, made of noise: octave bands that die
away at their own speed (lows slowly, highs fast), after a gap of 18 ms that keeps the direct sound
clear.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch

from utils import counter_rng

T60_SECONDS = {62.5: 1.2, 125.0: 1.2, 250.0: 1.15, 500.0: 1.1, 1_000.0: 1.0, 2_000.0: 0.9}
T60_SECONDS |= {4_000.0: 0.7, 8_000.0: 0.5, 16_000.0: 0.4}
PREDELAY_SECONDS = 0.018
LENGTH_SECONDS = 1.3
LOW_CUT_HZ = 150.0
ATTACK_SECONDS = 0.01


def gain(x: torch.Tensor, sample_rate: int, gain_db: torch.Tensor | float) -> torch.Tensor:
    """Audio (..., t) louder by decibels, a number or (...,)."""
    return x * 10.0 ** (torch.as_tensor(gain_db).unsqueeze(-1) / 20.0)


def pan(x: torch.Tensor, sample_rate: int, position: torch.Tensor | float) -> torch.Tensor:
    """Mono audio (..., t) as stereo (..., 2, t): the power of left and right adds to that of x.

    Args:
        position: -1 left, 0 middle (both -3.01 dB), 1 right; a number or (...,).
    """
    angle = (torch.as_tensor(position, dtype=x.dtype) + 1.0) * (math.pi / 4.0)
    sides = torch.stack([angle.cos(), angle.sin()], -1)
    return x.unsqueeze(-2) * sides.unsqueeze(-1)


@lru_cache(maxsize=4)
def room(sample_rate: int) -> np.ndarray:
    """The impulse response (2, t), float32; each ear has unit energy."""
    size = round(LENGTH_SECONDS * sample_rate)
    time = np.arange(size) / sample_rate
    hertz = np.fft.rfftfreq(size, 1.0 / sample_rate)
    noise = np.fft.rfft(counter_rng(91, sample_rate).standard_normal((2, size)))
    response = np.zeros((2, size))
    centres = [hz for hz in T60_SECONDS if hz < sample_rate / 2]
    for centre in centres:
        octave = _octave(hertz, centre, lowest=centres[0], highest=centres[-1])
        decay = 10.0 ** (-3.0 * time / T60_SECONDS[centre])
        response += np.fft.irfft(noise * octave, size) * decay
    response *= np.minimum(1.0, time / ATTACK_SECONDS)
    response = np.roll(_without_lows(response, hertz), round(PREDELAY_SECONDS * sample_rate), -1)
    response[:, : round(PREDELAY_SECONDS * sample_rate)] = 0.0
    response /= np.sqrt(np.square(response).sum(-1, keepdims=True))
    return response.astype(np.float32)


def _octave(hertz: np.ndarray, centre: float, *, lowest: float, highest: float) -> np.ndarray:
    """Weight (f,) of an octave around `centre`; all octaves together weigh 1 everywhere."""
    octaves = np.log2(np.maximum(hertz, 1.0) / centre)
    if centre == lowest:
        octaves = np.maximum(octaves, 0.0)
    if centre == highest:
        octaves = np.minimum(octaves, 0.0)
    return np.square(np.cos(np.pi / 2 * np.clip(octaves, -1.0, 1.0)))


def _without_lows(response: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    """Lows of a room make a mix muddy: 12 dB an octave below `LOW_CUT_HZ`."""
    ratio = np.square(hertz / LOW_CUT_HZ)
    return np.fft.irfft(np.fft.rfft(response) * (ratio / (1.0 + ratio)), response.shape[-1])


def reverberate(x: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """The room's answer (..., 2, t) to mono audio (..., t), without the direct sound; cut at t."""
    impulse = torch.from_numpy(room(sample_rate)).to(x)
    size = x.shape[-1] + impulse.shape[-1] - 1
    size += -size % 4_096
    answer = torch.fft.rfft(x, size).unsqueeze(-2) * torch.fft.rfft(impulse, size)
    return torch.fft.irfft(answer, size)[..., : x.shape[-1]]
