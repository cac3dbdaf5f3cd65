"""The limiter: no true peak above its ceiling, and nothing done where nothing is to do."""

import numpy as np
import pytest
import torch
from scipy.signal import resample

from models.postprocessing.mixing import limiter
from models.postprocessing.mixing.limiter import frame_peaks, limit, true_peak_db

RATE = 22_050


def between_samples() -> torch.Tensor:
    """A tone at a quarter of the rate, 3 dB higher between its samples than on them."""
    time = torch.arange(8_192)
    x = torch.sin(torch.pi / 2 * time + torch.pi / 4) * torch.hann_window(8_192)
    return torch.stack([x, x])


def noise() -> torch.Tensor:
    x = torch.randn(2, 30_000, generator=torch.Generator().manual_seed(3))
    x[:, 10_000:10_200] *= 8.0
    low = torch.fft.rfft(x)
    low[:, int(0.8 * low.shape[-1]) :] = 0.0
    return torch.fft.irfft(low, 30_000)


def true_peak_by_fourier(x: torch.Tensor) -> float:
    curve = resample(x.double().numpy(), 8 * x.shape[-1], axis=-1)
    return float(20 * np.log10(np.abs(curve).max()))


def test_the_peak_between_samples_is_seen():
    x = between_samples()
    assert 20 * np.log10(x.abs().max()) == pytest.approx(-3.01, abs=0.02)
    assert true_peak_db(x) == pytest.approx(0.0, abs=0.05)
    assert true_peak_db(torch.zeros(2, 100)) == -np.inf


@pytest.mark.parametrize("make", [between_samples, noise, lambda: 20.0 * noise()])
def test_no_true_peak_passes_the_ceiling(make):
    out = limit(make() * 2.0, RATE)
    assert true_peak_db(out) <= -1.0 + 1e-4
    assert true_peak_by_fourier(out) <= -0.8


def test_a_peak_at_the_very_beginning_and_end():
    x = torch.zeros(2, 4_000)
    x[:, 0], x[:, -1] = 3.0, -3.0
    assert true_peak_db(limit(x, RATE)) <= -1.0 + 1e-4


def test_what_is_low_enough_stays():
    x = 0.05 * noise().clamp(-4, 4)
    assert torch.equal(limit(x, RATE), x)


def test_channels_share_one_gain():
    x = torch.stack([torch.ones(4_000) * 2.0, torch.ones(4_000) * 0.2])
    out = limit(x, RATE)
    assert torch.allclose(out[1], 0.1 * out[0])


def test_blocks_do_not_show(monkeypatch):
    x = noise()
    whole, peaks = limit(x, RATE), frame_peaks(x)
    monkeypatch.setattr(limiter, "BLOCK_SAMPLES", 4_096)
    assert np.allclose(frame_peaks(x), peaks, rtol=1e-5)
    assert torch.allclose(limit(x, RATE), whole, atol=1e-4)
