"""Clicks, tones and chords whose beats and notes are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from utils import SAMPLE_RATE


def tone(pitch: float, seconds: float, *, overtones: int = 6) -> np.ndarray:
    """A plucked note with overtones, float32 (t,)."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hertz = 440.0 * 2.0 ** ((pitch - 69) / 12)
    parts = [0.6**k * np.sin(2 * np.pi * hertz * (k + 1) * time) for k in range(overtones)]
    return (0.1 * sum(parts) * np.exp(-time)).astype(np.float32)


def chord(pitches: Sequence[float], seconds: float) -> np.ndarray:
    return sum(tone(pitch, seconds) for pitch in pitches)


def placed(sounds: Sequence[tuple[float, np.ndarray]], seconds: float) -> np.ndarray:
    """Sounds (start in seconds, audio) summed into float32 (t,)."""
    audio = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    for start, sound in sounds:
        first = round(start * SAMPLE_RATE)
        part = sound[: len(audio) - first]
        audio[first : first + len(part)] += part
    return audio


def kick() -> np.ndarray:
    time = np.arange(4_000) / SAMPLE_RATE
    return (0.8 * np.sin(2 * np.pi * 60 * time) * np.exp(-30 * time)).astype(np.float32)


def snare() -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(2_000)
    return (0.15 * noise * np.exp(-np.arange(2_000) / 500)).astype(np.float32)


def band(bpm: float, seconds: float, roots: Sequence[int] = (45, 41, 48, 43)) -> np.ndarray:
    """Four stems (s, t): kick and snare in turn, a root in the bass and a triad a bar; 4/4.

    The first downbeat is at 0; the triads are major, on the roots in turn.
    """
    beat = 60.0 / bpm
    beats = np.arange(0.0, seconds - 0.1, beat)
    drums = [(t, kick() if i % 2 == 0 else snare()) for i, t in enumerate(beats)]
    bars = list(enumerate(beats[::4]))
    root = lambda i: roots[i % len(roots)]
    bass = [(t, tone(root(i), 4 * beat)) for i, t in bars]
    piano = [(t, chord([root(i) + 12 + s for s in (0, 4, 7)], 4 * beat)) for i, t in bars]
    silent = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    return np.stack([placed(bass, seconds), placed(drums, seconds), silent, placed(piano, seconds)])
