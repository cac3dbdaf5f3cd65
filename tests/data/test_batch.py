"""The shapes in which music travels."""

import numpy as np
import torch

from data.batch import Batch, Example


def test_an_example_knows_no_notes_unless_told():
    example = Example("song", 1.5, np.ones(4, bool))
    assert example.score_known.tolist() == [False] * 4
    assert example.audio is None and example.score is None and example.tags == {}
    example.score_known[0] = True
    assert not Example("other", 0.0, np.ones(4, bool)).score_known.any()


def test_a_batch_moves_with_all_its_tensors():
    mask = torch.ones(2, 4, dtype=torch.bool)
    batch = Batch(mask, mask, ["a", "b"], [0.0, 1.0], audio=torch.ones(2, 4, 8))
    batch.labels, batch.text = {"style": torch.tensor([1, 2])}, ["jazz", "rock"]
    moved = batch.to("meta")
    assert len(moved) == 2 and moved.song == ["a", "b"] and moved.text == ["jazz", "rock"]
    assert {t.device.type for t in (moved.present, moved.audio, moved.labels["style"])} == {"meta"}
    assert moved.roll is None and batch.audio.device.type == "cpu"
