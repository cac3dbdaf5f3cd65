"""Which notes sound when: a spectrum explained as a sum of notes with their overtones.

Approximate transcription by non-negative least squares after Mauch and Dixon (2010), "Approximate
note transcription for the improved identification of difficult chords": a spectrum on a scale of
thirds of semitones, its local average taken away, is made of note templates whose overtones fade
by 0.7 each. Chroma from notes is free of the fifths and thirds that overtones fake.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import ndimage, sparse

from data.listening.spectra import magnitudes
from utils import SAMPLE_RATE

WINDOW_SAMPLES = 8_192
HOP_SAMPLES = 1_024
RATE = SAMPLE_RATE / HOP_SAMPLES
LOWEST, HIGHEST = 28, 88  # MIDI pitches: E1 to E6
_BINS = 3  # per semitone
_TOP = HIGHEST + 24  # spectrum up to two octaves above the highest note
_FADE = 0.7
_OVERTONES = 12
_ITERATIONS = 25


def note_levels(audio: np.ndarray) -> np.ndarray:
    """How strongly each note sounds: float32 (m, notes), m frames at `RATE`, notes from `LOWEST`.

    The scale follows the tuning of the audio.
    """
    spectrum = magnitudes(audio, WINDOW_SAMPLES, HOP_SAMPLES)
    tuning = _tuning(_binned(spectrum, 0.0))
    return _explained(_flattened(_binned(spectrum, tuning)))


def chroma_of(notes: np.ndarray, lowest: int = LOWEST, highest: int = HIGHEST) -> np.ndarray:
    """Pitch classes (m, 12), C first, of the notes from `lowest` to below `highest`."""
    chroma = np.zeros((len(notes), 12), np.float32)
    for pitch in range(lowest, min(highest, LOWEST + notes.shape[1])):
        chroma[:, pitch % 12] += notes[:, pitch - LOWEST]
    return chroma


def _binned(spectrum: np.ndarray, tuning: float) -> np.ndarray:
    """Magnitudes (m, f) on the scale of thirds of semitones: (m, bins)."""
    return (_log_filters(tuning) @ spectrum.T).T


@lru_cache(maxsize=16)
def _log_filters(tuning: float) -> sparse.csr_matrix:
    """From magnitudes to thirds of semitones: (bins, f), each bin a triangle around its pitch.

    Args:
        tuning: how far the instruments are above 440 Hz, in semitones.
    """
    hertz = np.arange(1, WINDOW_SAMPLES // 2 + 1) * SAMPLE_RATE / WINDOW_SAMPLES
    pitch = 69.0 + 12.0 * np.log2(hertz / 440.0) - tuning
    centres = LOWEST - 1.0 / _BINS + np.arange((_TOP - LOWEST) * _BINS) / _BINS
    resolution = 12.0 * np.log2(1.0 + SAMPLE_RATE / WINDOW_SAMPLES / _hertz(centres))
    width = np.maximum(1.0 / _BINS, resolution)[:, None]
    weights = np.maximum(0.0, 1.0 - np.abs(pitch - centres[:, None]) / width)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    return sparse.csr_matrix(np.pad(weights, ((0, 0), (1, 0))).astype(np.float32))


def _hertz(pitch: np.ndarray) -> np.ndarray:
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def _tuning(bins: np.ndarray) -> float:
    """Semitones above 440 Hz, in tenths, from where between the semitones the energy lies."""
    spectrum = bins.sum(0)
    phases = np.exp(2j * np.pi * (np.arange(len(spectrum)) % _BINS - 1) / _BINS)
    turn = np.angle((spectrum * phases).sum()) / (2 * np.pi)
    return round(float(turn), 1)


def _flattened(bins: np.ndarray) -> np.ndarray:
    """What stands out of its surroundings (an octave), over their deviation: (m, bins)."""
    octave = np.full(12 * _BINS + 1, 1.0 / (12 * _BINS + 1))
    excess = bins - ndimage.convolve1d(bins, octave, axis=1)
    # every window is summed anew: a running sum rounds the squares of silence to below zero
    deviation = np.sqrt(ndimage.convolve1d(excess**2, octave, axis=1))
    floor = 0.01 * float(deviation.max(initial=0.0)) + 1e-9
    return np.maximum(excess, 0.0) / np.maximum(deviation, floor) ** 0.7


@lru_cache(maxsize=1)
def _templates() -> np.ndarray:
    """Spectrum of every note on the scale of thirds of semitones: (notes, bins), unit sum."""
    centres = LOWEST - 1.0 / _BINS + np.arange((_TOP - LOWEST) * _BINS) / _BINS
    templates = np.zeros((HIGHEST - LOWEST, len(centres)))
    for row, pitch in enumerate(range(LOWEST, HIGHEST)):
        for number in range(1, _OVERTONES + 1):
            distance = np.abs(centres - pitch - 12.0 * np.log2(number))
            templates[row] += _FADE ** (number - 1) * np.maximum(0.0, 1.0 - distance * 1.5)
    return (templates / templates.sum(1, keepdims=True)).astype(np.float32)


def _explained(bins: np.ndarray) -> np.ndarray:
    """Non-negative weights (m, notes) of the templates that best add up to the bins.

    Multiplicative updates of Lee and Seung (2001), which keep every weight non-negative.
    """
    templates = _templates()
    towards, overlap = bins @ templates.T, templates @ templates.T
    weights = towards.copy()
    for _ in range(_ITERATIONS):
        weights *= towards / (weights @ overlap + 1e-6)
    return weights
