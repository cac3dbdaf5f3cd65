"""A blend is the weighted mean of pure walks; a pure blend is the pure walk."""

from dataclasses import replace

import pytest
import torch

from models.encoders.conditions import Conditions
from models.generative.sampling import Sampling, compose
from models.generative.starts import Start
from models.style_transfer.blending import compose_blend
from utils import FRAME_SAMPLES

STYLES = torch.tensor([3, 2])
SAID = Conditions(style=STYLES, tempo=torch.tensor([90.0, 120.0]))


@pytest.fixture
def start(model) -> Start:
    return Start.of(model, 1, 32 * FRAME_SAMPLES)


def pure(model, start, index: int, sampling: Sampling) -> torch.Tensor:
    return compose(model.composer, SAID.item(index), start, [5], sampling, None)


@pytest.mark.parametrize("guidance", [1.0, 2.5, {"all": 2.0, "style": 3.0}])
def test_of_one_step_it_is_the_mean_of_the_pure_walks(model, start, guidance):
    sampling = Sampling(1, 1, "euler", guidance)
    jazz, funk = (pure(model, start, i, sampling) for i in (0, 1))
    mixed = compose_blend(model.composer, SAID, [0.7, 0.3], start, 5, sampling)
    assert (mixed - (0.7 * jazz + 0.3 * funk)).abs().max() < 1e-4
    assert (jazz - funk).abs().max() > 1e-3


def test_a_single_part_is_the_pure_walk_to_the_bit(model, start):
    sampling = Sampling(3, 1, "heun", 2.0)
    alone = compose_blend(model.composer, SAID.item(0), [1.0], start, 5, sampling)
    assert torch.equal(alone, pure(model, start, 0, sampling))


def test_two_halves_of_one_style_are_that_style(model, start):
    sampling = Sampling(3, 1, "euler", 2.0)
    twice = Conditions.stack(SAID.item(0), SAID.item(0))
    mixed = compose_blend(model.composer, twice, [0.5, 0.5], start, 5, sampling)
    assert (mixed - pure(model, start, 0, sampling)).abs().max() < 1e-4


def test_what_is_held_stays_as_it_is(model, start):
    notes = torch.randn_like(start.notes)
    known = start.notes_known.clone()
    known[:, 1] = True
    held = replace(start, notes=notes, notes_known=known)
    sampling = Sampling(2, 1, "euler", 2.0)
    mixed = compose_blend(model.composer, SAID, [0.7, 0.3], held, 5, sampling)
    assert mixed.shape == notes.shape and torch.equal(mixed[:, 1], notes[:, 1])
    assert not torch.equal(mixed[:, 0], notes[:, 0])
