"""Words for a segment: what anyone might type to ask for it, from its labels alone.

Every caption draws which facts to mention, how to word each and how to join them. A fact that is
unknown is never mentioned, and what is said is true of the labels; the words and the rules for when
they hold are in `data.captioning`. Mood, valence and arousal are the proxy of `data.emotion`. No
caption contains a word that `data.paraphrases` holds out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data.captioning.facts import FACTS, Known
from data.captioning.kinds import NOTHING_KNOWN
from data.captioning.players import Band, draw_band
from data.captioning.sentences import Said, caption_of
from data.captioning.wording import Draw, Wording
from data.lead_sheet import LeadSheet

MAX_FACTS = 6


def captions(
    labels: Mapping[str, Any],
    sheet: LeadSheet | None,
    rng: np.random.Generator,
    count: int = 1,
    *,
    feel: Sequence[str] = (),
) -> list[str]:
    """Captions of a segment, each a fresh draw.

    Args:
        labels: as from `data.labels.labels_of`; those unknown or not there are not mentioned.
        sheet: for the chords and the meter; None when unknown.
        rng: the only source of chance: the same state gives the same captions.
        count: how many.
        feel: what the players do, as from `data.captioning.feel.feel_of`.
    """
    known = Known(labels, sheet, tuple(feel))
    draw = Draw(rng)
    return [_caption(known, draw) for _ in range(count)]


def _caption(known: Known, draw: Draw) -> str:
    talkative = 0.15 + 0.75 * draw.number()
    said = Said(_facts(known, draw, talkative), draw_band(known, draw, talkative))
    if not said.facts and said.band.silent:
        said = _anything(known, draw)
    if not said.facts and said.band.silent:
        return draw.one(NOTHING_KNOWN)
    return caption_of(said, draw)


def _facts(known: Known, draw: Draw, talkative: float) -> dict[str, Wording]:
    """Draws which facts to mention, with their words."""
    names = [name for name, (share, _) in FACTS.items() if draw.chance(share * talkative)]
    found = {name: FACTS[name][1](known, draw) for name in draw.shuffled(names)[:MAX_FACTS]}
    return {name: words for name, words in found.items() if words is not None}


def _anything(known: Known, draw: Draw) -> Said:
    """One or two of the facts that are known, where the first draw met none of them."""
    band = draw_band(known, draw, 1.0)
    found = {name: words(known, draw) for name, (_, words) in FACTS.items()}
    there = [(name, words) for name, words in found.items() if words is not None]
    return Said(dict(draw.shuffled(there)[:2]), Band() if there and draw.chance(0.5) else band)
