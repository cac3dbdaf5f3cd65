"""Masks that sum to one, what an untrained one says, what it can see, weights on disk."""

import pytest
import torch

from models.preprocessing.separation.network import (
    GROUPS,
    SIZES,
    Separator,
    load_separator,
    save_separator,
)
from models.preprocessing.separation.spectra import NUM_BINS, spectra
from tests.models.preprocessing.separation.sounds import TINY, band, opinionated
from utils import PRESET_NAMES, UserError, torch_rng


def test_the_bands_cover_every_bin_but_the_last():
    assert sum(count * bins for count, bins in GROUPS) == NUM_BINS - 1


@pytest.mark.parametrize("preset", PRESET_NAMES)
def test_every_size_fits_sixteen_megabytes(preset):
    count = sum(p.numel() for p in Separator(SIZES[preset]).parameters())
    assert count <= 4_000_000
    assert preset != "small" or abs(count - 2.587e6) < 1e4


@pytest.mark.parametrize("num_frames", [1, 2, 41])
def test_masks_sum_to_one_for_any_number_of_frames(num_frames):
    x = torch.randn(2, NUM_BINS, num_frames, dtype=torch.complex64, generator=torch_rng(0))
    masks = opinionated()(x)
    assert masks.shape == (2, 4, NUM_BINS, num_frames)
    assert torch.allclose(masks.sum(1), torch.ones((), dtype=torch.complex64), atol=1e-5)
    assert masks.real.std() > 0.05 and masks.imag.abs().max() > 0.01


def test_an_untrained_one_gives_each_a_quarter():
    masks = Separator(TINY)(spectra(torch.from_numpy(band(0.5)).sum(0, keepdim=True)))
    assert torch.equal(masks, torch.full_like(masks, 0.25))


def test_a_batch_equals_its_songs():
    x = spectra(torch.from_numpy(band(0.5)))
    model = opinionated()
    assert torch.allclose(model(x)[2:3], model(x[2:3]), atol=1e-5)


def test_it_sees_as_far_as_it_says_and_no_farther():
    model = opinionated()
    x = spectra(torch.from_numpy(band(2.0))[1:2])
    changed = x.clone()
    changed[..., 40:42] *= 2.0
    away = (model(x) - model(changed)).abs().amax((0, 1, 2))
    reach = 2 * (model.context_patches - 2)
    assert away[40 - reach : 42 + reach].min() > 0.0
    assert away[: 40 - reach].max() == 0.0 and away[42 + reach :].max() == 0.0


def test_gradients_reach_every_parameter():
    model = opinionated()
    model(spectra(torch.from_numpy(band(0.5)))).abs().square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_weights_return_from_disk(tmp_path):
    model, path = opinionated(), tmp_path / "separation.safetensors"
    save_separator(model, path)
    found = load_separator(path)
    x = spectra(torch.from_numpy(band(0.5)))
    assert found.config == TINY and torch.allclose(found(x), model(x), atol=2e-3)
    assert path.stat().st_size < 2.2 * sum(p.numel() for p in model.parameters()) + 8_000
    path.write_bytes(b"nothing")
    for wrong in (path, tmp_path / "none.pt"):
        with pytest.raises(UserError, match="holds no separator"):
            load_separator(wrong)
