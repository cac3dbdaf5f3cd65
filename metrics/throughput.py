"""Does training wait for data? `python -m metrics.throughput --data_dir data/midi`

For each stage, segments per second that the loader delivers and that a training step consumes,
both measured in this run with the same segment length and batch, one after the other, songs having
been read once. A ratio of 20 means that the data is ready twenty times faster than it is used. The
flow consumes cached latents; what is delivered to it here is what fills the cache.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from utils import PRESET_NAMES, Parser, run_script

if TYPE_CHECKING:
    from data.batch import Batch


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(prog="python -m metrics.throughput", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--data_dir", default=None, help="folder of songs (default: composed songs)")
    add("--preset", default="small", choices=PRESET_NAMES, help="size of the model")
    add("--batch_size", type=int, default=4, help="segments per batch (default 4)")
    add("--batches", type=int, default=6, help="batches to time after a first one (default 6)")
    add("--num_workers", type=int, default=2, help="loader processes (default 2)")
    return parser


class Repeated:
    """The first segments of a data set over and over: every song has been read once before."""

    def __init__(self, dataset: Any, count: int) -> None:
        self.dataset, self.count = dataset, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index % self.count]


def seconds_per_batch(batches: Iterator[Batch], count: int) -> tuple[float, Batch]:
    """Mean seconds between batches in the second of two rounds of `count`, and the last batch."""
    for _ in range(count):
        batch = next(batches)
    start = time.perf_counter()
    for _ in range(count):
        batch = next(batches)
    return (time.perf_counter() - start) / count, batch


def seconds_per_step(objective: Any, batch: Batch, count: int) -> float:
    """Median seconds of a forward and backward pass over a batch, after one to warm up."""
    from utils import torch_rng

    taken = []
    for step in range(count + 1):
        start = time.perf_counter()
        objective(batch, torch_rng(step)).total.backward()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def measure(args: Any, stage: str, model: Any) -> tuple[float, float]:
    """Segments per second of a stage: delivered, consumed."""
    from models.objectives import build_objective
    from training.project import Project
    from training.settings import TrainSettings

    objective = build_objective(stage, model).train()
    source = None if args.data_dir else "arranger"
    settings = TrainSettings(data_dir=args.data_dir or "", source=source)
    project = Project()
    dataset = project.dataset(settings, "train", objective)
    rounds = max(args.num_workers, 1) * args.batches
    loader = project.loader(
        Repeated(dataset, rounds * args.batch_size),
        args.batch_size,
        num_workers=args.num_workers,
        num_batches=2 * rounds,
    )
    delivered, batch = seconds_per_batch(iter(loader), rounds)
    if {"sound", "notes"} & objective.fields:
        latents = model.encode(batch.audio, batch.roll)
        batch = replace(batch, sound=latents.sound, notes=latents.score)
    consumed = seconds_per_step(objective, batch, args.batches)
    return args.batch_size / delivered, args.batch_size / consumed


def main() -> None:
    """Prints one line per stage."""
    args = build_parser().parse()
    from models.harmonicflow import HarmonicFlow
    from models.presets import build
    from training.settings import STAGE_ORDER

    model = HarmonicFlow(build(args.preset))
    model.trained.add("performer")  # of whom the decoder learns
    print(f"{'stage':10}{'delivered/s':>12}{'consumed/s':>12}{'ratio':>8}")
    for stage in STAGE_ORDER:
        delivered, consumed = measure(args, stage, model)
        print(f"{stage:10}{delivered:12.1f}{consumed:12.2f}{delivered / consumed:8.0f}")


if __name__ == "__main__":
    run_script(main)
