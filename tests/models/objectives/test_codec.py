"""The codec's loss: nothing for a perfect copy, exact where it can be counted."""

import pytest
import torch

from models.objectives import build_objective, grey_picture
from models.objectives.codec import CodecObjective, SpectralLoss, mel_picture, relative_error
from utils import torch_rng


def test_a_perfect_copy_costs_nothing():
    audio = torch.randn(2, 8_192, generator=torch_rng(0))
    assert all(value == 0.0 for value in SpectralLoss()(audio, audio).values())
    assert relative_error(audio, audio) == 0.0


def test_the_waveform_error_is_relative_to_loudness():
    loud, quiet = torch.full((1, 100), 0.5), torch.full((1, 100), 0.05)
    assert relative_error(1.1 * loud, loud).item() == pytest.approx(0.1, rel=1e-4)
    assert relative_error(1.1 * quiet, quiet).item() == pytest.approx(0.1, rel=1e-4)
    silence = torch.zeros(1, 100)
    assert relative_error(silence + 3e-4, silence).item() == pytest.approx(0.1, rel=1e-4)


def test_half_the_level_is_six_decibels_off_in_every_band():
    audio = torch.randn(1, 32_768, generator=torch_rng(1))
    mel = SpectralLoss()(0.5 * audio, audio)["mel"].item()
    assert mel == pytest.approx(0.693, abs=0.02)


def test_the_total_is_the_weighted_sum(model, batch):
    losses = build_objective("codec", model).eval()(batch, torch_rng(0))
    assert losses.parts.keys() == CodecObjective.weights.keys()
    total = sum(CodecObjective.weights[name] * value for name, value in losses.parts.items())
    assert losses.total.item() == pytest.approx(total.item(), rel=1e-6)


def test_no_part_counts_an_absent_stem(model, batch):
    objective = CodecObjective(model).eval()
    before = objective(batch, torch_rng(0)).parts
    batch.audio[-1, -1] = 10.0 * torch.randn_like(batch.audio[-1, -1])
    after = objective(batch, torch_rng(0)).parts
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_statistics_move_in_training_only(model, batch):
    objective = CodecObjective(model).eval()
    objective(batch, torch_rng(0))
    assert not model.codec.norm.seen.any()
    objective.train()(batch, torch_rng(0))
    assert model.codec.norm.seen.tolist() == [1.0] * 4


def test_media_are_round_trips(model, batch):
    media = CodecObjective(model).eval().media(batch, torch_rng(0))
    assert torch.equal(media.audio["bass/original"], batch.audio[0, 0])
    assert media.audio["bass/round_trip"].shape == batch.audio[0, 0].shape
    assert len(media.audio) == 8 and len(media.images) == 4


def test_pictures_are_bytes():
    picture = mel_picture(torch.zeros(2, 4_096))
    assert picture.shape == (256, 9, 3) and picture.dtype.name == "uint8" and not picture.any()
    shades = torch.tensor([[[0.0, 1.0]], [[0.5, 2.0]]])
    assert grey_picture(shades)[..., 0].tolist() == [[0, 255], [127, 255]]
