"""Figures, mistakes, and a whole measurement of the tiny preset."""

import json

import pytest

from metrics import speed
from utils import UserError


def test_every_part_exists():
    import importlib

    for module, owner, method in speed.PARTS.values():
        assert callable(getattr(getattr(importlib.import_module(module), owner), method))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "tny"], "did you mean 'tiny'"),
        (["--preset", "tiny", "--checkpoint", "x"], "leave it out"),
        (["--preset", "tiny", "--repeats", "-1"], "at least 0"),
        (["--preset", "tiny", "--duration", "0"], "from 1"),
        (["--threads", "two"], "--help"),
        (["--precision", "int8"], "invalid choice"),
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
    assert figures["settings"]["threads"] == 1 and figures["peak_memory_mb"] > 50
    for precision in ("float32", "bfloat16"):
        warm = figures[precision]
        assert warm["repeats"] == 2 and warm["warm_seconds"] > 0 and warm["peak_memory_mb"] > 50
        assert warm["shares"]["composer"] > 0 and warm["shares"]["performer"] > 0
        assert warm["shares"]["codec"] > 0 and sum(warm["shares"].values()) <= 1.01
        assert warm["gflops"] == pytest.approx(warm["gflop"] / warm["warm_seconds"])
        assert warm["share_of_matmul"] == pytest.approx(warm["gflops"] / warm["matmul_gflops"])
    assert figures["float32"]["gflop"] == figures["bfloat16"]["gflop"] > 0
    printed = capsys.readouterr().out
    assert "times_real_time" in printed and "must" not in printed  # one second is not the target
