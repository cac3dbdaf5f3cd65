"""The composer's loss: the velocity of the notes that are unknown, and of nothing else."""

import pytest
import torch

from models.harmonicflow import HarmonicFlow
from models.objectives import build_objective
from models.objectives.composer import DROPOUT, ComposerObjective
from models.presets import tiny
from utils import STEMS, UserError, torch_rng


@pytest.fixture
def latents(model, batch):
    """The batch as a cache gives it: latents instead of audio and rolls."""
    encoded = model.encode(batch.audio, batch.roll)
    batch.sound, batch.notes = encoded.sound, encoded.score
    return batch


def test_cached_latents_cost_what_rolls_cost(model, batch):
    objective = ComposerObjective(model).eval()
    from_rolls = objective(batch, torch_rng(0)).total
    batch.notes, batch.roll = model.encode(batch.audio, batch.roll).score, None
    assert torch.equal(objective(batch, torch_rng(0)).total, from_rolls)


def test_a_new_composer_pays_the_velocity_itself(latents):
    model = HarmonicFlow(tiny())
    latents.notes = torch.zeros(2, 4, 32, 16)
    totals = [ComposerObjective(model)(latents, torch_rng(i)).total for i in range(20)]
    assert torch.stack(totals).mean().item() == pytest.approx(1.0, abs=0.05)  # noise of variance 1


def test_neither_absent_stems_nor_unknown_notes_are_seen_or_scored(model, latents):
    objective = ComposerObjective(model).eval()
    latents.score_known[0, 2] = False
    before = [objective(latents, torch_rng(i)).total for i in range(8)]
    latents.notes[-1, -1] += 3.0
    latents.notes[0, 2] -= 3.0
    after = [objective(latents, torch_rng(i)).total for i in range(8)]
    assert torch.allclose(torch.stack(before), torch.stack(after), atol=1e-4)
    latents.notes[0, 1] -= 3.0
    assert not torch.allclose(objective(latents, torch_rng(0)).total, before[0], atol=1e-4)


def test_only_the_composer_learns(model, latents):
    objective = build_objective("composer", model).train()
    sum(objective(latents, torch_rng(i)).total for i in range(3)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == name.startswith("composer.")
    grown = model.composer.transformer.out.weight.grad
    assert grown is not None and grown.abs().sum() > 0


def test_everything_that_can_be_said_is_sometimes_not_said():
    from models.encoders.conditions import NAMES, SHEET_PARTS

    joint = {"all", "all_but_densities", "labels", *SHEET_PARTS}
    assert DROPOUT.keys() == {*joint, *NAMES}
    assert all(0.0 < rate < 1.0 for rate in DROPOUT.values())


def test_media_show_a_made_score_beside_the_real_one(model, latents):
    media = ComposerObjective(model).eval().media(latents, torch_rng(0))
    assert media.images.keys() == {
        f"{stem}/roll_{kind}" for stem in STEMS for kind in ("generated", "real")
    }
    assert media.images["drums/roll_generated"].shape == media.images["drums/roll_real"].shape


def test_an_unknown_stage_is_answered(model):
    with pytest.raises(UserError, match="did you mean 'composer'"):
        build_objective("compozer", model)
