"""A tiny model and batches of music made on the spot."""

import numpy as np
import pytest
import torch

from data.batch import Batch
from data.roll import ROLL_ROWS
from models.harmonicflow import HarmonicFlow
from models.presets import tiny
from utils import FRAME_SAMPLES, torch_rng


@pytest.fixture
def model() -> HarmonicFlow:
    torch.manual_seed(0)
    model = HarmonicFlow(tiny()).eval()
    for name, parameter in model.named_parameters():
        if parameter.abs().sum() == 0 and parameter.ndim:
            generator = torch_rng(0, len(name))
            parameter.data = 0.05 * torch.randn(parameter.shape, generator=generator)
    return model


@pytest.fixture
def batch() -> Batch:
    return music(2, 32)


def music(count: int, num_frames: int) -> Batch:
    """Sine tones and a roll that names them; the last stem of the last item is absent."""
    rng = np.random.default_rng(0)
    time = np.arange(num_frames * FRAME_SAMPLES) / 22_050
    audio = np.stack(
        [[np.sin(6.28 * rng.uniform(80, 800) * time) for _ in range(4)] for _ in range(count)]
    )
    roll = np.zeros((count, 4, num_frames, ROLL_ROWS), np.float32)
    roll[:, :, ::8, 30] = 1.0
    roll[:, :, ::8, 2 * 88 + 30] = 0.7
    roll[:, :, :, 3 * 88 + 30] = 1.0
    present = torch.ones(count, 4, dtype=torch.bool)
    present[-1, -1] = False
    return Batch(
        present=present,
        score_known=present.clone(),
        song=[f"song {i}" for i in range(count)],
        start=[0.0] * count,
        audio=torch.from_numpy(0.2 * audio).float() * present[..., None],
        roll=torch.from_numpy(roll) * present[..., None, None],
        labels={"style": torch.tensor([3] * count), "tempo": torch.tensor([120.0] * count)},
    )
