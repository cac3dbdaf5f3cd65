"""The performer's loss: the velocity of the sound that is unknown, given the notes."""

import pytest
import torch

from models.harmonicflow import HarmonicFlow
from models.objectives.performer import DROPOUT, PerformerObjective
from models.presets import tiny
from utils import STEMS, torch_rng


@pytest.fixture
def latents(model, batch):
    encoded = model.encode(batch.audio, batch.roll)
    batch.sound, batch.notes = encoded.sound, encoded.score
    return batch


def test_cached_latents_cost_what_audio_costs(model, batch):
    objective = PerformerObjective(model).eval()
    from_audio = objective(batch, torch_rng(0)).total
    encoded = model.encode(batch.audio, batch.roll)
    batch.sound, batch.notes, batch.audio = encoded.sound, encoded.score, None
    assert torch.equal(objective(batch, torch_rng(0)).total, from_audio)


def test_a_new_performer_pays_the_velocity_itself(latents):
    model = HarmonicFlow(tiny())
    latents.sound = torch.zeros(2, 4, 32, 8)
    totals = [PerformerObjective(model)(latents, torch_rng(i)).total for i in range(20)]
    assert torch.stack(totals).mean().item() == pytest.approx(1.0, abs=0.05)  # noise of variance 1


def test_notes_that_are_not_known_are_not_heard_and_absent_stems_not_scored(model, latents):
    objective = PerformerObjective(model).eval()
    latents.score_known[0, 2] = False
    before = [objective(latents, torch_rng(i)).total for i in range(6)]
    latents.notes[0, 2] += 3.0
    latents.sound[-1, -1] += 3.0
    after = [objective(latents, torch_rng(i)).total for i in range(6)]
    assert torch.allclose(torch.stack(before), torch.stack(after), atol=1e-5)
    latents.notes[0, 1] += 3.0
    assert not torch.allclose(objective(latents, torch_rng(1)).total, before[1], atol=1e-5)


def test_training_takes_a_stretch_of_all_stems_at_the_same_place(model, latents):
    objective = PerformerObjective(model).train()
    objective.crop_frames = 8
    latents.notes[..., 0] = latents.sound[..., 0] = torch.arange(32.0)
    sound, notes = objective._crops(latents, torch_rng(0))
    assert sound.shape == (2, 4, 8, 8) and notes.shape == (2, 4, 8, 16)
    assert torch.equal(sound[..., 0], notes[..., 0]) and (sound[..., 0].diff() == 1).all()
    assert torch.equal(objective.eval()._crops(latents, torch_rng(0))[0], latents.sound)


def test_only_the_performer_learns(model, latents):
    objective = PerformerObjective(model).train()
    objective(latents, torch_rng(0)).total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.requires_grad == name.startswith("performer.")
    assert model.performer.out.weight.grad.abs().sum() > 0
    assert all(0.0 < rate < 1.0 for rate in DROPOUT.values())


def test_media_are_heard_beside_the_real_ones(model, latents):
    media = PerformerObjective(model).eval().media(latents, torch_rng(0))
    assert media.audio.keys() == {f"{s}/{kind}" for s in STEMS for kind in ("performed", "real")}
    again = PerformerObjective(model).eval().media(latents, torch_rng(0))
    assert torch.equal(media.audio["bass/performed"], again.audio["bass/performed"])
