"""Chord and key names: the vocabulary, what else is read as it, and what is refused."""

import numpy as np
import pytest

from data.chords import (
    CHORDS,
    KEYS,
    chord_index,
    chord_matrices,
    chord_root,
    chord_tones,
    parse_chord,
    parse_key,
    parse_progression,
    transpose_chord,
)
from utils import UserError


def test_every_name_of_the_vocabulary_reads_as_itself():
    assert len(CHORDS) == 85 and CHORDS[0] == "N"
    assert [chord_index(name) for name in CHORDS] == list(range(85))
    assert [parse_key(name) for name in KEYS] == list(range(24))


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("A#-7/F", "Bbm7"),
        ("Db", "C#"),
        ("Cadd9", "C"),
        ("C6/9", "C"),
        ("C/E", "C"),
        ("F#m7b5", "F#dim"),
        ("BM7", "Bmaj7"),
        ("Gsus", "Gsus4"),
        ("E9", "E7"),
        ("nc", "N"),
    ],
)
def test_richer_symbols_read_as_the_nearest_chord(symbol, name):
    assert parse_chord(symbol) == name


@pytest.mark.parametrize("symbol", ["H", "c", "Cfoo", "", "Amaj13#9x"])
def test_other_symbols_are_refused_with_examples(symbol):
    with pytest.raises(UserError, match="write them like"):
        parse_chord(symbol)


def test_tones_and_roots():
    assert chord_tones("Am7") == (9, 0, 4, 7)
    assert chord_tones("N") == () and chord_root("N") is None
    roots, tones = chord_matrices()
    assert roots.sum(1).tolist() == [0] + [1] * 84
    assert tones[chord_index("G7")].nonzero()[0].tolist() == [2, 5, 7, 11]
    assert np.all(tones[1:][roots[1:] > 0] == 1)


def test_twelve_semitones_bring_every_chord_home():
    for name in CHORDS:
        assert transpose_chord(name, 12) == name
        assert transpose_chord(transpose_chord(name, 5), -5) == name
    assert transpose_chord("Am", 3) == "Cm"


def test_keys_in_many_spellings():
    assert parse_key("a minor") == parse_key("Am") == parse_key("A min") == parse_key(21) == 21
    assert parse_key("C") == parse_key("C major") == parse_key("CM") == 0
    assert parse_key("Db minor") == parse_key("C# minor") == 13
    for wrong in ("X", "A dorian", 24, "", None):
        with pytest.raises(UserError, match="not a key"):
            parse_key(wrong)


def test_progressions():
    assert parse_progression("Am F", 2) == [["Am", "Am"], ["F", "F"]]
    assert parse_progression("| Am F | % | C |", 4) == [
        ["Am", "Am", "F", "F"],
        ["Am", "Am", "F", "F"],
        ["C"] * 4,
    ]
    assert parse_progression("C G Am | F", 4)[0] == ["C", "C", "G", "Am"]
    with pytest.raises(UserError, match="5 chords for 4 beats"):
        parse_progression("C D E F G | C")
    with pytest.raises(UserError, match="no chords"):
        parse_progression("  ")
