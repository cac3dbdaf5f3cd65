import os
import signal

import pytest
import torch

from data.loader import build_loader
from tests.training.fakes import FakeDataset, FakeModel, command, objective_class
from training.learner import Learner
from training.runtime import build_accelerator, step_rng
from training.signals import Stopped, StopSignals
from training.stage_data import StageData
from training.validation import num_batches, validate


@pytest.fixture
def learner(tmp_path) -> Learner:
    settings = command(tmp_path).settings
    torch.manual_seed(0)
    return Learner(objective_class("codec")(FakeModel()), settings, build_accelerator(settings), 10)


def data(count: int = 6) -> StageData:
    return StageData(FakeDataset(), FakeDataset(count, seed=1), build_loader, 2, 0)


def test_is_the_same_every_time_and_changes_nothing(learner):
    before = {k: v.clone() for k, v in learner.model.state_dict().items()}
    with StopSignals() as signals:
        step_rng(5, "elsewhere")
        first = validate(learner, data(), "codec", signals)
        second = validate(learner, data(), "codec", signals)
    assert first.loss == second.loss and first.parts == {"error": pytest.approx(first.loss)}
    assert torch.equal(first.media.audio["tone"], second.media.audio["tone"])
    assert all(torch.equal(v, before[k]) for k, v in learner.model.state_dict().items())
    assert learner.objective.training and learner.model.codec.training


def test_uses_the_averaged_weights(learner):
    with StopSignals() as signals:
        before = validate(learner, data(), "codec", signals).loss
        with torch.no_grad():
            learner.model.codec.linear.weight.mul_(100.0)
        assert validate(learner, data(), "codec", signals).loss == before
        learner.ema.update()
        assert validate(learner, data(), "codec", signals).loss != before


def test_number_of_batches_never_repeats_a_segment():
    assert num_batches(data(6), 2, 1) == 2
    assert num_batches(data(6), 100, 1) == 3
    assert num_batches(data(6), 100, 2) == 1
    assert num_batches(data(1), 100, 1) == 1


def test_a_signal_leaves_the_live_weights_in_place(learner):
    type(learner.objective).on_validate = lambda batch: os.kill(os.getpid(), signal.SIGTERM)
    with torch.no_grad():
        learner.model.codec.linear.weight.fill_(7.0)
    with StopSignals() as signals, signals.deferred(), pytest.raises(Stopped):
        validate(learner, data(), "codec", signals)
    assert torch.equal(learner.model.codec.linear.weight, torch.full((8, 8), 7.0))
    assert learner.objective.training
