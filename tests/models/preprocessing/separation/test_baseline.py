"""The baseline's training and masks, with a small network in the place of the package's."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from models.preprocessing.separation.baseline import (
    OpenUnmixBand,
    endless,
    load_openunmix,
    save_openunmix,
    train_openunmix,
)
from models.preprocessing.separation.spectra import spectra
from tests.models.preprocessing.separation.sounds import band
from utils import UserError


class SmallUnmix(nn.Module):
    """The package's interface: magnitudes (b c f m) to magnitudes of one stem."""

    def __init__(self, nb_bins: int, nb_channels: int, hidden_size: int) -> None:
        super().__init__()
        assert nb_channels == 1
        self.input_mean, self.input_scale, self.share = (
            nn.Parameter(torch.zeros(nb_bins)) for _ in range(3)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.share.sigmoid()[:, None] * x


@pytest.fixture
def package(monkeypatch):
    package, model = ModuleType("openunmix"), ModuleType("openunmix.model")
    model.OpenUnmix = SmallUnmix
    monkeypatch.setitem(sys.modules, "openunmix", package)
    monkeypatch.setitem(sys.modules, "openunmix.model", model)


def test_masks_are_parts_of_the_estimates(package):
    masks = OpenUnmixBand(8)(spectra(torch.from_numpy(band(0.5))))
    assert masks.shape[:3] == (4, 4, 1_025) and torch.allclose(masks, torch.tensor(0.25), atol=1e-3)


def test_it_learns_and_returns_from_disk(package, tmp_path):
    stems = torch.from_numpy(band(0.5))[None].repeat(2, 1, 1)
    model = train_openunmix(iter([stems] * 30), 1.0, hidden=8)
    assert not model.training and model.targets[0].input_mean.max() < 0.0
    bass = model(spectra(stems.sum(1)))[0, 0].mean(-1)
    assert bass[7] > bass[300] + 0.003  # 75 Hz is the bass's, 3.2 kHz is not
    save_openunmix(model, tmp_path)
    again = load_openunmix(tmp_path)
    assert torch.equal(again(spectra(stems.sum(1))), model(spectra(stems.sum(1))))


def test_time_ends_training(package):
    read = []

    def forever():
        while True:
            read.append(torch.from_numpy(band(0.2))[None])
            yield read[-1]

    model = train_openunmix(forever(), 0.0, hidden=8)
    assert not model.training and len(read) < 40


def test_batches_go_on_without_end():
    class Data:
        def __getitem__(self, i):
            return type("Segment", (), {"audio": torch.full((4, 2), float(i))})

    batches = endless(Data(), 2)
    assert [float(next(batches)[0, 0, 0]) for _ in range(3)] == [0.0, 2.0, 4.0]


def test_without_package_or_weights_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "openunmix", None)
    monkeypatch.setitem(sys.modules, "openunmix.model", None)
    with pytest.raises(UserError, match="pip install openunmix"):
        OpenUnmixBand()
    with pytest.raises(UserError, match="--train_openunmix"):
        load_openunmix(tmp_path)
