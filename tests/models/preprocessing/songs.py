"""Small songs with a known form, for the tests of temporal analysis."""

import numpy as np

from data.score import DRUM_PROGRAM, Notes, Score

BAR_SECONDS = 2.0
SHAPES = {
    "A": {"bass": (36, 36, 43, 36), "guitar": (60, 64, 67, 64), "drums": (36, 38, 36, 38)},
    "B": {"bass": (41, 41, 41, 41, 48, 48, 48, 48), "piano": (65, 69, 72, 77), "drums": (42, 46)},
}


def song(form: str, *, bars_each: int = 4) -> Score:
    """A score whose sections are the letters of a form, each of so many bars of 2 s."""
    notes = {stem: [] for stem in ("bass", "drums", "guitar", "piano")}
    for place, letter in enumerate(form):
        for bar in range(bars_each):
            start = (place * bars_each + bar) * BAR_SECONDS
            for stem, pitches in SHAPES[letter].items():
                step = BAR_SECONDS / len(pitches)
                notes[stem] += [(start + i * step, step, p) for i, p in enumerate(pitches)]
    duration = len(form) * bars_each * BAR_SECONDS
    beats = np.arange(0.0, duration + 1e-6, BAR_SECONDS / 4)
    return Score(
        {stem: to_notes(rows) for stem, rows in notes.items()},
        duration,
        beats,
        np.arange(len(beats)) % 4,
        {"bass": 33, "drums": DRUM_PROGRAM, "guitar": 25, "piano": 0},
        name="small song",
    )


def to_notes(rows: list[tuple[float, float, int]]) -> Notes:
    """Notes of (onset, length, pitch)."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    onset, length = np.array(columns[0]), np.array(columns[1])
    return Notes.of(onset, onset + length * 0.9, columns[2], [90] * len(rows))
