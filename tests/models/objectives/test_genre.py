"""The stage "genre": an adapter learns, the model beside it does not."""

import copy
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from data.dataset import SegmentDataset
from data.loader import collate
from data.sources.arranger import ArrangerSource
from data.tagged import GenreSource
from models.objectives import build_objective
from models.objectives.composer import ComposerObjective
from models.objectives.genre import GenreModel, GenreObjective
from utils import torch_rng


@pytest.fixture
def songs():
    """A batch of composed music without sound."""
    source = GenreSource(ArrangerSource(None, "train", num_songs=2), "rock")
    fields = {"roll", "sheet", "labels"}
    segments = SegmentDataset(source, fields=fields, num_frames=32)
    return collate([segments[i] for i in range(4)])


def test_a_new_adapter_costs_what_the_composer_costs(model, songs):
    objective = build_objective("genre", GenreModel(model, "here")).eval()
    assert type(objective) is GenreObjective
    mine, theirs = (o(songs, torch_rng(0)) for o in (objective, ComposerObjective(model).eval()))
    assert torch.equal(mine.total, theirs.total)


def test_a_few_steps_lower_the_loss_and_touch_nothing_of_the_base(model, songs):
    before = copy.deepcopy(model.state_dict())
    beside = GenreModel(model, "here")
    objective = GenreObjective(beside)
    optimiser = torch.optim.AdamW([p for p in objective.parameters() if p.requires_grad], lr=5e-3)
    losses = []
    for _ in range(8):
        loss = objective(songs, torch_rng(0)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.95 * losses[0]
    for name, value in model.state_dict().items():
        assert name == "_extra_state" or torch.equal(value, before[name])
    assert all(p.grad is None for p in model.parameters())
    alone = ComposerObjective(model).eval()(songs, torch_rng(0)).total.item()
    assert alone == pytest.approx(losses[0], rel=1e-6)
    shown = objective.eval().media(songs, torch_rng(0)).images
    plain = ComposerObjective(model).eval().media(songs, torch_rng(0)).images
    assert any((shown[name] != plain[name]).any() for name in shown)


def test_the_state_is_the_adapters_alone_and_the_base_follows_it(model):
    beside = GenreModel(model, "here")
    assert all(name.startswith("adapter.") for name in beside.state_dict())
    assert {n for n, p in beside.named_parameters() if p.requires_grad} == {
        f"adapter.{name}" for name, _ in beside.adapter.named_parameters()
    }
    beside.double()
    assert next(model.parameters()).dtype == torch.float64


@dataclass(frozen=True)
class Prepared:
    cache_dir: Path


def test_each_genre_has_a_cache_of_its_own_by_the_bases_codec(model, tmp_path, monkeypatch):
    found = []
    build = lambda *arguments, **options: found.append(arguments)
    monkeypatch.setattr("data.latent_cache.LatentCache.build", build)
    source = GenreSource(ArrangerSource(None, "train", num_songs=1), "rock")
    dataset = SegmentDataset(source, fields={"roll"})
    GenreObjective.prepare_data(GenreModel(model, "here"), dataset, Prepared(tmp_path))
    ((base, _, settings, fields),) = found
    assert base is model and settings.cache_dir == tmp_path / "rock"
    assert fields == {"notes", "sheet", "labels", "captions"}
