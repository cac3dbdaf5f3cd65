"""What makes a style before anyone plays: tempo, meter, swing, mode, progressions and instruments.

Progressions are numerals over the tonic, a bar each ("-" joins two chords in one bar): upper case
major, lower case minor, with "7", "maj7", "m7", "o" or "sus" as endings; in minor keys "bVI" and
the like are written out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from data.chords import ROOTS, parse_chord

_NUMERAL = re.compile(r"(b|#)?(VII|III|VI|IV|II|V|I|vii|iii|vi|iv|ii|v|i)(.*)")
_DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}


def chord_of(numeral: str, tonic: int) -> str:
    """The chord of a numeral over a tonic 0-11: ("bVII", 9) -> "G"."""
    match = _NUMERAL.fullmatch(numeral)
    assert match, f"'{numeral}' is no numeral"
    shift = {"b": -1, "#": 1, None: 0}[match[1]]
    root = ROOTS[(tonic + _DEGREES[match[2].upper()] + shift) % 12]
    ending = {"o": "dim", "sus": "sus4"}.get(match[3], match[3])
    minor = "m" if match[2].islower() and not ending.startswith(("m", "dim")) else ""
    return parse_chord(root + minor + ending)


@dataclass(frozen=True)
class Style:
    """Ranges that a song of the style draws from.

    Attributes:
        bpm: lowest and highest tempo (of the beat: a dotted quarter in compound time).
        meters: name -> weight.
        swing: lowest and highest long-to-short ratio of the eighths; 1 is straight.
        minor: how often a song is in minor.
        verse, chorus: progressions in major; `verse_minor`, `chorus_minor` in minor.
        programs: stem -> General MIDI programs.
        jitter_ms: how loosely the band plays, standard deviation.
        genre: name in `data.labels.GENRES`.
    """

    bpm: tuple[float, float]
    meters: dict[str, float]
    swing: tuple[float, float]
    minor: float
    verse: tuple[str, ...]
    chorus: tuple[str, ...]
    verse_minor: tuple[str, ...]
    chorus_minor: tuple[str, ...]
    programs: dict[str, tuple[int, ...]]
    jitter_ms: float
    genre: str


_POP_VERSE = ("I V vi IV", "I vi IV V", "vi IV I V", "I iii IV V", "I IV I V", "I ii IV V")
_POP_CHORUS = ("IV V I vi", "I V vi IV", "IV I V vi", "I IV-V vi IV", "vi V IV V", "IV V iii vi")
_MINOR_VERSE = ("i bVI bIII bVII", "i bVII bVI bVII", "i iv bVI V", "i i bVI bVII", "i v bVI iv")
_MINOR_CHORUS = (
    "bVI bVII i i",
    "bVI bIII bVII i",
    "i bVII bVI V",
    "iv bVII bIII bVI",
    "bVI-bVII i iv V",
)
_TWELVE_BAR = "I7 IV7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 V7"
_MINOR_BLUES = "im7 im7 im7 im7 ivm7 ivm7 im7 im7 bVI7 V7 im7 V7"

STYLE_BOOK: dict[str, Style] = {
    "pop": Style(
        (88, 132),
        {"4/4": 0.86, "3/4": 0.04, "12/8": 0.04, "6/8": 0.06},
        (1.0, 1.0),
        0.3,
        _POP_VERSE,
        _POP_CHORUS,
        _MINOR_VERSE,
        _MINOR_CHORUS,
        {"bass": (33, 34, 35, 38), "guitar": (25, 27, 26, 24, 28), "piano": (0, 1, 2, 4)},
        6.0,
        "pop",
    ),
    "rock": Style(
        (96, 168),
        {"4/4": 0.92, "12/8": 0.04, "6/8": 0.04},
        (1.0, 1.0),
        0.4,
        ("I bVII IV I", "I IV I IV", "I V IV IV", "I I bVII IV", "I vi IV V", "I I IV V"),
        ("IV V I I", "I V vi IV", "IV I V V", "I bIII IV I", "V IV I I"),
        ("i bVII bVI bVII", "i i bIII bVII", "i bVI bVII i", "i bVII i bVII", "i iv i bVII"),
        ("bVI bVII i i", "bIII bVII i bVI", "bVI bIII bVII i", "i bIII bVII iv"),
        {"bass": (34, 33), "guitar": (29, 30, 30, 29, 27), "piano": (0, 1, 2, 3)},
        6.0,
        "rock",
    ),
    "funk": Style(
        (92, 122),
        {"4/4": 1.0},
        (1.0, 1.0),
        0.5,
        ("I7 I7 I7 I7", "I7 IV7 I7 IV7", "I7 I7 IV7 V7", "I7 bVII7 I7 bVII7"),
        ("IV7 IV7 I7 I7", "iim7 V7 iim7 V7", "IVmaj7 iiim7 iim7 V7"),
        ("im7 im7 im7 im7", "im7 IV7 im7 IV7", "im7 im7 bVI7 V7", "im7 bVII im7 bVII"),
        ("ivm7 ivm7 im7 im7", "bVImaj7 bVII im7 im7", "ivm7 bVII7 im7 im7"),
        {"bass": (36, 37, 33, 34), "guitar": (27, 28, 26), "piano": (4, 7, 5, 2)},
        5.0,
        "funk",
    ),
    "jazz": Style(
        (96, 216),
        {"4/4": 0.85, "3/4": 0.15},
        (1.55, 2.1),
        0.35,
        (
            "iim7 V7 Imaj7 Imaj7",
            "Imaj7-VI7 iim7-V7 Imaj7-VI7 iim7-V7",
            "Imaj7 vim7 iim7 V7",
            "iiim7 VI7 iim7 V7",
            "Imaj7 IV7 Imaj7 VI7 iim7 V7 Imaj7 V7",
        ),
        ("IVmaj7 bVII7 Imaj7 VI7", "III7 III7 VI7 VI7 II7 II7 V7 V7", "iim7 V7 iiim7 VI7"),
        (
            "im7 ivm7 iio-V7 im7",
            "ivm7 bVII7 bIIImaj7 bVImaj7 iio V7 im7 im7",
            "im7 bVImaj7 iio V7",
        ),
        ("ivm7 bVII7 bIIImaj7 bVImaj7", "bVImaj7 V7 im7 im7", "iio V7 im7 im7"),
        {"bass": (32, 32, 35), "guitar": (26, 26, 27), "piano": (0, 1, 4)},
        8.0,
        "jazz",
    ),
    "blues": Style(
        (72, 138),
        {"4/4": 0.75, "12/8": 0.25},
        (1.6, 2.1),
        0.2,
        (_TWELVE_BAR, "I7 I7 I7 I7 IV7 IV7 I7 I7 V7 IV7 I7 I7"),
        (_TWELVE_BAR,),
        (_MINOR_BLUES,),
        (_MINOR_BLUES,),
        {"bass": (33, 32, 34), "guitar": (27, 26, 29, 25), "piano": (0, 3, 1)},
        8.0,
        "blues",
    ),
    "country": Style(
        (96, 176),
        {"4/4": 0.8, "3/4": 0.2},
        (1.0, 1.25),
        0.1,
        ("I I IV I", "I IV V I", "I V V I", "I IV I V", "I vi ii V", "I I7 IV I V V I I"),
        ("IV I V I", "IV IV I I V V I I", "I IV-V I V", "IV V I vi"),
        ("i bVII i V", "i iv V i"),
        ("bVI bVII i i", "iv i V i"),
        {"bass": (32, 33, 33), "guitar": (25, 24, 27, 25), "piano": (0, 3, 1)},
        7.0,
        "country",
    ),
    "electronic": Style(
        (112, 140),
        {"4/4": 1.0},
        (1.0, 1.0),
        0.65,
        ("I V vi IV", "vi IV I V", "IV I V vi", "I I IV IV"),
        ("IV V vi I", "vi IV I V", "IV I V vi"),
        ("i bVI bIII bVII", "i i bVI bVII", "i bVII iv bVI", "i i i i"),
        ("bVI bVII i i", "i bVI bIII bVII", "bVI bIII bVII i", "iv bVI i bVII"),
        {"bass": (38, 39), "guitar": (28, 27, 29, 30), "piano": (4, 5, 2, 1, 7)},
        2.0,
        "electronic",
    ),
    "latin": Style(
        (84, 128),
        {"4/4": 1.0},
        (1.0, 1.0),
        0.5,
        ("Imaj7 vim7 iim7 V7", "I IV V IV", "Imaj7 Imaj7 II7 II7 iim7 V7 Imaj7 V7", "I V V I"),
        ("iim7 V7 Imaj7 VI7", "IV V iii vi", "I IV V IV"),
        ("im7 ivm7 V7 im7", "i bVII bVI V7", "im7 im7 iio V7", "i iv V7 i"),
        ("ivm7 bVII7 bIIImaj7 bVImaj7 iio V7 im7 im7", "iv V7 i i", "bVI V7 i i"),
        {"bass": (32, 33, 35), "guitar": (24, 24, 25, 27), "piano": (0, 1, 0)},
        6.0,
        "latin",
    ),
    "reggae": Style(
        (66, 92),
        {"4/4": 1.0},
        (1.0, 1.5),
        0.35,
        ("I IV I IV", "I V vi IV", "I I IV V", "I vi IV V", "I ii I ii"),
        ("IV V I I", "I V vi IV", "ii IV I I"),
        ("i iv i iv", "i bVII i bVII", "i bVI bVII i", "i v i v"),
        ("bVI bVII i i", "iv v i i"),
        {"bass": (33, 33, 35, 38), "guitar": (27, 28, 26), "piano": (0, 4, 5, 1)},
        7.0,
        "reggae",
    ),
    "ballad": Style(
        (54, 82),
        {"4/4": 0.6, "3/4": 0.14, "12/8": 0.13, "6/8": 0.13},
        (1.0, 1.0),
        0.35,
        ("I V vi IV", "I iii IV V", "I vi ii V", "Imaj7 IVmaj7 Imaj7 IVmaj7", "I V-vi IV Vsus-V"),
        ("IV V I vi", "IV iii ii V", "vi IV I V", "IV V-iii vi ii V I"),
        ("i bVI bIII bVII", "i iv bVII bIII", "i v bVI iv"),
        ("bVI bVII i i", "bVI bIII iv V", "iv bVII bIII bVI"),
        {"bass": (35, 33, 32), "guitar": (24, 25, 26, 27), "piano": (0, 0, 1, 4)},
        9.0,
        "pop",
    ),
}
