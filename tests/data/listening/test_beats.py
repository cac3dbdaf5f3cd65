"""Beats: on the strokes, in the right tempo, steady; none where nothing repeats."""

import numpy as np
import pytest

from data.listening.beats import (
    RATE,
    Curves,
    at,
    autocorrelation,
    beat_path,
    candidates,
    find_beats,
    repetition,
    steadied,
)


def pulses(period: float, count: int = 24, *, first: float = 10.0, size: int = 1_024) -> np.ndarray:
    """A curve (m,) of triangular peaks every `period` frames."""
    frames = np.arange(size)
    places = first + period * np.arange(count)
    return np.maximum(0.0, 1.0 - np.abs(frames[:, None] - places) / 2.0).max(1)


def curves_of(curve, low=None, middle=None, change=None):
    zeros = np.zeros_like(curve)
    fill = lambda c: zeros if c is None else c
    return Curves(curve, fill(low), fill(middle), zeros, fill(change))


def test_autocorrelation_of_a_rhythm_is_one_at_its_period():
    similarity = autocorrelation(pulses(40.0))
    assert similarity[0] == 1.0 and similarity[40] == pytest.approx(1.0, abs=0.05)
    assert similarity[20] < 0.1
    assert not autocorrelation(np.ones(50)).any()


def test_repetition_prefers_the_period_to_what_is_no_multiple():
    bpm = 60 * RATE / np.array([40.0, 30.0])
    strong, weak = repetition(pulses(40.0), bpm)
    assert strong > 0.6 and weak < 0.5 * strong


def test_candidates_hold_the_tempo_and_its_relatives_once():
    found = candidates(pulses(43.07))
    near = lambda bpm: np.abs(np.log2(found / bpm)).min() < 0.03
    assert near(120.0) and near(60.0)
    assert len(found) == len({round(float(np.log2(f)) / 0.04) for f in found})


@pytest.mark.parametrize("period", [25.0, 43.07, 66.6])
def test_the_path_goes_through_the_strokes(period):
    path = beat_path(pulses(period, count=int(1_000 / period)), period)
    expected = 10.0 + period * np.arange(1 + int(1_000 / period))
    assert len(path) >= len(expected) - 2
    assert np.abs(path[:, None] - expected).min(1).max() <= 1.5


def test_steadied_beats_lose_their_jitter_and_keep_their_tempo():
    exact = 7.0 + 43.07 * np.arange(24)
    smooth = steadied(np.round(exact))
    assert np.abs(smooth - exact).max() < 0.4
    np.testing.assert_allclose(steadied(exact), exact, atol=1e-6)
    bent = exact + 0.01 * np.arange(24.0) ** 2
    assert np.abs(steadied(bent) - bent).max() < 0.1
    assert steadied(np.array([3, 9, 14])).tolist() == [3, 9, 14]


def test_a_curve_is_read_near_a_place():
    curve = np.zeros(50)
    curve[20] = 1.0
    assert at(curve, np.array([18.0, 20.0, 22.0, 30.0])).tolist() == [1, 1, 1, 0]


@pytest.mark.parametrize("bpm", [70.0, 96.0, 128.0])
def test_kick_and_snare_set_the_beat(bpm):
    period = 60 * RATE / bpm
    count = int(1_000 / period)
    kicks = pulses(2 * period, count // 2)
    snares = pulses(2 * period, count // 2, first=10 + period)
    hats = 0.5 * pulses(period / 2, 2 * count)
    beats = find_beats(curves_of(kicks + snares + hats, kicks, snares, pulses(4 * period)))
    assert 60 / np.median(np.diff(beats)) == pytest.approx(bpm, rel=0.02)
    phase = (beats * RATE - 10) / period
    assert np.abs(phase - np.round(phase)).max() < 0.1


def test_changes_of_harmony_tell_the_beat_from_the_offbeat():
    curve = pulses(43.07) + pulses(43.07, first=31.5)
    for first in (10.0, 31.5):
        change = pulses(4 * 43.07, 6, first=first)
        beats = find_beats(curves_of(curve, change=change))
        place = (beats * RATE - first) / 43.07
        if 100 < 60 / np.median(np.diff(beats)) < 140:
            assert np.abs(place - np.round(place)).max() < 0.1


def test_nothing_repeats_in_silence_or_a_moment():
    assert len(find_beats(curves_of(np.zeros(1_000)))) == 0
    assert len(find_beats(curves_of(np.ones(100)))) == 0
