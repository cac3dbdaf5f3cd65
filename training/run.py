"""A training run: the stages one after another, from what was asked for and what is saved.

Each stage begins with the model as the stages before left it, their averaged weights in place.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.objectives import Objective
from training.checkpoints import CheckpointFolder, load_checkpoint
from training.logging import TrainingLog
from training.loop import Run, StageLoop
from training.project import Project
from training.runtime import build_accelerator, on_main, step_rng
from training.schedule import time_share
from training.settings import CommandLine, TrainSettings, save_settings
from training.signals import StopSignals
from training.stage_data import StageData
from utils import UserError

SIZE_FLAGS = frozenset({"preset", "hidden_dim", "latent_dim"})


@dataclass(frozen=True)
class Preparation:
    """What `Objective.prepare_data` may know: where to keep latents, how many, and when to stop.

    `poll()` raises when a signal came; call it in every loop. `main_process`: writes the cache.
    """

    cache_dir: Path
    cache_segments: int
    batch_size: int
    num_workers: int
    seed: int
    device: torch.device
    poll: Callable[[], None]
    main_process: bool = True


def train(command: CommandLine, project: Project) -> None:
    """Runs all stages asked for.

    Raises:
        Stopped: a signal came; what was learned is saved.
        UserError: something the user can mend.
    """
    settings = command.settings
    with StopSignals() as signals:
        accelerator = build_accelerator(settings)
        try:
            checkpoints = CheckpointFolder(settings.checkpoint_dir, settings.keep_last)
            path = on_main(accelerator, lambda: _begin(settings, checkpoints))
            project.check(settings)
            saved = load_checkpoint(path) if path else None
            model = _build_model(command, project, saved)
            purge = saved["step"] + 1 if saved else None
            main = accelerator.is_main_process
            log = TrainingLog(settings.log_dir, enabled=main, purge_step=purge)
            config = project.config_of(model)
            with contextlib.closing(log):
                run = Run(settings, accelerator, checkpoints, log, signals, config)
                _run_stages(run, project, model, saved)
        finally:
            accelerator.end_training()


def _begin(settings: TrainSettings, checkpoints: CheckpointFolder) -> Path | None:
    """The checkpoint to go on from; None for a new run, which never mixes with an old one."""
    if settings.resume:
        return checkpoints.newest_valid()
    if checkpoints.holds_run():
        raise UserError(
            f"'{settings.checkpoint_dir}' holds a run already: go on with --resume, or choose "
            "another --checkpoint_dir (with --init_from to begin from its weights)"
        )
    checkpoints.sweep()
    return None


def _build_model(command: CommandLine, project: Project, saved: dict[str, Any] | None) -> nn.Module:
    """The model to train: saved, given or new.

    Raises:
        UserError: the size asked for is not that of the saved or given model.
    """
    settings = command.settings
    if saved is None and settings.init_from is None:
        step_rng(settings.seed, "model")
        return project.model(project.config(settings))
    if saved is not None:
        if "init_from" in command.given:
            print(
                "--init_from is ignored: --resume goes on with the run's weights", file=sys.stderr
            )
        model = project.model(saved["config"])
        model.load_state_dict(saved["model"])
    else:
        model = project.load(settings.init_from)
    asked = command.given & SIZE_FLAGS
    if asked and project.config(settings) != project.config_of(model):
        flags = ", ".join(f"--{name}" for name in sorted(asked))
        raise UserError(f"{flags}: the checkpoint's model has another size; leave these flags out")
    return model


def _run_stages(run: Run, project: Project, model: nn.Module, saved: dict[str, Any] | None) -> None:
    """Trains the stages that remain, each from the averaged weights of the one before."""
    limit = math.inf if run.settings.time_limit is None else 60.0 * run.settings.time_limit
    end = time.monotonic() + limit
    stages, step = _remaining(run.settings, saved), saved["step"] if saved else 0
    if saved and saved["stage"] != stages[0]:
        fold_average(model, saved["ema"])
        saved = None
    for i, stage in enumerate(stages):
        objective, data = _stage(run, project, stage, model)
        on_main(run.accelerator, lambda: save_settings(run.settings))
        now = time.monotonic()
        deadline = now + (end - now) * time_share(stage, stages[i:])
        loop = StageLoop(run, stage, objective, data, deadline=deadline, final=stage == stages[-1])
        loop.position.step = step
        if saved:
            loop.load(saved)
        loop.run()
        loop.learner.ema.fold()
        step, saved = loop.position.step, None
        run.accelerator.free_memory()


def _remaining(settings: TrainSettings, saved: dict[str, Any] | None) -> list[str]:
    """Stages still to run; a stage by its own name is always run on."""
    stages = settings.stages()
    if saved is None or settings.stage != "all" or saved["stage"] not in stages:
        return stages
    here = stages.index(saved["stage"])
    return stages[here + 1 :] if saved["complete"] and stages[here + 1 :] else stages[here:]


def fold_average(model: nn.Module, average: dict[str, torch.Tensor]) -> None:
    """Writes averaged weights into a model."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in average:
                parameter.copy_(average[name])


def _stage(run: Run, project: Project, stage: str, model: nn.Module) -> tuple[Objective, StageData]:
    """A stage's objective, on the run's device, and its data, prepared."""
    settings, accelerator = run.settings, run.accelerator
    step_rng(settings.seed, stage)
    objective = project.objective(stage, model).to(accelerator.device)
    train = project.dataset(settings, "train", objective)
    validation = _validation_data(run, project, objective)
    with run.signals.deferred(), accelerator.main_process_first():
        train = objective.prepare_data(model, train, _preparation(run, "train"))
        if validation is not None:
            validation = objective.prepare_data(model, validation, _preparation(run, "validation"))
    data = StageData(train, validation, project.loader, settings.batch_size, settings.num_workers)
    return objective, data


def _validation_data(run: Run, project: Project, objective: Objective) -> Any | None:
    """Validation segments; None, with a word about it, when there are none."""
    if run.settings.val_check_interval == 0:
        return None
    try:
        return project.dataset(run.settings, "validation", objective)
    except UserError as error:
        if run.accelerator.is_main_process:
            print(f"no validation, so best.pt is the last checkpoint: {error}", file=sys.stderr)
        return None


def _preparation(run: Run, split: str) -> Preparation:
    settings, accelerator = run.settings, run.accelerator
    folder = Path(settings.cache_dir or Path(settings.checkpoint_dir) / "latents")
    validated = settings.val_batches * settings.batch_size * accelerator.num_processes
    return Preparation(
        cache_dir=folder / split,
        cache_segments=settings.cache_segments if split == "train" else validated,
        batch_size=settings.batch_size,
        num_workers=settings.num_workers,
        seed=settings.seed,
        device=accelerator.device,
        poll=run.signals.poll,
        main_process=accelerator.is_main_process,
    )
