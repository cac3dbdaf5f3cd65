"""The machine side of training: Accelerate, threads, exact kernels, processes that agree."""

from __future__ import annotations

import datetime
import os
import signal
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import (
    DistributedDataParallelKwargs,
    GradScalerKwargs,
    InitProcessGroupKwargs,
    broadcast_object_list,
)

from utils import UserError, torch_rng

if TYPE_CHECKING:
    from training.settings import TrainSettings

T = TypeVar("T")
INITIAL_FP16_SCALE = 1024.0
PEER_TIMEOUT = datetime.timedelta(hours=1)
WORKER_GRACE_SECONDS = 20


def build_accelerator(settings: TrainSettings) -> Accelerator:
    """Accelerate for one process, torchrun or `accelerate launch`, on the device asked for.

    Raises:
        UserError: the device is not there, or cannot do the precision.
    """
    device = settings.device
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda: torch sees no CUDA GPU; use --device auto or --device cpu")
    if device == "mps" and not torch.backends.mps.is_available():
        raise UserError("--device mps: torch sees no Apple GPU; use --device auto or --device cpu")
    on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if settings.mixed_precision == "fp16" and not on_gpu:
        raise UserError("--mixed_precision fp16 needs a CUDA GPU; use bf16 or no")
    set_exactness(settings, on_gpu)
    return Accelerator(
        cpu=device == "cpu",
        mixed_precision=settings.mixed_precision,
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=True, broadcast_buffers=False),
            GradScalerKwargs(init_scale=INITIAL_FP16_SCALE),
            InitProcessGroupKwargs(timeout=PEER_TIMEOUT),
        ],
    )


def set_exactness(settings: TrainSettings, on_gpu: bool) -> None:
    """Number of threads, and kernels that give the same bits every time if asked for."""
    if settings.threads:
        torch.set_num_threads(settings.threads)
    exact = not on_gpu if settings.deterministic is None else settings.deterministic
    if exact and on_gpu:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # The switch of `use_deterministic_algorithms`, which would import torch's compiler as well.
    torch.set_deterministic_debug_mode("warn" if exact else "default")
    torch.utils.deterministic.fill_uninitialized_memory = False


def step_rng(seed: int, stage: str, *counters: int) -> torch.Generator:
    """The randomness of one batch, a pure function of its place in training.

    torch's global generators (dropout) are seeded too, differently.
    """
    place = (seed, zlib.crc32(stage.encode()), *counters)
    torch.manual_seed(torch_rng(*place, 1).initial_seed())
    return torch_rng(*place, 0)


def on_main(accelerator: Accelerator, function: Callable[[], T]) -> T:
    """What `function` returns in the main process, in every process; its `UserError` likewise."""
    result: list = [None, None]
    if accelerator.is_main_process:
        try:
            result[0] = function()
        except UserError as error:
            if accelerator.num_processes == 1:
                raise
            result[1] = str(error)
    broadcast_object_list(result)
    if result[1] is not None:
        raise UserError(result[1])
    return result[0]


@dataclass(frozen=True)
class Verdict:
    """What all processes know after a step: mean loss, whether any was not finite, signal, time."""

    loss: float
    finite: bool
    signal: int
    time_up: bool


def agree(accelerator: Accelerator, verdict: Verdict) -> Verdict:
    """One verdict for all processes, so that all skip, stop and save together."""
    if accelerator.num_processes == 1:
        return verdict
    mine = [verdict.loss, float(verdict.finite), float(verdict.signal), float(verdict.time_up)]
    rows = accelerator.gather(torch.tensor([mine], device=accelerator.device)).cpu()
    return Verdict(
        loss=float(rows[:, 0].mean()),
        finite=bool(rows[:, 1].min()),
        signal=int(rows[:, 2].max()),
        time_up=bool(rows[:, 3].max()),
    )


def outlive_signals(worker: int) -> None:
    """Start of a loader process: a signal to the whole group must not cost the step in progress.

    The main process ends its workers. SIGTERM leaves them some seconds for the case that it cannot.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: signal.alarm(WORKER_GRACE_SECONDS))
