"""Notes out of a spectrum: the notes that are played, not their overtones, in any tuning."""

import numpy as np
import pytest

from data.listening.pitches import (
    HIGHEST,
    HOP_SAMPLES,
    LOWEST,
    RATE,
    WINDOW_SAMPLES,
    _binned,
    _flattened,
    chroma_of,
    note_levels,
)
from data.listening.spectra import magnitudes
from tests.data.listening.sounds import chord, tone


def heard(audio):
    return note_levels(audio)[int(0.3 * RATE) : int(1.0 * RATE)].mean(0)


@pytest.mark.parametrize("pitch", [33, 45, 60, 76])
def test_one_note_is_heard_as_one_note(pitch):
    levels = heard(tone(pitch, 1.5))
    assert levels.shape == (HIGHEST - LOWEST,)
    assert levels.argmax() + LOWEST == pitch
    assert np.sort(levels)[-2] < 0.5 * levels.max()


def test_a_chord_is_its_notes():
    levels = heard(chord([57, 60, 64], 1.5))
    assert sorted(np.argsort(levels)[-3:] + LOWEST) == [57, 60, 64]


def test_the_scale_follows_the_tuning():
    for offset in (-0.3, 0.3):
        levels = heard(chord([57 + offset, 60 + offset, 64 + offset], 1.5))
        assert sorted(np.argsort(levels)[-3:] + LOWEST) == [57, 60, 64], offset


def test_chroma_folds_octaves_and_counts_a_range_of_notes():
    notes = np.zeros((1, HIGHEST - LOWEST))
    notes[0, [36 - LOWEST, 48 - LOWEST, 55 - LOWEST]] = 1.0, 2.0, 4.0
    assert chroma_of(notes)[0].tolist() == [3.0, 0, 0, 0, 0, 0, 0, 4.0, 0, 0, 0, 0]
    assert chroma_of(notes, 40, 50)[0].tolist() == [2.0] + [0.0] * 11


def test_silence_holds_no_note():
    assert not note_levels(np.zeros(30_000, np.float32)).any()


def test_quiet_surroundings_have_a_deviation():
    """Beside a strong note the squares are tiny: none of their means may fall below zero."""
    with np.errstate(invalid="raise", divide="raise"):
        for pitch in (45, 60, 76):
            bins = _binned(magnitudes(tone(pitch, 1.5), WINDOW_SAMPLES, HOP_SAMPLES), 0.0)
            flat = _flattened(bins)
            assert np.isfinite(flat).all() and (flat >= 0.0).all()
