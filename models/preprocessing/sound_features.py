"""What a bar is like, as numbers, from its sound: harmony, timbre, rhythm and level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.listening import pitches, spectra
from models.preprocessing.bar_features import weighed

WEIGHTS = {"harmony": 0.3, "timbre": 1.0, "rhythm": 0.7, "level": 2.0, "stems": 1.0}
POSITIONS = 8
LISTENING_LEVEL = 0.1
EARLY_SECONDS = 0.06  # a stroke on the bar line belongs to the bar that it begins
ACCENT = 0.2
PARTS = {"low": slice(0, 4), "middle": slice(6, 24), "high": slice(26, 40)}  # of 40 mel bands


def sound_features(audio: np.ndarray, bars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (n k) of a recording (t,) or of stems (s, t) in bars that begin at (n + 1,) seconds,
    and accents (n,): a stroke of cymbals at the beginning of a bar that stands alone.
    """
    edges = np.maximum(bars - EARLY_SECONDS, 0.0)
    mix = audio.sum(0) if audio.ndim == 2 else audio
    mix = mix * np.float32(LISTENING_LEVEL / max(float(np.sqrt(np.square(mix).mean())), 1e-5))
    levels = spectra.band_levels(mix)
    pulse = np.stack([spectra.stroke_curve(levels, part) for part in PARTS.values()], 1)
    eighths = per_unit(pulse, _eighths(edges) * spectra.RATE)
    chroma = per_unit(pitches.chroma_of(pitches.note_levels(mix)), edges * pitches.RATE)
    blocks = {
        "harmony": _unit(np.sqrt(np.maximum(chroma, 0.0))),
        "timbre": per_unit(levels - levels.mean(1, keepdims=True), edges * spectra.RATE),
        "rhythm": _unit(eighths.reshape(len(bars) - 1, -1)),
        "level": per_unit(levels.mean(1, keepdims=True), edges * spectra.RATE),
    }
    if audio.ndim == 2:
        blocks["stems"] = stem_levels(audio, edges)
    return weighed(blocks, WEIGHTS), _accents(eighths)


def stem_levels(stems: Sequence[np.ndarray], bars: np.ndarray) -> np.ndarray:
    """Level (n s) of each stem in each bar, 0 (60 dB below its loudest bar, or silence) to 1."""
    rows = []
    for stem in stems:
        frames = stem[: len(stem) // 1_024 * 1_024].reshape(-1, 1_024)
        power = per_unit(np.square(frames).mean(1)[:, None], bars * pitches.RATE)[:, 0]
        rows.append(1.0 + np.log10(np.maximum(power / max(power.max(), 1e-10), 1e-6)) / 6.0)
    return np.stack(rows, 1)


def per_unit(frames: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Mean (n k) of frames (m k) between edges (n + 1,) in frames; at least one frame each."""
    sums = np.concatenate([np.zeros((1, frames.shape[1])), np.cumsum(frames, 0, dtype=np.float64)])
    first = np.clip(np.round(edges[:-1]).astype(int), 0, len(frames) - 1)
    last = np.clip(np.round(edges[1:]).astype(int), first + 1, len(frames))
    return (sums[last] - sums[first]) / (last - first)[:, None]


def _eighths(bars: np.ndarray) -> np.ndarray:
    """Every bar cut into eight: (8 n + 1,) seconds."""
    at = np.arange(POSITIONS * (len(bars) - 1) + 1) / POSITIONS
    return np.interp(at, np.arange(len(bars)), bars)


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _accents(eighths: np.ndarray) -> np.ndarray:
    """Signs (n,) of a beginning, 0 to `ACCENT`, of pulses (8 n, 3) low, middle, high."""
    high = eighths.reshape(-1, POSITIONS, len(PARTS))[:, 0, -1]
    usual = np.median(high)
    spread = max(float(np.median(np.abs(high - usual))), 1e-6)
    found = ACCENT * np.clip((high - usual) / spread / 8.0, 0.0, 1.0)
    found[:1] = 0.0
    return found


def bar_prints(audio: np.ndarray, bars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is played in each bar of one part (t,): harmony and strokes by eighths, (n k) of unit
    length; and whether anything sounds, bool (n,).
    """
    level = max(float(np.sqrt(np.square(audio).mean())), 1e-5)
    part = audio * np.float32(LISTENING_LEVEL / level)
    edges = np.maximum(bars - EARLY_SECONDS, 0.0)
    eighths = _eighths(edges)
    levels = spectra.band_levels(part)
    pulse = np.stack([spectra.stroke_curve(levels, p) for p in PARTS.values()], 1)
    chroma = np.sqrt(pitches.chroma_of(pitches.note_levels(part)))
    n = len(bars) - 1
    rhythm = _unit(per_unit(pulse, eighths * spectra.RATE).reshape(n, -1))
    harmony = _unit(per_unit(chroma, eighths * pitches.RATE).reshape(n, -1))
    loud = per_unit(levels.mean(1, keepdims=True), edges * spectra.RATE)[:, 0]
    return _unit(np.concatenate([rhythm, harmony], 1)), loud > 0.1 * max(float(loud.max()), 1e-3)
