"""Masks: what is given, in training and by a user."""

import numpy as np
import pytest
import torch

from data.score import Notes, Score
from models.generative.edits import COMPOSING, PERFORMING, Given, Keep, draw_known
from utils import STEMS, UserError, torch_rng


@pytest.mark.parametrize("shares", [COMPOSING, PERFORMING])
def test_shares_sum_to_one_and_are_drawn(shares):
    assert sum(shares.values()) == pytest.approx(1.0) and set(shares) == set(Given)
    masks = draw_known(400, 32, shares, torch_rng(0))
    nothing = (~masks.flatten(1).any(1)).float().mean()
    assert shares[Given.NOTHING] - 0.05 < nothing < shares[Given.NOTHING] + 0.1
    per_stem = masks.float().mean(2)
    some_stems = ((per_stem == 1).any(1) & (per_stem == 0).any(1)).float().mean()
    assert abs(some_stems - shares[Given.STEMS]) < 0.07


def test_drawing_is_a_function_of_the_generator():
    draw = lambda: draw_known(8, 16, COMPOSING, torch_rng(1))
    assert torch.equal(draw(), draw())


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


def test_given_notes_tell_their_swing():
    beats = np.arange(8) * 0.5
    times = np.concatenate([beats, beats + 0.5 * 2 / 3])
    drums = Notes.of(times, times + 0.05, [42] * 16, [90] * 16)
    notes = dict.fromkeys(STEMS, Notes.empty()) | {"drums": drums}
    meter = {"beat_times": beats, "beat_in_bar": np.arange(8) % 4}
    assert Keep.score(Score(notes, 4.0, **meter)).swing == pytest.approx(2 / 3, abs=0.01)
    assert Keep.score(Score(dict.fromkeys(STEMS, Notes.empty()), 4.0, **meter)).swing is None
    assert Keep.stems({"drums": np.ones(5_000, np.float32)}).swing is None
