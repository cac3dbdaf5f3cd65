"""The protocol in exact numbers: chunks, activity, silent stems, means."""

import numpy as np
import pytest

from metrics.separation import (
    chunks,
    floored_si_sdr,
    is_active,
    score_chunks,
    summarise,
)
from metrics.waveform import si_sdr

RNG = np.random.default_rng(0)


def test_chunks_of_four_seconds_every_two():
    found = [(c.start, c.stop) for c in chunks(110, 10)]
    assert found == [(0, 40), (20, 60), (40, 80), (60, 100), (80, 110)]
    assert [(c.start, c.stop) for c in chunks(40, 10)] == [(0, 40)]
    assert [(c.start, c.stop) for c in chunks(15, 10)] == [(0, 15)]


def test_it_is_si_sdr_where_something_sounds():
    reference, noise = RNG.standard_normal((2, 5, 1_000))
    estimate = 0.3 * reference + 0.1 * noise
    assert np.allclose(floored_si_sdr(estimate, reference), si_sdr(estimate, reference), atol=1e-3)
    assert np.allclose(
        floored_si_sdr(7.0 * estimate, reference), floored_si_sdr(estimate, reference), atol=1e-6
    )


def test_a_silent_stem_scores_the_level_of_its_estimate():
    """Ten times quieter than the mixture is 20 dB of improvement, whatever it sounds like."""
    mixture = RNG.standard_normal(1_000)
    silence = np.zeros(1_000)
    better = floored_si_sdr(0.1 * mixture, silence) - floored_si_sdr(mixture, silence)
    assert better == pytest.approx(20.0, abs=1e-4)
    assert floored_si_sdr(silence, silence) == pytest.approx(0.0)


def test_activity_begins_at_a_mean_square():
    levels = np.sqrt(np.array([1.4e-5, 1.6e-5]))[:, None] * np.ones((2, 100))
    assert is_active(levels).tolist() == [False, True]


def stems(*playing: int, seconds: float = 4.0) -> np.ndarray:
    found = np.zeros((4, round(seconds * 22_050)), np.float32)
    for i in playing:
        found[i] = 0.1 * RNG.standard_normal(found.shape[1])
    return found


def test_chunks_with_less_than_two_stems_do_not_count():
    for playing in ((), (2,)):
        one = stems(*playing)
        assert score_chunks(one, one).improvement_db.shape == (0, 4)
    two = stems(0, 2)
    scores = score_chunks(np.broadcast_to(two.sum(0), two.shape), two)
    assert np.allclose(scores.improvement_db, 0.0) and scores.active.tolist() == [
        [True, False, True, False]
    ]


def test_active_means_leave_out_what_silence_earns():
    two = stems(0, 1)
    estimate = np.broadcast_to(two.sum(0), two.shape).copy()
    estimate[2:] *= 1e-2
    found = summarise([score_chunks(estimate, two)])
    assert found.published_db["guitar"] == pytest.approx(40.0, abs=1e-3)
    assert found.published_db["all"] == pytest.approx(20.0, abs=1e-3)
    assert found.active_db["all"] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(found.active_db["guitar"])
    assert found.num_active == {"bass": 1, "drums": 1, "guitar": 0, "piano": 0}


def test_nothing_to_score_is_unknown_and_shapes_must_fit():
    assert np.isnan(summarise([]).published_db["all"]) and summarise([]).num_chunks == 0
    with pytest.raises(ValueError, match="expected"):
        score_chunks(np.zeros((4, 9)), np.zeros((4, 8)))
