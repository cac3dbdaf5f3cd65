"""The path and its samplers: identities and orders of accuracy."""

import math

import pytest
import torch

from models.generative.flow import (
    SAMPLERS,
    Widths,
    guided,
    interpolate,
    sample_tau,
    schedule,
    velocity,
)
from utils import torch_rng

WIDTHS = Widths(3, 2)


def test_velocity_leads_back_to_the_data():
    noise, data = torch.randn(2, 4, 5, generator=torch_rng(0))
    tau = torch.tensor(0.3)
    x_tau = interpolate(noise, data, tau)
    assert torch.allclose(x_tau + (1 - tau) * velocity(noise, data), data, atol=1e-6)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("score_lead", [0.0, 0.4])
def test_a_straight_path_is_exact_in_any_number_of_steps(name, score_lead):
    noise, data = torch.randn(2, 1, 4, 6, 5, generator=torch_rng(1))
    field = lambda x, pair: velocity(noise, data)
    for steps in (1, 5):
        times = schedule(steps, score_lead=score_lead)
        assert torch.allclose(SAMPLERS[name](field, noise, times, WIDTHS), data, atol=1e-5)


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_order_of_accuracy(name, order):
    field = lambda x, pair: -2.0 * x
    errors = []
    for steps in (16, 32):
        x = SAMPLERS[name](
            field, torch.ones(1, 5, dtype=torch.float64), schedule(steps).double(), WIDTHS
        )
        errors.append((x - math.exp(-2.0)).abs().max().item())
    assert abs(math.log2(errors[0] / errors[1]) - order) < 0.2


def test_schedule_lets_the_score_lead():
    times = schedule(10, score_lead=0.5)
    assert times[0].tolist() == [0.0, 0.0] and times[-1].tolist() == [1.0, 1.0]
    assert times[5].tolist() == [0.0, 1.0]
    assert (times[:, 1] >= times[:, 0]).all()
    assert schedule(4, start=(0.6, 0.2))[0].tolist() == pytest.approx([0.6, 0.2])


def test_guidance_of_one_changes_nothing_and_zero_ignores():
    full, without = torch.randn(2, 3, 4, generator=torch_rng(2))
    stack = torch.stack([full, without])
    assert torch.equal(guided(stack, [1.0]), full)
    assert torch.allclose(guided(stack, [0.0]), without, atol=1e-6)
    assert torch.allclose(guided(stack, [2.0]), 2 * full - without, atol=1e-6)


def test_training_times_cover_both_ends():
    tau = sample_tau(4_000, torch_rng(3))
    assert tau.min() == 0.0 and tau.max() < 1.0
    assert 0.08 < (tau[:, 0] == 0).float().mean() < 0.17
    assert not ((tau == 0).all(1)).any()


def test_pairs_are_spread_over_sound_and_score():
    assert WIDTHS.spread(torch.tensor([0.5, 2.0])).tolist() == [0.5, 0.5, 0.5, 2.0, 2.0]
    known = torch.tensor([[True, False], [False, True]])
    spread = WIDTHS.spread(known)
    assert spread.dtype == torch.bool and spread.sum(1).tolist() == [3, 2]
