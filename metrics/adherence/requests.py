"""A wish: what is said to `generate` about one song, and the facts that the song should show.

Requests of one condition differ in value and in seed; the seeds are those of the songs that are
asked for nothing, so that only the wish differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from data.labels import GENRES
from data.lead_sheet import LeadSheet
from data.movement import STYLES


@dataclass(frozen=True)
class Request:
    """One song to ask for.

    Attributes:
        condition: what is tested; `way`: how it is said ("number", "words", ...).
        said: arguments of `generate` for this one song.
        expects: fact -> value, or "low" or "high" against songs that were asked for nothing.
        sheet: the lead sheet that was asked for, None where none was.
        heard: whether the sound is measured too.
    """

    condition: str
    way: str
    said: Mapping[str, Any]
    expects: Mapping[str, float | str]
    seed: int = 0
    sheet: LeadSheet | None = None
    heard: bool = True


def held_out_requests(
    entries: Iterable[Mapping[str, Any]], *, songs: int, seed: int
) -> list[Request]:
    """Requests for held-out words: `songs` seeds for each entry of `data.paraphrases`, of which
    the first is heard.
    """
    return [
        Request(
            "held-out words",
            entry["kind"],
            {"text": entry["text"]},
            expected(entry["expects"]),
            seed + i,
            heard=i == 0,
        )
        for entry in entries
        for i in range(songs)
    ]


def expected(expects: Mapping[str, Any]) -> dict[str, float | str]:
    """What an entry of `data.paraphrases` expects, as facts; of several programs, the first."""
    tables = {"style": STYLES, "genre": GENRES, "mode": ("major", "minor")}
    facts: dict[str, float | str] = {}
    for name, value in expects.items():
        if name == "plays":
            facts |= {f"plays.{stem}": float(plays) for stem, plays in value.items()}
        elif name == "program":
            facts |= {f"program.{stem}": float(fits[0]) for stem, fits in value.items()}
        else:
            facts[name] = float(tables[name].index(value)) if name in tables else value
    return facts
