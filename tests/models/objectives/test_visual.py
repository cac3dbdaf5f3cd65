"""Stage "visual": a known answer costs nothing, and a small encoder learns in seconds."""

import pytest
import torch
from torch import nn

from data.batch import Batch
from data.loader import build_loader
from data.pictures.dataset import PictureDataset
from models.encoders.visual import POINT, Seen, Sight, VisualConfig, VisualEncoder
from models.objectives import Objective, build_objective, objective_class
from models.objectives.visual import FEATURE_SCALE, VisualObjective
from utils import torch_rng

CONFIG = VisualConfig(size=32, channels=(12, 16, 24), width=32, num_tokens=2, memory_frames=5)


class Band(nn.Module):
    """A model that can only see."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.visual, self.other = VisualEncoder(CONFIG), nn.Linear(2, 2)


@pytest.fixture(scope="module")
def data() -> tuple[list[Batch], Batch]:
    """Batches of training pictures, and held-out ones."""
    train, held_out = PictureDataset(count=96), PictureDataset(split="validation", count=32)
    return list(build_loader(train, 16)), next(iter(build_loader(held_out, 32)))


def known_sight(batch: Batch) -> Sight:
    """What an encoder without error would give."""
    scale = torch.tensor(FEATURE_SCALE)
    mask = batch.frame_mask
    values = dict(zip(POINT, batch.seen[..., : len(POINT)].unbind(-1), strict=True))
    features = batch.seen[..., len(POINT) :] / scale
    everything = torch.cat([batch.seen[..., : len(POINT)], features], -1) * mask[..., None]
    whole = everything.sum(1) / mask.sum(1, keepdim=True)
    return Sight(Seen(torch.zeros(1), mask=mask, **values), features, whole)


def test_the_right_answer_costs_nothing_and_padding_does_not_count(data, monkeypatch):
    objective, (_, batch) = VisualObjective(Band()), data
    sight = known_sight(batch)
    monkeypatch.setattr(objective.model.visual, "look", lambda frames, mask: sight)
    assert objective(batch, torch_rng(0)).total.item() == pytest.approx(0.0, abs=1e-6)
    sight.seen.pace = torch.where(batch.frame_mask, sight.seen.pace, torch.ones(()))
    assert objective(batch, torch_rng(0)).total.item() == pytest.approx(0.0, abs=1e-6)
    sight.seen.valence = sight.seen.valence + 0.5
    losses = objective(batch, torch_rng(0))
    assert losses.parts["valence"].item() == pytest.approx(0.5 - 0.05)  # smooth below 0.1
    assert losses.total.item() == pytest.approx(losses.parts["valence"].item(), abs=1e-6)


def test_a_small_encoder_learns_pictures_of_kinds_it_never_saw(data):
    objective, (batches, held_out) = build_objective("visual", Band()), data
    optimiser = torch.optim.AdamW(objective.model.visual.parameters(), lr=5e-3)
    before = objective(held_out, torch_rng(0)).total.item()
    for step in range(60):
        loss = objective(batches[step % len(batches)], torch_rng(0)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        after = objective(held_out, torch_rng(0)).total.item()
        seen = objective.model.visual(held_out.frames, held_out.frame_mask)
    assert after < 0.6 * before
    valence = torch.stack([seen.valence[:, 0], held_out.seen[:, 0, 0]])
    assert torch.corrcoef(valence)[0, 1] > 0.6


def test_only_the_encoder_trains_on_data_of_its_own():
    objective = VisualObjective(Band())
    trains = {n.split(".")[0] for n, p in objective.model.named_parameters() if p.requires_grad}
    assert trains == {"visual"}
    assert isinstance(objective.own_data("train", 3), PictureDataset)
    assert objective.own_data("train", 3).seed == 3 and objective.own_data("train", 3).augment
    assert not objective.own_data("validation", 3).augment
    assert objective_class("visual") is VisualObjective
    assert Objective.own_data("train", 0) is None


def test_media_show_frames_above_what_was_known_and_said(data):
    picture = VisualObjective(Band()).media(data[1], torch_rng(0)).images["seen"]
    assert picture.shape == (64 + 6 * 8, 16 * 64, 3) and picture.any()
