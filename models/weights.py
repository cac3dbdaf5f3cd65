"""Reading weights: a released folder (safetensors + JSON) or a training checkpoint."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import torch
from torch import nn

from utils import UserError, write_atomically

UNREADABLE = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)


def read_weights(path: Path) -> tuple[dict[str, Any], list[str], dict[str, torch.Tensor]]:
    """Configuration, trained parts and float32 tensors of a model.

    Args:
        path: a folder with model.safetensors and config.json, or a checkpoint file. A checkpoint's
            moving average is used where there is one.

    Raises:
        UserError: nothing is there, or it cannot be read.
    """
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise UserError(
            f"no weights at {path}: expected a checkpoint (.pt) or a folder with model.safetensors"
        )
    return _from_checkpoint(path)


def _from_folder(folder: Path) -> tuple[dict[str, Any], list[str], dict[str, torch.Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        described = json.loads((folder / "config.json").read_text())
        state = load_file(folder / "model.safetensors")
        return described["config"], described["trained"], _float32(state)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise UserError(
            f"{folder} holds no model ({type(error).__name__}: {str(error)[:80]}): expected "
            "model.safetensors and config.json, as save_pretrained writes them"
        ) from None


def _from_checkpoint(path: Path) -> tuple[dict[str, Any], list[str], dict[str, torch.Tensor]]:
    try:
        checkpoint = dict(torch.load(path, map_location="cpu", weights_only=True))
        extra = checkpoint["model"]["_extra_state"]
        return extra["config"], extra["trained"], _float32(averaged_state(checkpoint))
    except UNREADABLE as error:
        raise UserError(
            f"{path} is not a checkpoint of this project ({type(error).__name__}): "
            "expected a file written by train.py, such as checkpoints/best.pt"
        ) from None


def averaged_state(checkpoint: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The model's tensors in a checkpoint dictionary, averaged where there is an average."""
    tensors = {n: t for n, t in checkpoint["model"].items() if isinstance(t, torch.Tensor)}
    return tensors | checkpoint.get("ema", {})


def _float32(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: t.float() if t.is_floating_point() else t for name, t in state.items()}


def read_part(path: Path, part: str) -> dict[str, torch.Tensor]:
    """Tensors of a small model that is kept by itself, under its own names: from a safetensors file
    that holds it alone, or from a training checkpoint in which it is called `part`.
    """
    from safetensors.torch import load_file

    if path.suffix != ".pt":
        return load_file(path)
    state = averaged_state(torch.load(path, map_location="cpu", weights_only=True))
    prefix = f"{part}."
    return {n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)}


def write_part(model: nn.Module, path: str | Path) -> None:
    """Writes such a model as safetensors; nothing half-written stays."""
    from safetensors.torch import save_file

    state = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
    with write_atomically(path) as partial:
        save_file(state, partial)
