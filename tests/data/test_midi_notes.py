import numpy as np

from data.midi_notes import MAX_PEDAL_SECONDS, merged, with_pedal, without_overlaps
from data.score import Notes


def test_the_pedal_holds_until_it_is_released():
    notes = Notes.of([0.0, 1.0, 2.0], [0.5, 1.5, 2.5], [60, 62, 64], [90] * 3)
    held = with_pedal(notes, np.array([0.4, 1.8]), np.array([True, False]))
    assert held.offset.tolist() == [1.8, 1.8, 2.5]


def test_a_forgotten_pedal_lets_go():
    notes = Notes.of([0.0], [1.0], [60], [90])
    assert with_pedal(notes, np.array([0.5]), np.array([True])).offset[0] == 1 + MAX_PEDAL_SECONDS


def test_a_note_ends_where_its_pitch_is_struck_again():
    cut = without_overlaps(Notes.of([0.0, 1.0, 0.5], [3.0, 2.0, 3.0], [60, 60, 64], [90, 80, 70]))
    assert cut.offset.tolist() == [1.0, 3.0, 2.0]
    assert len(without_overlaps(Notes.empty())) == 0


def test_doubled_parts_become_one():
    one, two = Notes.of([0.0], [1.0], [60], [50]), Notes.of([0.006], [1.2], [60], [80])
    both = merged([one, two])
    assert len(both) == 1
    assert (both.onset[0], both.offset[0], both.velocity[0]) == (0.0, 1.2, 80)
    assert len(merged([])) == 0
