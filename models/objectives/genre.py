"""Stage "genre": an adapter beside the composer, on songs of one genre; nothing else learns.

The loss is the composer's, with the adapter acting fully. What it reads of the songs is what their
notes say; a recording as reference is left to the composer, so no sound is made for the training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from models.generative.composer import Composer
from models.generative.genre_adapters import GenreAdapter, adapted
from models.latent.score import ScoreCodec
from models.objectives import Losses, Media
from models.objectives.composer import ComposerObjective

if TYPE_CHECKING:
    from data.batch import Batch
    from models.harmonicflow import HarmonicFlow


class GenreModel(nn.Module):
    """What the stage "genre" trains: an adapter. Its state does not hold the model beside it.

    Args:
        base: the model; it is frozen and stays in evaluation mode.
        path: where the base was read.
    """

    def __init__(self, base: HarmonicFlow, path: str) -> None:
        super().__init__()
        self._beside = (base.requires_grad_(False).eval(),)  # a tuple is no part of the state
        self.path = path
        self.adapter = GenreAdapter.beside(base.composer)
        self.trained: set[str] = set()

    @property
    def base(self) -> HarmonicFlow:
        return self._beside[0]

    def _apply(self, fn: Any, recurse: bool = True) -> GenreModel:
        """Where the adapter goes, the base goes."""
        self.base._apply(fn, recurse)
        return super()._apply(fn, recurse)

    # what the composer's loss asks of a model

    @property
    def composer(self) -> Composer:
        return self.base.composer

    @property
    def score_codec(self) -> ScoreCodec:
        return self.base.score_codec

    def batch_notes(self, batch: Batch) -> torch.Tensor:
        return self.base.batch_notes(batch)

    def compose_like(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        return self.base.compose_like(batch, generator)


class GenreObjective(ComposerObjective):
    """Trains `model.adapter`, of a `GenreModel`."""

    fields = frozenset({"notes", "sheet", "labels", "captions"})
    lr_scale = 20.0

    @staticmethod
    def trained(model: GenreModel) -> GenreAdapter:
        return model.adapter

    @classmethod
    def prepare_data(cls, model: GenreModel, dataset: Any, settings: Any) -> Any:
        """Latents by the base's codec; each genre has a cache of its own."""
        settings = replace(settings, cache_dir=settings.cache_dir / dataset.source.genre)
        return super().prepare_data(model.base, dataset, settings)

    def forward(self, batch: Batch, generator: torch.Generator) -> Losses:
        with self._adapted(batch):
            return super().forward(batch, generator)

    def media(self, batch: Batch, generator: torch.Generator) -> Media:
        with self._adapted(batch):
            return super().media(batch, generator)

    def _adapted(self, batch: Batch) -> Any:
        """The composer with the whole adapter, for every song."""
        all_of_it = torch.ones(1, 1, device=batch.present.device)
        return adapted(self.model.composer.transformer, [self.model.adapter], all_of_it)
