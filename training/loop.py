"""The training loop: one for every stage.

A stage is an objective, its data and a place to stand (`Position`). Data order and randomness are
functions of that place, so a run that was cut anywhere and resumed equals one that was not, bit for
bit, on the same machine with the same number of threads.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from accelerate import Accelerator
from accelerate.utils import gather_object

from data.batch import Batch
from models.objectives import Objective
from training.checkpoints import CheckpointFolder
from training.learner import Gradient, Learner
from training.logging import Mean, Progress, TrainingLog
from training.runtime import Verdict, agree, on_main, step_rng
from training.schedule import total_steps, validation_interval
from training.settings import TrainSettings
from training.signals import Stopped, StopSignals
from training.stage_data import StageData
from training.validation import validate
from utils import VERSION, UserError

MAX_BAD_STEPS = 10


@dataclass
class Position:
    """Where a run stands: everything that a resumed run needs besides tensors.

    step: optimiser steps of all stages of the run; stage_step: of this stage. segments: those this
    stage has consumed. best: lowest validation loss of the stage. validated: False when the
    validation of this step was cut off. bad_steps: non-finite steps in a row. loss: of the last
    step. complete: the stage is over and the next may begin.
    """

    step: int = 0
    stage_step: int = 0
    segments: int = 0
    best: float | None = None
    validated: bool = True
    bad_steps: int = 0
    loss: float = 0.0
    complete: bool = False


@dataclass
class Run:
    """What all stages of a run share; `config` is the model's, for the checkpoints."""

    settings: TrainSettings
    accelerator: Accelerator
    checkpoints: CheckpointFolder
    log: TrainingLog
    signals: StopSignals
    config: dict[str, Any] = field(default_factory=dict)


