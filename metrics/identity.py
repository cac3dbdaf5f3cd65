"""Does every stem sound like its instrument? A classifier that has heard real stems names them.

Multinomial logistic regression on the feature vectors of `metrics.spectrum` without the level, so
that loudness does not give an instrument away. It knows four answers and no "none of these": noise
is called something too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metrics.logistic import Classifier, fit
from metrics.segment import Segment
from metrics.spectrum import FEATURE_NAMES
from utils import STEMS

PENALTY = 0.01  # held down less than other judges: instruments differ in many small ways
HEARD = np.array([name != "level_db" for name in FEATURE_NAMES])


@dataclass(frozen=True)
class InstrumentJudge:
    """Names the instrument of a stem from the feature vectors of its windows."""

    classifier: Classifier

    def name(self, features: np.ndarray) -> str:
        """The stem whose probability over all windows (k, d) together is highest."""
        chance = self.classifier.probabilities(features[:, HEARD])
        total = np.log(np.maximum(chance, 1e-12)).sum(0)
        return STEMS[int(self.classifier.classes[total.argmax()])]


def learn_instruments(segments: Sequence[Segment]) -> InstrumentJudge | None:
    """A judge taught with the stems of real segments; None unless every instrument was heard."""
    if not segments:
        return None
    windows = [np.concatenate([s.sound[stem].features for s in segments]) for stem in STEMS]
    if min(len(rows) for rows in windows) < 2:
        return None
    labels = np.repeat(np.arange(len(STEMS)), [len(rows) for rows in windows])
    fitted = fit(np.concatenate(windows)[:, HEARD], labels, penalty=PENALTY, fewest=2)
    return None if fitted is None else InstrumentJudge(fitted)


@dataclass(frozen=True)
class Identity:
    """How often stems were named, over segments in which they sound.

    Attributes:
        named: (s, s) how often the stem of a row was called the stem of a column.
    """

    named: np.ndarray

    def accuracy(self, stem: str) -> float:
        """Share of a stem's appearances that were named right, 0 to 1; NaN when it never sounds."""
        row = self.named[STEMS.index(stem)]
        return float(row[STEMS.index(stem)] / row.sum()) if row.sum() else float("nan")

    def by_chance(self, stem: str) -> float:
        """Accuracy if the stems were labelled at random: how often any stem is called this one."""
        total = self.named.sum()
        return float(self.named[:, STEMS.index(stem)].sum() / total) if total else float("nan")

    def count(self, stem: str) -> int:
        """Segments in which the stem sounds."""
        return int(self.named[STEMS.index(stem)].sum())


def identify(judge: InstrumentJudge, stems: Sequence[Mapping[str, np.ndarray]]) -> Identity:
    """Names every stem of segments, each stem -> feature vectors (k, d); silent stems have none."""
    named = np.zeros((len(STEMS), len(STEMS)), np.int64)
    for segment in stems:
        for i, stem in enumerate(STEMS):
            if len(segment[stem]):
                named[i, STEMS.index(judge.name(segment[stem]))] += 1
    return Identity(named)
