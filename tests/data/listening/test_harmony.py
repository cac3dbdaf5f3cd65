"""Harmony of audio: the chords that are played, per beat, and the key."""

import numpy as np

from data.chords import KEYS
from data.listening import pitches
from data.listening.harmony import _per_beat, heard_harmony
from data.listening.layers import layers_of
from tests.data.listening.sounds import band

EVERYONE = np.ones(4, bool)


def test_chords_and_key_of_a_progression():
    layers = layers_of(band(120.0, 8.0, roots=(48, 53, 43, 48)), EVERYONE)
    beats = 0.5 * np.arange(16)
    chords, key = heard_harmony(layers, beats, np.arange(16) % 4)
    assert chords == ("C",) * 4 + ("F",) * 4 + ("G",) * 4 + ("C",) * 4
    assert KEYS[key] == "C major"


def test_drums_alone_have_no_harmony():
    audio = band(120.0, 4.0)
    audio[[0, 2, 3]] = 0.0
    chords, key = heard_harmony(layers_of(audio, EVERYONE), 0.5 * np.arange(8), np.arange(8) % 4)
    assert set(chords) == {"N"} and key is None


def test_without_beats_the_key_still_speaks():
    layers = layers_of(band(120.0, 8.0, roots=(48, 53, 43, 48)), EVERYONE)
    chords, key = heard_harmony(layers, np.zeros(0), np.zeros(0, int))
    assert chords == () and KEYS[key] == "C major"


def test_one_beat_is_too_few_for_chords():
    layers = layers_of(band(120.0, 8.0, roots=(48, 53, 43, 48)), EVERYONE)
    chords, key = heard_harmony(layers, np.array([1.0]), np.zeros(1, int))
    assert chords == () and KEYS[key] == "C major"


def test_beats_without_sound_hold_no_chroma():
    beats = 0.5 * np.arange(4)
    silent = np.zeros((60, pitches.HIGHEST - pitches.LOWEST), np.float32)
    assert not _per_beat(silent, beats).any()
    one = silent.copy()
    one[: round(0.5 * pitches.RATE), 60 - pitches.LOWEST] = 3.0
    chroma = _per_beat(one, beats)
    assert chroma.shape == (4, 12) and np.isfinite(chroma).all()
    assert chroma[0, 0] > 0.9 and not chroma[1:].any()
