import pytest

from training.schedule import learning_rate_factor, time_share, total_steps, validation_interval
from training.settings import STAGE_ORDER


def factor(step, kind="cosine"):
    return learning_rate_factor(step, total=110, warmup=10, kind=kind)


def test_warmup_is_linear_and_reaches_one():
    assert [factor(s) for s in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])


def test_cosine_falls_to_a_twentieth_and_stays():
    assert [factor(s) for s in (10, 60, 110, 999)] == pytest.approx([1.0, 0.525, 0.05, 0.05])


def test_constant_stays():
    assert {factor(s, "constant") for s in (9, 10, 60, 999)} == {1.0}


def test_no_warmup_and_warmup_longer_than_the_run():
    assert learning_rate_factor(0, total=5, warmup=0, kind="cosine") == 1.0
    assert learning_rate_factor(4, total=5, warmup=100, kind="cosine") == pytest.approx(0.05)


def test_total_steps():
    assert total_steps(7, 100, 1000, 32) == 7
    assert total_steps(None, 2, 100, 32) == 7
    assert total_steps(None, 0.001, 100, 32) == 1


def test_validation_interval():
    assert validation_interval(0.25, 3200, 32) == 25
    assert validation_interval(1.0, 3200, 32) == 100
    assert validation_interval(30.0, 3200, 32) == 30
    assert validation_interval(0.25, 10, 32) == 1
    assert validation_interval(0.0, 3200, 32) == 0


def test_time_shares_of_all_stages_use_all_the_time():
    stages, left = list(STAGE_ORDER), 1.0
    for i, stage in enumerate(stages):
        left -= left * time_share(stage, stages[i:])
    assert left == pytest.approx(0.0)
    assert time_share("composer", ["composer"]) == 1.0
