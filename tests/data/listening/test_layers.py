"""Layers: stems apart, a mix by register; silent and absent stems."""

import numpy as np
import pytest

from data.listening.layers import layers_of
from data.listening.pitches import LOWEST
from tests.data.listening.sounds import band

EVERYONE = np.ones(4, bool)


@pytest.fixture(scope="module")
def audio():
    return band(120.0, 4.0)


def test_stems_are_heard_apart(audio):
    layers = layers_of(audio, EVERYONE)
    assert layers.plays.tolist() == [1, 1, 0, 1]
    assert layers.strokes.shape == (4, len(layers.curves.all)) and not layers.strokes[2].any()
    assert layers.bass[:40].mean(0).argmax() + LOWEST == 45
    assert layers.voices.mean(0).argmax() + LOWEST >= 53
    assert layers_of(audio, np.array([1, 1, 0, 1], bool)).plays.tolist() == [1, 1, -1, 1]


def test_a_mix_is_split_by_register(audio):
    layers = layers_of(audio.sum(0), EVERYONE)
    assert layers.strokes is None and layers.plays.tolist() == [-1] * 4
    split = 52 - LOWEST
    assert not layers.bass[:, split:].any() and not layers.voices[:, :split].any()
    assert layers.bass.any() and layers.voices.any()


def test_level_does_not_matter(audio):
    loud, quiet = layers_of(audio, EVERYONE), layers_of(0.1 * audio, EVERYONE)
    np.testing.assert_allclose(loud.curves.all, quiet.curves.all, atol=2e-3)
    np.testing.assert_allclose(loud.bass, quiet.bass, rtol=0.02, atol=1e-3)


def test_the_harmony_changes_where_the_chords_do(audio):
    change = layers_of(audio, EVERYONE).curves.change
    assert abs(change.argmax() / 86.13 - 2.0) < 0.15


def test_silence():
    layers = layers_of(np.zeros((4, 22_050), np.float32), EVERYONE)
    assert layers.plays.tolist() == [0] * 4 and not layers.curves.all.any()
