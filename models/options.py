"""What `evaluate.py` and `generate.py` share: flags of a song, their values, the model.

Nothing here imports torch before the arguments are parsed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.emotion import EMOTIONS
from data.labels import GENRES
from data.movement import STYLES
from utils import DEVICES, RELEASE, VOICES, UserError

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

TABLES = {"style": STYLES, "emotion": EMOTIONS, "genre": GENRES}


def number(low: float, high: float, kind: type = float) -> Callable[[str], Any]:
    """A flag's type: a number from low to high, bounds included."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            what = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(
                f"'{text}' is not possible: expected {what} from {low:g} to {high:g}"
            )
        return value

    return parse


def label(name: str) -> Callable[[str], int]:
    """A flag's type: an id or a name of a table; errors show the table."""
    table = TABLES[name]

    def parse(text: str) -> int:
        if text.strip().lower() in table:
            return table.index(text.strip().lower())
        if text.isdecimal() and int(text) < len(table):
            return int(text)
        numbered = ", ".join(f"{i} {known}" for i, known in enumerate(table))
        raise argparse.ArgumentTypeError(f"there is no {name} '{text}'; choose from {numbered}")

    return parse


def weight(text: str) -> tuple[str, float]:
    """A flag's type: guidance for everything ("2") or for one condition ("text=3")."""
    name, _, value = text.rpartition("=")
    return name or "all", number(0.0, 100.0)(value)


def adapter(text: str) -> tuple[str, float | None]:
    """A flag's type: a genre adapter's file, alone or with its share ("rock.safetensors=0.7")."""
    path, equals, share = text.rpartition("=")
    return (path, number(0.0, 1.0)(share)) if equals else (text, None)


def add_label_flags(parser: argparse.ArgumentParser) -> None:
    """--style, --emotion, --genre."""
    group = parser.add_argument_group("labels (id or name)")
    for name, table in TABLES.items():
        numbered = ", ".join(f"{i} {known}" for i, known in enumerate(table))
        group.add_argument(f"--{name}", type=label(name), metavar="ID", help=numbered)


def add_voice_flag(group: Any) -> None:
    """Whose sound is written and judged."""
    group.add_argument(
        "--voice",
        choices=VOICES,
        default=VOICES[0],
        help="what is heard: the model's sound, or its notes on a SoundFont (default neural)",
    )


def add_sampling_flags(parser: argparse.ArgumentParser) -> None:
    """Length, seed and the walk of the flow; what is not given is the model's default."""
    group = parser.add_argument_group("sampling")
    add = group.add_argument
    add("--duration", type=number(1, 3_600), metavar="S", help="seconds of music (default 11.9)")
    add(
        "--seed",
        type=number(0, 2**31 - 1, int),
        default=42,
        metavar="N",
        help="song i has seed N + i; the same seed gives the same song (default 42)",
    )
    add(
        "--steps",
        type=number(1, 1_000, int),
        metavar="N",
        help="steps of the score's flow (default 16)",
    )
    add(
        "--guidance",
        type=weight,
        nargs="+",
        metavar="W",
        help="stress on what is said, 1 for none (default 2.2), or per condition: 2 text=3",
    )
    add(
        "--adapter",
        type=adapter,
        nargs="+",
        metavar="FILE[=W]",
        help="genre adapters with their shares, in sum at most 1 (without: as far as the genre is "
        "asked for or probable)",
    )


def add_machine_flags(parser: argparse.ArgumentParser) -> None:
    """--checkpoint, --device, --threads, --batch_size."""
    group = parser.add_argument_group("model and machine")
    add = group.add_argument
    add(
        "--checkpoint",
        metavar="PATH",
        help="weights: a .pt file or a folder (default: those that come with the project)",
    )
    add("--device", choices=DEVICES, default="auto", help="where to compute (default auto)")
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    add(
        "--batch_size",
        type=number(1, 1_024, int),
        default=1,
        metavar="N",
        help="songs made together; changes speed and memory, not the music (default 1)",
    )


def spoken(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The flags of these names that were given, by name."""
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}


def generate_options(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `HarmonicFlow.generate` that label and sampling flags stand for."""
    options = {f"{name}_idx": value for name, value in spoken(args, *TABLES).items()}
    options |= spoken(args, "duration", "steps")
    if args.guidance is not None:
        options["guidance"] = dict(args.guidance)
    if args.adapter is not None:
        options["adapters"] = dict(args.adapter)
    return options


def load_model(args: argparse.Namespace) -> HarmonicFlow:
    """The model of --checkpoint (or the project's own weights) on --device with --threads.

    Raises:
        UserError: no weights there, or a device that this machine does not have.
    """
    path = _weights(args.checkpoint)
    import torch

    from models.harmonicflow import HarmonicFlow

    if args.threads:
        torch.set_num_threads(args.threads)
    return HarmonicFlow.from_pretrained(path, device=_device(args.device))


def _weights(checkpoint: str | None) -> Path:
    """The path of the weights; the usual places are named when there are none."""
    if checkpoint is None:
        if not (RELEASE / "model.safetensors").exists():
            raise UserError(
                "no weights come with this copy: train some with 'python train.py --preset small "
                "--data_dir DATA' and pass --checkpoint checkpoints/best.pt"
            )
        return RELEASE
    path = Path(checkpoint)
    if not path.exists():
        near = sorted(str(p) for p in path.parent.glob("*.pt")) if path.parent.is_dir() else []
        hint = f"there are {', '.join(near[:4])}" if near else "train.py writes checkpoints/best.pt"
        raise UserError(f"no checkpoint at '{path}': {hint}")
    if path.is_dir() and not (path / "model.safetensors").exists() and (path / "best.pt").exists():
        raise UserError(f"'{path}' is a folder of checkpoints: pass --checkpoint {path}/best.pt")
    return path


def _device(name: str) -> str:
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available()}
    there["mps"] = torch.backends.mps.is_available()
    if name == "auto":
        return next(device for device in ("cuda", "mps", "cpu") if there[device])
    if not there[name]:
        raise UserError(f"this machine has no {name} device: use --device auto or cpu")
    return name
