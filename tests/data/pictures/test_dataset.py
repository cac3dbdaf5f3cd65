"""Examples by number: the same for everyone, turned over without a change of what is known."""

import numpy as np
import pytest
import torch

from data.loader import build_loader
from data.pictures.dataset import NUM_FRAMES, PictureDataset, _turned
from data.pictures.features import features_of
from data.pictures.synthetic import HELD_OUT, KINDS
from utils import counter_rng


def test_an_example_is_a_function_of_its_number():
    first, again = PictureDataset(count=8), PictureDataset(count=8)
    again[3]
    for index in (0, 5, 8):
        assert torch.equal(first[index].frames, again[index].frames)
        assert torch.equal(first[index].seen, again[index].seen)
    assert not torch.equal(first[0].frames, first[8].frames)
    assert not torch.equal(first[0].frames, PictureDataset(seed=1, count=8)[0].frames)


def test_validation_shows_other_kinds_and_the_same_every_time():
    train, validation = PictureDataset(count=8), PictureDataset(split="validation", count=8)
    assert {train[i].song.split()[0] for i in range(8)} <= set(KINDS)
    assert {validation[i].song.split()[0] for i in range(8)} <= set(HELD_OUT)
    assert torch.equal(validation[2].frames, validation[10].frames)


def test_shapes_padding_and_mask():
    data = PictureDataset(count=12)
    lengths = set()
    for i in range(12):
        segment = data[i]
        assert segment.frames.shape == (NUM_FRAMES, 3, 64, 64)
        assert segment.seen.shape == (NUM_FRAMES, 8) and not segment.present.any()
        there = int(segment.frame_mask.sum())
        assert segment.frame_mask[:there].all() and not segment.frames[there:].any()
        assert not segment.seen[there:].any()
        lengths.add(there)
    assert 1 in lengths and NUM_FRAMES in lengths
    assert len(PictureDataset()) == 2_048 and len(PictureDataset(split="validation")) == 256


@pytest.mark.parametrize("seed", range(4))
def test_turning_keeps_what_is_known(seed):
    drawn = PictureDataset(count=4).drawn(1)
    frames = drawn.frames.astype(np.float32) / 255.0
    known = np.arange(len(frames))[:, None].astype(np.float32)
    turned, order = _turned(frames, known, counter_rng(seed))
    expected = features_of(frames).stacked()[order[:, 0].astype(int)]
    assert features_of(np.ascontiguousarray(turned)).stacked() == pytest.approx(expected, abs=1e-5)


def test_the_loader_makes_batches_of_it():
    batch = next(iter(build_loader(PictureDataset(count=4), 3)))
    assert batch.frames.shape == (3, NUM_FRAMES, 3, 64, 64) and batch.audio is None
    assert batch.frame_mask.dtype == torch.bool and batch.seen.shape == (3, NUM_FRAMES, 8)
    assert len(batch) == 3 and batch.to("cpu").seen is not None
