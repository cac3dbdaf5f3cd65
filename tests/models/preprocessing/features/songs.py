"""A small record and the sounds that tests are made of."""

import numpy as np

from data.score import Notes
from models.preprocessing.features.record import Chord, Features, Span
from utils import STEMS


def sine(lufs_of_two_channels: float, seconds: float, sample_rate: int = 48_000) -> np.ndarray:
    """A stereo tone of 997 Hz, (2, t): its peak in dB of full scale is its loudness in LUFS."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    tone = 10.0 ** (lufs_of_two_channels / 20.0) * np.sin(2 * np.pi * 997.0 * time)
    return np.stack([tone, tone])


def small_record() -> Features:
    """Four seconds in 120 bpm: bass and drums given, one chord change, one note."""
    return Features(
        name="small",
        duration=4.0,
        kind="stems",
        tempo=120.0,
        meter=4,
        beats=np.arange(8) * 0.5,
        beat_in_bar=np.arange(8) % 4,
        key="A minor",
        chords=(Chord(0.0, 2.0, "Am"), Chord(2.0, 4.0, "F")),
        loudness=-18.25,
        loudness_range=1.5,
        loudness_curve=np.array([-19.0, -18.0, -18.0, -19.5]),
        brightness=0.5,
        onsets={"bass": np.array([0.0, 2.0]), "drums": np.arange(8) * 0.5},
        activity={
            "bass": (Span(0.0, 1.0), Span(2.0, 3.0)),
            "drums": (Span(0.0, 4.0),),
            "guitar": None,
            "piano": None,
        },
        notes={**dict.fromkeys(STEMS), "bass": Notes.of([0.0], [1.0], [33], [90])},
    )
