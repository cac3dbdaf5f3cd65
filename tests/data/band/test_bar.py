"""Rhythms as text and bars of chords."""

import numpy as np
import pytest

from data.band.bar import METERS, Step, pick, pick_two, steps
from tests.data.band.bars import bar_of


def test_steps_reach_to_the_next_one():
    assert steps("x---x-x---------", METERS["4/4"]) == (
        Step(0.0, 1.0, "x"),
        Step(1.0, 0.5, "x"),
        Step(1.5, 2.5, "x"),
    )
    assert steps("-" * 16, METERS["4/4"]) == ()


def test_six_eight_plays_the_first_half():
    assert steps("x--o--x--x--", METERS["6/8"]) == (Step(0.0, 1.0, "x"), Step(1.0, 1.0, "o"))
    with pytest.raises(AssertionError):
        steps("x--", METERS["4/4"])


def test_spans_and_chords():
    bar = bar_of("C", "C", "F", "G", next_chord="Am")
    assert bar.spans() == [(0, 2, "C"), (2, 1, "F"), (3, 1, "G")]
    assert bar.chord_at(1.99) == "C" and bar.chord_at(2.0) == "F" and bar.chord_at(4.0) == "Am"


def test_drive_leans_to_busier_rhythms():
    choices = ("x" * 16, "x---" * 4, "x-------" * 2)
    rng = np.random.default_rng(0)
    count = lambda drive: np.mean([16 - pick(choices, drive, rng).count("-") for _ in range(200)])
    assert count(0.0) < 6 < count(0.5) < 11 < count(1.0)


def test_the_loud_sections_may_have_their_own_rhythm():
    written = {"12/8": {"pop": ("x" * 12, "x-----" * 2, "x--" * 4)}}
    rng = np.random.default_rng(0)
    draw = lambda change: pick_two(written, "pop", "6/8", 0.3, rng, change=change)
    assert all(verse == chorus for verse, chorus in (draw(0.0) for _ in range(20)))
    assert any(verse != chorus for verse, chorus in (draw(1.0) for _ in range(20)))
