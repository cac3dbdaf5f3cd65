"""The flow's loss: the velocity of what is unknown, and of nothing else."""

import pytest
import torch

from models.harmonicflow import HarmonicFlow
from models.objectives import build_objective
from models.objectives.flow import DROPOUT, FlowObjective
from models.presets import tiny
from utils import STEMS, UserError, torch_rng


@pytest.fixture
def latents(model, batch):
    """The batch as a cache gives it: latents instead of audio and rolls."""
    encoded = model.encode(batch.audio, batch.roll)
    batch.sound, batch.notes = encoded.sound, encoded.score
    return batch


def test_cached_latents_cost_what_audio_costs(model, batch):
    objective = FlowObjective(model).eval()
    from_audio = objective(batch, torch_rng(0)).total
    encoded = model.encode(batch.audio, batch.roll)
    batch.sound, batch.notes, batch.audio = encoded.sound, encoded.score, None
    assert torch.equal(objective(batch, torch_rng(0)).total, from_audio)


def test_a_new_generator_pays_the_velocity_itself(latents):
    model = HarmonicFlow(tiny())
    latents.sound, latents.notes = torch.zeros(2, 4, 32, 8), torch.zeros(2, 4, 32, 16)
    totals = [FlowObjective(model)(latents, torch_rng(i)).parts["sound"] for i in range(20)]
    totals = [t for t in totals if t > 0]  # all sound given: nothing to learn
    assert torch.stack(totals).mean().item() == pytest.approx(1.0, abs=0.05)  # noise of variance 1


def test_neither_absent_stems_nor_unknown_notes_are_seen_or_scored(model, latents):
    objective = FlowObjective(model).eval()
    latents.score_known[0, 2] = False
    before = [objective(latents, torch_rng(i)).total for i in range(8)]
    latents.sound[-1, -1] += 3.0
    latents.notes[-1, -1] += 3.0
    latents.notes[0, 2] -= 3.0
    after = [objective(latents, torch_rng(i)).total for i in range(8)]
    assert torch.allclose(torch.stack(before), torch.stack(after), atol=1e-4)
    latents.notes[0, 1] -= 3.0
    assert not torch.allclose(objective(latents, torch_rng(0)).total, before[0], atol=1e-4)


def test_only_the_generator_learns(model, latents):
    objective = build_objective("flow", model).train()
    sum(objective(latents, torch_rng(i)).total for i in range(3)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == name.startswith("generator.")
    grown = model.generator.transformer.out.weight.grad
    assert grown is not None and grown.abs().sum() > 0


def test_everything_that_can_be_said_is_sometimes_not_said():
    from models.encoders.conditions import NAMES, SHEET_PARTS

    assert DROPOUT.keys() == {"all", "labels", *NAMES, *SHEET_PARTS}
    assert all(0.0 < rate < 1.0 for rate in DROPOUT.values())


def test_media_show_a_made_song_beside_the_real_one(model, latents):
    media = FlowObjective(model).eval().media(latents, torch_rng(0))
    assert media.audio.keys() == {f"{s}/{kind}" for s in STEMS for kind in ("generated", "real")}
    assert media.images["drums/roll_generated"].shape == media.images["drums/roll_real"].shape
    again = FlowObjective(model).eval().media(latents, torch_rng(0))
    assert torch.equal(media.audio["bass/generated"], again.audio["bass/generated"])


def test_an_unknown_stage_is_answered(model):
    with pytest.raises(UserError, match="did you mean 'flow'"):
        build_objective("flwo", model)
