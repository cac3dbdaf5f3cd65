"""Stem transformer: shapes of any length, masks, locality, gradients."""

import pytest
import torch

from data.sheet_features import NUM_SHEET_COLUMNS
from models.encoders.conditions import Conditions
from models.generative.expectation import prior_share
from models.generative.transformer import modulate, rotate
from utils import torch_rng


def inputs(model, b: int = 2, num_frames: int = 32):
    latents = torch.randn(b, 4, num_frames, model.widths.score, generator=torch_rng(0))
    tau = torch.rand(b, generator=torch_rng(1))
    known = torch.zeros(b, 4, num_frames, dtype=torch.bool)
    return latents, tau, known, torch.ones(b, 4, dtype=torch.bool)


@pytest.mark.parametrize("num_frames", [1, 5, 16, 47, 256])
def test_any_length(model, num_frames):
    latents, *rest = inputs(model, 1, num_frames)
    assert model.composer(latents, *rest, Conditions()).shape == latents.shape


def test_a_new_composer_predicts_nothing_and_trains(batch):
    from models.harmonicflow import HarmonicFlow
    from models.presets import tiny

    composer = HarmonicFlow(tiny()).composer
    known, present = torch.zeros(1, 4, 32).bool(), torch.ones(1, 4).bool()
    out = composer(torch.randn(1, 4, 32, 16), torch.rand(1), known, present, Conditions())
    assert not out.any()


def test_gradients_reach_every_parameter(model):
    latents, tau, known, present = inputs(model, num_frames=96)
    known[:, 1:3, 5:50] = True
    model.requires_grad_(True)
    said = Conditions(
        text_tokens=torch.randn(2, 3, 384),
        style=torch.tensor([3, 1]),
        emotion=torch.tensor([2, 0]),
        genre=torch.tensor([5, 1]),
        tempo=torch.tensor([90.0, 120.0]),
        key=torch.tensor([0, 14]),
        program=torch.tensor([[32, -1, 25, 0]] * 2),
        plays=torch.tensor([[1, 1, 0, -1]] * 2),
        density=torch.tensor([[1.0, 2.0, float("nan"), 0.0]] * 2),
        dynamics=torch.tensor([0.5, 0.7]),
        valence=torch.tensor([0.5, -0.7]),
        arousal=torch.tensor([0.5, -0.7]),
        swing=torch.tensor([0.5, 0.6]),
        register=torch.tensor([60.0, 70.0]),
        meter=torch.tensor([3, 4]),
        loudness=torch.tensor([-20.0, -14.0]),
        brightness=torch.tensor([0.5, -0.7]),
        mel=torch.rand(2, 128, 20),
        sheet=torch.rand(2, 96, NUM_SHEET_COLUMNS),
    )
    model.composer(latents, tau, known, present, said).square().sum().backward()
    model.composer(latents, tau, known, present, Conditions()).square().sum().backward()
    missing = [
        n for n, p in model.composer.named_parameters() if p.grad is None or not p.grad.any()
    ]
    assert missing == []


def test_absent_stems_are_not_heard(model):
    latents, tau, known, present = inputs(model)
    present[:, 1] = False
    before = model.composer(latents, tau, known, present, Conditions())
    latents[:, 1] = 100.0
    after = model.composer(latents, tau, known, present, Conditions())
    others = [0, 2, 3]
    assert (before[:, others] - after[:, others]).abs().max() < 1e-4


def test_stems_hear_each_other(model):
    latents, tau, known, present = inputs(model)
    before = model.composer(latents, tau, known, present, Conditions())
    latents[:, 1] += 1.0
    after = model.composer(latents, tau, known, present, Conditions())
    assert all((before[:, s] - after[:, s]).abs().max() > 1e-5 for s in range(4))


def test_batch_equals_single(model):
    latents, tau, known, present = inputs(model, 3, 40)
    together = model.composer(latents, tau, known, present, Conditions())
    for i in range(3):
        one = slice(i, i + 1)
        alone = model.composer(latents[one], tau[one], known[one], present[one], Conditions())
        assert (together[one] - alone).abs().max() < 1e-4


def test_flow_times_and_known_flags_act(model):
    latents, tau, known, present = inputs(model)
    out = model.composer(latents, tau, known, present, Conditions())
    for changed in ((1.0 - tau, known), (tau, ~known)):
        other = model.composer(latents, *changed, present, Conditions())
        assert (out - other).abs().max() > 1e-5


def test_rotation_depends_on_distance_alone():
    q, k = torch.randn(2, 1, 1, 16, generator=torch_rng(2))
    at = lambda x, p: rotate(x, torch.tensor([p]))
    near, far = (at(q, 3) * at(k, 5)).sum(), (at(q, 10) * at(k, 12)).sum()
    assert torch.allclose(near, far, atol=1e-5)


def test_modulation_of_nothing_is_the_identity():
    x, zero = torch.randn(2, 4, 3, 5), torch.zeros(2, 4, 5)
    assert torch.equal(modulate(x, zero, zero), x)


def test_what_is_expected_steers_near_noise_and_not_near_data():
    share = prior_share(torch.tensor([0.0, 0.5, 1.0])).flatten()
    assert torch.allclose(share, torch.tensor([1.0, 1.0, 0.0]))


def test_a_habit_is_of_one_stem_and_needs_no_notes(model):
    transformer = model.composer.transformer
    latents, _, known, present = inputs(model, 1)
    said = Conditions(sheet=torch.rand(1, 32, NUM_SHEET_COLUMNS))
    early, late = torch.zeros(1), torch.ones(1)
    before = [model.composer(latents, tau, known, present, said) for tau in (early, late)]
    drums = slice(model.widths.score, 2 * model.widths.score)
    with torch.no_grad():
        transformer.expectation.habit.weight[drums] += 0.1
    after = [model.composer(latents, tau, known, present, said) for tau in (early, late)]
    moved = (after[0] - before[0]).abs().amax((0, 2, 3))
    assert moved[1] > 0.01 and not moved[[0, 2, 3]].any()
    assert torch.equal(after[1], before[1])
