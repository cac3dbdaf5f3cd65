import json
import math
import os
import signal
import time
from pathlib import Path

import pytest
import torch

from tests.training.fakes import FakeProject, command
from training.checkpoints import load_checkpoint
from training.run import train
from training.signals import Stopped
from utils import UserError


def final(folder: Path) -> dict:
    return load_checkpoint(folder / "checkpoints" / "latest.pt")


def same(first, second) -> bool:
    """Bit for bit equality of nested states."""
    if isinstance(first, torch.Tensor):
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def assert_same_state(first: dict, second: dict) -> None:
    different = [k for k in first if k != "settings" and not same(first[k], second[k])]
    assert not different, f"differ after resume: {different}"


class Cut:
    """Sends a signal when the n-th batch is seen, and keeps the names of all segments."""

    def __init__(self, at: int | None = None, number: int = signal.SIGTERM) -> None:
        self.at, self.number, self.calls = at, number, 0
        self.songs: list[str] = []

    def __call__(self, batch):
        self.calls += 1
        self.songs += batch.song
        if self.calls == self.at:
            os.kill(os.getpid(), self.number)


def run(folder: Path, project: FakeProject | None = None, **changes) -> FakeProject:
    project = project or FakeProject()
    train(command(folder, **changes), project)
    return project


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    """12 steps of 2 x 2 segments, 5 steps an epoch, validations after 5, 10 and 12."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    folder = tmp_path_factory.mktemp("uninterrupted")
    run(folder)
    return folder


def test_a_run_leaves_what_it_should(uninterrupted):
    names = {p.name for p in (uninterrupted / "checkpoints").iterdir()}
    assert {"best.pt", "latest.pt", "settings.json", "step_12.pt"} <= names
    state = final(uninterrupted)
    assert (state["step"], state["stage_step"], state["segments"], state["epoch"]) == (
        12,
        12,
        48,
        2,
    )
    assert state["complete"] and state["validated"] and state["scheduler"]["last_epoch"] == 12
    best = load_checkpoint(uninterrupted / "checkpoints" / "best.pt")
    assert best["best"] == state["best"] and best["step"] in (5, 10, 12)
    assert state["ema"].keys() == {"codec.linear.weight", "codec.linear.bias"}
    assert not torch.equal(state["ema"]["codec.linear.bias"], state["model"]["codec.linear.bias"])


def test_the_same_seed_gives_the_same_bits_and_another_does_not(uninterrupted, tmp_path):
    run(tmp_path / "same")
    assert_same_state(final(uninterrupted), final(tmp_path / "same"))
    run(tmp_path / "other", seed=1)
    assert not same(final(uninterrupted)["model"], final(tmp_path / "other")["model"])


@pytest.mark.parametrize(
    ("at", "saved_step", "workers"),
    [(3, 2, 0), (10, 5, 0), (24, 12, 0), (11, 6, 2)],
    ids=["mid step", "epoch end", "last step", "mid epoch, 2 workers"],
)
def test_interrupted_equals_uninterrupted(uninterrupted, tmp_path, at, saved_step, workers):
    project, cut = FakeProject(), Cut(at)
    project.objectives["codec"].on_call = cut
    with pytest.raises(Stopped) as caught:
        run(tmp_path, project, num_workers=workers)
    assert caught.value.signal == signal.SIGTERM and final(tmp_path)["step"] == saved_step
    run(tmp_path, project, resume=True, num_workers=workers)
    assert_same_state(final(uninterrupted), final(tmp_path))
    assert cut.songs == [f"song {i}" for i in range(48)]


def test_cut_many_times_equals_uninterrupted(uninterrupted, tmp_path):
    for step in range(1, 12):
        project = FakeProject()
        project.objectives["codec"].on_call = Cut(1, signal.SIGINT)
        with pytest.raises(Stopped):
            run(tmp_path, project, resume=step > 1)
        assert final(tmp_path)["step"] == step
    run(tmp_path, resume=True)
    assert_same_state(final(uninterrupted), final(tmp_path))


@pytest.mark.parametrize("at", [1, 2])
def test_cut_in_validation_validates_on_resume(uninterrupted, tmp_path, at):
    project = FakeProject()
    project.objectives["codec"].on_validate = Cut(at, signal.SIGUSR1)
    with pytest.raises(Stopped) as caught:
        run(tmp_path, project)
    state = final(tmp_path)
    assert caught.value.signal == signal.SIGUSR1
    assert state["step"] == 5 and not state["validated"]
    run(tmp_path, resume=True)
    assert_same_state(final(uninterrupted), final(tmp_path))
    best = [load_checkpoint(f / "checkpoints" / "best.pt") for f in (uninterrupted, tmp_path)]
    assert_same_state(*best)


def test_a_kill_loses_at_most_the_steps_since_the_last_save(uninterrupted, tmp_path):
    class Killed(RuntimeError):
        pass

    def kill(batch):
        kill.calls += 1
        if kill.calls == 15:
            raise Killed

    kill.calls, project = 0, FakeProject()
    project.objectives["codec"].on_call = kill
    with pytest.raises(Killed):
        run(tmp_path, project, val_check_interval=0.0)
    assert final(tmp_path)["step"] == 4
    run(tmp_path, resume=True)
    assert same(final(uninterrupted)["model"], final(tmp_path)["model"])


def test_a_bad_step_reaches_nothing_but_the_list(tmp_path):
    seen = []

    def spoil(batch):
        seen.append(batch.song)
        return float("nan") if len(seen) == 6 else None

    project = FakeProject()
    project.objectives["codec"].on_call = spoil
    run(tmp_path, project)
    state = final(tmp_path)
    assert state["step"] == 12 and state["scheduler"]["last_epoch"] == 11
    assert state["ema_updates"] == 11 and state["bad_steps"] == 0
    assert all(t.isfinite().all() for t in state["model"].values())
    record = json.loads((tmp_path / "logs" / "nonfinite.jsonl").read_text())
    assert (record["stage"], record["step"]) == ("codec", 3)
    assert record["processes"][0]["songs"] == seen[4] + seen[5]
    assert record["processes"][0]["loss"] == "nan"


def test_bad_steps_in_a_row_stop_the_run_and_keep_the_last_checkpoint(tmp_path):
    project = FakeProject()
    project.objectives["codec"].on_call = lambda batch: (
        math.inf if int(batch.song[0][5:]) > 20 else None
    )
    with pytest.raises(UserError, match="10 steps in a row"):
        run(tmp_path, project, steps=40)
    state = final(tmp_path)
    assert state["step"] in (5, 8, 10, 12) and all(
        t.isfinite().all() for t in state["model"].values()
    )
    assert len((tmp_path / "logs" / "nonfinite.jsonl").read_text().splitlines()) == 10


def test_time_limit_ends_with_a_checkpoint_and_goes_on_another_day(uninterrupted, tmp_path):
    project = FakeProject()
    project.objectives["codec"].on_call = lambda batch: time.sleep(0.05)
    run(tmp_path, project, time_limit=0.25 / 60)
    state = final(tmp_path)
    assert 0 < state["step"] < 12 and not state["complete"] and state["validated"]
    run(tmp_path, resume=True)
    assert same(final(uninterrupted)["model"], final(tmp_path)["model"])


def test_without_validation_the_last_is_the_best(tmp_path, capsys):
    run(tmp_path, FakeProject(validation=False), steps=3)
    best = load_checkpoint(tmp_path / "checkpoints" / "best.pt")
    assert best["step"] == 3 and best["best"] is None
    assert "best.pt is the last checkpoint" in capsys.readouterr().err


def test_a_complete_stage_is_left_alone_and_more_steps_go_on(tmp_path):
    run(tmp_path, steps=3, warmup_steps=0, lr_schedule="constant")
    written = (tmp_path / "checkpoints" / "step_3.pt").stat().st_mtime_ns
    run(tmp_path, steps=3, resume=True, warmup_steps=0, lr_schedule="constant")
    assert (tmp_path / "checkpoints" / "step_3.pt").stat().st_mtime_ns == written
    run(tmp_path, steps=6, resume=True, warmup_steps=0, lr_schedule="constant")
    run(tmp_path / "whole", steps=6, warmup_steps=0, lr_schedule="constant")
    assert same(final(tmp_path)["model"], final(tmp_path / "whole")["model"])


def test_training_learns_and_logs(tmp_path, capsys):
    run(tmp_path, steps=40, lr=3e-2)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "logs"))
    events.Reload()
    tags = {t.removeprefix("codec/train/") for t in events.Tags()["scalars"] if "train" in t}
    assert tags == {"loss", "error", "grad_norm", "learning_rate", "samples_per_second", "epoch"}
    losses = [e.value for e in events.Scalars("codec/validation/loss")]
    assert [e.step for e in events.Scalars("codec/validation/loss")] == list(range(5, 41, 5))
    assert losses[-1] < 0.7 * losses[0]
    assert events.Tags()["audio"] == ["codec/validation/tone"]
    out = capsys.readouterr().out
    assert "codec  step 40/40" in out and "validation" in out


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, 0))
    with pytest.raises(UserError, match="free"):
        run(tmp_path)
    assert not list((tmp_path / "checkpoints").glob("*.pt"))
