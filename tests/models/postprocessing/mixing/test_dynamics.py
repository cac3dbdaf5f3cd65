"""The compressor: its static curve to a tenth of a decibel, its times, its gradients."""

import math

import numpy as np
import pytest
import torch

from models.postprocessing.mixing.console import _compressed
from models.postprocessing.mixing.dynamics import (
    CONTROL_SECONDS,
    compress,
    control_level,
    smoothed,
    smoothed_parallel,
    static_curve,
    to_samples,
)
from models.postprocessing.mixing.settings import Compressor

RATE = 22_050


def tone(level_db: float, seconds: float = 1.5) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * 2_205.0 * time)).astype(np.float32)


def test_the_static_curve_has_a_knee():
    level = np.array([-40.0, -23.0, -20.0, -17.0, -8.0])
    gain = static_curve(level, -20.0, 4.0, 6.0)
    assert np.allclose(gain, [0.0, 0.0, -0.75 * 9 / 12, -0.75 * 3, -0.75 * 12])
    assert np.allclose(static_curve(level, -20.0, 1.0, 6.0), 0.0)
    assert static_curve(np.array([-10.0]), -20.0, 0.5, 0.0)[0] == pytest.approx(10.0)


@pytest.mark.parametrize("level_db", [-30.0, -20.0, -10.0, -1.0])
def test_a_steady_tone_comes_out_where_the_curve_says(level_db):
    peak = 20 * math.log10(np.abs(tone(level_db)).max())
    wanted = peak + float(static_curve(np.array(peak), -18.0, 4.0, 6.0))
    trained = compress(torch.from_numpy(tone(level_db)), RATE, -18.0, 4.0).numpy()
    rendered = _compressed(tone(level_db)[None], RATE, Compressor(-18.0, 4.0))[0]
    for out in (trained, rendered):
        end = np.abs(out[-4_410:]).max()
        assert 20 * math.log10(end) == pytest.approx(wanted, abs=0.1)


def test_attack_and_release_reach_63_percent_in_their_time():
    step = np.concatenate([np.zeros(100), np.full(2_000, -10.0), np.zeros(2_000)])
    gain = smoothed(step, 15.0, 150.0)
    after = lambda ms: round(ms / 1000.0 / CONTROL_SECONDS)
    assert gain[99 + after(15.0)] == pytest.approx(-10.0 * (1 - math.exp(-1)), abs=0.02)
    assert gain[2_099 + after(150.0)] == pytest.approx(-10.0 * math.exp(-1), abs=0.02)


def test_the_parallel_average_agrees_where_the_level_is_steady():
    steady = torch.full((2, 3_000), -7.0)
    assert torch.allclose(smoothed_parallel(steady, 15.0, 150.0)[:, 500:], steady[:, 500:])
    equal = torch.randn(1, 400, generator=torch.Generator().manual_seed(0))
    exact = smoothed(equal[0].double().numpy(), 20.0, 20.0)
    assert np.allclose(smoothed_parallel(equal.double(), 20.0, 20.0)[0], exact, atol=5e-3)


def test_levels_and_lines():
    level = control_level(torch.tensor([0.5] * 33 + [0.0] * 33), RATE)
    assert level.tolist() == pytest.approx([-6.02, -120.0], abs=0.01)
    line = to_samples(torch.tensor([0.0, 3.0]), 3, 6)
    assert line.tolist() == pytest.approx([0.0, 0.0, 1.0, 2.0, 3.0, 3.0], abs=1e-5)


def test_ratio_one_changes_nothing_and_gradients_reach_threshold_and_ratio():
    x = torch.from_numpy(tone(-6.0, 0.3))
    assert torch.allclose(compress(x, RATE, -20.0, 1.0), x)
    threshold = torch.tensor(-20.0, requires_grad=True)
    ratio = torch.tensor(3.0, requires_grad=True)
    compress(x, RATE, threshold, ratio).square().mean().backward()
    assert threshold.grad > 0 > ratio.grad
