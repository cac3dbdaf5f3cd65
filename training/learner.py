"""An objective with its optimiser, schedule and moving average: one step, and its state."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn

from data.batch import Batch
from models.objectives import Objective
from training.ema import EMA
from training.schedule import learning_rate_factor
from training.settings import TrainSettings


@dataclass
class Gradient:
    """What a backward pass found: loss and its parts, norm before clipping, the segments."""

    loss: float
    norm: float
    parts: dict[str, torch.Tensor] = field(default_factory=dict)
    songs: list[str] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)

    @property
    def finite(self) -> bool:
        return math.isfinite(self.loss) and math.isfinite(self.norm)


class Learner:
    """Learns by `gradient()` and then `apply()`, or `skip()` when the gradient is not finite.

    Args:
        objective: loss and trained part; moved to the accelerator's device.
        settings: learning rate, clipping, accumulation, decay.
        accelerator: distribution and precision.
        total_steps: length of the schedule.
    """

    def __init__(
        self,
        objective: Objective,
        settings: TrainSettings,
        accelerator: Accelerator,
        total_steps: int,
    ) -> None:
        self.settings, self.accelerator, self.total_steps = settings, accelerator, total_steps
        self.objective = objective.to(accelerator.device)
        self.model = objective.model
        self.set_mode()
        self.ema = EMA(self.model, settings.ema_decay)
        self.parameters = [p for p in objective.parameters() if p.requires_grad]
        self.peak_rate = settings.lr * objective.lr_scale
        optimiser = torch.optim.AdamW(
            self._groups(), lr=self.peak_rate, weight_decay=settings.weight_decay
        )
        self._wrapped, self.optimiser = accelerator.prepare(objective, optimiser)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, self._rate_factor)
        self._buffers = trained_buffers(objective)
        self._buffers_before: list[torch.Tensor] = []

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters by the size of their steps: the stage's own, then those that are quick."""
        quick = self.objective.quick(self.model)
        fast = set() if quick is None else set(quick.parameters())
        fast &= set(self.parameters)
        usual = [p for p in self.parameters if p not in fast]
        groups = [{"params": usual, "lr": self.peak_rate}]
        if fast:
            rate = self.objective.QUICK * self.peak_rate
            groups.append({"params": [p for p in self.parameters if p in fast], "lr": rate})
        return groups

    def set_mode(self) -> None:
        """Training mode for what trains, evaluation mode for the rest of the model."""
        self.objective.train()
        self.model.eval()
        self.objective.trained(self.model).train()

    @property
    def learning_rate(self) -> float:
        """Of the next step."""
        return self.schedule.get_last_lr()[0]

    def _rate_factor(self, step: int) -> float:
        settings = self.settings
        return learning_rate_factor(
            step,
            total=self.total_steps,
            warmup=settings.warmup_steps,
            kind=settings.lr_schedule,
        )

    def gradient(self, batches: Iterator[Batch], rng: Callable[[int], torch.Generator]) -> Gradient:
        """Gradient of the mean loss over the next `grad_accum_steps` batches, clipped.

        Args:
            rng: randomness of the i-th of them.
        """
        self._buffers_before = [b.clone() for b in self._live_buffers()]
        count = self.settings.grad_accum_steps
        found, losses = Gradient(0.0, 0.0), []
        for i in range(count):
            batch = next(batches)
            last = i == count - 1
            sync = contextlib.nullcontext() if last else self.accelerator.no_sync(self._wrapped)
            with sync:
                result = self._wrapped(batch, rng(i))
                self.accelerator.backward(result.total / count)
            losses.append(result.total.detach().float())
            for name, value in result.parts.items():
                found.parts[name] = found.parts.get(name, 0.0) + value / count
            found.songs += batch.song
            found.starts += batch.start
        limit = self.settings.clip_grad_norm or math.inf
        found.norm = float(self.accelerator.clip_grad_norm_(self.parameters, limit))
        found.loss = float(torch.stack(losses).mean())
        return found

    def apply(self) -> None:
        """The optimiser's step, the average's, the schedule's."""
        self._mark_trained()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self._average_buffers()
        self.ema.update()
        self.schedule.step()

    def _mark_trained(self) -> None:
        """The model's own record of which of its parts are more than random numbers."""
        part = self.objective.trained(self.model)
        names = [name for name, child in self.model.named_children() if child is part]
        self.model.trained.update(names)

    def skip(self) -> None:
        """Forgets a gradient; weights, buffers, average and schedule stay as they were."""
        self.optimiser.zero_grad()
        if self.accelerator.scaler is not None:
            self.accelerator.scaler.update()
        for buffer, before in zip(self._live_buffers(), self._buffers_before, strict=True):
            buffer.copy_(before)

    def _live_buffers(self) -> list[torch.Tensor]:
        return [getattr(module, name) for module, name in self._buffers]

    def _average_buffers(self) -> None:
        """Running statistics are the mean over processes, so that all hold the same model."""
        if self.accelerator.num_processes > 1:
            for buffer in self._live_buffers():
                buffer.copy_(self.accelerator.reduce(buffer, "mean"))

    def state_dict(self) -> dict[str, Any]:
        """The learner's part of a checkpoint: plain values and tensors."""
        own = {k: v for k, v in self.objective.state_dict().items() if not k.startswith("model.")}
        scaler = self.accelerator.scaler
        return {
            "model": dict(self.model.state_dict()),
            "ema": self.ema.state_dict(),
            "ema_updates": self.ema.updates,
            "objective": own,
            "optimizer": self.optimiser.state_dict(),
            "scheduler": self.schedule.state_dict(),
            "scaler": None if scaler is None else scaler.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes in a checkpoint of the same stage; rate and decay of the settings stay in force."""
        self.model.load_state_dict(state["model"])
        self.objective.load_state_dict(state["objective"], strict=False)
        self.ema.load_state_dict(state["ema"], state["ema_updates"])
        self.optimiser.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["scheduler"])
        if self.accelerator.scaler is not None and state["scaler"]:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        peaks = [group["lr"] for group in self._groups()]
        factor = self._rate_factor(self.schedule.last_epoch)
        self.schedule.base_lrs = peaks
        self.schedule._last_lr = [peak * factor for peak in peaks]
        for group, peak in zip(self.optimiser.param_groups, peaks, strict=True):
            decay = self.settings.weight_decay
            group.update(lr=peak * factor, initial_lr=peak, weight_decay=decay)


def trained_buffers(objective: Objective) -> list[tuple[nn.Module, str]]:
    """Where the running statistics of the trained part and of the objective itself live."""
    trained = set(objective.trained(objective.model).modules())
    frozen = set(objective.model.modules()) - trained
    return [
        (module, name)
        for module in objective.modules()
        if module not in frozen
        for name, buffer in module.named_buffers(recurse=False)
        if name not in module._non_persistent_buffers_set and buffer.is_floating_point()
    ]
