"""The style book: readable progressions, instruments of the right families."""

import pytest

from data.band.bar import METERS
from data.band.bass import LINES
from data.band.drums import GROOVES
from data.band.guitar import PARTS as GUITAR_PARTS
from data.band.piano import PARTS as PIANO_PARTS
from data.band.styles import STYLE_BOOK, chord_of
from data.labels import GENRES
from data.movement import STYLES


def test_numerals():
    names = [chord_of(n, 9) for n in ("i", "bVI", "bIII", "bVII", "V7", "iio", "ivm7", "Vsus")]
    assert names == ["Am", "F", "C", "G", "E7", "Bdim", "Dm7", "Esus4"]
    assert chord_of("IVmaj7", 0) == "Fmaj7" and chord_of("iim7", 0) == "Dm7"
    with pytest.raises(AssertionError):
        chord_of("Q", 0)


def test_the_book_is_complete():
    assert tuple(STYLE_BOOK) == STYLES
    families = {"bass": range(32, 40), "guitar": range(24, 32), "piano": range(8)}
    for name, style in STYLE_BOOK.items():
        for text in (*style.verse, *style.chorus, *style.verse_minor, *style.chorus_minor):
            for numeral in text.replace("-", " ").split():
                chord_of(numeral, 3)
        for stem, programs in style.programs.items():
            assert set(programs) <= set(families[stem])
        assert style.bpm[0] < style.bpm[1] and style.genre in GENRES
        for meter in style.meters:
            assert meter in METERS
            written = "12/8" if meter == "6/8" else meter
            for parts in (GROOVES, LINES, GUITAR_PARTS, PIANO_PARTS):
                assert name in parts[written]
