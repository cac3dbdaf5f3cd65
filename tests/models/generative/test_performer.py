"""The performer: one stem at a time, its notes, its voice."""

import pytest
import torch

from models.encoders.conditions import Conditions
from utils import torch_rng


def inputs(b: int = 2, num_frames: int = 24):
    sound = torch.randn(b, 4, num_frames, 8, generator=torch_rng(0))
    score = torch.randn(b, 4, num_frames, 16, generator=torch_rng(1))
    known = torch.zeros(b, 4, num_frames, 2, dtype=torch.bool)
    known[..., 1] = True
    return sound, torch.rand(b, generator=torch_rng(2)), score, known


@pytest.mark.parametrize("num_frames", [1, 7, 256])
def test_any_length(model, num_frames):
    sound, *rest = inputs(1, num_frames)
    assert model.performer(sound, *rest, Conditions()).shape == sound.shape


def test_a_stem_hears_itself_alone(model):
    sound, tau, score, known = inputs()
    before = model.performer(sound, tau, score, known, Conditions())
    sound[:, 1] += 1.0
    score[:, 2] += 1.0
    changed = (model.performer(sound, tau, score, known, Conditions()) - before).abs()
    changed = changed.amax((0, 2, 3))
    assert changed[1] > 1e-4 and changed[2] > 1e-4 and changed[[0, 3]].max() == 0.0


def test_notes_that_are_not_known_are_not_read(model):
    sound, tau, score, known = inputs()
    known[..., 1] = False
    before = model.performer(sound, tau, score, known, Conditions())
    assert torch.equal(model.performer(sound, tau, score + 9.0, known, Conditions()), before)


@pytest.mark.parametrize(
    "said",
    [
        {"program": torch.tensor([[38, -1, -1, -1]] * 2)},
        {"dynamics": torch.tensor([0.9, 0.9])},
        {"brightness": torch.tensor([1.0, 1.0])},
        {"loudness": torch.tensor([-9.0, -9.0])},
    ],
)
def test_every_side_of_a_voice_acts(model, said):
    sound, *rest = inputs()
    plain = model.performer(sound, *rest, Conditions())
    other = model.performer(sound, *rest, Conditions(**said))
    assert (other[:, 0] - plain[:, 0]).abs().max() > 1e-5
    if "program" in said:
        assert torch.equal(other[:, 1:], plain[:, 1:])


def test_its_reach_is_what_it_says(model):
    sound, tau, score, known = inputs(1, 64)
    reach = model.performer.reach
    before = model.performer(sound, tau, score, known, Conditions())
    score[:, :, 40] += 1.0
    changed = (
        (model.performer(sound, tau, score, known, Conditions()) - before).abs().amax((0, 1, 3))
    )
    touched = changed.nonzero().flatten()
    assert touched.min() == max(40 - reach, 0) and touched.max() == min(40 + reach, 63)


def test_batch_equals_single(model):
    sound, tau, score, known = inputs(3)
    together = model.performer(sound, tau, score, known, Conditions())
    for i in range(3):
        one = slice(i, i + 1)
        alone = model.performer(sound[one], tau[one], score[one], known[one], Conditions())
        assert (together[one] - alone).abs().max() < 1e-5


def test_gradients_reach_every_parameter(model):
    sound, *rest = inputs()
    model.requires_grad_(True)
    said = Conditions(
        program=torch.tensor([[32, -1, 25, 0]] * 2),
        dynamics=torch.tensor([0.5, float("nan")]),
        brightness=torch.tensor([0.5, float("nan")]),
        loudness=torch.tensor([-12.0, float("nan")]),
    )
    model.performer(sound, *rest, said).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.performer.parameters())
