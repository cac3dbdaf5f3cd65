"""The beat tracker on clicks whose tempo is known."""

import numpy as np
import pytest

from metrics.analysis import ONSET_RATE, onset_strength
from metrics.beats import autocorrelation, period_frames, track_beats
from utils import SAMPLE_RATE


def clicks(times: np.ndarray, seconds: float = 11.9, seed: int = 0) -> np.ndarray:
    """Decaying bursts of noise at the given seconds."""
    rng = np.random.default_rng(seed)
    audio = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    for second in times:
        start = int(second * SAMPLE_RATE)
        burst = rng.standard_normal(2_000) * np.exp(-np.arange(2_000) / 400) * 0.3
        audio[start : start + 2_000] += burst[: max(0, len(audio) - start)].astype(np.float32)
    return audio


@pytest.mark.parametrize("bpm", [70.0, 92.0, 120.0, 150.0])
def test_tempo_and_beats_of_a_click_track(bpm):
    truth = np.arange(0.3, 11.5, 60.0 / bpm)
    audio = clicks(truth)
    assert 60.0 * ONSET_RATE / period_frames(onset_strength(audio)) == pytest.approx(bpm, rel=0.02)
    beats = track_beats(audio)
    assert abs(len(beats) - len(truth)) <= 1
    assert max(np.abs(truth - b).min() for b in beats) < 0.03


def test_silence_and_the_empty_have_no_beats():
    silence = np.zeros(SAMPLE_RATE, np.float32)
    assert track_beats(silence).size == 0
    assert np.isnan(period_frames(onset_strength(silence)))
    assert track_beats(clicks(np.array([0.01]), seconds=0.1)).size == 0
    with pytest.raises(ValueError, match="one signal"):
        track_beats(np.zeros((2, 100), np.float32))


def test_autocorrelation_of_a_period_is_1_at_the_period():
    curve = np.tile([1.0, 0.0, 0.0, 0.0], 50)
    assert autocorrelation(curve)[[0, 4, 8]] == pytest.approx(1.0, abs=0.02)
    assert autocorrelation(np.ones(10)).max() == 0.0
