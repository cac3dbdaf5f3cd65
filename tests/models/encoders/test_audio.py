"""The audio reference: any length, any volume, any number of channels; silence is null."""

import pytest
import torch

from models.encoders.audio import AudioEncoder, log_mel
from utils import UserError, compute_mel_spectrogram

KNOWN = torch.ones(1, dtype=torch.bool)


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return AudioEncoder(32, num_tokens=8, channels=48).requires_grad_(False)


def noise(num_samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(1, num_samples, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("num_frames", [1, 2, 3, 17, 513])
def test_any_length_gives_the_same_number_of_tokens(encoder, num_frames):
    mel = torch.rand(2, 128, num_frames)
    tokens = encoder(mel, torch.tensor([True, True]))
    assert tokens.shape == (2, 8, 32) and tokens.isfinite().all()


def test_log_mel_is_level_free_and_bounded():
    mel = compute_mel_spectrogram(noise(22_050))
    log, sounds = log_mel(mel)
    assert log.max() == 1.0 and log.min() >= -1.0 and sounds.all()
    torch.testing.assert_close(log_mel(1e-4 * mel)[0], log, atol=1e-5, rtol=0)
    log, sounds = log_mel(torch.zeros(1, 128, 3))
    assert not log.any() and not sounds.any()


def test_volume_does_not_matter_and_content_does(encoder):
    first = encoder(compute_mel_spectrogram(noise(22_050)), KNOWN)
    quiet = encoder(compute_mel_spectrogram(0.1 * noise(22_050)), KNOWN)
    tone = torch.sin(torch.arange(22_050) * 0.1)[None]
    torch.testing.assert_close(quiet, first, atol=1e-4, rtol=0)
    assert (encoder(compute_mel_spectrogram(tone), KNOWN) - first).abs().max() > 1e-2


@pytest.mark.parametrize("num_frames", [30, 31, 33])
@pytest.mark.parametrize("padding", [1, 2, 7, 64])
def test_padding_with_silence_changes_nothing(encoder, num_frames, padding):
    mel = torch.rand(1, 128, num_frames, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(mel, (0, padding))
    torch.testing.assert_close(encoder(padded, KNOWN), encoder(mel, KNOWN), atol=1e-5, rtol=0)


def test_channels_are_averaged(encoder):
    mel = compute_mel_spectrogram(noise(22_050))
    stereo = torch.stack([mel, mel], 1)
    torch.testing.assert_close(encoder(stereo, KNOWN), encoder(mel, KNOWN), atol=1e-5, rtol=0)


def test_unknown_and_silent_items_are_null_to_the_bit(encoder):
    mel = torch.rand(3, 128, 20)
    mel[2] = 0
    tokens = encoder(mel, torch.tensor([True, False, True]))
    assert torch.equal(tokens[1], encoder.null) and torch.equal(tokens[2], encoder.null)
    assert not torch.allclose(tokens[0], encoder.null, atol=1e-2)
    torch.testing.assert_close(tokens[:1], encoder(mel[:1], KNOWN), atol=1e-5, rtol=0)


def test_gradients_reach_every_parameter():
    encoder = AudioEncoder(16, channels=24)
    mel = torch.rand(2, 128, 20)
    encoder(mel, torch.tensor([True, False])).square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any() or name == "keys.bias", name  # softmax ignores a shift of all


@pytest.mark.parametrize("shape", [(1, 80, 30), (128, 30), (1, 128, 0)])
def test_another_shape_is_refused(encoder, shape):
    with pytest.raises(UserError, match="expected .batch, 128 mel bands, frames."):
        encoder(torch.rand(shape), KNOWN)
