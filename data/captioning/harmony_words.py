"""Words for key and chords: names of keys, symbols, numerals, and progressions that have a name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from data.captioning.wording import Wording
from data.chords import KEYS, NO_CHORD, QUALITIES, chord_index, chord_root

_SPELLED = {"#": " sharp", "b": " flat"}
_NUMERALS = ("I", "bII", "II", "bIII", "III", "IV", "#IV", "V", "bVI", "VI", "bVII", "VII")
_MINOR_THIRD = ("m", "m7", "dim")
_ENDINGS = {"m": "", "m7": "7", "dim": "o", "sus4": "sus4", "": "", "7": "7", "maj7": "maj7"}
# numerals without sevenths -> what musicians call the progression
_NAMED = {
    ("I", "V", "vi", "IV"): "I-V-vi-IV",
    ("vi", "IV", "I", "V"): "vi-IV-I-V",
    ("I", "vi", "IV", "V"): "I-vi-IV-V",
    ("I", "vi", "ii", "V"): "I-vi-ii-V turnaround",
    ("i", "bVII", "bVI", "V"): "Andalusian cadence",
    ("I", "IV", "V", "IV"): "I-IV-V-IV",
}


@lru_cache(maxsize=24)
def key_wording(key: int) -> Wording:
    """Words for a key 0-23."""
    tonic, mode = KEYS[key].split()
    spelled = tonic[0] + _SPELLED.get(tonic[1:], "")
    short = tonic + ("m" if mode == "minor" else "")
    names = tuple(dict.fromkeys((f"{tonic} {mode}", f"{spelled} {mode}")))
    bare = () if mode == "minor" else (f"in {tonic}",)
    return Wording(
        adjectives=(f"{mode}-key",),
        details=(
            *(f"in {name}" for name in names),
            f"in the key of {names[0]}",
            f"in {short}",
            *bare,
            f"in a {mode} key",
            f"in {mode}",
            f"with a {mode} tonality",
        ),
        clauses=(f"the key is {names[0]}", f"play it in {names[-1]}", f"keep it in {mode}"),
        tags=(*names, f"key of {short}", f"{mode} key", f"key: {short}", f"{mode} mode"),
    )


@lru_cache(maxsize=4_096)
def chords_wording(chords: tuple[str | None, ...], key: int | None) -> Wording | None:
    """Words for the chords of the beats: symbols, numerals, and a name where they have one.

    None when fewer than two beats have a known chord.
    """
    known = [c for c in chords if c not in (None, NO_CHORD)]
    if len(known) < 2:
        return None
    changes = [c for i, c in enumerate(known) if i == 0 or c != known[i - 1]]
    if len(changes) == 1:
        return _one_chord(changes[0]) if len(known) == len(chords) else None
    return _progression(changes, set(known), key)


def _one_chord(chord: str) -> Wording:
    return Wording(
        details=(f"on one chord, {chord}", f"over a one-chord vamp on {chord}"),
        clauses=(f"stay on {chord} all the time",),
        tags=(f"one-chord vamp on {chord}", f"{chord} vamp"),
    )


def _progression(changes: list[str], chords: set[str], key: int | None) -> Wording:
    symbols = " ".join(changes[:4])
    details = [f"over {symbols}", f"with the chords {symbols}", f"on the progression {symbols}"]
    clauses = [f"the chords are {symbols}", f"play {symbols}"]
    tags = [symbols, "-".join(changes[:4]), f"chords: {symbols}"]
    names = list(_names(changes, key))
    if len(chords) == 2:
        names.append(f"two-chord vamp between {changes[0]} and {changes[1]}")
    for name in names:
        details += [f"over a {name}", f"with a {name} progression"]
        tags.append(name)
    return Wording(details=tuple(details), clauses=tuple(clauses), tags=tuple(tags))


def _names(changes: list[str], key: int | None) -> Iterator[str]:
    """Names of what the first chords form; "ii-V-I" wherever it stands."""
    ends = {_two_five_one(changes[i : i + 3]) for i in range(len(changes) - 2)}
    yield from sorted(ends - {None})
    if key is None or len(changes) < 3:
        return
    numerals = [_numeral(c, key % 12) for c in changes[:4]]
    yield "-".join(numerals)
    if len(numerals) == 4:
        named = _NAMED.get(tuple(n.removesuffix("maj7").removesuffix("7") for n in numerals))
        if named and named != "-".join(numerals):
            yield named


def _two_five_one(chords: list[str]) -> str | None:
    """ "ii-V-I" or "ii-V-i" for a minor or diminished chord, a major or dominant one a fifth below,
    and their tonic a fifth below that; None for anything else."""
    two, five, one = (chord_root(c) for c in chords)
    falls = (five - two) % 12 == 5 and (one - five) % 12 == 5
    first, second, third = (_quality(c) for c in chords)
    if not falls or first not in _MINOR_THIRD or second not in ("", "7") or third in ("7", "sus4"):
        return None
    return "ii-V-i" if third in _MINOR_THIRD else "ii-V-I"


def _quality(chord: str) -> str:
    return tuple(QUALITIES)[(chord_index(chord) - 1) % len(QUALITIES)]


def _numeral(chord: str, tonic: int) -> str:
    """A chord over a tonic 0-11: ("G", 9) -> "bVII"."""
    quality = _quality(chord)
    numeral = _NUMERALS[(chord_root(chord) - tonic) % 12]
    accidental, degree = (numeral[0], numeral[1:]) if numeral[0] in "b#" else ("", numeral)
    degree = degree.lower() if quality in _MINOR_THIRD else degree
    return accidental + degree + _ENDINGS[quality]
