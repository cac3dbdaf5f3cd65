"""Distances between feature sets: zero, exact shifts, scales, and the order that they must give."""

import numpy as np
import pytest

from metrics.spectrum import (
    FEATURE_NAMES,
    WINDOW_SAMPLES,
    compare_sets,
    feature_set,
    features,
    frechet_distance,
    kernel_discrepancy,
)


@pytest.fixture
def cloud() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((60, 5))


def test_equal_sets_have_no_distance(cloud):
    assert frechet_distance(cloud, cloud) == pytest.approx(0.0, abs=1e-9)
    assert compare_sets(cloud, cloud).frechet == pytest.approx(0.0, abs=1e-9)
    assert kernel_discrepancy(cloud, cloud[::-1]) < 0.0  # unbiased: it counts each point's twin


def test_a_shift_by_c_costs_c_squared_per_feature(cloud):
    assert frechet_distance(cloud + 3.0, cloud) == pytest.approx(5 * 9.0)


def test_twice_the_spread_costs_the_trace(cloud):
    centred = cloud - cloud.mean(0)
    trace = np.trace(np.cov(cloud, rowvar=False))
    assert frechet_distance(2 * centred, centred) == pytest.approx(trace)
    assert frechet_distance(centred, 2 * centred) == pytest.approx(trace)


def test_fewer_vectors_than_features_is_no_trouble():
    few = np.random.default_rng(1).standard_normal((4, 50))
    assert frechet_distance(few, few) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(few + 1.0, few) == pytest.approx(50.0)


def test_the_kernel_discrepancy_is_unbiased():
    rng = np.random.default_rng(2)
    values = [kernel_discrepancy(*rng.standard_normal((2, 12, 3))) for _ in range(300)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(300)
    assert min(values) < 0 < max(values)


def test_the_kernel_discrepancy_of_far_sets_is_exact():
    # two far clouds: both inner means stay, the cross term vanishes
    cloud = np.array([[0.0], [1.0]])
    inside = np.exp(-0.5)  # one distance of 1, bandwidth 1
    assert kernel_discrepancy(cloud + 100.0, cloud) == pytest.approx(2 * inside)


@pytest.mark.parametrize("distance", [frechet_distance, kernel_discrepancy, compare_sets])
def test_malformed_sets_are_refused(distance, cloud):
    with pytest.raises(ValueError, match="at least 2"):
        distance(cloud[:1], cloud)
    with pytest.raises(ValueError, match="expected"):
        distance(cloud[:, :3], cloud)
    with pytest.raises(ValueError, match="finite"):
        distance(np.full_like(cloud, np.nan), cloud)


def test_one_odd_window_weighs_no_more_than_five_spreads(cloud):
    odd, odder = cloud.copy(), cloud.copy()
    odd[0], odder[0] = 50.0, 1e6
    near, far = compare_sets(odd, cloud), compare_sets(odder, cloud)
    assert near == far and 0.0 < near.frechet < 2.0


def tune(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(WINDOW_SAMPLES) / 22_050
    audio = np.zeros(WINDOW_SAMPLES)
    for start in np.arange(0, 5.5, 0.5):
        hertz = 220 * 2 ** (rng.integers(0, 24) / 12)
        local = np.maximum(time - start, 0)
        audio += (time >= start) * np.exp(-5 * local) * np.sin(2 * np.pi * hertz * local)
    return (0.2 * audio).astype(np.float32)


def test_features_are_named_finite_and_deterministic():
    vector = features(tune(0))
    assert vector.shape == (len(FEATURE_NAMES),) and len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)
    assert vector.dtype == np.float64 and np.isfinite(vector).all()
    assert (vector == features(tune(0))).all()
    assert np.isfinite(features(np.zeros(WINDOW_SAMPLES, np.float32))).all()
    by_name = dict(zip(FEATURE_NAMES, vector, strict=True))
    assert by_name["onset_rate"] == pytest.approx(11 / 5.944, rel=0.1)
    with pytest.raises(ValueError, match="one signal"):
        features(np.zeros((2, 4_000), np.float32))


def test_what_lies_80_dB_below_the_loudest_is_not_heard():
    audio, noise = tune(0), np.random.default_rng(0).standard_normal(WINDOW_SAMPLES)
    heard = features(audio)
    np.testing.assert_allclose(features(audio + np.float32(1e-7) * noise), heard, atol=0.05)
    assert np.abs(features(audio + np.float32(1e-3) * noise) - heard).max() > 1.0


def test_feature_set_skips_silence_and_tails():
    silence = np.zeros(WINDOW_SAMPLES, np.float32)
    long = np.concatenate([tune(0), silence, tune(1), tune(2)[:1_000]])
    assert feature_set([long]).shape == (2, len(FEATURE_NAMES))
    assert feature_set([]).shape == (0, len(FEATURE_NAMES))


def test_other_tunes_are_nearer_than_noise():
    real = feature_set(tune(seed) for seed in range(6))
    other = feature_set(tune(seed) for seed in range(6, 12))
    rng = np.random.default_rng(0)
    noise = feature_set(
        0.1 * rng.standard_normal(WINDOW_SAMPLES).astype(np.float32) for _ in range(6)
    )
    near, far = compare_sets(other, real), compare_sets(noise, real)
    assert near.frechet < 0.2 * far.frechet
    assert near.discrepancy < 0.1 < far.discrepancy
    assert (near.num_windows, near.num_reference) == (6, 6)
