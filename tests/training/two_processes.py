"""Runs training in two gloo processes, several ways, and prints how each ended as JSON.

Run by `test_distributed.py` in an interpreter of its own, so that torch is imported once and forked
before it has started a thread.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import torch
import torch._dynamo  # every optimiser imports it: once here, not in each child
import torch.utils.tensorboard

from tests.training.fakes import FakeProject, command
from training.checkpoints import sha256
from training.run import train
from training.signals import Stopped
from utils import UserError


def in_two_processes(folder: Path, name: str, job: Callable[[int], dict]) -> list[dict]:
    """Results of `job(rank)` in two processes that find each other as under torchrun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    children = []
    for rank in (0, 1):
        child = os.fork()
        if child == 0:
            os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
            os.environ |= {"LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
            status = 1
            try:
                result = job(rank)
                (folder / f"{name}-{rank}.json").write_text(json.dumps(result))
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0], f"{name}: exit codes {codes}"
    return [json.loads((folder / f"{name}-{rank}.json").read_text()) for rank in (0, 1)]


def job(
    folder: Path, *, spoil: tuple | None = None, cut: tuple | None = None, **changes
) -> Callable:
    """A run; at `spoil` = (rank, batch) the loss is NaN, at `cut` SIGTERM is sent."""

    def run(rank: int) -> dict:
        project, songs = FakeProject(), []

        def on_call(batch):
            songs.extend(batch.song)
            calls = len(songs) // len(batch)
            if cut == (rank, calls):
                os.kill(os.getpid(), signal.SIGTERM)
            return float("nan") if spoil == (rank, calls) else None

        project.objectives["codec"].on_call = on_call
        ended = "complete"
        try:
            train(command(folder, **changes), project)
        except Stopped as stop:
            ended = f"signal {stop.signal}"
        except UserError as error:
            ended = str(error)
        model = project.models[-1] if project.models else torch.nn.Module()
        weights = {n: t.double().sum().item() for n, t in model.state_dict().items()}
        return {"ended": ended, "songs": songs, "weights": weights}

    return run


def main(folder: Path) -> None:
    """All scenarios."""
    torch.set_num_threads(1)
    runs = {
        "whole": job(folder / "whole", steps=6),
        "cut": job(folder / "cut", steps=6, cut=(1, 5)),
        "resumed": job(folder / "cut", steps=6, resume=True),
        "spoilt": job(folder / "spoilt", steps=3, spoil=(1, 3)),
        "again": job(folder / "whole", steps=6),
    }
    results = {name: in_two_processes(folder, name, run) for name, run in runs.items()}
    for name in ("whole", "cut"):
        checkpoint = folder / name / "checkpoints" / "step_6.pt"
        results[f"{name} file"] = sha256(checkpoint)
    print(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
