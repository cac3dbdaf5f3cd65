"""Key, mode and chords as a prompt names them: "in A minor", "Am F C G", "ii V I in F".

The traps are English: "a minor detail" names no key, "A" opens sentences, "I" is a person.
"""

from __future__ import annotations

import re
from functools import lru_cache

from data.band.styles import chord_of
from data.chords import parse_chord, parse_key, parse_progression
from utils import UserError

_NOTE = r"([A-Ga-g])(#|b|[ -]?(?:sharp|flat)\b)?"
# what may follow a key that is not an adjective of the next noun
_END = (
    r"(?=$|[,;:!?)]|\.(?![A-Za-z])| (?:at|with|for|please|no|without|over|on|using|featuring|by|"
    r"around|played|but|from|\d)\b| and (?!(?:in )?[A-G]\b))"
)
_NAMED = re.compile(
    rf"(?<![\w#]){_NOTE}[ -]?(major|minor|Major|Minor|MAJOR|MINOR|(?<=[ -])maj|(?<=[ -])min)\b"
    r"(?! ?(?:\d|chords?\b|thirds?\b|seconds?\b|sixths?\b|sevenths?\b))"
)
_AFTER_IN = re.compile(rf"\b(?:[Ii]n|[Kk]ey(?: of| is|:)?) {_NOTE}(m|min)?{_END}")
_LETTER_KEY = re.compile(r"\b(?:[Ii]n|[Kk]ey(?: of| is|:)?) $")
_SENTENCE = re.compile(r"(?:^|[.!?:;] )$")
_CLAUSE = re.compile(r"(?:^|[.!?:;,] )$")
_DENIED = re.compile(
    r"(?:\bnot|n't|\bnever|\bavoid|\bexcept|\bno|\bwithout|\binstead of|\brather than|\bthan|"
    r"\banything but|\brelative (?:major|minor) of|\bfrom|\bto)"
    r" (?:(?:play|be|it|use|a|the|in|key|of|song|is) )*$",
    re.IGNORECASE,
)
_MODE = re.compile(
    r"\b(major|minor)[- ](?:key|mode|tonality|scale)\b"
    rf"|\bin (?:the )?(major|minor){_END}"
    r"|\b(minor)[- ](?:blues|song|tune|ballad|piece|groove|progression|waltz|jam|swing|funk)\b",
    re.IGNORECASE,
)


def read_mode(text: str) -> str | None:
    """Either "major" or "minor" where a prompt says so, with or without a tonic."""
    found = {
        next(group for group in match.groups() if group).lower()
        for match in _MODE.finditer(text)
        if not _DENIED.search(text[: match.start()])
    }
    return found.pop() if len(found) == 1 else None


def read_key(text: str, mode: str | None = None) -> int | None:
    """Key 0-23; None when none or several are named.

    Args:
        mode: as `read_mode` found; a tonic named alone ("minor blues in F") takes it.
    """
    found = set()
    for match in _NAMED.finditer(text):
        if _is_key(text, match) and not _DENIED.search(text[: match.start()]):
            found.add(parse_key(f"{_tonic(match)} {match[3].lower()}"))
        elif _DENIED.search(text[: match.start()]) and match[1] not in "aA":
            return None
    for match in _AFTER_IN.finditer(text):
        article = match[1] == "a" and not match[2]
        if not article and not _DENIED.search(text[: match.start()]):
            found.add(parse_key(f"{_tonic(match)} {'minor' if match[3] else mode or 'major'}"))
    return found.pop() if len(found) == 1 else None


def _tonic(match: re.Match) -> str:
    accidental = (match[2] or "").strip(" -").lower()
    return match[1].upper() + {"sharp": "#", "flat": "b"}.get(accidental, accidental)


def _is_key(text: str, match: re.Match) -> bool:
    """Whether letter and mode are a key: an "a" may be an article."""
    if match[1] not in "aA" or match[2]:
        return True
    before, after = text[: match.start()], text[match.end() :]
    ends = re.match(_END + r"|(?= pentatonic)", after) is not None
    if match[1] == "A" and not _SENTENCE.search(before) and not text.isupper():
        return True
    return ends and bool(_LETTER_KEY.search(before) or _CLAUSE.search(before))


_CHORD = (
    r"[A-G][#b]?(?:maj|min|dim|aug|sus|add|dom|m|M|°|ø|Δ|\+|[2-9]|1[13]|69|[#b](?=\d)|-(?=\d)"
    r"|\((?:maj7|b5|add9)\))*(?:/[A-G][#b]?)?"
)
_JOINT = r"(?: ?(?:\||,|->|>|-|;) ?| )"
_ROW = re.compile(rf"(?<![\w#'./-])\|? ?{_CHORD}(?:{_JOINT}(?:{_CHORD}|%))+(?![\w#'/])(?: ?\|)?")
_SMALL_ROW = re.compile(
    r"(?<![\w#'./-])[a-g][#b]?(?:m7|m|7|maj7)?(?:(?: |, ?| ?- ?)[a-g][#b]?(?:m7|m|7|maj7)?){2,}"
    r"(?![\w#'/])"
)
_NOUN_NEXT = re.compile(
    r" (?:progression|loop|song|vamp|groove|tune|jam|track|blues|piece|ballad|pattern|turnaround|"
    r"sequence|cadence|chords?|riff)\b"
)
_CALLED = re.compile(
    r"(?:chords?|progression|changes|over|play|on)(?: is| are|:)? $", re.IGNORECASE
)
_TAKEN = re.compile(
    r"\b(?:in|key of|key|tuned to|from|not|avoid|instead of|without) $", re.IGNORECASE
)
_FORM = re.compile(r"\b(?:form|structure|sections?)\b", re.IGNORECASE)


