"""The validation loss: fixed segments, fixed noise, averaged weights."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, field

import torch
from accelerate import Accelerator

from models.objectives import Media
from training.learner import Learner
from training.logging import Mean
from training.runtime import Verdict, agree, step_rng
from training.signals import Stopped, StopSignals
from training.stage_data import StageData
from utils import eval_mode


@dataclass
class Validation:
    """Mean loss over all processes, its parts in this one, and something to hear and see."""

    loss: float
    parts: dict[str, float] = field(default_factory=dict)
    media: Media = field(default_factory=Media)


def validate(learner: Learner, data: StageData, stage: str, signals: StopSignals) -> Validation:
    """Loss of the averaged weights on the first validation segments, the same every time.

    Media show the first batch, in the main process.

    Raises:
        Stopped: a signal came to one of the processes.
    """
    accelerator, seed = learner.accelerator, learner.settings.seed
    count = num_batches(data, learner.settings.val_batches, accelerator.num_processes)
    batches = data.batches(data.validation, accelerator, start_index=0, num_batches=count)
    means, media = Mean(), Media()
    with learner.ema.swapped(), eval_mode(learner.objective), contextlib.closing(batches):
        for i, batch in enumerate(batches):
            rng = step_rng(seed, f"{stage}/validation", i, accelerator.process_index)
            losses = learner.objective(batch, rng)
            means.add({"total": losses.total.float(), **losses.parts}, len(batch))
            if i == 0 and accelerator.is_main_process:
                with accelerator.autocast():
                    media = learner.objective.media(batch, step_rng(seed, f"{stage}/media"))
            _stop_together(accelerator, signals)
    return _result(means.take(), media, accelerator)


def num_batches(data: StageData, wanted: int, num_processes: int) -> int:
    """Validation batches per process: as wanted, no segment twice, at least one."""
    whole = len(data.validation) // (data.batch_size * num_processes)
    return max(1, min(wanted, whole))


def _stop_together(accelerator: Accelerator, signals: StopSignals) -> None:
    verdict = agree(accelerator, Verdict(0.0, True, signals.received, False))
    if verdict.signal:
        raise Stopped(verdict.signal)


def _result(parts: dict[str, float], media: Media, accelerator: Accelerator) -> Validation:
    total = torch.tensor([parts.pop("total", math.nan)], device=accelerator.device)
    loss = float(accelerator.reduce(total, "mean"))
    return Validation(loss, parts, media)
