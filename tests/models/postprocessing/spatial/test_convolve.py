"""Block convolution equals convolution."""

import numpy as np
import pytest
from scipy.signal import fftconvolve

from models.postprocessing.spatial.convolve import Convolver
from utils import counter_rng


@pytest.mark.parametrize("taps", [1, 30, 700])
def test_blocks_are_the_whole(taps):
    rng = counter_rng(1, taps)
    filters, audio = rng.standard_normal((2, 3, taps)), rng.standard_normal((2, 1_000))
    filters[:, 1] = 0.0
    convolver = Convolver(filters, 100)
    blocks = [convolver.process(audio[:, i : i + 100]) for i in range(0, 1_000, 100)]
    blocks += [convolver.process(np.zeros((2, 100))) for _ in range(taps // 100 + 1)]
    whole = fftconvolve(audio[:, None], filters, axes=2).sum(axis=0)
    joined = np.concatenate(blocks, axis=1)
    np.testing.assert_allclose(joined[:, : whole.shape[1]], whole, atol=1e-4)
    assert not joined[1].any()


def test_silence_is_silence():
    convolver = Convolver(np.ones((1, 1, 50)), 64)
    convolver.process(np.ones((1, 64)))
    convolver.process(np.zeros((1, 64)))
    assert not convolver.process(np.zeros((1, 64))).any()
