"""Audio codec: exact transform, shapes, chunks, gradients, a few steps of learning."""

import pytest
import torch

from models.latent.codec import Codec, CompressedSpectrum
from models.objectives.codec import CodecObjective
from models.presets import tiny
from tests.models.conftest import music
from utils import torch_rng


def test_spectrum_and_back_is_the_audio():
    spectrum = CompressedSpectrum(1_024, 256)
    audio = 0.3 * torch.randn(2, 8_192, generator=torch_rng(0))
    assert (spectrum.inverse(spectrum(audio)) - audio).abs().max() < 1e-4
    assert spectrum(audio).shape == (2, 32, 1_026)


def test_silence_stays_silent_in_the_transform():
    spectrum = CompressedSpectrum(1_024, 256)
    assert spectrum.inverse(spectrum(torch.zeros(1, 4_096))).abs().max() < 1e-6


def test_shapes_and_frame_rate():
    codec = Codec(tiny().codec)
    latents = codec.encode(torch.zeros(2, 4, 16 * 1_024))
    assert latents.shape == (2, 4, 16, 8)
    assert codec.decode(latents).shape == (2, 4, 16 * 1_024)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="multiple of 1,024"):
        Codec(tiny().codec).encode(torch.zeros(1, 4, 1_000))


def test_chunked_decoding_equals_decoding_at_once():
    codec = Codec(tiny().codec)
    latents = torch.randn(1, 4, 80, 8, generator=torch_rng(1))
    whole = codec.decode(latents)
    codec.PIECE_FRAMES = 32
    assert (codec.decode(latents) - whole).abs().max() < 1e-5


def test_latent_norm_gives_unit_scale_and_inverts(model, batch):
    CodecObjective(model).train()(batch, torch_rng(0))
    latents = model.codec.encode(batch.audio)
    means = model.codec.posterior(batch.audio.flatten(0, 1)).mean.unflatten(0, (2, 4))
    torch.testing.assert_close(model.codec.norm.restore(latents), means, atol=1e-5, rtol=1e-5)
    for s in range(4):
        counted = latents[:, s][batch.present[:, s]].flatten(0, 1)
        assert counted.mean(0).abs().max() < 1e-3 and (counted.std(0) - 1.0).abs().max() < 1e-3


def test_a_few_steps_reduce_the_loss_and_reach_every_parameter(model):
    batch = music(1, 16)
    objective = CodecObjective(model).train()
    optimiser = torch.optim.Adam(model.codec.parameters(), 3e-3)
    losses = []
    for step in range(30):
        loss = objective(batch, torch_rng(step)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.codec.parameters())
    assert all(p.grad is None for p in model.composer.parameters())


def test_absent_stems_do_not_count(model, batch):
    objective = CodecObjective(model).eval()
    before = objective(batch, torch_rng(0)).parts["complex"]
    batch.audio[-1, -1] = torch.randn_like(batch.audio[-1, -1])
    assert torch.equal(before, objective(batch, torch_rng(0)).parts["complex"])
