"""Bars as numbers from sound: the same sound, the same numbers."""

import numpy as np

from models.preprocessing.sound_features import bar_prints, per_unit, sound_features, stem_levels

RATE = 22_050
BARS = np.arange(0.0, 17.0, 2.0)


def tones(pitches: list[float]) -> np.ndarray:
    """Two seconds of four plucked tones for each frequency."""
    time = np.arange(2 * RATE) / RATE
    pluck = np.exp(-6.0 * (time % 0.5))
    bars = [np.sin(2 * np.pi * hz * time) * pluck for hz in pitches]
    return 0.3 * np.concatenate(bars).astype(np.float32)


def test_bars_of_one_pitch_are_nearer_than_others():
    audio = tones([220, 220, 220, 220, 311, 311, 311, 311])
    features, accents = sound_features(audio, BARS)
    near = np.linalg.norm(features[1] - features[2])
    assert np.linalg.norm(features[1] - features[6]) > 3 * near
    assert accents.shape == (8,) and accents[0] == 0.0


def test_stems_that_rest_are_seen():
    stems = np.zeros((4, 16 * RATE), np.float32)
    stems[0] = tones([110] * 8)
    stems[2, : 8 * RATE] = tones([330] * 4)
    levels = stem_levels(stems, BARS)
    assert (levels[:, 0] > 0.9).all() and not levels[:, 1].any()
    assert (levels[:3, 2] > 0.9).all() and (levels[5:, 2] < 0.01).all()
    assert np.isfinite(sound_features(stems, BARS)[0]).all()


def test_means_between_edges():
    frames = np.arange(10.0)[:, None]
    assert per_unit(frames, np.array([0.0, 4.0, 10.0]))[:, 0].tolist() == [1.5, 6.5]
    assert per_unit(frames, np.array([0.0, 0.2, 0.3, 50.0])).shape == (3, 1)


def test_prints_tell_bars_apart():
    prints, plays = bar_prints(tones([220, 311, 220, 311] * 2), BARS)
    assert plays.all() and np.allclose(np.linalg.norm(prints, axis=1), 1.0)
    assert prints[2] @ prints[4] > 0.95 > prints[2] @ prints[3]
