"""Chord of every beat and the key of audio: note levels gathered per beat, then read as notes are.

The vocabulary, the chord profiles, the cost of changing and the key finding are those of
`data.harmony`.
"""

from __future__ import annotations

import numpy as np

from data.chords import CHORDS
from data.harmony import chords_and_key, estimate_key
from data.listening import pitches
from data.listening.layers import Layers
from data.listening.pitches import chroma_of

_QUIET = 0.15  # of the usual level of a beat


def heard_harmony(
    layers: Layers, beats: np.ndarray, beat_in_bar: np.ndarray
) -> tuple[tuple[str, ...], int | None]:
    """Chord name of every beat and the key 0-23 (None without pitched sound).

    Args:
        beats: (n,) seconds; without two of them there are no chords, and the key comes from all
            that sounds. beat_in_bar: (n,).
    """
    if len(beats) < 2:
        return (), estimate_key(chroma_of(layers.voices + layers.bass).sum(0))
    voices, bass = _per_beat(layers.voices, beats), _per_beat(layers.bass, beats)
    path, key = chords_and_key(voices, bass, beat_in_bar)
    return tuple(CHORDS[i] for i in path), key


def _per_beat(notes: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Chroma (n, 12) of every beat in beats of sound: a beat of ordinary level has about 1."""
    chroma = chroma_of(notes)
    edges = np.append(beats, 2 * beats[-1] - beats[-2]) * pitches.RATE
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, 0)])
    place = np.clip(edges + 0.5, 0, len(chroma))
    gathered = np.stack([np.interp(place, np.arange(len(sums)), column) for column in sums.T], 1)
    mean = np.diff(gathered, axis=0) / np.maximum(np.diff(edges), 1e-9)[:, None]
    level = mean.sum(1)
    loud = level[level > 0.1 * level.max(initial=0.0)]
    usual = float(np.median(loud)) if len(loud) else 1.0
    return np.where((level > _QUIET * usual)[:, None], mean / max(usual, 1e-9), 0.0)
