"""What a training stage minimises; the file name is the stage's name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from utils import SEGMENT_FRAMES, UserError, did_you_mean, registered

if TYPE_CHECKING:
    from data.batch import Batch
    from models.harmonicflow import HarmonicFlow


@dataclass
class Losses:
    """A stage's loss: `total` is minimised, `parts` are logged (detached scalars)."""

    total: torch.Tensor
    parts: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass
class Media:
    """Things to hear and see in TensorBoard: name -> mono audio (t,), name -> image array (h, w,
    3) uint8.
    """

    audio: dict[str, torch.Tensor] = field(default_factory=dict)
    images: dict[str, np.ndarray] = field(default_factory=dict)


class Objective(nn.Module):
    """Base of a training stage: holds the whole model, trains one part of it.

    `fields` names what a batch must carry: fields of `Batch` ("audio", "roll", "sheet", "plan",
    "labels", "text", "mel", and the latents "sound" and "notes").
    `trained(model)` is the part that the optimiser and the moving average see. `lr_scale` is what
    the stage makes of the run's learning rate: small networks take larger steps. `num_frames` is
    the length of its training segments: a codec learns from many short ones. `quick(model)` names
    what takes `QUICK` times larger steps: linear maps whose effect is a small part of the error.
    """

    QUICK = 10.0

    fields: frozenset[str] = frozenset()
    lr_scale: float = 1.0
    num_frames: int = SEGMENT_FRAMES

    def __init__(self, model: HarmonicFlow) -> None:
        super().__init__()
        self.model = model
        model.requires_grad_(False)
        self.trained(model).requires_grad_(True)

    @staticmethod
    def trained(model: HarmonicFlow) -> nn.Module:
        raise TypeError("an objective names the module it trains")

    @staticmethod
    def quick(model: HarmonicFlow) -> nn.Module | None:
        """The module inside the trained part that takes larger steps; None where there is none."""
        return None

    @staticmethod
    def own_data(split: str, seed: int) -> Any | None:
        """A data set that the stage makes by itself; None where it learns from songs."""
        return None

    @staticmethod
    def prepare_data(model: HarmonicFlow, dataset: Any, settings: Any) -> Any:
        """The data set to train on, made once from the plain one (a cache, say); here the plain
        one.

        `settings` is a `training.run.Preparation`.
        """
        return dataset

    def forward(self, batch: Batch, generator: torch.Generator) -> Losses:
        """Loss of a batch; all randomness comes from `generator` (on the CPU)."""
        raise TypeError("an objective computes a loss")

    def media(self, batch: Batch, generator: torch.Generator) -> Media:
        """What to show of a validation batch."""
        return Media()


class CachedObjective(Objective):
    """A stage that learns from segments encoded once and kept on disk: the fields that it names.

    Stages that name the same fields share a cache. `balanced`: rare music is read more often.
    `at_most`: segments that are enough where the settings do not say how many.
    """

    balanced = False
    at_most: int | None = None

    @classmethod
    def prepare_data(cls, model: HarmonicFlow, dataset: Any, settings: Any) -> Any:
        from data.latent_cache import LatentCache

        how = {"balanced": cls.balanced, "at_most": cls.at_most}
        return LatentCache.build(model, dataset, settings, cls.fields, **how)


def mean_error(error: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Mean of errors (b s l d) over the frames counted (b s l) bool; 0 when there are none."""
    counted = counted[..., None].to(error.dtype)
    return (error * counted).sum() / (counted.sum() * error.shape[-1]).clamp_min(1.0)


def grey_picture(shades: torch.Tensor) -> np.ndarray:
    """Shades (n h w), 0 black to 1 white, one above the other as an (h', w, 3) uint8 picture."""
    rows = (shades.clamp(0.0, 1.0).flatten(0, 1) * 255).byte()
    return rows[..., None].expand(-1, -1, 3).numpy()


def stages() -> list[str]:
    """Names of all training stages."""
    return registered(Path(__file__).parent)


def objective_class(stage: str) -> type[Objective]:
    """Class `<Stage>Objective` in the file of that name."""
    if stage not in stages():
        raise UserError(f"unknown stage '{stage}': {did_you_mean(stage, stages())}")
    module = importlib.import_module(f"models.objectives.{stage}")
    return getattr(module, f"{stage.capitalize()}Objective")


def build_objective(stage: str, model: HarmonicFlow) -> Objective:
    """The objective of a stage."""
    return objective_class(stage)(model)
