import json
import os
import random
import shutil
import signal
import time
from collections import namedtuple

import pytest
import torch

from training.checkpoints import (
    CheckpointError,
    CheckpointFolder,
    load_checkpoint,
    read_manifest,
)

USAGE = namedtuple("USAGE", "total used free")


def state(step: int, value: float | None = None) -> dict:
    weight = torch.full((64,), float(step) if value is None else value)
    return {
        "model": {"w": weight, "_extra_state": {"trained": ["codec"]}},
        "ema": {"w": weight + 1},
        "optimizer": {"state": {0: {"exp_avg": weight}}, "param_groups": [{"lr": 0.1}]},
        "scheduler": {"last_epoch": step},
        "epoch": 0,
        "step": step,
        "stage": "codec",
        "config": {"preset": "tiny"},
    }


def names(folder) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_round_trip_and_what_lies_in_the_folder(tmp_path):
    path = CheckpointFolder(tmp_path).save(state(3), best=True)
    assert names(tmp_path) == {
        f"{n}.{s}" for n in ("step_3", "latest", "best") for s in ("pt", "json")
    }
    loaded = load_checkpoint(path)
    assert torch.equal(loaded["model"]["w"], torch.full((64,), 3.0)) and loaded["step"] == 3
    assert (tmp_path / "latest.pt").samefile(path) and (tmp_path / "best.pt").samefile(path)
    assert torch.load(tmp_path / "best.pt", weights_only=True)["model"]["w"][0] == 3.0
    assert json.loads((tmp_path / "step_3.json").read_text())["finite"] is True


def test_keeps_the_last_and_the_best(tmp_path):
    folder = CheckpointFolder(tmp_path, keep_last=2)
    for step in (9, 10, 11, 100):
        folder.save(state(step), best=step == 9)
    assert {n for n in names(tmp_path) if n.startswith("step")} == {
        "step_11.pt", "step_11.json", "step_100.pt", "step_100.json",
    }  # fmt: skip
    assert load_checkpoint(tmp_path / "best.pt")["step"] == 9
    assert folder.newest_valid() == tmp_path / "step_100.pt"


def test_damaged_newest_is_set_aside_and_the_one_before_is_found(tmp_path, capsys):
    folder = CheckpointFolder(tmp_path)
    folder.save(state(1))
    path = folder.save(state(2), best=True)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with open(path, "rb+") as file:
        file.write(content)
    assert folder.newest_valid() == tmp_path / "step_1.pt"
    assert load_checkpoint(tmp_path / "latest.pt")["step"] == 1
    assert {"step_2.pt.corrupt", "best.pt.corrupt"} <= names(tmp_path)
    assert "best.pt" not in names(tmp_path) and "damaged" in capsys.readouterr().err


def test_no_mutant_is_loaded_silently(tmp_path):
    """Bit flips, truncations and noise in the checkpoint or its manifest: refused or harmless."""
    source = CheckpointFolder(tmp_path / "source")
    path, rng = source.save(state(5)), random.Random(0)
    mutant = tmp_path / "mutant" / path.name
    mutant.parent.mkdir()
    for case in range(300):
        shutil.copy(path, mutant)
        shutil.copy(path.with_suffix(".json"), mutant.with_suffix(".json"))
        victim = mutant if case % 2 else mutant.with_suffix(".json")
        content = bytearray(victim.read_bytes())
        place = rng.randrange(len(content))
        kind = case % 3
        if kind == 0:
            content[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del content[place:]
        else:
            content[place : place + 16] = rng.randbytes(16)
        victim.write_bytes(bytes(content))
        try:
            loaded = load_checkpoint(mutant)
        except CheckpointError:
            continue
        assert victim.suffix == ".json" and loaded["step"] == 5
        assert torch.equal(loaded["model"]["w"], torch.full((64,), 5.0))


def test_all_damaged_or_nothing_there(tmp_path):
    folder = CheckpointFolder(tmp_path)
    with pytest.raises(CheckpointError, match="no usable checkpoint"):
        folder.newest_valid()
    folder.save(state(1)).write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match="no usable checkpoint"):
        folder.newest_valid()
    assert not folder.holds_run()


