"""Little songs on disk for the tests of the data package: every stem a tone, or silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.audio import save_audio
from utils import SAMPLE_RATE, STEMS

HERTZ = {"bass": 110.0, "drums": 880.0, "guitar": 330.0, "piano": 440.0}


def tone(
    seconds: float, *, hertz: float = 440.0, rate: int = SAMPLE_RATE, gain: float = 0.2
) -> np.ndarray:
    """Float32 (t,)."""
    time = np.arange(round(seconds * rate)) / rate
    return (gain * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def write_track(
    folder: Path,
    *,
    seconds: float = 4.0,
    stems: tuple[str, ...] = STEMS,
    rate: int = SAMPLE_RATE,
    suffix: str = ".wav",
) -> Path:
    """A track folder in the four-stem layout."""
    for stem in stems:
        audio = tone(seconds, hertz=HERTZ[stem], rate=rate)
        save_audio(folder / f"{stem}{suffix}", audio, rate, "PCM_16")
    return folder


def write_corpus(root: Path, *, num_train: int = 3, seconds: float = 4.0) -> Path:
    """A data set in the four-stem layout with `num_train` training songs and a validation song."""
    for number in range(num_train):
        write_track(root / "train" / f"Track{number + 1:05d}", seconds=seconds)
    write_track(root / "validation" / "Track01501", seconds=seconds)
    return root
