"""The clock, the ceiling, and a whole measurement of the tiny preset."""

import json
import time

import pytest

from metrics import speed
from utils import UserError


class Sleeper:
    """Something with a slow method."""

    def rest(self, seconds: float) -> str:
        time.sleep(seconds)
        return "rested"


def test_the_clock_sums_calls_and_restores_the_method():
    original = Sleeper.rest
    with speed.clocked({"rest": (__name__, "Sleeper", "rest")}) as seconds:
        assert Sleeper().rest(0.02) == "rested"
        Sleeper().rest(0.02)
    assert 0.04 <= seconds["rest"] < 0.5
    assert Sleeper.rest is original


def test_the_method_is_restored_after_an_error():
    original = Sleeper.rest
    with (
        pytest.raises(TypeError),
        speed.clocked({"rest": (__name__, "Sleeper", "rest")}) as seconds,
    ):
        Sleeper().rest("long")
    assert Sleeper.rest is original and "rest" in seconds


def test_every_part_exists():
    import importlib

    for module, owner, method in speed.PARTS.values():
        assert callable(getattr(getattr(importlib.import_module(module), owner), method))


def test_memory_and_ceiling_are_plausible():
    assert 10 < speed.peak_memory_mb() < 100_000
    assert speed.matmul_gflops(seconds=0.05) > 0.01


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "tny"], "did you mean 'tiny'"),
        (["--preset", "tiny", "--checkpoint", "x"], "leave it out"),
        (["--preset", "tiny", "--repeats", "-1"], "at least 0"),
        (["--preset", "tiny", "--duration", "0"], "from 1"),
        (["--threads", "two"], "--help"),
    ],
)
def test_mistakes_are_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        speed.main(arguments)


def test_shares_add_up_and_the_fastest_is_not_slower_than_the_median():
    run = {f"{part}_seconds": 0.1 for part in speed.PARTS}
    result = speed._summary([{"seconds": 1.0, **run}, {"seconds": 2.0, **run}], 12.0)
    assert result["warm_seconds"] == 1.5 and result["times_real_time"] == 8.0
    assert sum(result["shares"].values()) == pytest.approx(1.0)
    assert result["warm_fastest_seconds"] == 1.0


def test_a_measurement_of_the_tiny_preset(tmp_path, capsys):
    report = tmp_path / "speed.json"
    speed.main(
        ["--preset", "tiny", "--duration", "1", "--steps", "1", "--repeats", "2", "--threads", "1",
         "--cold_runs", "0", "--json", str(report)]
    )  # fmt: skip
    figures = json.loads(report.read_text())
    assert figures["repeats"] == 2 and figures["settings"]["threads"] == 1
    assert figures["shares"]["generator"] > 0 and figures["shares"]["codec"] > 0
    assert figures["warm_seconds"] > 0 and figures["matmul_fp32_gflops"] > 0
    assert "times_real_time" in capsys.readouterr().out
