"""What the mixer hears of a stem: mel spectra and loudness over time, summed up in statistics.

Analysis is at 22,050 Hz. A frame lasts 93 ms; loudness is K-weighted per mel band and gated as in
BS.1770 over windows of 0.4 s, which comes within a few tenths of a LU of the meter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.signal import sosfreqz
from torch.nn import functional as F

from data.loudness import k_weighting
from utils import SAMPLE_RATE, mel_filterbank

N_FFT, HOP_SAMPLES, NUM_MELS = 2_048, 1_024, 40
GATE_FRAMES = 8
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BLOCK_FRAMES = 512
SILENCE_LUFS = -70.0
NUM_FEATURES = NUM_MELS + len(QUANTILES) + 4


@dataclass(frozen=True)
class Heard:
    """Frames of audio: mel power (..., f, m), K-weighted power (..., m), peak (..., m)."""

    mel: torch.Tensor
    power: torch.Tensor
    peak: torch.Tensor


@lru_cache(maxsize=1)
def band_angles() -> torch.Tensor:
    """Centres (f,) of the mel bands as angles, pi at half the rate."""
    mel = mel_filterbank(SAMPLE_RATE, N_FFT, NUM_MELS)
    return torch.from_numpy(mel @ np.linspace(0.0, np.pi, N_FFT // 2 + 1) / mel.sum(1)).float()


@lru_cache(maxsize=1)
def _weights() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Window, mel filters (f, bins) scaled to mean squares in time, K-weighting (f,)."""
    window = torch.hann_window(N_FFT)
    scale = 2.0 / (N_FFT * float(window.square().sum()))
    _, curve = sosfreqz(k_weighting(SAMPLE_RATE), band_angles().numpy())
    mel = torch.from_numpy(mel_filterbank(SAMPLE_RATE, N_FFT, NUM_MELS)) * scale
    return window, mel, torch.from_numpy(np.abs(curve) ** 2).float()


def weighted(mel: torch.Tensor) -> torch.Tensor:
    """K-weighted power (..., m) of mel power (..., f, m)."""
    return _weights()[2].to(mel.device) @ mel


def hear(x: torch.Tensor) -> Heard:
    """The frames of audio (..., t) at 22,050 Hz, at least `GATE_FRAMES`; differentiable."""
    shortest = N_FFT + (GATE_FRAMES - 1) * HOP_SAMPLES
    x = F.pad(x, (0, max(0, shortest - x.shape[-1])))
    window, filters, _ = (w.to(x.device) for w in _weights())
    flat = x.reshape(-1, x.shape[-1])
    spectrum = torch.stft(
        flat, N_FFT, HOP_SAMPLES, window=window, center=False, return_complex=True
    )
    power = spectrum.real.square() + spectrum.imag.square()
    peak = flat.detach().abs().unfold(-1, N_FFT, HOP_SAMPLES).amax(-1)
    mel = (filters @ power).reshape(*x.shape[:-1], NUM_MELS, -1)
    return Heard(mel, weighted(mel), peak.reshape(*x.shape[:-1], -1))


def hear_long(x: np.ndarray) -> Heard:
    """`hear` of one signal (t,) of any length, block by block."""
    blocks, size = [], BLOCK_FRAMES * HOP_SAMPLES
    for start in range(0, max(len(x) - (N_FFT - HOP_SAMPLES), 1), size):
        block = np.ascontiguousarray(x[start : start + size + N_FFT - HOP_SAMPLES])
        blocks.append(hear(torch.from_numpy(block)))
    join = lambda name: torch.cat([getattr(block, name) for block in blocks], -1)
    return Heard(join("mel"), join("power"), join("peak"))


def louder(heard: Heard, gain_db: torch.Tensor) -> Heard:
    """What would be heard after gains in dB (...)."""
    power = (10.0 ** (gain_db / 10.0)).unsqueeze(-1)
    return Heard(heard.mel * power.unsqueeze(-1), heard.power * power, heard.peak * power.sqrt())


def decibels(power: torch.Tensor) -> torch.Tensor:
    """10 log10 of power, -120 at least."""
    return 10.0 * power.clamp_min(1e-12).log10()


def gate(heard: Heard) -> torch.Tensor:
    """Which frames (..., m) count, bool: not silent and not 10 LU below the mean of what is not."""
    power = heard.power
    smooth = F.avg_pool1d(
        F.pad(power.detach().reshape(-1, 1, power.shape[-1]), (GATE_FRAMES // 2, 3), "replicate"),
        GATE_FRAMES,
        1,
    ).reshape(power.shape)
    loud = decibels(smooth) - 0.691 > SILENCE_LUFS
    mean = (smooth * loud).sum(-1, keepdim=True) / loud.sum(-1, keepdim=True).clamp_min(1)
    return loud & (smooth > mean / 10.0)


def averaged(values: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
    """Mean (...) over the frames (..., m) that count; 0 where none does."""
    return (values * keep).sum(-1) / keep.sum(-1).clamp_min(1)


def loudness(heard: Heard, keep: torch.Tensor) -> torch.Tensor:
    """Gated loudness (...) in LUFS."""
    return decibels(averaged(heard.power, keep)) - 0.691


def tone(heard: Heard, keep: torch.Tensor) -> torch.Tensor:
    """The mean spectrum (..., f) in dB, as it lies below or above its loudness."""
    mean = averaged(heard.mel, keep.unsqueeze(-2))
    # 60 dB below the loudest band is silence for every ear
    floor = mean.detach().amax(-1, keepdim=True) * 1e-6
    return decibels(torch.maximum(mean, floor)) - decibels(averaged(heard.power, keep))[..., None]


def dynamics(heard: Heard, keep: torch.Tensor) -> torch.Tensor:
    """Quantiles (..., q) in dB of the frames' power against their mean."""
    level = decibels(heard.power) - decibels(averaged(heard.power, keep))[..., None]
    ordered = level.masked_fill(~keep, 1e3).sort(-1).values
    last = (keep.sum(-1, keepdim=True) - 1).clamp_min(0)
    places = (torch.tensor(QUANTILES, device=level.device) * last).round().long()
    found = ordered.gather(-1, places)
    return torch.where(keep.any(-1, keepdim=True), found, torch.zeros_like(found)).clamp_min(-40.0)


def peak_db(heard: Heard, keep: torch.Tensor) -> torch.Tensor:
    """Level (...) in dB of full scale that only one frame in twenty peaks above."""
    peak = heard.peak.masked_fill(~keep, 0.0).sort(-1, descending=True).values
    place = (0.05 * keep.sum(-1, keepdim=True)).long()
    return 2.0 * decibels(peak.gather(-1, place).squeeze(-1))


def statistics(heard: Heard) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features (..., 49) near unit scale, loudness (...) in LUFS and peak level (...) in dB.

    A silent signal has features 0, loudness -120.691 and peak level -240.
    """
    keep = gate(heard)
    lufs, peak = loudness(heard, keep), peak_db(heard, keep)
    crest = (peak - lufs).unsqueeze(-1)
    share = keep.float().mean(-1, keepdim=True)
    whole = heard.peak.amax(-1).clamp_min(1e-6).log10().mul(20.0).sub(peak).unsqueeze(-1)
    rows = [tone(heard, keep) / 20.0, dynamics(heard, keep) / 10.0, crest / 20.0, share]
    rows += [whole / 10.0, torch.ones_like(share)]
    sounds = keep.any(-1, keepdim=True)
    return torch.where(sounds, torch.cat(rows, -1), 0.0), lufs, peak
