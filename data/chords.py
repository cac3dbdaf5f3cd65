"""Names of chords and keys: what the lead sheet, the planner and the arranger share.

A chord is a root and one of seven qualities, or "N" (no chord). Richer symbols that a user may
write ("Am9", "C/E", "Bbmaj13") are read as the nearest of these. A key is 0-11 for the majors,
12-23 for the minors.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from utils import UserError

NO_CHORD = "N"
ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "sus4": (0, 5, 7),
}
CHORDS = (NO_CHORD, *(root + quality for root in ROOTS for quality in QUALITIES))
CHORD_INDEX = {name: index for index, name in enumerate(CHORDS)}

_MAJOR_KEYS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
KEYS = (*(f"{k} major" for k in _MAJOR_KEYS), *(f"{k} minor" for k in _MINOR_KEYS))

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SYMBOL = re.compile(r"([A-Ga-g])([#♯b♭]?)(.*)")
_ALIASES = {
    "": ("", "maj", "M", "major", "5", "6", "2", "add9", "69", "6/9", "add2", "aug", "+", "#5"),
    "m": ("m", "min", "mi", "-", "minor", "m6", "min6", "-6", "madd9", "mM7", "mmaj7", "m(maj7)"),
    "7": ("7", "9", "11", "13", "dom7", "7b9", "7#9", "7b5", "7#5", "7#11", "7b13", "aug7", "+7"),
    "maj7": ("maj7", "M7", "ma7", "Maj7", "maj9", "M9", "maj13", "maj7#11", "Δ", "Δ7", "j7"),
    "m7": ("m7", "min7", "mi7", "-7", "m9", "min9", "-9", "m11", "m13"),
    "dim": ("dim", "dim7", "o", "o7", "°", "°7", "m7b5", "-7b5", "h", "h7", "ø", "ø7", "mb5"),
    "sus4": ("sus4", "sus", "sus2", "7sus4", "7sus", "9sus4", "9sus", "13sus4"),
}
_QUALITY_OF = {alias: quality for quality, names in _ALIASES.items() for alias in names}
_MODE_OF = {"": 0, "maj": 0, "major": 0, "M": 0, "m": 12, "min": 12, "minor": 12, "-": 12}


def _pitch_class(letter: str, accidental: str) -> int:
    shift = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}[accidental]
    return (_LETTERS[letter.upper()] + shift) % 12


@lru_cache(maxsize=4_096)
def parse_chord(symbol: str) -> str:
    """The vocabulary's name of a chord symbol ("A#-7/F" -> "Bbm7").

    Raises:
        UserError: the symbol is no chord; the message shows how chords are written.
    """
    text = symbol.strip()
    if text.upper() in ("N", "NC", "N.C.", "X"):
        return NO_CHORD
    match = _SYMBOL.fullmatch(text)
    if match and match[1].isupper():
        quality = match[3] if match[3] in _QUALITY_OF else match[3].split("/")[0]
        if quality in _QUALITY_OF:
            return ROOTS[_pitch_class(match[1], match[2])] + _QUALITY_OF[quality]
    raise UserError(f"'{symbol}' is not a chord; write them like: C Am F#m7 Bb7 Gmaj7 Bdim Dsus4 N")


def chord_index(symbol: str) -> int:
    """Index of a chord symbol in `CHORDS`."""
    return CHORD_INDEX[parse_chord(symbol)]


def chord_root(symbol: str) -> int | None:
    """Pitch class 0-11 of a chord's root; None for "N"."""
    index = chord_index(symbol)
    return None if index == 0 else (index - 1) // len(QUALITIES)


def chord_tones(symbol: str) -> tuple[int, ...]:
    """Pitch classes of a chord, root first; empty for "N"."""
    index = chord_index(symbol)
    if index == 0:
        return ()
    root, quality = divmod(index - 1, len(QUALITIES))
    return tuple((root + step) % 12 for step in tuple(QUALITIES.values())[quality])


def transpose_chord(symbol: str, semitones: int) -> str:
    """The chord moved by semitones; "N" stays."""
    index = chord_index(symbol)
    if index == 0:
        return NO_CHORD
    root, quality = divmod(index - 1, len(QUALITIES))
    return CHORDS[1 + (root + semitones) % 12 * len(QUALITIES) + quality]


def parse_key(name: str | int) -> int:
    """Key 0-23 of a name ("A minor", "Am", "f# minor", "Bb") or of a number already in range.

    Raises:
        UserError: not a key; the message shows how keys are written.
    """
    if isinstance(name, int | np.integer) and 0 <= name < 24:
        return int(name)
    match = _SYMBOL.fullmatch(str(name).strip())
    if match:
        mode = match[3].strip()
        mode = mode if mode == "M" else mode.lower()
        if mode in _MODE_OF:
            return _pitch_class(match[1], match[2]) + _MODE_OF[mode]
    raise UserError(f"'{name}' is not a key; write it like: 'C major', 'F# minor', 'Bb' or 'Am'")


def parse_progression(text: str, beats_per_bar: int = 4) -> list[list[str]]:
    """Bars of chords, one name per beat: "Am F" -> two bars, "Am F | C" -> the first one shared.

    Raises:
        UserError: nothing there, a bar with more chords than beats, or an unreadable chord.
    """
    cells = text.strip().strip("|").split("|") if "|" in text else text.replace(",", " ").split()
    bars: list[list[str]] = []
    for cell in cells:
        symbols = cell.split()
        if symbols in (["%"], ["-"], []) and bars:
            bars.append(bars[-1])
            continue
        if not 0 < len(symbols) <= beats_per_bar:
            raise UserError(f"'{text}': a bar has {len(symbols)} chords for {beats_per_bar} beats")
        names = [parse_chord(s) for s in symbols]
        bars.append([names[b * len(names) // beats_per_bar] for b in range(beats_per_bar)])
    if not bars:
        raise UserError("no chords given; write them like 'Am F C G' or 'Am | F C | G'")
    return bars


@lru_cache(maxsize=1)
def chord_matrices() -> tuple[np.ndarray, np.ndarray]:
    """Root one-hot and chord tones of every chord in `CHORDS`: two float32 arrays (chords, 12)."""
    roots = np.zeros((len(CHORDS), 12), np.float32)
    tones = np.zeros((len(CHORDS), 12), np.float32)
    for index, name in enumerate(CHORDS[1:], start=1):
        roots[index, chord_root(name)] = 1.0
        tones[index, list(chord_tones(name))] = 1.0
    return roots, tones
