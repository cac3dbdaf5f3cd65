"""Small songs for the tests of metrics: notes whose stems agree, and their sound."""

import numpy as np

from data.score import Notes
from utils import SAMPLE_RATE, STEMS

DURATION = 6.5


def band(seed: int) -> dict[str, Notes]:
    """A small song: three stems play the same triads, and drums play their rhythm."""
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.choice([0.25, 0.4, 0.55], 40)) + rng.uniform(0, 0.2)
    onsets = onsets[onsets < DURATION - 0.3]
    roots = rng.integers(0, 12, len(onsets))
    result = {}
    for stem, octave in zip(STEMS, (36, 0, 48, 60), strict=True):
        pitches = [(octave + r, octave + r + 4, octave + r + 7) for r in roots]
        if stem == "drums":
            pitches = [(36,)] * len(onsets)
        rows = [(t, t + 0.2, p) for t, chord in zip(onsets, pitches, strict=True) for p in chord]
        onset, offset, pitch = zip(*rows, strict=True)
        result[stem] = Notes.of(onset, offset, pitch, [90] * len(rows))
    return result


def played(notes: Notes) -> np.ndarray:
    """The notes as decaying tones, (t,)."""
    audio = np.zeros(int((DURATION + 1) * SAMPLE_RATE), np.float32)
    time = np.arange(int(0.5 * SAMPLE_RATE)) / SAMPLE_RATE
    for onset, pitch in zip(notes.onset, notes.pitch, strict=True):
        hertz = 440.0 * 2 ** ((float(pitch) - 69) / 12)
        start = int(onset * SAMPLE_RATE)
        audio[start : start + len(time)] += (
            0.1 * np.exp(-8 * time) * np.sin(2 * np.pi * hertz * time)
        )
    return audio
