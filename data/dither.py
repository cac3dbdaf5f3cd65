"""From floating point to whole numbers, with dither: what rounding adds is noise, not distortion.

Triangular noise of two least significant steps peak to peak makes the mean and the power of the
error independent of the signal (Lipshitz, Wannamaker and Vanderkooy, "Quantization and Dither: A
Theoretical Survey", JAES 1992). Digital silence stays digital silence.
"""

from __future__ import annotations

import numpy as np

BITS = {"PCM_16": 16, "PCM_24": 24}


def quantised(audio: np.ndarray, bits: int, rng: np.random.Generator) -> np.ndarray:
    """Audio as whole numbers of `bits` bits, in the upper bits of int32.

    Args:
        audio: float, any shape, full scale 1; what lies beyond is clipped.
        rng: draws the noise; samples that are exactly zero get none.
    """
    full_scale = 2.0 ** (bits - 1)
    noise = rng.random(audio.shape) - rng.random(audio.shape)
    steps = np.rint(audio * full_scale + np.where(audio != 0.0, noise, 0.0))
    steps = np.clip(steps, -full_scale, full_scale - 1.0)
    return steps.astype(np.int32) << (32 - bits)
