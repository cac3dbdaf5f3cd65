"""What a training run is made of: model, objectives, data; tests bring something smaller."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn

from models.objectives import Objective
from training.settings import TrainSettings
from utils import RELEASE, UserError, did_you_mean


class Project:
    """HarmonicFlow's own parts, each imported when it is asked for."""

    def check(self, settings: TrainSettings) -> None:
        """Raises `UserError` when there is nothing to train on, before anything is built."""
        from data.sources import guess_source
        from models.objectives import objective_class

        self.check_genre(settings)
        if settings.stage != "all" and objective_class(settings.stage).own_data("train", 0):
            return
        if settings.source is None:
            guess_source(settings.data_dir)

    def check_genre(self, settings: TrainSettings) -> None:
        """Raises `UserError` when a genre is named that nothing here learns from."""
        if settings.genre is not None:
            raise UserError(
                f"--genre {settings.genre} belongs to --stage genre, an adapter beside the "
                "composer: add it, or leave --genre out"
            )

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        """Configuration of a new model."""
        from models.presets import build

        sizes = {"hidden_dim": settings.hidden_dim, "latent_dim": settings.latent_dim}
        return build(settings.preset, **sizes).to_dict()

    def model(self, config: dict[str, Any]) -> nn.Module:
        """An untrained model of a configuration."""
        from models.harmonicflow import HarmonicFlow
        from models.presets import HarmonicFlowConfig

        return HarmonicFlow(HarmonicFlowConfig.from_dict(config))

    def load(self, path: str) -> nn.Module:
        """The model in a checkpoint or folder."""
        from models.harmonicflow import HarmonicFlow

        return HarmonicFlow.from_pretrained(path)

    def config_of(self, model: nn.Module) -> dict[str, Any]:
        """Configuration of a model, as `config` gives it."""
        return model.config.to_dict()

    def objective(self, stage: str, model: nn.Module) -> Objective:
        """What a stage minimises."""
        from models.objectives import build_objective

        return build_objective(stage, model)

    def dataset(self, settings: TrainSettings, split: str, objective: Objective) -> Any:
        """Segments of a split with what the objective needs; latents are made of audio and roll."""
        from data.dataset import SegmentDataset
        from data.sources import build_source, guess_source

        own = objective.own_data(split, settings.seed)
        if own is not None:
            return own
        wanted = set(objective.fields)
        wanted |= {"audio"} if wanted & {"sound", "mel"} else set()
        wanted |= {"roll"} if "notes" in wanted else set()
        name = settings.source or guess_source(settings.data_dir)
        return SegmentDataset(
            build_source(name, settings.data_dir, split),
            seed=settings.seed,
            fields=wanted,
            num_frames=objective.num_frames,
            augment=split == "train",
            quarantine=Path(settings.log_dir) / f"quarantine_{split}.jsonl",
        )

    def loader(self, *arguments: Any, **options: Any) -> Any:
        """Batches of a data set; `data.loader.build_loader`."""
        from data.loader import build_loader

        return build_loader(*arguments, **options)


class MixerProject(Project):
    """The mixer, which hears audio and needs nothing of HarmonicFlow: a model of its own."""

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        from models.postprocessing.mixing.network import WIDTH

        return {"width": WIDTH}

    def model(self, config: dict[str, Any]) -> nn.Module:
        from models.postprocessing.mixing.network import Mixer, MixerAlone

        return MixerAlone(Mixer(config["width"]))

    def load(self, path: str) -> nn.Module:
        from models.postprocessing.mixing.network import MixerAlone, load_mixer

        return MixerAlone(load_mixer(path))

    def config_of(self, model: nn.Module) -> dict[str, Any]:
        return {"width": model.mixer.width}


class SeparatorProject(Project):
    """The separator, which hears audio and needs nothing of HarmonicFlow: a model of its own."""

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        from models.preprocessing.separation.network import SIZES

        return asdict(SIZES[settings.preset])

    def model(self, config: dict[str, Any]) -> nn.Module:
        from models.preprocessing.separation.network import (
            Separator,
            SeparatorAlone,
            SeparatorConfig,
        )

        return SeparatorAlone(Separator(SeparatorConfig(**config)))

    def load(self, path: str) -> nn.Module:
        from models.preprocessing.separation.network import SeparatorAlone, load_separator

        return SeparatorAlone(load_separator(path))

    def config_of(self, model: nn.Module) -> dict[str, Any]:
        return asdict(model.separator.config)


class GenreProject(Project):
    """An adapter beside the composer of a model that is there already: the released one, or that of
    --init_from. Its checkpoints hold the adapter, the place of the base and its fingerprint.
    """

    def check_genre(self, settings: TrainSettings) -> None:
        """Raises when no genre is named; says so when it is none that the model knows."""
        from data.labels import GENRES, tagged

        name = settings.genre
        if name is None:
            raise UserError(
                f"--stage genre needs the genre of the songs: add --genre with {', '.join(GENRES)} "
                "or a name of your own"
            )
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            raise UserError(
                f"--genre '{name}' names files: use small letters, digits, - and _, such as "
                "bossa-nova"
            )
        if tagged({"genre": name})["genre"] < 0:
            hint = did_you_mean(name, GENRES)
            print(f"note: '{name}' is a genre of your own ({hint})")

    def config(self, settings: TrainSettings) -> dict[str, Any]:
        return {"base": str(RELEASE)}

    def model(self, config: dict[str, Any]) -> nn.Module:
        """A new adapter beside the model that lies where the configuration says.

        Raises:
            UserError: no model is there, or another one than the run began with.
        """
        model = self.load(config["base"])
        found = model.adapter.about.base
        if config.get("fingerprint", found) != found:
            raise UserError(
                f"{config['base']} holds other weights than those beside which this adapter began: "
                "put them back, or begin a new run in another --checkpoint_dir"
            )
        return model

    def load(self, path: str) -> nn.Module:
        """A new adapter beside the model in a checkpoint or folder."""
        from models.objectives.genre import GenreModel

        return GenreModel(super().load(path), path)

    def config_of(self, model: nn.Module) -> dict[str, Any]:
        return {"base": model.path, "fingerprint": model.adapter.about.base}

    def dataset(self, settings: TrainSettings, split: str, objective: Objective) -> Any:
        """The songs, all of them said to be of the genre, whose name the adapter takes.

        Raises:
            UserError: the adapter has another genre's name already.
        """
        from data.tagged import GenreSource

        adapter = objective.model.adapter
        if adapter.about.genre not in ("", settings.genre):
            raise UserError(
                f"this run is of {adapter.about.genre}, not of {settings.genre}: leave --genre "
                "out, or choose another --checkpoint_dir"
            )
        dataset = super().dataset(settings, split, objective)
        dataset.source = GenreSource(dataset.source, settings.genre)
        if split == "train":
            songs = dataset.source.num_songs
            adapter.about = replace(adapter.about, genre=settings.genre, songs=songs)
        return dataset


OWN_MODELS = {"mixing": MixerProject, "separation": SeparatorProject, "genre": GenreProject}


def project_of(stage: str) -> Project:
    """What trains a stage."""
    return OWN_MODELS.get(stage, Project)()
