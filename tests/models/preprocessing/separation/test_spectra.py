"""There and back, levels, and what ideal masks give."""

import numpy as np
import torch

from metrics.waveform import si_sdr
from models.preprocessing.separation.spectra import (
    compressed,
    ideal_masks,
    masked,
    spectra,
    waveform,
)
from tests.models.preprocessing.separation.sounds import band
from utils import torch_rng


def test_a_round_trip_is_exact():
    x = torch.from_numpy(band(1.0)[:, :20_001])
    found = spectra(x)
    assert found.shape == (4, 1_025, 20_001 // 512 + 1)
    assert torch.allclose(waveform(found, 20_001), x, atol=1e-6)
    assert torch.allclose(waveform(spectra(x[0, :100]), 100), x[0, :100], atol=1e-6)


def test_white_noise_has_bins_of_its_variance():
    noise = 3.0 * torch.randn(100_000, generator=torch_rng(0))
    power = spectra(noise)[1:-1, 2:-2].abs().square().mean()
    assert abs(float(power) - 9.0) < 0.2


def test_magnitudes_are_compressed_to_the_fourth_root():
    x = torch.tensor([16.0 + 0.0j, 0.0 - 81.0j, 0.0j], requires_grad=True)
    found = compressed(x)
    assert torch.allclose(found[:2], torch.tensor([2.0, 3.0]), atol=1e-5)
    found.sum().backward()
    assert torch.isfinite(torch.view_as_real(x.grad)).all()


def test_ideal_masks_sum_to_one_and_take_apart_what_lies_apart():
    stems = torch.from_numpy(band())[None]
    masks = ideal_masks(stems)
    assert torch.allclose(masks.sum(1), torch.ones(()), atol=1e-5)
    found = masked(masks, stems.sum(1))
    assert torch.allclose(found.sum(1), stems.sum(1), atol=1e-5)
    assert si_sdr(found[0].numpy(), stems[0].numpy())[[0, 2, 3]].min() > 12.0
    wiener = masked(ideal_masks(stems, power=2.0), stems.sum(1))[0].numpy()
    assert si_sdr(wiener, stems[0].numpy())[[0, 2, 3]].min() > 15.0


def test_an_ideal_mask_of_one_stem_alone_is_that_stem():
    stems = torch.zeros(1, 4, 22_050)
    stems[0, 2] = torch.from_numpy(band(1.0)[2])
    found = masked(ideal_masks(stems), stems.sum(1))
    assert torch.allclose(found, stems, atol=1e-5)
    silent = ideal_masks(torch.zeros(1, 4, 4_096))
    assert np.allclose(silent, 0.25)