def read_chords(text: str, key: int | None, beats_per_bar: int) -> str | None:
    """A progression as `LeadSheet.parse` reads it, one chord per bar unless bars are drawn.

    None when there is none, or more than one, or numerals without a key.
    """
    rows = {row for match in _ROW.finditer(text) if (row := _row(text, match))}
    if not rows:
        rows = {row for match in _SMALL_ROW.finditer(text) if (row := _small_row(match[0]))}
    rows |= {row for row in _numeral_rows(text, key) if row}
    if len(rows) != 1:
        return None
    row = rows.pop()
    try:
        parse_progression(row, beats_per_bar)
    except UserError:
        return None
    return row


def _row(text: str, match: re.Match) -> str | None:
    """The chords of a match, unless they may be something else."""
    before, after = text[: match.start()], text[match.end() :]
    chords = [_symbol(c) for c in re.findall(rf"{_CHORD}|%", match[0])]
    bars = "|" in match[0]
    if None in chords or _TAKEN.search(before):
        return None
    article = chords[0] == "A" and match[0].startswith("A ") and _SENTENCE.search(before)
    if article and _NOUN_NEXT.match(after):
        chords = chords[1:]
    plain = all(len(c) == 1 for c in chords)
    called = bars or _CALLED.search(before) is not None
    if len(chords) < 2 or (plain and not called and (len(chords) < 3 or _alphabet(text, chords))):
        return None
    return match[0].strip().replace(",", " ").replace("  ", " ") if bars else " ".join(chords)


def _alphabet(text: str, letters: list[str]) -> bool:
    """Whether bare letters are rather the alphabet or the form of a song."""
    codes = [ord(letter) for letter in letters]
    run = all(b - a == 1 for a, b in zip(codes, codes[1:], strict=False))
    return run or set(letters) <= {"A", "B"} or bool(_FORM.search(text))


def _small_row(row: str) -> str | None:
    """Chords in lower case: at least three, none of them "a"."""
    chords = [c[0].upper() + c[1:] for c in re.split(r"[ ,-]+", row)]
    if "A" in chords or _alphabet("", [c[0] for c in chords if len(c) == 1] or ["A"]):
        return None
    return " ".join(chords)


@lru_cache(maxsize=4_096)
def _symbol(symbol: str) -> str | None:
    """The symbol if it is a chord or a repeat."""
    try:
        return symbol if symbol == "%" or parse_chord(symbol) else None
    except UserError:
        return None


_NUMERAL = r"[b#]?(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?:°|ø|o|maj7|M7|m7|7|sus4|sus)?"
_NUMERALS = re.compile(rf"(?<![\w#'-]){_NUMERAL}(?:(?: ?[-,|] ?| ){_NUMERAL}){{2,}}(?![\w#'-])")
_DIGITS = re.compile(r"(?<![\d.:/-])[1-7](?:-[1-7]){2,5}(?![\d.:/-])")
_DIATONIC = ("I", "ii", "iii", "IV", "V", "vi", "viio")
_TWO_FIVE_ONE = {0: ("iim7", "V7", "Imaj7"), 1: ("iio", "V7", "im")}


def _numeral_rows(text: str, key: int | None) -> list[str | None]:
    """Progressions in numerals or scale degrees, resolved in a key."""
    if key is None:
        return []
    rows = [_resolved(re.findall(_NUMERAL, m[0]), key) for m in _NUMERALS.finditer(text)]
    for match in _DIGITS.finditer(text):
        degrees = [int(d) for d in match[0].split("-")]
        if all(b - a == 1 for a, b in zip(degrees, degrees[1:], strict=False)):
            continue
        if key < 12 or degrees == [2, 5, 1]:
            rows.append(_resolved([_DIATONIC[d - 1] for d in degrees], key))
    return rows


def _resolved(numerals: list[str], key: int) -> str | None:
    """Chord symbols of numerals in a key; a bare ii-V-I gets its sevenths."""
    tonic, minor = key % 12, key // 12
    if [n.lower() for n in numerals] == ["ii", "v", "i"]:
        return " ".join(chord_of(n, tonic) for n in _TWO_FIVE_ONE[minor])
    if len(set(numerals)) == 1:
        return None
    if not minor and all(n.islower() and n.isalpha() for n in numerals):
        by_name = {n.rstrip("o").lower(): n for n in _DIATONIC}
        numerals = [by_name.get(n, n) for n in numerals]
    return " ".join(chord_of(_spelled(n, minor), tonic) for n in numerals)


def _spelled(numeral: str, minor: int) -> str:
    """A numeral as the style book writes it; in minor III, VI and VII are those of the scale."""
    for mark, plain in (("°", "o"), ("ø", "o"), ("M7", "maj7"), ("sus4", "sus")):
        numeral = numeral.replace(mark, plain)
    flat = minor and re.match(r"(?:III|VI|VII)(?![I])", numeral)
    return f"b{numeral}" if flat else numeral
