"""The path and its samplers: identities and orders of accuracy."""

import math

import pytest
import torch

from models.generative.flow import (
    SAMPLERS,
    ancestral,
    guided,
    interpolate,
    sample_tau,
    sample_walk,
    schedule,
    time_features,
    velocity,
)
from utils import torch_rng


def test_velocity_leads_back_to_the_data():
    noise, data = torch.randn(2, 4, 5, generator=torch_rng(0))
    tau = torch.tensor(0.3)
    x_tau = interpolate(noise, data, tau)
    assert torch.allclose(x_tau + (1 - tau) * velocity(noise, data), data, atol=1e-6)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("start", [0.0, 0.4])
def test_a_straight_path_is_exact_in_any_number_of_steps(name, start):
    noise, data = torch.randn(2, 1, 4, 6, 5, generator=torch_rng(1))
    field = lambda x, tau: velocity(noise, data)
    for steps in (1, 5):
        begin = interpolate(noise, data, torch.tensor(start))
        walked = SAMPLERS[name](field, begin, schedule(steps, start), lambda step: noise)
        assert torch.allclose(walked, data, atol=1e-5)


def test_fresh_noise_forgets_the_way_but_not_the_data():
    noise, data = torch.randn(2, 1, 4, 6, 5, generator=torch_rng(4))
    seen = []

    def field(x, tau):
        seen.append(x)
        return (data - x) / (1.0 - tau)  # every point leads to the same data

    other = torch.randn(noise.shape, generator=torch_rng(5))
    walked = ancestral(field, noise, schedule(2), lambda step: other)
    assert torch.allclose(walked, data, atol=1e-5)
    assert torch.allclose(seen[1], interpolate(other, data, torch.tensor(0.5)), atol=1e-6)


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_order_of_accuracy(name, order):
    field = lambda x, tau: -2.0 * x
    errors = []
    for steps in (16, 32):
        ones = torch.ones(1, 5, dtype=torch.float64)
        x = SAMPLERS[name](field, ones, schedule(steps).double(), torch.zeros)
        errors.append((x - math.exp(-2.0)).abs().max().item())
    assert abs(math.log2(errors[0] / errors[1]) - order) < 0.2


def test_a_schedule_ends_at_data():
    assert schedule(4).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert schedule(2, 0.5).tolist() == [0.5, 0.75, 1.0]
    assert schedule(4, power=2.0).tolist() == [0.0, 0.0625, 0.25, 0.5625, 1.0]
    assert schedule(2, 0.5, power=2.0).tolist() == [0.5, 0.625, 1.0]


def test_guidance_of_one_changes_nothing_and_zero_ignores():
    full, without = torch.randn(2, 3, 4, generator=torch_rng(2))
    stack = torch.stack([full, without])
    assert torch.equal(guided(stack, [1.0]), full)
    assert torch.allclose(guided(stack, [0.0]), without, atol=1e-6)
    assert torch.allclose(guided(stack, [2.0]), 2 * full - without, atol=1e-6)


def test_times_of_a_walk_come_as_often_as_it_is_there():
    tau = sample_walk(4_000, torch_rng(3), 2.0).sort().values
    assert 0.0 <= tau[0] and tau[-1] < 1.0
    walk = schedule(10, power=2.0)
    shares = torch.histogram(tau, walk)[0] / len(tau)
    assert torch.allclose(shares, torch.full((10,), 0.1), atol=0.02)


def test_training_times_are_logit_normal():
    tau = sample_tau(4_000, torch_rng(3))
    assert 0.0 < tau.min() and tau.max() < 1.0
    assert tau.logit().mean().abs() < 0.06 and abs(tau.logit().std() - 1.0) < 0.05


def test_flow_times_have_features_of_their_own():
    features = time_features(torch.tensor([0.0, 0.1, 0.11]))
    assert features.shape == (3, 32) and features[0].tolist() == [0.0] * 16 + [1.0] * 16
    near, far = (features[2] - features[1]).norm(), (features[1] - features[0]).norm()
    assert 0.1 < near < far
