"""When does each stem of a song sound? One level per stem and second, measured once and remembered.

The memory is a small file per song in the user's cache folder, never beside the audio. It is keyed
by path, size and time of change, so edited audio is measured again; without a writable cache
folder everything works and is measured once per process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.audio import read_blocks
from utils import write_atomically

ACTIVE_DB = -55.0
FLOOR_DB = -120


def cache_folder() -> Path:
    """Where measurements are kept: `HARMONICFLOW_CACHE`, or the user's cache folder."""
    own = os.environ.get("HARMONICFLOW_CACHE")
    shared = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(own) if own else Path(shared) / "harmonicflow"


def stem_activity(stems: Sequence[Sequence[Path]]) -> np.ndarray:
    """Whether each stem sounds in each second, bool (s, seconds).

    Args:
        stems: per stem the files that are summed to it; none where the stem is absent.

    Raises:
        UserError: a file cannot be read.
    """
    path = cache_folder() / "activity" / f"{_key(stems)}.npy"
    with contextlib.suppress(OSError, ValueError, EOFError):
        levels = np.load(path)
        if levels.dtype == np.int8 and levels.ndim == 2 and len(levels) == len(stems):
            return levels > ACTIVE_DB
    levels = _levels_db(stems)
    with contextlib.suppress(OSError), write_atomically(path) as partial:
        with open(partial, "wb") as file:
            np.save(file, levels)
    return levels > ACTIVE_DB


def start_weights(active: np.ndarray, window: int, count: int) -> np.ndarray:
    """How much each second deserves to begin a segment.

    Grows with the square of the share of (stem, second) cells that sound, and never
    vanishes: breaks and solos stay in the training data, only rarer.

    Args:
        active: bool (s, seconds) of the stems that exist.
        window: seconds in a segment.
        count: how many seconds can begin one.

    Returns:
        Positive weights (count,) with sum 1.
    """
    filled = np.concatenate([[0.0], np.cumsum(active.mean(axis=0))])
    first, end = np.arange(count), active.shape[1]
    share = (filled[np.minimum(first + window, end)] - filled[np.minimum(first, end)]) / window
    weights = share**2 + 0.02
    return weights / weights.sum()


def _levels_db(stems: Sequence[Sequence[Path]]) -> np.ndarray:
    """Peak level in dB of full scale per second, int8 (s, seconds); the floor is -120."""
    peaks = [
        [[float(np.abs(block).max()) for block in read_blocks(file)] for file in files]
        for files in stems
    ]
    seconds = max((len(row) for rows in peaks for row in rows), default=0)
    out = np.zeros((len(stems), max(seconds, 1)))
    for stem, rows in enumerate(peaks):
        for row in rows:
            out[stem, : len(row)] = np.maximum(out[stem, : len(row)], row)
    return np.round(20 * np.log10(np.clip(out, 1e-6, 1.0))).clip(FLOOR_DB, 0).astype(np.int8)


def _key(stems: Sequence[Sequence[Path]]) -> str:
    """Names the files and their state."""
    parts = []
    for files in stems:
        for file in files:
            with contextlib.suppress(OSError):
                state = file.stat()
                parts.append(f"{file.absolute()}|{state.st_size}|{state.st_mtime_ns}")
        parts.append("/")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