class StageLoop:
    """Trains one stage from a position to its end.

    Args:
        run: shared by all stages.
        stage: its name.
        objective: loss and trained part.
        data: where batches come from.
        deadline: `time.monotonic()` at which to end the stage early.
        final: no other stage follows, so one that ran out of time may go on another day.
    """

    def __init__(
        self,
        run: Run,
        stage: str,
        objective: Objective,
        data: StageData,
        *,
        deadline: float = math.inf,
        final: bool = True,
    ) -> None:
        self.shared, self.stage, self.data = run, stage, data
        self.settings, self.accelerator = run.settings, run.accelerator
        self.position = Position()
        self.deadline, self.final = deadline, final
        self._count_steps()
        self.learner = Learner(objective, self.settings, self.accelerator, self.total)
        self._means = Mean()
        self._saved_at: int | None = None

    def _count_steps(self) -> None:
        """How many steps the stage has, and how many lie between validations."""
        settings, count = self.settings, len(self.data.train)
        self.step_segments = (
            settings.batch_size * settings.grad_accum_steps * self.accelerator.num_processes
        )
        self.total = total_steps(settings.steps, settings.epochs, count, self.step_segments)
        interval = validation_interval(settings.val_check_interval, count, self.step_segments)
        self.validate_every = interval if self.data.validation is not None else 0

    def load(self, state: dict[str, Any]) -> None:
        """Goes back to where a checkpoint of this stage was written."""
        self.learner.load_state_dict(state)
        self.position = Position(**{f.name: state[f.name] for f in fields(Position)})
        self._saved_at = self.position.step

    def run(self) -> None:
        """Trains until the stage is complete or its time is up, validates and saves.

        Raises:
            Stopped: a signal came; the state is saved.
            UserError: too many non-finite steps, or the disk is full.
        """
        self.progress = Progress(
            self.stage,
            total=self.total,
            start=self.position.stage_step,
            enabled=self.accelerator.is_main_process,
        )
        with (
            self.shared.signals.deferred(),
            contextlib.closing(self.progress),
            contextlib.closing(self._batches()) as batches,
        ):
            self._announce()
            if self._validate_if_due():
                self._save(best=True)
            time_up = False
            while self.position.stage_step < self.total and not time_up:
                time_up = self._step(batches)
            self._finish()

    def _announce(self) -> None:
        place, millions = self.position, sum(p.numel() for p in self.learner.parameters) / 1e6
        place.complete = place.complete and place.stage_step >= self.total
        self.progress.say(
            f"{self.stage}: {millions:.2f} M parameters, {len(self.data.train)} segments, step "
            f"{place.stage_step} of {self.total}, on {self.accelerator.device}"
        )

    def _batches(self) -> Iterator[Batch]:
        """Batches of this process from the position to the stage's end."""
        remaining = max(0, self.total - self.position.stage_step)
        return self.data.batches(
            self.data.train,
            self.accelerator,
            start_index=self.position.segments,
            num_batches=remaining * self.settings.grad_accum_steps,
        )

    def _step(self, batches: Iterator[Batch]) -> bool:
        """One optimiser step and what is due after it; True when the time is up."""
        place, rank = self.position, self.accelerator.process_index
        seed, step = self.settings.seed, place.stage_step
        gradient = self.learner.gradient(
            batches, lambda i: step_rng(seed, self.stage, step, i, rank)
        )
        time_up = time.monotonic() > self.deadline
        signal = self.shared.signals.received
        verdict = agree(self.accelerator, Verdict(gradient.loss, gradient.finite, signal, time_up))
        place.step += 1
        place.stage_step += 1
        place.segments += self.step_segments
        if verdict.finite:
            self._learn(gradient, verdict.loss)
        else:
            self._skip(gradient)
        self._after_step(verdict)
        return verdict.time_up

    def _learn(self, gradient: Gradient, loss: float) -> None:
        """The gradient reaches the weights and the log."""
        self.position.loss, self.position.bad_steps = loss, 0
        self._means.add({"loss": loss, **gradient.parts, "grad_norm": gradient.norm})
        self.learner.apply()
        self.progress.step(self.position.stage_step, self.step_segments, loss)

    def _skip(self, gradient: Gradient) -> None:
        """A non-finite gradient reaches nothing but `nonfinite.jsonl`."""
        self.learner.skip()
        place = self.position
        place.bad_steps += 1
        record = {"loss": str(gradient.loss), "grad_norm": str(gradient.norm)}
        record |= {"songs": gradient.songs, "starts": gradient.starts}
        records = gather_object([record])
        where = {"stage": self.stage, "step": place.step, "stage_step": place.stage_step}
        self.shared.log.nonfinite({**where, "processes": records})
        self.progress.say(f"step {place.stage_step}: loss or gradient is not finite, step skipped")
        if place.bad_steps >= MAX_BAD_STEPS:
            raise UserError(
                f"{place.bad_steps} steps in a row were not finite (listed in "
                f"{self.shared.log.folder}/nonfinite.jsonl); the last checkpoint is healthy: go on "
                "with --resume and a lower --lr, or without --mixed_precision"
            )

    def _after_step(self, verdict: Verdict) -> None:
        """Log, validation, checkpoint, signal: in the order in which a resumed run repeats them."""
        place, settings = self.position, self.settings
        every = self.validate_every
        complete = place.stage_step >= self.total
        place.validated = not every or not (complete or place.stage_step % every == 0)
        if place.stage_step % settings.log_every == 0:
            self._log()
        if verdict.signal:
            self._save()
            raise Stopped(verdict.signal)
        if self._validate_if_due():
            self._save(best=True)
        elif place.stage_step % settings.save_every == 0:
            self._save()

    def _log(self) -> None:
        place, values = self.position, self._means.take()
        values |= {
            "learning_rate": self.learner.learning_rate,
            "samples_per_second": self.progress.samples_per_second,
            "epoch": place.segments / len(self.data.train),
        }
        self.shared.log.scalars(f"{self.stage}/train", values, place.step)
        self.progress.line(place.stage_step, values)

    def _validate_if_due(self) -> bool:
        """Validates unless this step has been; True when it is the stage's best so far."""
        place, log = self.position, self.shared.log
        if place.validated:
            return False
        try:
            result = validate(self.learner, self.data, self.stage, self.shared.signals)
        except Stopped:
            self._save()
            raise
        place.validated = True
        log.scalars(f"{self.stage}/validation", {"loss": result.loss, **result.parts}, place.step)
        log.media(f"{self.stage}/validation", result.media, place.step)
        log.flush()
        self.progress.say(f"{self.stage}  step {place.stage_step}: validation {result.loss:.5g}")
        self.progress.pause()
        improved = result.loss < (math.inf if place.best is None else place.best)
        place.best = result.loss if improved else place.best
        return improved

    def _finish(self) -> None:
        """The last validation and checkpoint; without validation the last is the best."""
        place = self.position
        if self._saved_at == place.step and place.complete:
            return
        place.complete = not self.final or place.stage_step >= self.total
        if self.validate_every and place.stage_step < self.total:
            place.validated = False
        improved = self._validate_if_due()
        self._save(best=improved or not self.validate_every)

    def _save(self, *, best: bool = False) -> None:
        """Everything into the checkpoint folder, by the main process."""
        place = self.position
        state = {
            **self.learner.state_dict(),
            **asdict(place),
            "epoch": place.segments // len(self.data.train),
            "stage": self.stage,
            "config": self.shared.config,
            "settings": asdict(self.settings),
            "version": VERSION,
        }
        on_main(self.accelerator, lambda: self.shared.checkpoints.save(state, best=best) and None)
        self._saved_at = place.step
        self.progress.pause()
