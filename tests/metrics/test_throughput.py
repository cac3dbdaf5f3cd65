"""Throughput: what repeats, what is timed, one stage for real."""

import sys
import time

import pytest

from metrics import throughput
from utils import UserError


def test_the_first_segments_come_round_again():
    repeated = throughput.Repeated("abcdef", 3)
    assert [repeated[i] for i in range(7)] == list("abcabca") and len(repeated) == 3


def test_only_the_second_round_is_timed():
    def batches():
        for i in range(6):
            time.sleep(0.05 if i < 3 else 0.0)
            yield i

    seconds, last = throughput.seconds_per_batch(batches(), 3)
    assert seconds < 0.02 and last == 5


def test_a_stage_of_the_tiny_preset(monkeypatch, capsys):
    monkeypatch.setattr("training.settings.STAGE_ORDER", ("score",))
    flags = "--preset tiny --batch_size 2 --batches 1 --num_workers 0"
    monkeypatch.setattr(sys, "argv", ["throughput", *flags.split()])
    throughput.main()
    stage, delivered, consumed, _ = capsys.readouterr().out.splitlines()[1].split()
    assert stage == "score" and float(delivered) > 0 and float(consumed) > 0


def test_unknown_flags_are_answered(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["throughput", "--batchs", "2"])
    with pytest.raises(UserError, match="did you mean '--batches'"):
        throughput.main()
