"""Tracks to render and measurements of what is heard, for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from data.midi import MidiTrack
from data.score import Notes


def pitch_of(audio: np.ndarray, sample_rate: int) -> float:
    """MIDI number (fractional) of mono audio: the first high peak of its autocorrelation."""
    x, n = audio - audio.mean(), len(audio)
    correlation = np.fft.irfft(np.abs(np.fft.rfft(x, 2 * n)) ** 2)[: n // 2]
    energy = np.append(0.0, np.cumsum(x**2))
    lags = np.arange(n // 2)
    norm = np.sqrt(energy[n - lags] * (energy[n] - energy[lags]))
    r = correlation / np.maximum(norm, 1e-12)
    inner = np.arange(int(sample_rate / 2_000), min(int(sample_rate / 25), n // 2 - 1))
    peaks = inner[(r[inner] > r[inner - 1]) & (r[inner] >= r[inner + 1])]
    lag = peaks[r[peaks] > 0.92 * r[peaks].max()][0]
    left, middle, right = r[lag - 1 : lag + 2]
    exact = lag + 0.5 * (left - right) / (left - 2 * middle + right)
    return float(69 + 12 * np.log2(sample_rate / exact / 440.0))


def track(
    stem: str = "piano",
    program: int = 0,
    notes: Notes | None = None,
    controls: Sequence[tuple[float, int, int]] = (),
) -> MidiTrack:
    """A track of one note, or of some, with (time, number, value) controls."""
    notes = Notes.of([0.0], [0.8], [60], [100]) if notes is None else notes
    times, numbers, values = zip(*controls, strict=True) if controls else ((), (), ())
    return MidiTrack(
        stem,
        program,
        notes,
        np.array(times, np.float64),
        np.array(numbers, np.int16),
        np.array(values, np.int16),
    )


def level_db(audio: np.ndarray) -> float:
    """Root mean square in dB."""
    return 20 * np.log10(np.sqrt(np.mean(audio**2)) + 1e-12)
