"""A folder of checkpoints that a kill, a full disk or a flipped bit cannot turn into a wrong model.

Each `step_<n>.pt` is written aside, flushed and renamed, then described by `step_<n>.json` the same
way: SHA-256, size, step, stage, and that every weight is finite. `latest` and `best` are hard links
to such pairs (copies where links do not exist). Only a file that matches its description is loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from utils import UserError, write_atomically

FORMAT = 1
LINKS = ("latest", "best")
REQUIRED_KEYS = ("model", "ema", "optimizer", "scheduler", "epoch", "step", "stage", "config")


class CheckpointError(UserError):
    """A checkpoint cannot be written or read."""


class VersionError(CheckpointError):
    """A whole and healthy checkpoint of another version."""


@dataclass(frozen=True)
class Manifest:
    """What a checkpoint file must be, beside it as JSON."""

    sha256: str
    size: int
    step: int
    stage: str
    finite: bool


class CheckpointFolder:
    """Saves, rotates and finds checkpoints in one folder.

    Args:
        folder: made when the first checkpoint is saved.
        keep_last: how many `step_<n>.pt` stay, besides `best.pt`.
    """

    def __init__(self, folder: str | Path, keep_last: int = 3) -> None:
        self.folder = Path(folder)
        self.keep_last = keep_last

    def save(self, state: dict[str, Any], *, best: bool = False) -> Path:
        """Writes `step_<n>.pt` and points `latest.pt`, and `best.pt` if told, at it.

        Args:
            state: the checkpoint dictionary with at least `REQUIRED_KEYS`; plain values, tensors.

        Raises:
            CheckpointError: a weight is not finite, or the disk is full; earlier checkpoints stay.
        """
        path = self.folder / f"step_{state['step']}.pt"
        self._refuse_non_finite(state)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._refuse_full_disk(state)
            with write_atomically(path) as partial:
                torch.save({"format": FORMAT, **on_cpu(state)}, partial)
                size, digest = partial.stat().st_size, sha256(partial)
            manifest = Manifest(digest, size, state["step"], state["stage"], finite=True)
            _write_manifest(path, manifest)
            for name in LINKS if best else LINKS[:1]:
                _point(self.folder / f"{name}.pt", path, manifest)
        except (OSError, RuntimeError) as error:
            raise CheckpointError(
                f"cannot write {path}: {_first_line(error)}; earlier checkpoints are untouched: "
                "free some space or choose another --checkpoint_dir, then go on with --resume"
            ) from None
        self._rotate()
        _flush_folder(self.folder)
        return path

    def holds_run(self) -> bool:
        """Whether there is a checkpoint of a run, valid or not."""
        return bool(self._described())

    def newest_valid(self) -> Path:
        """The newest checkpoint that is what its manifest says; invalid ones become `*.corrupt`.

        `latest.pt` points at it afterwards, and leftovers of interrupted writes are gone.

        Raises:
            CheckpointError: there is none, or the newest is of another version.
        """
        self.sweep()
        for path in self._described():
            try:
                load_checkpoint(path)
            except VersionError:
                raise
            except CheckpointError as error:
                _set_aside(path, str(error))
                continue
            _point(self.folder / "latest.pt", path, read_manifest(path))
            self._mend_best()
            return path
        raise CheckpointError(
            f"--resume: there is no usable checkpoint in '{self.folder}'; check --checkpoint_dir, "
            "or leave out --resume to begin a new run (--init_from FILE begins with its weights)"
        )

    def sweep(self) -> None:
        """Removes partial files and manifests without a checkpoint."""
        for partial in self.folder.glob(".*.partial"):
            partial.unlink(missing_ok=True)
        for manifest in self.folder.glob("*.json"):
            ours = manifest.stem in LINKS or _number(manifest) is not None
            if ours and not manifest.with_suffix(".pt").exists():
                manifest.unlink()

    def _described(self) -> list[Path]:
        """Checkpoints with a manifest, newest first, `step_<n>` before links to the same step."""
        links = [self.folder / f"{name}.pt" for name in LINKS]
        links = [p for p in links if p.exists() and p.with_suffix(".json").exists()]
        return sorted([*self._numbered(), *links], key=_claimed_step, reverse=True)

    def _numbered(self) -> list[Path]:
        """`step_<n>.pt` with a manifest, in the order of n."""
        found = [p for p in self.folder.glob("step_*.pt") if p.with_suffix(".json").exists()]
        return sorted((p for p in found if _number(p) is not None), key=_number)

    def _rotate(self) -> None:
        for path in self._numbered()[: -self.keep_last]:
            path.unlink()
            path.with_suffix(".json").unlink()

    def _mend_best(self) -> None:
        """`best` again describes its file (a kill may fall between the two), or is set aside."""
        best = self.folder / "best.pt"
        if not best.exists():
            return
        digest = sha256(best)
        for path in (best, *self._described()):
            try:
                manifest = read_manifest(path)
            except CheckpointError:
                continue
            if manifest.sha256 == digest:
                return _write_manifest(best, manifest)
        _set_aside(best, f"{best} is not what its manifest says")

    def _refuse_full_disk(self, state: dict[str, Any]) -> None:
        needed = 2 * sum(t.numel() * t.element_size() for _, t in tensors_of(state))
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OSError(
                f"the disk has {free / 1e6:.0f} MB free, {needed / 1e6:.0f} MB are needed"
            )

    def _refuse_non_finite(self, state: dict[str, Any]) -> None:
        for part in ("model", "ema"):
            for name, tensor in tensors_of(state[part]):
                if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
                    raise CheckpointError(
                        f"step {state['step']}: weight {name} is not finite, nothing was saved; go "
                        "back to the last checkpoint with --resume and a lower --lr"
                    )


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint dictionary on the CPU, after checking it against its manifest when it has one.

    Raises:
        CheckpointError: missing, changed, unreadable, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}")
    manifest = read_manifest(path) if path.with_suffix(".json").exists() else None
    if manifest and (path.stat().st_size != manifest.size or sha256(path) != manifest.sha256):
        raise CheckpointError(f"{path} is damaged: it is not the file that its manifest describes")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{path} is not a checkpoint: {_first_line(error)}") from None
    _check_contents(path, state)
    if manifest and (manifest.step, manifest.stage) != (state["step"], state["stage"]):
        raise CheckpointError(f"{path} is damaged: its manifest names another step or stage")
    return state


def _check_contents(path: Path, state: object) -> None:
    missing = [k for k in REQUIRED_KEYS if not isinstance(state, dict) or k not in state]
    if missing:
        raise CheckpointError(f"{path} is not a training checkpoint: it lacks {', '.join(missing)}")
    if state.get("format") != FORMAT:
        raise VersionError(
            f"{path} is a checkpoint of format {state.get('format')}, this version reads {FORMAT}; "
            "use the version that wrote it"
        )


def read_manifest(path: Path) -> Manifest:
    """The manifest beside a checkpoint.

    Raises:
        CheckpointError: missing, unreadable, or it vouches for nothing.
    """
    try:
        manifest = Manifest(**json.loads(path.with_suffix(".json").read_text()))
    except (OSError, ValueError, TypeError):
        raise CheckpointError(f"the manifest of {path} is missing or damaged") from None
    if manifest.finite is not True:
        raise CheckpointError(f"the manifest of {path} does not vouch for it")
    return manifest


def _number(path: Path) -> int | None:
    """n of `step_<n>.*`, None for other names."""
    digits = path.stem.removeprefix("step_")
    return int(digits) if path.stem.startswith("step_") and digits.isdecimal() else None


def _claimed_step(path: Path) -> tuple[int, bool]:
    """Sort key of a checkpoint: the step its name or else its manifest claims."""
    number = _number(path)
    if number is not None:
        return number, True
    try:
        return int(read_manifest(path).step), False
    except (CheckpointError, TypeError, ValueError):
        return -1, False


def tensors_of(state: Any, prefix: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    """Every tensor in nested dictionaries and lists, with its dotted name."""
    if isinstance(state, torch.Tensor):
        yield prefix, state
    elif isinstance(state, dict | list | tuple):
        items = state.items() if isinstance(state, dict) else enumerate(state)
        for key, value in items:
            yield from tensors_of(value, f"{prefix}.{key}" if prefix else str(key))


def on_cpu(state: Any) -> Any:
    """The same nested state with every tensor on the CPU, so that any machine can load it."""
    if isinstance(state, torch.Tensor):
        return state.detach().cpu()
    if isinstance(state, dict):
        return {key: on_cpu(value) for key, value in state.items()}
    return type(state)(on_cpu(v) for v in state) if isinstance(state, list | tuple) else state


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_manifest(path: Path, manifest: Manifest) -> None:
    with write_atomically(path.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(asdict(manifest), indent=1))


def _point(link: Path, target: Path, manifest: Manifest) -> None:
    """Makes `link` the same file as `target` in one move; a copy where links do not exist."""
    if link.exists() and link.samefile(target):
        return _write_manifest(link, manifest)
    partial = link.parent / f".{link.name}.{uuid.uuid4().hex[:8]}.partial"
    try:
        os.link(target, partial)
    except OSError:
        shutil.copy2(target, partial)
    os.replace(partial, link)
    _write_manifest(link, manifest)


def _set_aside(path: Path, reason: str) -> None:
    """Renames a checkpoint and its manifest to `*.corrupt` and says so."""
    for file in (path, path.with_suffix(".json")):
        if file.exists():
            file.replace(file.with_name(f"{file.name}.corrupt"))
    print(f"set aside as {path.name}.corrupt: {reason}", file=sys.stderr)


def _flush_folder(folder: Path) -> None:
    """Makes renames survive a power cut, where folders can be opened."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    os.fsync(handle)
    os.close(handle)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
