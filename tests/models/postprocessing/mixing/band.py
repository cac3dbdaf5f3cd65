"""Four stems that differ in level, place in the spectrum and dynamics, for the tests of mixing."""

import numpy as np


def band(seconds: float = 4.0, rate: int = 22_050, *, seed: int = 0) -> np.ndarray:
    """Stems (4, t), float32: a low tone, strokes, a plucked chord, a pad."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    beat = time % 0.5
    bass = np.sin(2 * np.pi * 70 * time) * np.exp(-3 * beat)
    drums = rng.standard_normal(len(time)) * np.exp(-25 * beat)
    guitar = sum(np.sin(2 * np.pi * f * time) for f in (330, 415, 494, 988)) * np.exp(-4 * beat)
    piano = sum(np.sin(2 * np.pi * f * time) / (i + 1) for i, f in enumerate((262, 523, 786)))
    levels = np.array([0.3, 0.2, 0.05, 0.02])[:, None]
    return (levels * np.stack([bass, drums, guitar, piano])).astype(np.float32)
