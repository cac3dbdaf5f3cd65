"""Voicings: all notes there, playable by a hand, small movements."""

import pytest

from data.band.voicing import (
    GUITAR_STRINGS,
    bass_degree,
    guitar_shape,
    nearest,
    piano_voicing,
    power_chord,
    scale_of,
)
from data.chords import CHORDS, chord_root, chord_tones


def test_nearest_pitch_of_a_class():
    assert nearest(0, 61) == 60 and nearest(11, 60) == 59 and nearest(9, 45) == 45


@pytest.mark.parametrize("chord", CHORDS[1:])
def test_voicings_hold_exactly_the_chord(chord):
    assert {p % 12 for p in piano_voicing(chord, ())} == set(chord_tones(chord))
    for position in range(8):
        shape = guitar_shape(chord, position)
        assert {p % 12 for p in shape} == set(chord_tones(chord))
        assert shape[0] % 12 == chord_root(chord)
        assert list(shape) == sorted(set(shape)) and len(shape) <= len(GUITAR_STRINGS)
        assert shape[0] >= 40
    assert power_chord(chord)[0] % 12 == chord_root(chord)


def test_the_piano_moves_little():
    before = piano_voicing("C", ())
    for chord in ("Am", "F", "Dm", "G"):
        after = piano_voicing(chord, before)
        assert sum(min(abs(p - q) for q in before) for p in after) <= 6
        before = after


def test_common_tones_stay():
    assert set(piano_voicing("Am", (60, 64, 67))) >= {60, 64}


def test_no_chord_has_no_notes():
    assert piano_voicing("N", ()) == guitar_shape("N") == power_chord("N") == ()


def test_degrees_and_scales():
    assert [bass_degree("C7", d) for d in "r3576R"] == [0, 4, 7, 10, 9, 12]
    assert bass_degree("Cm", "3") == 3 and bass_degree("Cdim", "5") == 6
    assert scale_of(0) == (0, 2, 4, 5, 7, 9, 11) and scale_of(21) == (9, 11, 0, 2, 4, 5, 7)
