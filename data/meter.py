"""Loudness of stereo audio that arrives in blocks: integrated loudness and loudness range.

Sources: ITU-R BS.1770-4 (channels add as powers; blocks of 400 ms every 100 ms, gated) and EBU Tech
3342 (loudness range: 10th to 95th percentile of 3 s windows, gated).
"""

from __future__ import annotations

import numpy as np
from scipy.signal import sosfilt

from data.loudness import k_weighting

BLOCK_SAMPLES = 2**18
STEPS_PER_SECOND = 10
OFFSET_DB = -0.691
SILENCE_LUFS = -70.0


class Meter:
    """Adds up audio block by block; memory grows by one number per 100 ms.

    Args:
        sample_rate: in Hz. num_channels: all count alike, as left and right do.
    """

    def __init__(self, sample_rate: int, num_channels: int = 2) -> None:
        self.sample_rate = sample_rate
        self._filters = k_weighting(sample_rate)
        self._state = np.zeros((len(self._filters), num_channels, 2))
        self._energy: list[np.ndarray] = []
        self._count = 0

    def add(self, audio: np.ndarray) -> None:
        """The next block (c, t)."""
        audio = np.asarray(audio, np.float64)
        if not audio.shape[-1]:
            return
        weighted, self._state = sosfilt(self._filters, audio, zi=self._state)
        power = np.square(weighted).sum(0)
        step = (np.arange(self._count, self._count + len(power)) * STEPS_PER_SECOND) // (
            self.sample_rate
        )
        self._count += len(power)
        self._energy.append(np.stack([step, power]))
        self._fold()

    def _fold(self) -> None:
        """Samples become sums per 100 ms."""
        step, power = np.concatenate(self._energy, axis=1)
        steps, first = np.unique(step, return_index=True)
        self._energy = [np.stack([steps, np.add.reduceat(power, first)])]

    def _windows(self, num_steps: int) -> np.ndarray:
        """Mean power (n,) of every window of so many 100 ms, whole ones; at least one."""
        if not self._energy:
            return np.zeros(0)
        energy = self._energy[0][1]
        whole = self._count * STEPS_PER_SECOND // self.sample_rate
        if whole < num_steps:
            return np.array([energy.sum() / self._count])
        sums = np.concatenate([[0.0], np.cumsum(energy[:whole])])
        seconds = num_steps / STEPS_PER_SECOND
        return np.maximum(sums[num_steps:] - sums[:-num_steps], 0.0) / seconds / self.sample_rate

    @property
    def loudness(self) -> float:
        """Integrated loudness in LUFS of what was added; -inf for silence."""
        power = _gated(self._windows(4), relative_lu=10.0)
        return float(_lufs(power.mean())) if len(power) else -np.inf

    @property
    def range_lu(self) -> float:
        """Loudness range in LU; 0 for silence and for what is shorter than 3 s."""
        power = _gated(self._windows(30), relative_lu=20.0)
        if not len(power):
            return 0.0
        low, high = np.percentile(_lufs(power), [10.0, 95.0])
        return float(high - low)


def _lufs(power: np.ndarray) -> np.ndarray:
    return OFFSET_DB + 10.0 * np.log10(np.maximum(power, 1e-30))


def _gated(power: np.ndarray, *, relative_lu: float) -> np.ndarray:
    """Powers above -70 LUFS and above their mean less `relative_lu`."""
    power = power[_lufs(power) > SILENCE_LUFS]
    return power[_lufs(power) > _lufs(power.mean()) - relative_lu] if len(power) else power


def measured(audio: np.ndarray, sample_rate: int) -> Meter:
    """A meter that has heard audio (c, t)."""
    meter = Meter(sample_rate, len(audio))
    for start in range(0, audio.shape[-1], BLOCK_SAMPLES):
        meter.add(audio[:, start : start + BLOCK_SAMPLES])
    return meter
