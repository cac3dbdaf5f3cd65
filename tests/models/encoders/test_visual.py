"""The visual encoder: every frame counts, padding does not, and still pictures do not move."""

import numpy as np
import pytest
import torch

from data.pictures.files import Clip
from models.encoders.visual import POINT, VisualConfig, VisualEncoder
from utils import UserError, torch_rng

TINY = VisualConfig(size=16, channels=(6, 8), width=16, num_tokens=3, memory_frames=3)


@pytest.fixture
def encoder() -> VisualEncoder:
    torch.manual_seed(0)
    return VisualEncoder(TINY).eval()


def clips(b: int = 2, m: int = 5, size: int = 16) -> torch.Tensor:
    return torch.rand(b, m, 3, size, size, generator=torch_rng(0))


def test_shapes_and_ranges(encoder):
    seen = encoder(clips())
    assert seen.tokens.shape == (2, 3, 16)
    for name in POINT:
        value = getattr(seen, name)
        assert value.shape == (2, 5) and value.abs().max() <= 1.0
    assert seen.pace.min() >= 0.0 and seen.mask.all()
    sight = encoder.look(clips())
    assert sight.features.shape == (2, 5, 5) and sight.summary.shape == (2, 8)


def test_the_default_is_small():
    assert sum(p.numel() for p in VisualEncoder().parameters()) < 500_000


def test_padding_changes_nothing(encoder):
    frames, mask = clips(), torch.ones(2, 5, dtype=torch.bool)
    mask[1, 3:] = False
    with torch.no_grad():
        together, alone = encoder(frames, mask), encoder(frames[1:, :3])
        frames[1, 3:] = 7.0
        other = encoder(frames, mask)
    assert torch.equal(together.tokens, other.tokens)
    torch.testing.assert_close(together.tokens[1:], alone.tokens)
    for name in POINT:
        torch.testing.assert_close(getattr(together, name)[1:, :3], getattr(alone, name))
        torch.testing.assert_close(together.mean(name)[1:], alone.mean(name))


def test_a_picture_does_not_move_and_a_clip_does(encoder):
    frames = clips()
    assert not encoder(frames[:, :1]).pace.any()
    mask = torch.zeros(2, 5, dtype=torch.bool)
    mask[:, 0] = True
    assert not encoder(frames, mask).pace.any()
    assert (encoder(frames).pace > 0).all()


def test_frames_tokens_and_order_act(encoder):
    frames = clips()
    with torch.no_grad():
        seen, backwards = encoder(frames), encoder(frames.flip(1))
        changed = frames.clone()
        changed[:, 4] = 0.0
        other = encoder(changed)
    assert not torch.allclose(seen.tokens, other.tokens)
    assert torch.equal(seen.valence[:, :2], other.valence[:, :2])  # beyond the memory
    assert not torch.allclose(seen.valence[:, 3:], other.valence[:, 3:])
    assert not torch.allclose(seen.pace, backwards.pace.flip(1))


def test_large_frames_are_averaged_down(encoder):
    small = clips()
    large = small.repeat_interleave(3, -1).repeat_interleave(2, -2)
    with torch.no_grad():
        torch.testing.assert_close(encoder(large).tokens, encoder(small).tokens)


def test_gradients_reach_everything_even_from_plain_pictures():
    torch.manual_seed(0)
    encoder = VisualEncoder(TINY)
    sight = encoder.look(torch.full((2, 5, 3, 16, 16), 0.5))
    total = sight.summary.sum() + sight.features.sum()
    (total + sum(getattr(sight.seen, name).sum() for name in POINT)).backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_seeing_files_of_different_sizes(encoder):
    encoder.train()
    rng = np.random.default_rng(0)
    make = lambda m, h, w: Clip(rng.random((m, 3, h, w), np.float32), np.arange(m) / 4)
    seen = encoder.see([make(1, 40, 30), make(6, 16, 20)])
    assert encoder.training and not seen.tokens.requires_grad
    assert seen.mask.sum(1).tolist() == [1, 6] and seen.pace[0].any().item() is False
    picture, clip = seen.curve(0), seen.curve(1)
    assert picture.times.tolist() == [0.0] and np.array_equal(clip.times, np.arange(6) / 4)
    assert clip.valence == pytest.approx(seen.valence[1].numpy())
    assert picture.mean == pytest.approx((seen.valence[0, 0].item(), seen.arousal[0, 0].item()))
    assert seen.mean("arousal")[1].item() == pytest.approx(clip.arousal.mean(), rel=1e-5)


def test_wrong_shapes_are_explained(encoder):
    for shape in ((1, 3, 16, 16), (1, 2, 4, 16, 16), (1, 0, 3, 16, 16)):
        with pytest.raises(UserError, match="expected \\(batch, frames, 3, height, width\\)"):
            encoder(torch.zeros(shape))
