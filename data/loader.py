"""Batches of segments in a counted order: the state of a loader is one integer."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from data.batch import Batch
from data.dataset import Segment, SegmentDataset
from utils import UserError

GRACE_SECONDS = 10


class CounterSampler(Sampler[int]):
    """The integers from `start` up to `stop`; of several ranks each takes every other block.

    Args:
        start, stop: data set indexes since training began; to resume takes only the next start.
        block: consecutive indexes that go to one rank (its batch).
        rank, world_size: this process among the training processes.
    """

    def __init__(
        self, start: int, stop: int, *, block: int = 1, rank: int = 0, world_size: int = 1
    ) -> None:
        assert 0 <= start <= stop and 0 <= rank < world_size and block > 0
        self.start, self.stop, self.block = start, stop, block
        self.rank, self.world_size = rank, world_size

    def __iter__(self) -> Iterator[int]:
        stride = self.block * self.world_size
        for first in range(self.start + self.rank * self.block, self.stop, stride):
            yield from range(first, min(first + self.block, self.stop))

    def __len__(self) -> int:
        stride = self.block * self.world_size
        whole, rest = divmod(self.stop - self.start, stride)
        return whole * self.block + min(max(rest - self.rank * self.block, 0), self.block)


class Loader(DataLoader):
    """A `DataLoader` whose workers' `UserError`s arrive as the one line they are."""

    def __iter__(self) -> Iterator[Batch]:
        for batch in super().__iter__():
            if isinstance(batch, UserError):
                raise batch
            yield batch


class _ErrorsAsItems(Dataset):
    """Returns the `UserError`s of a data set: raised in a worker, they would become tracebacks."""

    def __init__(self, dataset: SegmentDataset) -> None:
        self.dataset = dataset

    def __getitem__(self, index: int) -> Segment | UserError:
        try:
            return self.dataset[index]
        except UserError as error:
            return UserError(str(error))


def _collate_or_error(items: Sequence[Segment | UserError]) -> Batch | UserError:
    """A batch, or the first error among its items."""
    error = next((item for item in items if isinstance(item, UserError)), None)
    return collate(items) if error is None else error


def collate(segments: Sequence[Segment]) -> Batch:
    """A batch of segments that carry the same fields."""
    first = segments[0]
    names = [name for name, value in vars(first).items() if isinstance(value, torch.Tensor)]
    batch = Batch(
        song=[s.song for s in segments],
        start=[s.start for s in segments],
        **{name: torch.stack([getattr(s, name) for s in segments]) for name in names},
    )
    if first.labels:
        from data.labels import collate_labels

        batch.labels = collate_labels([s.labels for s in segments])
    if first.text is not None:
        batch.text = [s.text for s in segments]
    if first.captions is not None:
        batch.captions = [s.captions for s in segments]
    return batch


def leave_signals_to_main(worker: int) -> None:
    """Lets a worker outlive Ctrl-C, and SIGTERM for a while: the main process finishes its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(GRACE_SECONDS))


def build_loader(
    dataset: SegmentDataset,
    batch_size: int,
    *,
    num_workers: int = 0,
    start_index: int = 0,
    num_batches: int | None = None,
    rank: int = 0,
    world_size: int = 1,
) -> Loader:
    """Batches from data set index `start_index` on.

    Args:
        batch_size: segments per batch on this rank.
        num_workers: loader processes; changes the speed and nothing else.
        start_index: segments already consumed by all ranks together. After k batches of every rank
            the next start is `start_index + k * batch_size * world_size`.
        num_batches: batches for this rank; None for one epoch (the last batch may be smaller).
    """
    stride = batch_size * world_size
    count = len(dataset) if num_batches is None else num_batches * stride
    sampler = CounterSampler(
        start_index, start_index + count, block=batch_size, rank=rank, world_size=world_size
    )
    return Loader(
        _ErrorsAsItems(dataset),
        batch_size,
        sampler=sampler,
        num_workers=num_workers,
        collate_fn=_collate_or_error,
        worker_init_fn=leave_signals_to_main,
        prefetch_factor=4 if num_workers else None,
    )
