"""The codecs' block, long songs in pieces, and the scale of latents."""

import pytest
import torch
from torch import nn

from models.latent.blocks import ConvNeXtBlock, LatentNorm, convnext_stack, in_pieces
from models.latent.codec import Codec
from models.latent.score import ScoreCodec
from models.presets import base, small, tiny
from utils import FRAME_SAMPLES, torch_rng


def test_a_block_keeps_the_shape_and_with_scale_zero_everything():
    block = ConvNeXtBlock(6, depth=4)
    x = torch.randn(2, 9, 6, generator=torch_rng(0))
    assert block(x).shape == x.shape and block.scale[0] == 0.25
    block.scale.data.zero_()
    assert torch.equal(block(x), x)
    assert len(convnext_stack(6, 3)) == 3


def test_pieces_equal_the_whole_with_as_much_context_as_is_seen():
    network = convnext_stack(4, 2, kernel=5)
    x = torch.randn(1, 50, 4, generator=torch_rng(1))
    joined = lambda context: torch.cat(list(in_pieces(network, x, frames=16, context=context)), 1)
    assert (joined(4) - network(x)).abs().max() < 1e-6 < (joined(3) - network(x)).abs().max()
    sizes = [piece.shape[1] for piece in in_pieces(network, x, frames=16, context=4)]
    assert sizes == [16, 16, 16, 2]


def test_pieces_of_other_rates():
    double = lambda x: x.repeat_interleave(2, 1)
    halve = lambda x: x[:, ::2]
    x = torch.arange(20.0)[None]
    up = in_pieces(double, x, frames=8, context=1, rates=(1, 2))
    assert torch.equal(torch.cat(list(up), 1), double(x))
    down = in_pieces(halve, double(x), frames=8, context=1, rates=(2, 1))
    assert torch.equal(torch.cat(list(down), 1), x)


@pytest.mark.parametrize("preset", [tiny, small, base])
def test_the_codec_reaches_as_far_as_its_context(preset):
    """No gradient leaves the context; some comes from near its edge."""
    sizes = preset().codec
    codec = _thin(sizes)
    reach = sizes.reach(sizes.decoder_depth)
    latents = torch.zeros(1, 2 * reach + 9, 2, requires_grad=True)
    first = (reach + 4) * FRAME_SAMPLES
    codec.synthesise(latents)[:, first : first + FRAME_SAMPLES].sum().backward()
    heard = latents.grad.abs().sum(-1)[0].nonzero()[:, 0]
    assert reach + 4 - heard.min() <= reach and heard.max() - reach - 4 <= reach
    assert reach + 4 - heard.min() >= reach - 2


@pytest.mark.parametrize("preset", [tiny, small, base])
def test_the_encoder_reaches_as_far_as_its_context(preset):
    sizes = preset().codec
    codec = _thin(sizes)
    reach = sizes.reach(sizes.encoder_depth)
    audio = torch.randn(1, (2 * reach + 9) * FRAME_SAMPLES, generator=torch_rng(0))
    audio.requires_grad_(True)
    codec.posterior(audio).mean[:, reach + 4].sum().backward()
    heard = audio.grad[0].nonzero()[:, 0] // FRAME_SAMPLES
    assert reach + 4 - heard.min() <= reach and heard.max() - reach - 4 <= reach


def _thin(sizes) -> Codec:
    """A codec of the same depths, a few channels wide."""
    import dataclasses

    return Codec(dataclasses.replace(sizes, latent_dim=2, fine_width=4, coarse_width=4))


def test_long_audio_and_long_scores_pass_in_pieces():
    codec, scores = Codec(tiny().codec), ScoreCodec(tiny().score_codec)
    audio = 0.1 * torch.randn(1, 4, 70 * FRAME_SAMPLES, generator=torch_rng(2))
    roll = torch.rand(1, 4, 70, 352, generator=torch_rng(3))
    with torch.no_grad():
        whole = codec.encode(audio), scores.encode(roll)
        back = codec.decode(whole[0]), scores.decode(whole[1])
        codec.PIECE_FRAMES = scores.PIECE_FRAMES = 32
        again = codec.encode(audio), scores.encode(roll)
        assert all((a - b).abs().max() < 1e-4 for a, b in zip(whole, again, strict=True))
        again = codec.decode(whole[0]), scores.decode(whole[1])
        assert all((a - b).abs().max() < 1e-4 for a, b in zip(back, again, strict=True))
        lengths = [piece.shape[-1] // FRAME_SAMPLES for piece in codec.pieces(whole[0])]
    assert lengths == [32, 32, 6]


def test_the_first_statistics_are_those_of_the_batch_and_only_of_counted_stems():
    norm = LatentNorm(2, 3)
    latents = 5.0 + 2.0 * torch.randn(4, 2, 100, 3, generator=torch_rng(4))
    counted = torch.tensor([[True, False]] * 4)
    norm.update(latents, counted)
    rows = latents[:, 0].reshape(-1, 3)
    torch.testing.assert_close(norm.mean[0], rows.mean(0))
    torch.testing.assert_close(norm.std[0], rows.std(0))
    assert norm.seen.tolist() == [1.0, 0.0] and not norm.mean[1].any()
    scaled = norm.normalise(latents)
    assert scaled[:, 0].mean().abs() < 1e-4 and abs(scaled[:, 0].std() - 1.0) < 0.01
    torch.testing.assert_close(norm.restore(scaled), latents, atol=1e-5, rtol=1e-5)
    assert not list(nn.Module.parameters(norm))
