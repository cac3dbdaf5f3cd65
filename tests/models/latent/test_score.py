"""Score codec: shapes, learning, unknown scores."""

import torch

from data.roll import ROLL_ROWS, from_roll
from models.objectives.score import ScoreObjective
from utils import torch_rng


def test_shapes(model, batch):
    latents = model.score_codec.encode(batch.roll)
    assert latents.shape == (2, 4, 32, 16)
    assert model.score_codec.decode(latents).shape == (2, 4, 32, ROLL_ROWS)


def test_it_learns_to_give_notes_back(model, batch):
    objective = ScoreObjective(model).train()
    optimiser = torch.optim.Adam(model.score_codec.parameters(), 1e-2)
    for step in range(80):
        loss = objective(batch, torch_rng(step)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        copy = from_roll(model.score_codec.decode(model.score_codec.encode(batch.roll))[0].numpy())
    original = from_roll(batch.roll[0].numpy())
    assert len(copy["piano"]) == len(original["piano"]) == 4
    assert abs(copy["piano"].onset - original["piano"].onset).max() < 0.05
    assert all(p.grad.abs().sum() > 0 for p in model.score_codec.parameters())


def test_unknown_scores_do_not_count(model, batch):
    objective = ScoreObjective(model).eval()
    batch.score_known[:, 2] = False
    before = objective(batch, torch_rng(0)).parts["onset"]
    batch.roll[:, 2] = 1.0
    assert torch.equal(before, objective(batch, torch_rng(0)).parts["onset"])
