"""The equaliser's response is the cookbook's, sampled or run."""

import numpy as np
import pytest
import torch
from scipy.signal import freqz, sosfreqz

from models.postprocessing.mixing.equaliser import (
    KINDS,
    Band,
    equalise,
    equalise_exact,
    response,
    sections,
)
from models.postprocessing.mixing.settings import BANDS

RATE = 22_050
GAINS = torch.tensor([6.0, -4.0, 3.0, -9.0, 8.0])


def click(size: int = 16_384) -> np.ndarray:
    x = np.zeros(size, np.float32)
    x[0] = 1.0
    return x


def decibels(x: np.ndarray) -> np.ndarray:
    return 20.0 * np.log10(np.abs(x))


def test_response_is_scipys():
    filters = sections(BANDS, RATE, GAINS)
    ours = response(filters, torch.linspace(0.0, torch.pi, 513)).numpy()
    _, scipys = sosfreqz(filters.numpy(), np.linspace(0, np.pi, 513))
    assert np.allclose(ours, scipys, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_band_against_freqz(kind):
    filters = sections([Band(kind, 1_000.0, 1.0)], RATE, torch.tensor([6.0]))[0].numpy()
    hertz, shape = freqz(filters[:3], filters[3:], 4_096, fs=RATE)
    at = {"low_shelf": 0.0, "peak": 1_000.0, "high_shelf": 11_000.0}[kind]
    assert decibels(shape)[np.abs(hertz - at).argmin()] == pytest.approx(6.0, abs=0.05)
    far = {"low_shelf": 11_000.0, "peak": 20.0, "high_shelf": 5.0}[kind]
    assert decibels(shape)[np.abs(hertz - far).argmin()] == pytest.approx(0.0, abs=0.05)
    assert np.abs(np.roots(filters[3:])).max() < 1.0


def test_both_ways_have_this_response_to_a_twentieth_of_a_decibel():
    wanted = decibels(sosfreqz(sections(BANDS, RATE, GAINS).numpy(), 1_024)[1])
    bands = [Band(b.kind, b.frequency_hz, b.q, float(g)) for b, g in zip(BANDS, GAINS, strict=True)]
    sampled = equalise(torch.from_numpy(click()), RATE, BANDS, GAINS).numpy()
    exact, _ = equalise_exact(click(), RATE, bands)
    for x in (sampled, exact):
        found = decibels(np.fft.rfft(x, 16_384)[:8_192:8])
        assert np.abs(found - wanted).max() < 0.05


def test_flat_bands_change_nothing_and_opposite_ones_undo_each_other():
    x = torch.randn(2, 8_192, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(equalise(x, RATE, BANDS), x, atol=1e-5)
    there = equalise(x, RATE, BANDS, GAINS)
    back = equalise(there, RATE, BANDS, -GAINS)
    assert torch.allclose(back[:, :6_000], x[:, :6_000], atol=2e-3)


def test_blocks_equal_the_whole():
    x = np.random.default_rng(0).standard_normal(5_000).astype(np.float32)
    bands = [Band("peak", 500.0, 1.0, 9.0), Band("high_shelf", 4_000.0, 0.7, -6.0)]
    whole, _ = equalise_exact(x, RATE, bands)
    parts, state = [], None
    for start in range(0, 5_000, 777):
        part, state = equalise_exact(x[start : start + 777], RATE, bands, state)
        parts.append(part)
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)


def test_gradients_reach_the_gains():
    gains = torch.zeros(5, requires_grad=True)
    x = torch.randn(4_096, generator=torch.Generator().manual_seed(1))
    equalise(x, RATE, BANDS, gains).square().mean().backward()
    assert (gains.grad > 0).all()
