"""Requests in words that no training caption contains, with what each of them asks for.

They measure whether words act that were never trained on. `held_out` says which words of a text
belong to the test; the grammar of `data.captions` never says one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("paraphrases.json")
KINDS = ("synonym", "paraphrase")
DIRECTED = ("tempo", "valence", "arousal", "dynamics", "density", "brightness", "register")


@lru_cache(maxsize=1)
def paraphrases() -> tuple[dict[str, Any], ...]:
    """All entries, as written in `paraphrases.json`; do not change them in place.

    Each holds `text` (what the user types), `kind` ("synonym": one held-out word, perhaps beside
    plain ones; "paraphrase": a picture or a turn of phrase), `words` (its held-out words, see
    `said`) and `expects`: fact -> value. The facts are tempo, valence, arousal, dynamics, density,
    brightness and register ("low" or "high"), mode ("major" or "minor"), plays (stem -> bool),
    program (stem -> the General MIDI programs that fit), genre and style (a name).
    """
    return tuple(json.loads(PATH.read_text(encoding="utf-8")))


def held_out() -> frozenset[str]:
    """All held-out words: lower case, without hyphens, a final "*" for any ending."""
    return frozenset(word for entry in paraphrases() for word in entry["words"])


def said(texts: Iterable[str], words: Iterable[str]) -> dict[str, str]:
    """Which of the words the texts contain, each with the first text that contains it."""
    words = frozenset(words)
    single = _pattern(w for w in words if " " not in w)
    several = _pattern(w for w in words if " " in w)
    vocabulary: dict[str, str] = {}
    found: dict[str, str] = {}
    for text in texts:
        plain = _plain(text)
        for word in plain.split():
            vocabulary.setdefault(word, text)
        for match in several.finditer(plain):
            found.setdefault(_entry(match), text)
    for word, text in vocabulary.items():
        for match in single.finditer(word):
            found.setdefault(_entry(match), text)
    return found


def _pattern(words: Iterable[str]) -> re.Pattern:
    """A group for every word, named in hexadecimal so that the match tells which it was."""
    ends = lambda w: re.escape(w[:-1]) + "[a-z]*" if w.endswith("*") else re.escape(w)
    groups = (f"(?P<w{w.encode().hex()}>{ends(w)})" for w in sorted(words))
    return re.compile(r"\b(?:" + ("|".join(groups) or r"(?!)") + r")\b")


def _entry(match: re.Match) -> str:
    return bytes.fromhex(match.lastgroup[1:]).decode()


def _plain(text: str) -> str:
    """Lower case, hyphens as spaces, other marks as dots of their own."""
    spaced = re.sub(r"[-\s]+", " ", text.lower())
    return " ".join(re.sub(r"[^a-z0-9#' ]+", " . ", spaced).split())
