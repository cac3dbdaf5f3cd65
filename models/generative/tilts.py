"""How asked emotions and densities lean on what the planner draws.

Keys and levels are tilted: numbers are added to their logits. A tilt a * x on the logits of steps
with values x moves their mean by a * variance, exactly so for a normal distribution at any
temperature; but what is improbable far out gains most by it, and on a scale of many steps the
farthest would be drawn instead of one a little further. So a fact with a scale is moved along it by
as much as that, a * variance: where the words leave a fact as open as real songs leave it (`SPREAD`
below), by the whole offset, and less where they have settled it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data.brief import FACTS
from data.plan_tokens import LEVELS, Kind
from models.generative.emotion import EmotionOffsets

SPREAD = {
    Kind.TEMPO: 0.4,  # octaves
    Kind.DYNAMICS: 0.11,
    Kind.REGISTER: 6.0,  # semitones
    Kind.LOUDNESS: 1.5,  # dB
    Kind.BRIGHTNESS: 0.35,  # octaves
}
BEYOND = 2.0  # nats a step by which a scale's end falls off where it is moved inwards
LEVEL_SPREAD = 0.9  # octaves; bars follow the bars before them, so what pulls on each adds up
REACH = 0.25  # octaves, how near a level comes to an asked density
# which offset each fact of the brief takes
OFFSET_OF = {
    Kind.TEMPO: "tempo_octaves",
    Kind.KEY: "minor_log_odds",
    Kind.DYNAMICS: "dynamics",
    Kind.REGISTER: "register_semitones",
    Kind.LOUDNESS: "loudness_db",
    Kind.BRIGHTNESS: "brightness_octaves",
}
STEM_KINDS = (Kind.BASS, Kind.DRUMS, Kind.GUITAR, Kind.PIANO)
OCTAVES = np.log2(np.maximum(LEVELS, LEVELS[1] / 2))  # silence lies an octave below the sparsest


def acting(offsets: EmotionOffsets, facts: np.ndarray) -> EmotionOffsets:
    """The offsets without those of facts that are fixed already (-1: open)."""
    fixed = {name: 0.0 for kind, name in OFFSET_OF.items() if facts[kind] >= 0}
    return replace(offsets, **fixed)


def shifts(offsets: EmotionOffsets) -> dict[Kind, float]:
    """By how much to move what is said of each fact with a scale, on it; 0 is missing."""
    wanted = {kind: getattr(offsets, OFFSET_OF[kind]) for kind in SPREAD}
    return {kind: offset for kind, offset in wanted.items() if offset}


def moved(kind: Kind, logits: np.ndarray, offset: float) -> np.ndarray:
    """Logits (v,) of a fact's steps, each taken from further down its scale; by the whole offset
    where they are as wide as real songs or wider.
    """
    values = FACTS[kind].scale(FACTS[kind].values)
    shares = np.exp(logits - logits.max())
    shares /= shares.sum()
    variance = shares @ values**2 - (shares @ values) ** 2
    share = min(1.0, variance / SPREAD[kind] ** 2)
    places = np.arange(len(logits))
    source = places - share * offset / np.diff(values).mean()
    beyond = source - source.clip(0, places[-1])
    return np.interp(source, places, logits) - BEYOND * np.abs(beyond)


def tilts(offsets: EmotionOffsets) -> dict[Kind, np.ndarray]:
    """What to add to the logits of keys and levels, (steps,); kinds that are left alone are
    missing.

    Density is per second and levels are per beat: the tempo takes its share.
    """
    found = {Kind.KEY: offsets.minor_log_odds * (FACTS[Kind.KEY].values // 12 - 0.5)}
    levels = denser(offsets.density_octaves - offsets.tempo_octaves)
    found.update(dict.fromkeys(STEM_KINDS, levels))
    return {kind: tilt for kind, tilt in found.items() if tilt.any()}


def denser(octaves: float) -> np.ndarray:
    """Tilt of the levels that moves their mean by about so many octaves; silence stays apart."""
    return octaves / LEVEL_SPREAD**2 * np.where(LEVELS > 0, OCTAVES, 0.0)


def towards(strokes_per_beat: float) -> np.ndarray:
    """Tilt of the levels that leaves little but those next to a density (0: silence)."""
    target = max(np.log2(max(strokes_per_beat, 1e-9)), OCTAVES[0])
    return -0.5 * ((OCTAVES - target) / REACH) ** 2
