"""The same questions answered by librosa, to compare with: standard recipes, nothing tuned.

Beats by Ellis's tracker, strokes by spectral flux, the key by Krumhansl and Kessler's profiles over
constant-Q chroma, chords by the nearest of 24 triads to the chroma of each beat. librosa is no
requirement of this project; it is asked for by the check alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.chords import ROOTS
from utils import SAMPLE_RATE, UserError

HOP_SAMPLES = 512
TOP_DB = 60
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


@dataclass(frozen=True)
class Reference:
    """tempo in bpm; beats, onsets in seconds; key 0-23; chords: (start, end, name)."""

    tempo: float
    beats: np.ndarray
    onsets: np.ndarray
    key: int
    chords: tuple[tuple[float, float, str], ...]


def _librosa():
    try:
        import librosa
    except ImportError:
        raise UserError("librosa is not installed: pip install librosa, or leave it out") from None
    return librosa


def reference(mix: np.ndarray) -> Reference:
    """What librosa finds in a mix (t,) at 22,050 Hz.

    Raises:
        UserError: librosa is not installed.
    """
    librosa = _librosa()
    tempo, frames = librosa.beat.beat_track(y=mix, sr=SAMPLE_RATE, hop_length=HOP_SAMPLES)
    chroma = librosa.feature.chroma_cqt(y=mix, sr=SAMPLE_RATE, hop_length=HOP_SAMPLES)
    times = librosa.frames_to_time(frames, sr=SAMPLE_RATE, hop_length=HOP_SAMPLES)
    onsets = librosa.onset.onset_detect(y=mix, sr=SAMPLE_RATE, units="time")
    chords = _chords(chroma, frames, times, len(mix) / SAMPLE_RATE)
    return Reference(float(np.ravel(tempo)[0]), times, onsets, key_of_chroma(chroma), chords)


def reference_spans(stem: np.ndarray) -> list[tuple[float, float]]:
    """When a stem (t,) sounds: what is less than 60 dB below its loudest moment."""
    found = _librosa().effects.split(stem, top_db=TOP_DB) if np.abs(stem).max() > 0 else []
    return [(start / SAMPLE_RATE, end / SAMPLE_RATE) for start, end in found]


def key_of_chroma(chroma: np.ndarray) -> int:
    """Key 0-23 whose profile correlates most with chroma (12, m) (Krumhansl and Kessler 1982)."""
    profiles = [np.roll(p, k) for p in (MAJOR, MINOR) for k in range(12)]
    mean = chroma.mean(1)
    if mean.std() == 0:
        return 0
    return int(np.argmax([np.corrcoef(mean, profile)[0, 1] for profile in profiles]))


def _chords(
    chroma: np.ndarray, frames: np.ndarray, times: np.ndarray, duration: float
) -> tuple[tuple[float, float, str], ...]:
    """The nearest triad between every two beats."""
    names = [root + quality for quality in ("", "m") for root in ROOTS]
    shapes = [
        np.roll(np.isin(np.arange(12), t), r) for t in ([0, 4, 7], [0, 3, 7]) for r in range(12)
    ]
    cuts = np.concatenate([[0], frames, [chroma.shape[1]]])
    edges = np.concatenate([[0.0], times, [duration]])
    rows = zip(cuts[:-1], cuts[1:], edges[:-1], edges[1:], strict=True)
    return tuple(
        (start, end, names[int(np.argmax(np.array(shapes) @ chroma[:, first:last].mean(1)))])
        for first, last, start, end in rows
        if last > first and end > start
    )
