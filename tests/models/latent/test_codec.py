"""Audio codec: exact transform, shapes, chunks, gradients, a few steps of learning."""

import copy

import pytest
import torch

from models.latent.codec import Codec, CompressedSpectrum
from models.objectives.codec import CodecObjective
from models.presets import tiny
from tests.models.conftest import music
from utils import torch_rng

VOICING = {"decoder_excited", "decoder_filter"}  # the stage "decoder" teaches them


@pytest.fixture
def excitable() -> Codec:
    """A codec whose decoder hears what is excited."""
    torch.manual_seed(0)
    codec = Codec(tiny().codec).requires_grad_(False)
    for module in (codec.decoder_excited, codec.decoder_filter[1]):
        torch.nn.init.normal_(module.weight, std=0.05)
    return codec


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


def test_what_notes_excite_is_filtered_alike_in_pieces_and_at_once(excitable):
    latents = torch.randn(1, 4, 80, 8, generator=torch_rng(1))
    struck = 0.1 * torch.randn(1, 4, 80 * 1_024, generator=torch_rng(2))
    whole = excitable.decode(latents, struck)
    excitable.PIECE_FRAMES = 32
    assert (excitable.decode(latents, struck) - whole).abs().max() < 1e-5
    assert (excitable.decode(latents) - whole).abs().max() > 0.01


def test_the_decoder_knows_which_stem_it_draws(excitable):
    codec = copy.deepcopy(excitable)
    latents = torch.randn(1, 1, 6, codec.config.latent_dim, generator=torch_rng(4))
    latents = codec.norm.normalise(latents.expand(2, 4, -1, -1))
    with torch.no_grad():
        alike = codec.decode(latents)
        codec.decoder_stem[3] = 0.5
        told = codec.decode(latents)
    assert torch.equal(told[:, :3], alike[:, :3]) and not torch.allclose(told[:, 3], alike[:, 3])
    assert torch.allclose(told[0], told[1])


def test_silence_excites_nothing(excitable):
    latents = torch.randn(1, 4, 16, 8, generator=torch_rng(1))
    silence = torch.zeros(1, 4, 16 * 1_024)
    assert torch.equal(excitable.decode(latents, silence), excitable.decode(latents))


def test_partials_sound_where_they_are_excited(excitable):
    """Before training, too, at -52 dB (the filter squared, as the domain is compressed)."""
    for module in (excitable.decoder_out[1], excitable.decoder_excited):
        module.weight.data.zero_()
    excitable.decoder_out[1].bias.data.zero_()
    excitable.decoder_filter[1].weight.data.zero_()
    latents = torch.randn(1, 4, 16, 8, generator=torch_rng(1))
    tone = 0.1 * torch.sin(torch.arange(16 * 1_024) * (2 * torch.pi * 440.0 / 22_050))
    heard = excitable.decode(latents, tone.expand(1, 4, -1))
    spectrum = torch.fft.rfft(heard[0, 0, 2_048:-2_048]).abs()
    assert abs(spectrum.argmax() * 22_050 / (12 * 1_024) - 440.0) < 2.0
    assert 20 * torch.log10(heard.std() / tone.std()) == pytest.approx(-52.1, abs=1.5)


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
    reached = {
        n: p.grad is not None and bool(p.grad.any()) for n, p in model.codec.named_parameters()
    }
    assert {n.split(".")[0] for n, yes in reached.items() if not yes} == VOICING
    assert all(p.grad is None for p in model.composer.parameters())


def test_absent_stems_do_not_count(model, batch):
    objective = CodecObjective(model).eval()
    before = objective(batch, torch_rng(0)).parts["complex"]
    batch.audio[-1, -1] = torch.randn_like(batch.audio[-1, -1])
    assert torch.equal(before, objective(batch, torch_rng(0)).parts["complex"])
