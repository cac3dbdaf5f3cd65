"""Masks: what is given, in training and by a user."""

import numpy as np
import pytest
import torch

from data.score import Notes, Score
from models.generative.edits import SHARES, Given, Keep, draw_known
from utils import STEMS, UserError, torch_rng


def test_shares_sum_to_one_and_every_kind_is_drawn():
    assert sum(SHARES.values()) == pytest.approx(1.0) and set(SHARES) == set(Given)
    masks = draw_known(400, 32, torch_rng(0)).float()
    given = masks.flatten(1).mean(1)
    assert 0.45 < (given == 0).float().mean() < 0.65
    score_only = (masks[..., 1].flatten(1).mean(1) == 1) & (masks[..., 0].flatten(1).mean(1) == 0)
    assert 0.07 < score_only.float().mean() < 0.18


def test_drawing_is_a_function_of_the_generator():
    assert torch.equal(draw_known(8, 16, torch_rng(1)), draw_known(8, 16, torch_rng(1)))


def test_stems():
    keep = Keep.stems({"drums": np.ones(5_000, np.float32)})
    assert keep.audio.shape == (1, 4, 5_000) and keep.known.shape == (1, 4, 5, 2)
    assert keep.known[0, 1, :, 0].all() and not keep.known[0, 0].any()
    assert not keep.known[..., 1].any()


def test_outside_a_window():
    keep = Keep.outside(torch.zeros(4, 10 * 1_024), 0.1, 0.2)
    assert keep.known[0, 0, :, 0].tolist() == [True, True, False, False, False] + [True] * 5


def test_beginning_score_and_sound():
    assert Keep.beginning(torch.zeros(4, 2_500)).known[0, 0, :, 0].tolist() == [True, True, False]
    score = Score({stem: Notes.of([0.1], [0.4], [60], [64]) for stem in STEMS}, 1.0)
    keep = Keep.score(score)
    assert keep.audio is None and keep.known[..., 1].all() and not keep.known[..., 0].any()
    assert Keep.sound(torch.zeros(2, 4, 4_096)).known[..., 0].all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Keep.stems({"flute": np.ones(9)}), "unknown stem 'flute'"),
        (lambda: Keep.stems({}), "no stem is given"),
        (lambda: Keep.outside(torch.zeros(4, 22_050), 2.0, 3.0), "choose start < end"),
        (lambda: Keep.outside(torch.zeros(2, 22_050), 0.1, 0.3), "expected \\(4, samples\\)"),
        (lambda: Keep.beginning(torch.zeros(4, 20)), "under 50 ms"),
    ],
)
def test_mistakes_are_answered(call, words):
    with pytest.raises(UserError, match=words):
        call()
