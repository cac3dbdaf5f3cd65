"""Labels of imagined segments that differ as much as possible, for the tests of captions."""

from __future__ import annotations

from typing import Any

import numpy as np

from data.emotion import CENTRES, EMOTIONS
from data.labels import GENRES, unknown_labels
from data.movement import STYLES
from utils import counter_rng

PROGRAMS = ((32, 40), (128, 129), (24, 32), (0, 8))  # of every stem, first and one past the last


def imagined(seed: int) -> dict[str, Any]:
    """Labels of one segment; about one in eight is unknown, and one stem or more plays."""
    rng = counter_rng(seed)
    emotion = int(rng.integers(len(EMOTIONS)))
    plays = rng.integers(0, 2, 4)
    plays[rng.integers(4)] = 1
    labels = {
        **unknown_labels(),
        "style": int(rng.integers(len(STYLES))),
        "genre": int(rng.integers(len(GENRES))),
        "emotion": emotion,
        "valence": 0.8 * CENTRES[emotion][0],
        "arousal": 0.8 * CENTRES[emotion][1],
        "tempo": float(rng.uniform(50.0, 210.0)),
        "key": int(rng.integers(24)),
        "meter": int(rng.choice([2, 3, 4, 4, 5, 6, 7])),
        "swing": float(rng.uniform(0.5, 0.67)),
        "dynamics": float(rng.uniform(0.3, 1.0)),
        "loudness": float(rng.uniform(-26.0, -12.0)),
        "brightness": float(rng.uniform(-0.5, 2.0)),
        "register": float(rng.uniform(48.0, 72.0)),
        "program": np.array([rng.integers(*span) for span in PROGRAMS]),
        "plays": plays,
        "density": np.where(plays == 1, rng.uniform(0.2, 9.0, 4), 0.0),
    }
    unknown = unknown_labels()
    return {n: v if rng.random() < 0.88 else unknown.get(n, v) for n, v in labels.items()}
