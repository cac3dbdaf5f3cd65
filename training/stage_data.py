"""The data of a stage as batches on the right device, from any place on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from accelerate import Accelerator

from data.batch import Batch
from training.runtime import outlive_signals


@dataclass
class StageData:
    """Data sets of a stage, and what makes batches of them.

    Attributes:
        train: data set whose index counts segments since the stage began.
        validation: fixed segments; None when there are no validation songs.
        build_loader: `data.loader.build_loader`.
        batch_size: segments per process and batch. num_workers: loader processes.
    """

    train: Any
    validation: Any | None
    build_loader: Callable[..., Any]
    batch_size: int
    num_workers: int

    def batches(
        self, dataset: Any, accelerator: Accelerator, *, start_index: int, num_batches: int
    ) -> Iterator[Batch]:
        """This process's batches of a data set, on its device; closing it ends the workers.

        Args:
            start_index: segments that all processes together have consumed.
            num_batches: for this process.
        """
        loader = self.build_loader(
            dataset,
            self.batch_size,
            num_workers=self.num_workers,
            start_index=start_index,
            num_batches=num_batches,
            rank=accelerator.process_index,
            world_size=accelerator.num_processes,
        )
        loader.worker_init_fn = outlive_signals
        with contextlib.closing(iter(loader)) as batches:
            for batch in batches:
                yield batch.to(accelerator.device)
