"""Four stems that lie apart in the spectrum, and a separator that is not silent about them."""

import numpy as np
import torch

from models.preprocessing.separation.network import Separator, SeparatorConfig

TINY = SeparatorConfig(8, 2)


def band(seconds: float = 2.0, rate: int = 22_050, *, seed: int = 0) -> np.ndarray:
    """Stems (4, t), float32: a low sine, noise bursts, a middle and a high tone."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    bass = np.sin(2 * np.pi * 80 * time)
    drums = rng.standard_normal(len(time)) * np.exp(-20 * (time % 0.25))
    guitar = np.sin(2 * np.pi * 700 * time) * (time % 1.0 < 0.6)
    piano = np.sin(2 * np.pi * 3_000 * time)
    return (0.1 * np.stack([bass, drums, guitar, piano])).astype(np.float32)


def opinionated(seed: int = 0) -> Separator:
    """An untrained separator whose masks differ from a quarter everywhere."""
    torch.manual_seed(seed)
    model = Separator(TINY).eval()
    for weight in model.write.weights:
        torch.nn.init.normal_(weight, std=0.3)
    return model
