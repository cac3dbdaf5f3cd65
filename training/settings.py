"""Every setting of training: its name, default, check and help, written once.

Read before torch is loaded, so that `train.py --help` answers at once. What the command line does
not say comes from `--config`, then (with `--resume`) from the run itself, then from here.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from training.schedule import SCHEDULES
from utils import (
    DEVICES,
    PRESET_NAMES,
    Parser,
    UserError,
    did_you_mean,
    registered,
    write_atomically,
)

ROOT = Path(__file__).parent.parent
STAGE_ORDER = ("codec", "score", "transcriber", "planner", "composer", "performer", "decoder")
SINGLE_STAGES = ("visual", "mixing", "separation", "genre")  # run by their own name only
SAVED_NAME = "settings.json"


def _number(kind: type, low: float, high: float = math.inf, *, above: bool = False) -> Callable:
    """An argparse type: a finite number of at least (or `above`) `low`, up to `high`."""

    def check(text: str) -> Any:
        value = kind(text)
        if not (low < value if above else low <= value) or not value <= high or math.isinf(value):
            limit = f"{'above' if above else 'at least'} {low:g}"
            limit += "" if high == math.inf else f" and at most {high:g}"
            raise argparse.ArgumentTypeError(f"must be {limit}, got {text}")
        return value

    check.__name__ = "whole number" if kind is int else "number"
    return check


COUNT, INDEX = _number(int, 1), _number(int, 0)
POSITIVE, NON_NEGATIVE = _number(float, 0, above=True), _number(float, 0)
DECAY = _number(float, 0, 0.999999)


def _setting(default: Any, kind: Callable | None, help: str, choices: Sequence[str] = ()) -> Any:
    """A dataclass field that is also a flag; kind None is a switch."""
    return field(default=default, metadata={"kind": kind, "help": help, "choices": choices})


@dataclass(frozen=True)
class TrainSettings:
    """All settings of a training run; the field's name is the flag's."""

    # data
    data_dir: str = _setting("data/slakh2100", str, "folder of songs")
    source: str | None = _setting(
        None,
        str,
        "what kind of folder it is (default: guessed from what lies in it)",
        registered(ROOT / "data/sources"),
    )
    batch_size: int = _setting(16, COUNT, "segments per process and forward pass")
    num_workers: int = _setting(4, INDEX, "loader processes; changes the speed, never the result")
    cache_dir: str | None = _setting(
        None, str, "where the latents of later stages are kept (default: CHECKPOINT_DIR/latents)"
    )
    cache_segments: int = _setting(
        0, INDEX, "segments in the latent cache, each heard in its own augmentation; 0: one epoch"
    )
    # model
    preset: str = _setting("base", str, "size of the model", PRESET_NAMES)
    hidden_dim: int | None = _setting(
        None, COUNT, "width of the composer (default: the preset's; base has 1024)"
    )
    latent_dim: int | None = _setting(
        None, COUNT, "width of a sound latent (default: the preset's; base has 256)"
    )
    stage: str = _setting(
        "all",
        str,
        f"what to train; all: {', '.join(STAGE_ORDER)}, one after another; visual needs no songs, "
        "mixing and separation are models of their own, genre is an adapter beside the composer",
        ("all", *STAGE_ORDER, *SINGLE_STAGES),
    )
    genre: str | None = _setting(
        None,
        str,
        "of the songs, for the stage genre: one that the model knows or a name of its own",
    )
    init_from: str | None = _setting(
        None,
        str,
        "checkpoint or model folder to begin from, with the model's size as it is there; for the "
        "stage genre the model that gets the adapter (default: none; for genre the released one)",
    )
    # optimisation
    epochs: float = _setting(100, POSITIVE, "times each stage sees every segment")
    steps: int | None = _setting(
        None, COUNT, "optimiser steps of each stage; overrides --epochs (default: by --epochs)"
    )
    time_limit: float | None = _setting(
        None, POSITIVE, "minutes to train now; stages share what is left (default: no limit)"
    )
    lr: float = _setting(
        5e-5,
        POSITIVE,
        "learning rate after the warm-up; by stage: codec x10, score x20, "
        "transcriber x15, planner x10, composer x16, performer x30, decoder x12, visual x40, "
        "mixing x40, separation x20, genre x20",
    )
    lr_schedule: str = _setting("cosine", str, "learning rate after the warm-up", SCHEDULES)
    warmup_steps: int = _setting(1000, INDEX, "optimiser steps of linear warm-up")
    weight_decay: float = _setting(1e-6, NON_NEGATIVE, "AdamW's weight decay")
    grad_accum_steps: int = _setting(2, COUNT, "batches per optimiser step")
    clip_grad_norm: float = _setting(1.0, NON_NEGATIVE, "largest gradient norm; 0: no limit")
    ema_decay: float = _setting(0.999, DECAY, "decay of the moving average of weights")
    seed: int = _setting(42, INDEX, "of weights, data order, augmentation and noise")
    # machine
    device: str = _setting("auto", str, "where to compute", DEVICES)
    mixed_precision: str = _setting("no", str, "arithmetic of the model", ("no", "bf16", "fp16"))
    threads: int | None = _setting(
        None, COUNT, "CPU threads; another number gives other last digits (default: torch's)"
    )
    deterministic: bool | None = _setting(
        None,
        None,
        "only kernels that repeat bit for bit; slower on a GPU (default: on a CPU yes, else no)",
    )
    # output
    checkpoint_dir: str = _setting("checkpoints", str, "folder for checkpoints")
    keep_last: int = _setting(3, COUNT, "checkpoints to keep, besides best.pt")
    save_every: int = _setting(1000, COUNT, "optimiser steps between checkpoints")
    resume: bool = _setting(
        False,
        None,
        "go on from the newest checkpoint in --checkpoint_dir, with that run's settings",
    )
    log_dir: str = _setting("logs", str, "folder for TensorBoard")
    log_every: int = _setting(100, COUNT, "optimiser steps between log entries")
    val_check_interval: float = _setting(
        0.25,
        NON_NEGATIVE,
        "between validations: a part of an epoch up to 1, else steps; 0: never",
    )
    val_batches: int = _setting(8, COUNT, "validation batches per process")

    def stages(self) -> list[str]:
        """The stages to run, in order."""
        return list(STAGE_ORDER) if self.stage == "all" else [self.stage]


GROUPS = {
    "data_dir": "data",
    "preset": "model",
    "epochs": "optimisation",
    "device": "machine",
    "checkpoint_dir": "output",
}


def build_parser() -> Parser:
    """The flags of train.py, in groups; a flag that is not given is absent from the result."""
    parser = Parser(
        prog="train.py",
        description="Train HarmonicFlow on a folder of songs.",
        epilog="example: python train.py --preset small --data_dir data/slakh2100 --time_limit 60",
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument("--config", metavar="FILE", help="JSON file of settings; flags override it")
    group = parser
    for f in fields(TrainSettings):
        if f.name in GROUPS:
            group = parser.add_argument_group(GROUPS[f.name])
        _add_flag(group, f)
    return parser


def _add_flag(group: Any, f: Any) -> None:
    """One field as one flag, its default in the help."""
    kind, text = f.metadata["kind"], f.metadata["help"]
    if "(default" not in text:
        shown = ("yes" if f.default else "no") if kind is None else f.default
        text += f" (default: {shown})"
    text = text.replace("%", "%%")
    if kind is None:
        group.add_argument(f"--{f.name}", action=argparse.BooleanOptionalAction, help=text)
        return
    choices = {"choices": f.metadata["choices"]} if f.metadata["choices"] else {}
    metavar = {} if choices else {"metavar": _metavar(kind)}
    group.add_argument(f"--{f.name}", type=kind, help=text, **choices, **metavar)


def _metavar(kind: Callable) -> str:
    return {str: "NAME", COUNT: "N", INDEX: "N"}.get(kind, "X")


@dataclass(frozen=True)
class CommandLine:
    """Parsed settings, and the names given by the user now (not taken from a resumed run)."""

    settings: TrainSettings
    given: frozenset[str]


def parse_arguments(arguments: Sequence[str]) -> CommandLine:
    """Settings from command line arguments.

    Raises:
        UserError: an unknown flag or key, or a value out of range.
    """
    parser = build_parser()
    given = vars(parser.parse(arguments))
    config = given.pop("config", None)
    if config:
        given = vars(parser.parse(_file_arguments(Path(config)))) | given
    settings = dict(given)
    saved = Path(given.get("checkpoint_dir", TrainSettings.checkpoint_dir)) / SAVED_NAME
    if given.get("resume") and saved.is_file():
        settings = vars(parser.parse(_file_arguments(saved))) | given
        if "epochs" in given and "steps" not in given:
            settings.pop("steps", None)
    return CommandLine(TrainSettings(**settings), frozenset(given))


def _file_arguments(path: Path) -> list[str]:
    """A JSON file of settings as command line arguments, so that one parser checks both."""
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise UserError(f"cannot read the settings in {path}: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f'{path} must hold a JSON object of settings, such as {{"lr": 1e-4}}')
    arguments: list[str] = []
    for name, value in content.items():
        arguments += _file_argument(path, name, value)
    return arguments


def _file_argument(path: Path, name: str, value: Any) -> list[str]:
    """One setting of a file as flags; null leaves the default."""
    switches = {f.name: f.metadata["kind"] is None for f in fields(TrainSettings)}
    if name not in switches:
        raise UserError(f"unknown setting '{name}' in {path}: {did_you_mean(name, list(switches))}")
    if value is None:
        return []
    if switches[name] != isinstance(value, bool) or isinstance(value, dict | list):
        expected = "true or false" if switches[name] else "a number or a text"
        raise UserError(f"'{name}' in {path} must be {expected}, got {json.dumps(value)}")
    if switches[name]:
        return [f"--{name}" if value else f"--no-{name}"]
    return [f"--{name}={value}"]


def save_settings(settings: TrainSettings) -> None:
    """Writes the settings beside the checkpoints, where `--resume` and `--config` can read them."""
    values = {name: v for name, v in asdict(settings).items() if name != "resume"}
    with write_atomically(Path(settings.checkpoint_dir) / SAVED_NAME) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n")
