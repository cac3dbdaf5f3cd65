"""Condition encoder and transformer as one module."""

import torch

from models.encoders.conditions import Conditions
from utils import torch_rng


def inputs(b: int = 2, num_frames: int = 16):
    latents = torch.randn(b, 4, num_frames, 16, generator=torch_rng(0))
    tau = torch.rand(b, generator=torch_rng(1))
    known = torch.zeros(b, 4, num_frames, dtype=torch.bool)
    return latents, tau, known, torch.ones(b, 4, dtype=torch.bool)


def test_it_is_the_transformer_on_its_context(model):
    latents, *rest = inputs()
    said = Conditions(style=torch.tensor([3, -1]))
    context = model.composer.context(said, latents)
    expected = model.composer.transformer(latents, *rest, context)
    assert torch.equal(model.composer(latents, *rest, said), expected)
    assert expected.shape == latents.shape


def test_what_is_said_of_one_song_is_not_heard_in_another(model):
    latents, *rest = inputs()
    silent = model.composer(latents, *rest, Conditions())
    said = model.composer(latents, *rest, Conditions(style=torch.tensor([3, -1])))
    assert (said[0] - silent[0]).abs().max() > 1e-5
    assert (said[1] - silent[1]).abs().max() < 1e-6


def test_conditions_of_nothing_fit_any_batch_and_length(model):
    for b, num_frames in ((1, 16), (3, 40)):
        context = model.composer.context(Conditions(), inputs(b, num_frames)[0])
        assert context.sheet.shape[:2] == (b, num_frames) and context.mask.any(1).all()
