"""Notes -> roll -> notes."""

import numpy as np
import pytest

from data.roll import NUM_PITCHES, ROLL_ROWS, from_roll, stem_notes, stem_roll, to_roll
from data.score import Notes, Score
from utils import FRAME_RATE, STEMS


def random_notes(rng: np.random.Generator, count: int = 60) -> Notes:
    onset = rng.uniform(0.0, 11.0, count)
    length = rng.uniform(0.06, 1.5, count)
    return Notes.of(
        onset, onset + length, rng.integers(25, 105, count), rng.integers(1, 128, count)
    )


def test_pitched_notes_come_back_within_a_frame():
    notes = random_notes(np.random.default_rng(0)).without_doubles()
    back = stem_notes(stem_roll(notes, 256, is_drums=False), is_drums=False)
    assert len(back) == len(notes)
    assert np.array_equal(back.pitch, notes.pitch) and np.array_equal(back.velocity, notes.velocity)
    assert np.abs(back.onset - notes.onset).max() < 1e-4
    ends = np.minimum(notes.offset, 256 / FRAME_RATE)
    assert np.abs(back.offset - ends).max() < 1.0 / FRAME_RATE


def test_drums_come_back_as_strokes():
    notes = Notes.of([0.1, 0.5, 0.5], [0.2, 0.6, 0.9], [36, 38, 42], [100, 90, 80])
    back = stem_notes(stem_roll(notes, 32, is_drums=True), is_drums=True)
    assert np.array_equal(back.pitch, [36, 38, 42])
    assert np.allclose(back.onset, notes.onset, atol=1e-4)
    assert np.allclose(back.offset - back.onset, 0.1)


def test_pitches_outside_are_folded_and_drum_keys_dropped():
    low = Notes.of([0.1], [0.4], [12], [64])
    assert stem_notes(stem_roll(low, 16, is_drums=False), is_drums=False).pitch[0] % 12 == 0
    assert len(stem_notes(stem_roll(low, 16, is_drums=True), is_drums=True)) == 0


def test_shape_and_silence():
    score = Score({stem: Notes.empty() for stem in STEMS}, 2.0)
    roll = to_roll(score, 40)
    assert roll.shape == (4, 40, ROLL_ROWS) and ROLL_ROWS == 4 * NUM_PITCHES
    assert not roll.any() and all(len(n) == 0 for n in from_roll(roll).values())


@pytest.mark.parametrize("onset", [-0.2, 3.0])
def test_notes_outside_the_roll_are_left_out(onset):
    notes = Notes.of([onset], [onset + 0.1], [60], [64])
    assert not stem_roll(notes, 32, is_drums=False).any()
