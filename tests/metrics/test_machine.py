"""The clock, memory, and counted operations."""

import time

import numpy as np
import pytest
import torch

from metrics import machine


class Sleeper:
    """Something with a slow method."""

    def rest(self, seconds: float) -> str:
        time.sleep(seconds)
        return "rested"


def test_the_clock_sums_calls_and_restores_the_method():
    original = Sleeper.rest
    with machine.clocked({"rest": (__name__, "Sleeper", "rest")}) as seconds:
        assert Sleeper().rest(0.02) == "rested"
        Sleeper().rest(0.02)
    assert 0.04 <= seconds["rest"]
    assert Sleeper.rest is original


def test_the_method_is_restored_after_an_error():
    original = Sleeper.rest
    with (
        pytest.raises(TypeError),
        machine.clocked({"rest": (__name__, "Sleeper", "rest")}) as seconds,
    ):
        Sleeper().rest("long")
    assert Sleeper.rest is original and "rest" in seconds


def test_the_peak_of_memory_rises_and_can_be_forgotten():
    before = machine.peak_memory_mb()
    assert 10 < before < 100_000
    held = np.ones(25_000_000)  # 200 MB
    assert machine.peak_memory_mb() > 150
    del held
    machine.forget_peak()
    assert machine.peak_memory_mb() <= max(before, machine.peak_memory_mb())


def test_operations_of_a_matrix_product_are_exact():
    a, b = torch.ones(30, 40), torch.ones(40, 50)
    assert machine.count_operations(lambda: a @ b) == 2 * 30 * 40 * 50


def test_the_ceiling_is_plausible():
    assert machine.matmul_gflops(seconds=0.05) > 0.01
