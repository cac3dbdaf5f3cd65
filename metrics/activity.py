"""Does every stem play? Shares of silent stems, in sound and in the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.score import Notes
from metrics.analysis import SILENCE_DB, as_audio, is_silent
from utils import STEMS


@dataclass(frozen=True)
class Activity:
    """Shares, 0 to 1, per stem over segments.

    Attributes:
        silent: stem -> share of segments in which its sound stays under the threshold.
        without_notes: stem -> share of segments in which its score is empty.
        disagree: stem -> share of segments in which one of the two is silent and the other is not.
    """

    silent: dict[str, float]
    without_notes: dict[str, float]
    disagree: dict[str, float]


def measure_activity(
    audio: np.ndarray,
    notes: Sequence[Mapping[str, Notes]],
    *,
    threshold_db: float = SILENCE_DB,
) -> Activity:
    """Activity of segments: audio (b, s, t) and as many scores; NaN when there are none."""
    if len(audio) != len(notes):
        raise ValueError(f"{len(audio)} segments of audio but {len(notes)} scores")
    if not len(audio):
        unknown = dict.fromkeys(STEMS, float("nan"))
        return Activity(unknown, dict(unknown), dict(unknown))
    if as_audio(audio).ndim != 3 or audio.shape[1] != len(STEMS):
        raise ValueError(f"expected audio (b, {len(STEMS)}, t), got {audio.shape}")
    silent = is_silent(audio, threshold_db=threshold_db)
    empty = np.array([[len(n[stem]) == 0 for stem in STEMS] for n in notes])
    share = lambda table: dict(zip(STEMS, table.mean(0).tolist(), strict=True))
    return Activity(share(silent), share(empty), share(silent != empty))
