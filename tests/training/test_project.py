"""A stage that makes its own data needs no songs, and runs through the real loop."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from data.pictures.dataset import PictureDataset
from models.encoders.visual import VisualConfig, VisualEncoder
from models.objectives.visual import VisualObjective
from models.postprocessing.mixing.network import load_mixer
from models.preprocessing.separation import load_separator
from training.checkpoints import load_checkpoint
from training.project import GenreProject, MixerProject, Project, SeparatorProject, project_of
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


class SongProject(MixerProject):
    """The mixer's project with a narrow mixer and short songs."""

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        return {"width": 16}

    def dataset(self, settings: TrainSettings, split: str, objective: Any) -> Any:
        objective.num_frames = 32
        return super().dataset(settings, split, objective)


def test_the_mixing_stage_trains_a_model_of_its_own(tmp_path):
    """Its checkpoint is a mixer, from which another run begins."""
    assert isinstance(project_of("mixing"), MixerProject)
    assert type(project_of("all")) is type(project_of("visual")) is Project
    flags = "--stage mixing --source arranger --steps 1 --batch_size 2 --num_workers 0 --device cpu"
    flags += " --grad_accum_steps 1 --warmup_steps 0 --val_batches 1"
    folders = ["--checkpoint_dir", f"{tmp_path}/c", "--log_dir", f"{tmp_path}/l"]
    train(parse_arguments([*flags.split(), *folders]), SongProject())
    mixer = load_mixer(tmp_path / "c" / "best.pt")
    assert mixer.width == 16 and mixer.heads.bias.abs().sum() > 0
    begun = SongProject().load(str(tmp_path / "c" / "best.pt"))
    assert SongProject().config_of(begun) == {"width": 16}
    assert torch.equal(begun.mixer.heads.bias, mixer.heads.bias)
    with pytest.raises(UserError, match="holds no mixer"):
        SongProject().load(str(tmp_path / "nowhere.pt"))


def test_the_genre_stage_names_a_genre_and_no_other_stage_does(capsys):
    assert isinstance(project_of("genre"), GenreProject)
    settings = TrainSettings(source="arranger", stage="genre")
    for name, words in ((None, "add --genre with pop, soul"), ("a b", "use small letters")):
        with pytest.raises(UserError, match=words):
            GenreProject().check(replace(settings, genre=name))
    with pytest.raises(UserError, match="belongs to --stage genre"):
        Project().check(replace(settings, stage="composer", genre="rock"))
    GenreProject().check(replace(settings, genre="rock"))
    assert not capsys.readouterr().out
    GenreProject().check(replace(settings, genre="bosa-nova"))
    assert "a genre of your own" in capsys.readouterr().out


class ShortProject(SeparatorProject):
    """The separator's project with short songs."""

    def dataset(self, settings: TrainSettings, split: str, objective: Any) -> Any:
        objective.num_frames = 16
        return super().dataset(settings, split, objective)


def test_the_separation_stage_trains_a_model_of_its_own(tmp_path):
    """Its checkpoint is a separator of the preset's size, from which another run begins."""
    assert isinstance(project_of("separation"), SeparatorProject)
    flags = "--stage separation --source arranger --steps 1 --batch_size 2 --num_workers 0"
    flags += " --preset tiny --device cpu --grad_accum_steps 1 --warmup_steps 0 --val_batches 1"
    folders = ["--checkpoint_dir", f"{tmp_path}/c", "--log_dir", f"{tmp_path}/l"]
    train(parse_arguments([*flags.split(), *folders]), ShortProject())
    separator = load_separator(tmp_path / "c" / "best.pt")
    assert (separator.config.width, separator.config.depth) == (16, 2)
    assert separator.write.biases[0].abs().sum() > 0
    begun = ShortProject().load(str(tmp_path / "c" / "best.pt"))
    assert ShortProject().config_of(begun) == {"width": 16, "depth": 2}
