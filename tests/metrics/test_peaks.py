"""Noise, hum and clicks of one spectrum are told apart."""

import numpy as np
import pytest

from metrics.peaks import CLICK_DB, peak_rows, peaks_db
from metrics.segment import describe
from utils import STEMS, counter_rng


def noise(seed: int, samples: int = 65_536) -> np.ndarray:
    return 0.1 * counter_rng(seed).standard_normal(samples)


def clicks(samples: int = 65_536) -> np.ndarray:
    audio = np.zeros(samples)
    audio[128::256] = 0.5
    return audio


def test_a_sine_noise_and_clicks():
    sine = np.sin(np.arange(65_536) * 0.9)
    assert peaks_db(sine) == pytest.approx(3.0, abs=0.1)
    assert 8.0 < peaks_db(noise(0)) < 10.0
    assert peaks_db(clicks()) == pytest.approx(CLICK_DB) == pytest.approx(24.1, abs=0.1)
    assert peaks_db(0.01 * noise(0)) == pytest.approx(peaks_db(noise(0)))


def test_what_is_faint_or_silent_is_not_counted():
    half = np.concatenate([noise(0), 1e-4 * clicks()])
    assert peaks_db(half) == pytest.approx(peaks_db(noise(0)))
    assert np.isnan(peaks_db(np.zeros(4_096))) and np.isnan(peaks_db(np.zeros(10)))


def test_rows_stand_beside_real_songs():
    real = describe(np.stack([noise(i) for i in range(4)]).astype(np.float32))
    made = np.stack([noise(5), clicks(), noise(6), np.zeros(65_536)]).astype(np.float32)
    rows = peak_rows([describe(made), describe(made)], [real])
    assert [row.name.split()[-1] for row in rows] == list(STEMS)
    bass, drums, _, piano = rows
    assert abs(bass.value - bass.ceiling) < 0.5 and bass.floor == CLICK_DB and bass.count == 2
    assert drums.value == pytest.approx(CLICK_DB, abs=0.1) and drums.ceiling < 10.0
    assert np.isnan(piano.value) and piano.count == 0 and piano.better == "nearer"
