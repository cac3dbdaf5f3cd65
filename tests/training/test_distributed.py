"""Two processes under gloo: one model, one writer, one decision about every step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.fakes import FakeProject, command
from tests.training.test_loop import assert_same_state, final
from training.checkpoints import load_checkpoint
from training.run import train

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.training.two_processes", str(folder)],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return folder, json.loads(ran.stdout.splitlines()[-1])


def test_both_hold_the_same_model_after_different_segments(outcome):
    folder, results = outcome
    first, second = results["whole"]
    assert first["ended"] == second["ended"] == "complete"
    assert first["weights"] == second["weights"]
    assert first["songs"][:4] == ["song 0", "song 1", "song 4", "song 5"]
    assert second["songs"][:4] == ["song 2", "song 3", "song 6", "song 7"]
    assert sorted(first["songs"] + second["songs"], key=lambda s: int(s[5:])) == [
        f"song {i}" for i in range(48)
    ]
    state = final(folder / "whole")
    assert state["segments"] == 48 and state["loss"] == state["loss"]


def test_one_process_writes(outcome):
    folder, _ = outcome
    assert len(list((folder / "whole" / "logs").glob("events*"))) == 1
    names = {p.name for p in (folder / "whole" / "checkpoints").iterdir()}
    assert "step_6.pt" in names and not any(n.startswith(".") for n in names)


def test_a_signal_to_one_stops_both_and_resume_is_exact(outcome):
    folder, results = outcome
    assert [r["ended"] for r in results["cut"]] == ["signal 15"] * 2
    assert [r["ended"] for r in results["resumed"]] == ["complete"] * 2
    assert results["resumed"][0]["weights"] == results["whole"][0]["weights"]
    assert_same_state(final(folder / "whole"), final(folder / "cut"))


def test_a_bad_loss_in_one_is_skipped_by_both(outcome):
    folder, results = outcome
    assert results["spoilt"][0]["weights"] == results["spoilt"][1]["weights"]
    assert final(folder / "spoilt")["ema_updates"] == 2
    record = json.loads((folder / "spoilt" / "logs" / "nonfinite.jsonl").read_text())
    losses = [p["loss"] for p in record["processes"]]
    assert record["step"] == 2 and losses[1] == "nan" and losses[0] != "nan"


def test_a_mistake_is_told_in_both(outcome):
    _, results = outcome
    assert all("holds a run already" in r["ended"] for r in results["again"])


def test_a_run_of_two_goes_on_in_one(outcome, tmp_path):
    import shutil

    folder, _ = outcome
    shutil.copytree(folder / "whole" / "checkpoints", tmp_path / "checkpoints")
    train(command(tmp_path, steps=8, resume=True), FakeProject())
    state = load_checkpoint(tmp_path / "checkpoints" / "latest.pt")
    assert (state["step"], state["segments"]) == (8, 56)
