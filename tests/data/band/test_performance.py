"""The performance: swing to the ratio, bounded errors, no overlapping notes of one pitch."""

import numpy as np
import pytest

from data.band.bar import METERS, Event
from data.band.performance import Performance, perform
from tests.data.band.bars import bar_of

STRAIGHT = Performance(METERS["4/4"], bpm=120.0, swing=1.0, dynamics=0.7, jitter_ms=0.0)


def played(events: list[Event], **changes):
    how = Performance(**{**vars(STRAIGHT), **changes})
    return perform([bar_of("C")], [events], how, np.random.default_rng(0))


def test_beats_become_seconds():
    notes = played([Event(0, 1, 60, 0.8), Event(2.5, 0.5, 64, 0.8)])
    assert notes.onset.tolist() == [0.0, 1.25] and notes.offset.tolist() == [0.5, 1.5]


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_swing_moves_the_second_eighth(ratio):
    notes = played([Event(1.5, 0.5, 60, 0.8)], swing=ratio)
    inside = notes.onset[0] / 0.5 - 1.0
    assert inside / (1 - inside) == pytest.approx(ratio)
    assert notes.offset[0] == pytest.approx(1.0)


def test_errors_are_bounded_and_shared_by_a_chord():
    events = [Event(b / 4, 0.2, p, 0.8) for b in range(16) for p in (60, 64)]
    notes = played(events, jitter_ms=6.0)
    grid = np.repeat(np.arange(16) * 0.125, 2)
    assert 0.0 < np.abs(notes.onset - grid).max() <= 0.012 + 1e-9
    assert np.array_equal(notes.onset[::2], notes.onset[1::2])


def test_one_pitch_never_overlaps_itself():
    notes = played([Event(0, 4, 60, 0.8), Event(1, 3, 60, 0.8), Event(1.01, 3, 60, 0.8)])
    assert len(notes) == 2 and notes.offset[0] < notes.onset[1]


def test_nothing_sounds_after_the_end_and_strength_is_loudness():
    notes = played([Event(0, 1, 60, 0.4), Event(3.9, 3, 64, 1.1)])
    assert notes.offset.max() == 2.0 and notes.velocity[1] > notes.velocity[0] + 30
    assert len(played([])) == 0
