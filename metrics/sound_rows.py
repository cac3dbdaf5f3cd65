"""Which numbers are reported of the sound: its distance to real sound, and its identity.

A distance means little by itself. It stands beside that of other real music (the ceiling) and that
of real music that is wrong: the nearest other instrument for a stem, stems of different songs for
the mix (the floor). The share of the way from right to wrong is what `metrics.summary` judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from metrics.identity import identify, learn_instruments
from metrics.report import UNKNOWN, Row
from metrics.segment import Segment, halves
from metrics.spectrum import (
    FEATURE_NAMES,
    WINDOW_SAMPLES,
    SpectrumScores,
    compare_sets,
    feature_set,
)
from utils import STEMS, counter_rng

NOISE_WINDOWS = 32
MEASURES = (("Frechet", "frechet"), ("MMD", "discrepancy"))


def features_of(segments: Sequence[Segment], name: str) -> np.ndarray:
    """All vectors (n, d) of a stem, or of the "mix"."""
    rows = [s.mix if name == "mix" else s.sound[name].features for s in segments]
    return np.concatenate([np.zeros((0, len(FEATURE_NAMES))), *rows])


@lru_cache(maxsize=1)
def _white_noise() -> np.ndarray:
    noise = counter_rng(0).standard_normal((NOISE_WINDOWS, WINDOW_SAMPLES))
    return feature_set(0.1 * noise.astype(np.float32))


def _wrong(real: Sequence[Segment], name: str, shuffled_mix: np.ndarray) -> dict[str, np.ndarray]:
    """Real music that is not what it should be: label -> vectors."""
    if name == "mix":
        return {"shuffled stems": shuffled_mix}
    return {other: features_of(real, other) for other in STEMS if other != name}


def distance_rows(
    ours: Sequence[Segment],
    real: Sequence[Segment],
    training: Sequence[Segment] = (),
    shuffled_mix: np.ndarray | None = None,
) -> list[Row]:
    """Distances of stems and mix to real ones, and of everything that is wrong ("sound anchors").

    The reference is the real segments and the ceiling the training songs; without those, two halves
    of the real segments that share no song. All sets are cut to one size, because the Frechet
    distance grows as sets get smaller.

    Args:
        shuffled_mix: (n, d) vectors of mixes of stems of different real songs.
    """
    reference, other = (real, training) if training else halves(real)
    noise = _white_noise()
    shuffled_mix = feature_set([]) if shuffled_mix is None else shuffled_mix
    rows, anchors = [], []
    for name in (*STEMS, "mix"):
        wrong = {k: v for k, v in _wrong(real, name, shuffled_mix).items() if len(v) > 1}
        sets = [features_of(s, name) for s in (ours, other, reference)]
        size = min(len(s) for s in (*sets, *wrong.values()))
        if size < 2:
            continue
        mine, other_real, target = (s[:size] for s in sets)
        wrong = {k: v[:size] for k, v in wrong.items()} | {
            "white noise": np.resize(noise, mine.shape)
        }
        near = {k: compare_sets(v, target) for k, v in wrong.items()}
        scores = [compare_sets(s, target) for s in (mine, other_real)]
        new, old = _rows_of(name, scores, near, size)
        rows, anchors = rows + new, anchors + old
    return rows + anchors


def _rows_of(
    name: str, scores: Sequence[SpectrumScores], near: Mapping[str, SpectrumScores], size: int
) -> tuple[list[Row], list[Row]]:
    """Rows of one stem (scores of ours and of other real music), and rows of its anchors."""
    stand_in = "stems of different songs" if name == "mix" else "the nearest other instrument"
    means = {"floor_is": f"{stand_in}, real", "ceiling_is": "other real songs"}
    rows, anchors = [], []
    for label, key in MEASURES:
        value, ceiling = (getattr(s, key) for s in scores)
        apart = {k: getattr(s, key) for k, s in near.items()}
        floor = min((v for k, v in apart.items() if k != "white noise"), default=UNKNOWN)
        row = Row("features", f"{label}, {name}", value, floor, ceiling, "lower", size, **means)
        rows.append(row)
        anchors += [
            Row("sound anchors", f"{label}, {name}: {k}", v, UNKNOWN, ceiling, "lower", size)
            for k, v in apart.items()
        ]
    return rows, anchors


def identity_rows(
    ours: Sequence[Segment], real: Sequence[Segment], training: Sequence[Segment] = ()
) -> list[Row]:
    """Accuracy of a classifier of instruments per stem, taught with real stems.

    It is taught with the training songs and the real segments are the ceiling; without training
    songs it is taught with one half of the real segments and the other half is the ceiling.
    """
    taught, unheard = (training, real) if training else halves(real)
    judge = learn_instruments(taught)
    if judge is None:
        return []
    mine, theirs = (
        identify(judge, [{k: v.features for k, v in s.sound.items()} for s in segments])
        for segments in (ours, unheard)
    )
    means = {"floor_is": "stems labelled at random", "ceiling_is": "real stems, not taught"}
    rows = []
    for stem in STEMS:
        numbers = (mine.accuracy(stem), mine.by_chance(stem), theirs.accuracy(stem), "higher")
        rows.append(Row("identity", f"accuracy, {stem}", *numbers, mine.count(stem), **means))
    return rows
