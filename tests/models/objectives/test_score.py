"""The score codec's loss: note by note, only where notes are known."""

import pytest
import torch

from data.roll import NUM_PITCHES, ROLL_ROWS
from models.objectives.score import ONSET_WEIGHT, ScoreObjective, _cross_entropy, roll_picture
from utils import torch_rng


def test_a_missed_onset_costs_more_than_a_false_one():
    target = torch.tensor([[[1.0, 0.0]]])
    known, count = torch.ones(1, 1, 1), torch.tensor(1.0)
    cost = lambda logits: _cross_entropy(
        torch.tensor([[logits]]), target, known, count, positive=ONSET_WEIGHT
    ).item()
    right, missed, false = cost([20.0, -20.0]), cost([-2.0, -20.0]), cost([20.0, 2.0])
    assert right < 1e-6 and missed == pytest.approx(ONSET_WEIGHT * false, rel=1e-4)


def test_the_total_is_the_weighted_sum(model, batch):
    losses = ScoreObjective(model).eval()(batch, torch_rng(0))
    assert losses.parts.keys() == ScoreObjective.weights.keys()
    total = sum(ScoreObjective.weights[name] * value for name, value in losses.parts.items())
    assert losses.total.item() == pytest.approx(total.item(), rel=1e-6)


def test_no_part_counts_unknown_notes(model, batch):
    objective = ScoreObjective(model).eval()
    batch.score_known[:, 2] = False
    before = objective(batch, torch_rng(0)).parts
    batch.roll[:, 2] = torch.rand_like(batch.roll[:, 2])
    after = objective(batch, torch_rng(0)).parts
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_batch_without_any_notes_has_a_finite_loss(model, batch):
    batch.score_known[:] = False
    losses = ScoreObjective(model).train()(batch, torch_rng(0))
    assert losses.total.isfinite() and not model.score_codec.norm.seen.any()


def test_pictures_show_onsets_brighter_than_sustain(model, batch):
    roll = torch.zeros(1, 3, ROLL_ROWS)
    roll[0, 1, 0] = 1.0
    roll[0, 2, 3 * NUM_PITCHES] = 1.0
    picture = roll_picture(roll)
    assert picture.shape == (NUM_PITCHES, 3, 3)
    assert picture[-1, :, 0].tolist() == [0, 255, 127] and not picture[:-1].any()
    media = ScoreObjective(model).media(batch, torch_rng(0))
    assert media.images["piano/roll"].shape == (2 * NUM_PITCHES, 32, 3)
