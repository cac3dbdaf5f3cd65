import os
import signal
from pathlib import Path

import pytest
import torch

from tests.training.fakes import FakeProject, command
from tests.training.test_loop import assert_same_state, final, run
from training.checkpoints import load_checkpoint
from training.run import train
from training.settings import STAGE_ORDER
from training.signals import Stopped
from utils import UserError


@pytest.fixture(scope="module")
def all_stages(tmp_path_factory) -> Path:
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    folder = tmp_path_factory.mktemp("all")
    run(folder, stage="all", steps=3, keep_last=30, save_every=1)
    return folder


def at(folder: Path, step: int) -> dict:
    return load_checkpoint(folder / "checkpoints" / f"step_{step}.pt")


def test_stages_follow_one_another(all_stages):
    found = [
        (s["stage"], s["stage_step"])
        for s in (at(all_stages, n) for n in range(1, 1 + 3 * len(STAGE_ORDER)))
    ]
    assert found == [(stage, n) for stage in STAGE_ORDER for n in (1, 2, 3)]
    assert final(all_stages)["model"].keys() == at(all_stages, 1)["model"].keys()


def test_each_stage_begins_with_the_average_of_the_one_before(all_stages):
    end, begin = at(all_stages, 6), at(all_stages, 7)  # score, transcriber
    assert end["complete"] and not begin["complete"]
    for name, tensor in end["ema"].items():
        assert torch.equal(begin["model"][name], tensor)
        assert not torch.equal(end["model"][name], tensor)
    assert begin["ema"].keys() == {"transcriber.linear.weight", "transcriber.linear.bias"}
    assert begin["ema_updates"] == 1 and begin["scheduler"]["last_epoch"] == 1


def test_best_belongs_to_the_last_stage(all_stages):
    best = load_checkpoint(all_stages / "checkpoints" / "best.pt")
    assert best["stage"] == STAGE_ORDER[-1]


@pytest.mark.parametrize(("stage", "call"), [("score", 3), ("planner", 6)])
def test_interrupted_in_any_stage_equals_uninterrupted(all_stages, tmp_path, stage, call):
    project, calls = FakeProject(), []

    def cut(batch):
        calls.append(batch)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGTERM)

    project.objectives[stage].on_call = cut
    with pytest.raises(Stopped):
        run(tmp_path, project, stage="all", steps=3, save_every=1, keep_last=30)
    assert final(tmp_path)["stage"] == stage
    run(tmp_path, stage="all", steps=3, save_every=1, keep_last=30, resume=True)
    assert_same_state(final(all_stages), final(tmp_path))


def test_stages_by_hand_equal_all_at_once(all_stages, tmp_path):
    for i, stage in enumerate(STAGE_ORDER):
        run(tmp_path, stage=stage, steps=3, resume=i > 0)
    assert_same_state(final(all_stages), final(tmp_path))


def test_a_signal_while_data_is_prepared_keeps_the_stage_before(tmp_path):
    project = FakeProject()

    def prepare(model, dataset, settings):
        os.kill(os.getpid(), signal.SIGINT)
        settings.poll()

    project.objectives["score"].prepare_data = staticmethod(prepare)
    with pytest.raises(Stopped):
        run(tmp_path, project, stage="all", steps=2)
    assert (final(tmp_path)["stage"], final(tmp_path)["complete"]) == ("codec", True)


def test_preparation_says_where_how_much_and_when_to_stop(tmp_path):
    project, seen = FakeProject(), []

    def prepare(model, dataset, settings):
        seen.append(settings)
        return dataset

    project.objectives["codec"].prepare_data = staticmethod(prepare)
    run(tmp_path, project, steps=1, cache_segments=50)
    train_split, validation = seen
    assert train_split.cache_dir == tmp_path / "checkpoints" / "latents" / "train"
    assert (train_split.cache_segments, validation.cache_segments) == (50, 4)
    assert validation.cache_dir.name == "validation" and train_split.main_process


def test_time_limit_is_shared_so_that_every_stage_is_trained(tmp_path):
    import time

    project = FakeProject()
    for objective in project.objectives.values():
        objective.on_call = lambda batch: time.sleep(0.01)
    run(tmp_path, project, stage="all", steps=10_000, time_limit=1.5 / 60, val_check_interval=0.0)
    state = final(tmp_path)
    assert (
        state["stage"] == STAGE_ORDER[-1]
        and 0 < state["stage_step"] < 10_000
        and not state["complete"]
    )


def test_a_new_run_never_mixes_with_an_old_one(tmp_path):
    run(tmp_path, steps=1)
    with pytest.raises(UserError, match="holds a run already: go on with --resume"):
        run(tmp_path, steps=1)


def test_resume_with_nothing_there(tmp_path):
    with pytest.raises(UserError, match="--resume: there is no usable checkpoint"):
        run(tmp_path, resume=True)
    assert not (tmp_path / "logs").exists()


def test_init_from_begins_a_new_run_with_given_weights(tmp_path):
    run(tmp_path / "first", steps=2)
    project, path = FakeProject(), str(tmp_path / "first" / "checkpoints" / "latest.pt")
    run(tmp_path / "second", project, stage="score", steps=1, init_from=path)
    first, second = final(tmp_path / "first"), final(tmp_path / "second")
    assert torch.equal(first["model"]["codec.mean"], second["model"]["codec.mean"])
    assert second["step"] == 1 and second["stage"] == "score"


def test_a_size_that_differs_from_the_checkpoints_is_refused(tmp_path):
    run(tmp_path, steps=1)
    with pytest.raises(UserError, match="--hidden_dim: the checkpoint's model has another size"):
        train(command(tmp_path, "hidden_dim", hidden_dim=99, resume=True), FakeProject())
    train(command(tmp_path, "preset", resume=True, steps=2), FakeProject())
    assert final(tmp_path)["step"] == 2


def test_settings_lie_beside_the_checkpoints(tmp_path):
    import json

    run(tmp_path, steps=1)
    saved = json.loads((tmp_path / "checkpoints" / "settings.json").read_text())
    assert saved["steps"] == 1 and "resume" not in saved
