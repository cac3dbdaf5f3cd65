"""A stage that makes its own data needs no songs, and runs through the real loop."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from data.pictures.dataset import PictureDataset
from models.encoders.visual import VisualConfig, VisualEncoder
from models.objectives.visual import VisualObjective
from training.checkpoints import load_checkpoint
from training.project import Project
from training.run import train
from training.settings import TrainSettings, parse_arguments
from utils import UserError


class Viewer(nn.Module):
    """A model that can only see."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = VisualEncoder(VisualConfig(16, (6, 8), 16, 2, 3))
        self.trained: set[str] = set()


class ViewerProject(Project):
    """The project with a smaller model and fewer pictures."""

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        return {}

    def model(self, config: dict[str, Any]) -> nn.Module:
        return Viewer()

    def config_of(self, model: nn.Module) -> dict[str, Any]:
        return {}

    def dataset(self, settings: TrainSettings, split: str, objective: Any) -> Any:
        data = super().dataset(settings, split, objective)
        data.count = 8
        return data


def test_songs_are_needed_by_the_stages_that_learn_from_them(tmp_path):
    settings = TrainSettings(data_dir=str(tmp_path / "nothing"))
    Project().check(replace(settings, stage="visual"))
    for stage in ("all", "planner"):
        with pytest.raises(UserError):
            Project().check(replace(settings, stage=stage))


def test_own_data_by_split_and_seed():
    settings, objective = TrainSettings(seed=7), VisualObjective(Viewer())
    data = {split: Project().dataset(settings, split, objective) for split in ("train", "other")}
    assert all(isinstance(d, PictureDataset) and d.seed == 7 for d in data.values())
    assert data["train"].augment and not data["other"].augment


def test_the_visual_stage_trains_validates_and_saves(tmp_path):
    flags = "--stage visual --steps 2 --batch_size 4 --num_workers 0 --device cpu --warmup_steps 1"
    folders = ["--checkpoint_dir", f"{tmp_path}/c", "--log_dir", f"{tmp_path}/l"]
    train(parse_arguments([*flags.split(), *folders]), ViewerProject())
    saved = load_checkpoint(tmp_path / "c" / "best.pt")
    assert saved["stage"] == "visual" and saved["stage_step"] == 2
    before = VisualEncoder(VisualConfig(16, (6, 8), 16, 2, 3)).state_dict()
    assert saved["model"].keys() == {f"visual.{name}" for name in before}
    assert torch.isfinite(torch.tensor(saved["best"]))