def test_kill_between_file_and_manifest_loses_nothing(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.save(state(1))
    path = folder.save(state(2))
    older = path.with_suffix(".json").read_bytes()
    folder.save(state(2, value=9.0), best=True)
    path.with_suffix(".json").write_bytes(older)
    assert folder.newest_valid() == tmp_path / "latest.pt"
    assert load_checkpoint(tmp_path / "latest.pt")["model"]["w"][0] == 9.0


def test_best_is_described_anew_after_a_kill_between_link_and_manifest(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.save(state(1), best=True)
    folder.save(state(2))
    os.unlink(tmp_path / "best.pt")
    os.link(tmp_path / "step_2.pt", tmp_path / "best.pt")
    folder.newest_valid()
    assert load_checkpoint(tmp_path / "best.pt")["step"] == 2


def test_sweep_removes_leftovers_and_nothing_else(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.save(state(1))
    before = names(tmp_path)
    for name in (".step_2.pt.x1.partial", ".best.json.y2.partial", "step_7.json"):
        (tmp_path / name).write_text("{}")
    for name in ("dataset.json", "settings.json", "mine.pt"):
        (tmp_path / name).write_text("{}")
    folder.sweep()
    assert names(tmp_path) == before | {"dataset.json", "settings.json", "mine.pt"}


@pytest.mark.parametrize("part", ["model", "ema"])
def test_non_finite_weights_are_refused(tmp_path, part):
    folder = CheckpointFolder(tmp_path)
    folder.save(state(1))
    before, bad = names(tmp_path), state(2)
    bad[part]["w"][3] = float("nan")
    with pytest.raises(CheckpointError, match="not finite"):
        folder.save(bad)
    assert names(tmp_path) == before


def test_full_disk_is_noticed_before_writing(tmp_path, monkeypatch):
    folder = CheckpointFolder(tmp_path)
    folder.save(state(1))
    before = names(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: USAGE(1, 1, 100))
    with pytest.raises(CheckpointError, match=r"cannot write .*free"):
        folder.save(state(2))
    assert names(tmp_path) == before


def test_disk_that_fills_up_while_writing_keeps_the_previous_file(tmp_path):
    import resource

    folder = CheckpointFolder(tmp_path)
    folder.save(state(1))
    before = names(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(CheckpointError, match="cannot write"):
            folder.save(state(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == before and load_checkpoint(tmp_path / "step_1.pt")["step"] == 1


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="checkpoint_dir"):
        CheckpointFolder(tmp_path / "file" / "checkpoints").save(state(1))


def test_without_hard_links_copies_are_made(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    path = CheckpointFolder(tmp_path).save(state(1), best=True)
    assert not (tmp_path / "best.pt").samefile(path)
    assert load_checkpoint(tmp_path / "best.pt")["step"] == 1


def test_other_versions_other_files_and_code_are_refused(tmp_path):
    folder = CheckpointFolder(tmp_path)
    folder.save({**state(1), "format": 99})
    with pytest.raises(CheckpointError, match="format 99"):
        folder.newest_valid()
    assert "step_1.pt" in names(tmp_path)
    torch.save({"model": {}}, tmp_path / "weights.pt")
    with pytest.raises(CheckpointError, match="lacks ema"):
        load_checkpoint(tmp_path / "weights.pt")
    (tmp_path / "audio.pt").write_bytes(b"RIFF")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "audio.pt")
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_checkpoint(tmp_path / "absent.pt")


class Trap:
    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def test_a_pickle_that_runs_code_runs_nothing(tmp_path):
    torch.save({**state(1), "config": Trap(tmp_path / "ran")}, tmp_path / "trap.pt")
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "trap.pt")
    assert not (tmp_path / "ran").exists()


def test_kills_at_random_never_leave_a_bad_checkpoint(tmp_path):
    """A process that saves as fast as it can is killed 25 times; each time the newest loads."""
    rng, reached = random.Random(1), 0
    for _ in range(25):
        child = os.fork()
        if child == 0:
            folder = CheckpointFolder(tmp_path, keep_last=2)
            for step in range(reached + 1, reached + 10_000):
                folder.save(state(step), best=step % 3 == 0)
        time.sleep(0.02 + 0.08 * rng.random())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        folder = CheckpointFolder(tmp_path, keep_last=2)
        if folder.holds_run():
            path = folder.newest_valid()
            loaded = load_checkpoint(path)
            assert loaded["step"] >= reached
            assert torch.equal(loaded["model"]["w"], torch.full((64,), float(loaded["step"])))
            reached = loaded["step"]
    assert reached > 0
    assert not list(tmp_path.glob("*.partial")) and not list(tmp_path.glob("*.corrupt"))
    assert read_manifest(tmp_path / "best.pt").step <= reached
