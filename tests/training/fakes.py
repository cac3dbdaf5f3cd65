"""A model, objectives and data so small that the loop itself is what is tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from data.dataset import Segment
from data.loader import build_loader
from models.objectives import Losses, Media, Objective
from training.settings import STAGE_ORDER, CommandLine, TrainSettings
from utils import UserError, counter_rng

NUM_SAMPLES = 8


class Part(nn.Module):
    """A layer with dropout and a running statistic."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(NUM_SAMPLES, NUM_SAMPLES)
        self.dropout = nn.Dropout(0.2)
        self.register_buffer("mean", torch.zeros(NUM_SAMPLES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(self.dropout(x))


class FakeModel(nn.Module):
    """A part per stage, but for the decoder's, which is the codec's."""

    def __init__(self) -> None:
        super().__init__()
        self.codec, self.score_codec = Part(), Part()
        self.transcriber, self.planner = Part(), Part()
        self.composer, self.performer = Part(), Part()
        self.trained: set[str] = set()


class FakeObjective(Objective):
    """Denoises audio; `on_call`, when set, sees every training batch and may spoil its loss."""

    part = "codec"
    noise = 0.1
    on_call = None
    on_validate = None

    def __init__(self, model: FakeModel) -> None:
        super().__init__(model)
        self.gain = nn.Parameter(torch.randn(1))

    @classmethod
    def trained(cls, model: FakeModel) -> nn.Module:
        return getattr(model, cls.part)

    @staticmethod
    def prepare_data(model: FakeModel, dataset: Any, settings: Any) -> Any:
        settings.poll()
        return dataset

    def forward(self, batch, generator: torch.Generator) -> Losses:
        part = self.trained(self.model)
        clean = batch.audio
        noisy = clean + self.noise * torch.randn(clean.shape, generator=generator)
        if self.training:
            part.mean += 0.1 * (clean.mean((0, 1)) - part.mean)
        loss = (self.gain * part(noisy) - clean).square().mean()
        hook = type(self).on_call if self.training else type(self).on_validate
        factor = hook(batch) if hook else None
        loss = loss if factor is None else loss * factor
        return Losses(loss, {"error": loss.detach()})

    def media(self, batch, generator: torch.Generator) -> Media:
        return Media(
            {"tone": torch.rand(64, generator=generator)}, {"square": np.zeros((4, 4, 3), np.uint8)}
        )


def objective_class(part_name: str) -> type[FakeObjective]:
    """A fresh class for a part, so that hooks of one test are not seen by another."""
    return type("Fake", (FakeObjective,), {"part": part_name})


@dataclass
class FakeDataset:
    """Segment i of epoch e by counting, as `SegmentDataset`; keeps what was asked for."""

    count: int = 20
    seed: int = 0

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Segment:
        epoch, i = divmod(index, self.count)
        audio = counter_rng(self.seed, epoch, i).standard_normal((4, NUM_SAMPLES), np.float32)
        ones = torch.ones(4, dtype=torch.bool)
        return Segment(f"song {index}", float(i), ones, ones, audio=torch.from_numpy(audio))


class FakeProject:
    """Stands in for `training.project.Project`."""

    parts = {stage: stage for stage in STAGE_ORDER} | {"decoder": "codec", "score": "score_codec"}

    def __init__(self, *, validation: bool = True) -> None:
        self.objectives = {s: objective_class(p) for s, p in self.parts.items()}
        self.validation = validation
        self.models: list[FakeModel] = []

    def check(self, settings: TrainSettings) -> None:
        pass

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        return {"preset": settings.preset, "width": settings.hidden_dim or NUM_SAMPLES}

    def model(self, config: dict[str, Any]) -> FakeModel:
        self.models.append(FakeModel())
        self.models[-1].config = config
        return self.models[-1]

    def load(self, path: str) -> FakeModel:
        state = torch.load(path, weights_only=True)
        model = self.model(state["config"])
        model.load_state_dict(state["model"])
        return model

    def config_of(self, model: FakeModel) -> dict[str, Any]:
        return model.config

    def objective(self, stage: str, model: FakeModel) -> Objective:
        return self.objectives[stage](model)

    def dataset(self, settings: TrainSettings, split: str, objective: Objective) -> FakeDataset:
        if split == "validation" and not self.validation:
            raise UserError("no songs in validation")
        return FakeDataset(20 if split == "train" else 6, settings.seed + (split == "validation"))

    def loader(self, *arguments: Any, **options: Any) -> Any:
        return build_loader(*arguments, **options)


def command(folder, *given: str, **changes: Any) -> CommandLine:
    """Settings of a short run in a folder: 20 segments, 2 x 2 a step, 5 steps an epoch."""
    values = {
        "checkpoint_dir": str(folder / "checkpoints"),
        "log_dir": str(folder / "logs"),
        "stage": "codec",
        "device": "cpu",
        "threads": 1,
        "batch_size": 2,
        "num_workers": 0,
        "steps": 12,
        "lr": 1e-2,
        "warmup_steps": 3,
        "log_every": 5,
        "save_every": 4,
        "val_check_interval": 5.0,
        "val_batches": 2,
    }
    return CommandLine(TrainSettings(**values | changes), frozenset(given))
