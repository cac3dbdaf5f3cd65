"""The transcriber: one stem at a time, pieces as the whole."""

import torch

from utils import torch_rng


def test_a_stem_is_heard_alone_and_knows_which_it_is(model):
    sound = torch.randn(2, 4, 40, 8, generator=torch_rng(0))
    heard = model.transcriber(sound)
    assert heard.shape == (2, 4, 40, 16)
    other = sound.clone()
    other[:, 1] += 1.0
    changed = (model.transcriber(other) - heard).abs().amax((0, 2, 3))
    assert changed[1] > 1e-4 and changed[[0, 2, 3]].max() == 0.0
    same = model.transcriber(sound[:, :1].expand(-1, 4, -1, -1))
    assert not torch.allclose(same[:, 0], same[:, 3])


def test_pieces_are_the_whole(model):
    sound = torch.randn(1, 4, 50, 8, generator=torch_rng(1))
    whole = model.transcriber(sound)
    model.transcriber.PIECE_FRAMES = 16
    assert (model.transcriber(sound) - whole).abs().max() < 1e-5
