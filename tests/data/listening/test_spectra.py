"""Curves of strokes: peaks where something is struck, nothing where nothing changes."""

import numpy as np
import pytest

from data.listening.spectra import (
    RATE,
    band_levels,
    magnitudes,
    stroke_curve,
    stroke_times,
)
from tests.data.listening.sounds import kick, placed, snare, tone
from utils import SAMPLE_RATE


def test_magnitudes_find_a_tone():
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    spectrum = magnitudes(np.sin(2 * np.pi * 1_000 * time), 1_024, 256)
    assert spectrum.shape == (1 + SAMPLE_RATE // 256, 513)
    assert (spectrum[10:-10].argmax(1) == round(1_000 * 1_024 / SAMPLE_RATE)).all()
    assert spectrum[40].max() == pytest.approx(256, rel=0.15)


def test_strokes_are_found_where_they_are():
    times = np.array([0.5, 1.0, 1.25, 2.0])
    audio = placed([(t, snare()) for t in times], 3.0)
    found = stroke_times(stroke_curve(band_levels(audio)), floor=0.05)
    assert len(found) == 4 and np.abs(found - times).max() < 2.5 / RATE


def test_registers_tell_kick_from_snare():
    audio = placed([(0.5, kick()), (1.5, snare())], 2.5)
    levels = band_levels(audio)
    low, middle = stroke_curve(levels, slice(0, 4)), stroke_curve(levels, slice(6, 24))
    first, second = slice(int(0.4 * RATE), int(0.7 * RATE)), slice(int(1.4 * RATE), None)
    assert low[first].max() > middle[first].max()
    assert middle[second].max() > low[second].max()


def test_steady_sound_and_silence_have_no_strokes():
    assert not stroke_curve(band_levels(np.zeros(SAMPLE_RATE))).any()
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    curve = stroke_curve(band_levels(0.1 * np.sin(2 * np.pi * 300 * time)))
    struck = stroke_curve(band_levels(placed([(1.0, tone(62, 1.0))], 3.0)))
    assert curve[80:-80].max() < 0.02 * struck.max()
    assert len(stroke_times(np.zeros(100), floor=0.1)) == 0
