"""How far a stem's samples rise above its level within a few milliseconds: noise, hum or clicks.

Spectra of 20 ms and more do not tell noise from a click in every frame: both hold as much of every
frequency, and features that are averages of such spectra call them equal. Ears hear a cymbal in the
one and a buzz in the other, and the clicks decide how loud a song can be before it clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from metrics.analysis import mean_known
from metrics.report import Row
from utils import STEMS

if TYPE_CHECKING:
    from metrics.segment import Segment

BLOCK_SAMPLES = 256
DOWN_DB = 40.0  # quieter blocks than this below the loudest are not counted
CLICK_DB = 10.0 * np.log10(BLOCK_SAMPLES)


def peaks_db(audio: np.ndarray) -> float:
    """Mean over blocks of 12 ms of the highest sample over the block's RMS, dB; nan for silence.

    A sine has 3 dB, white noise 9, one click in every block 24. Blocks 40 dB below the loudest
    are not counted.

    Args:
        audio: (t,).
    """
    whole = len(audio) // BLOCK_SAMPLES * BLOCK_SAMPLES
    blocks = np.asarray(audio[:whole], np.float64).reshape(-1, BLOCK_SAMPLES)
    rms = np.sqrt(np.mean(blocks**2, axis=1))
    counted = rms > rms.max(initial=0.0) * 10.0 ** (-DOWN_DB / 20.0)
    if not counted.any():
        return float("nan")
    return float(np.mean(20.0 * np.log10(np.abs(blocks[counted]).max(1) / rms[counted])))


def peak_rows(ours: Sequence[Segment], real: Sequence[Segment]) -> list[Row]:
    """Peaks of every stem beside those of real ones, and of clicks."""
    rows = []
    for stem in STEMS:
        mine, theirs = (np.array([s.sound[stem].peaks for s in part]) for part in (ours, real))
        known = int(np.isfinite(mine).sum())
        numbers = (mean_known(mine), CLICK_DB, mean_known(theirs), "nearer", known)
        rows.append(
            Row("peaks", f"over RMS in 12 ms, dB, {stem}", *numbers, "clicks", "real songs")
        )
    return rows
