"""Which kind of instrument is it? A classifier of a stem's sound, taught by stems with programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from metrics.adherence.wordings import PROGRAM_FAMILIES
from metrics.analysis import is_silent, log_mel
from metrics.logistic import Classifier, fit

BANDS = 40
QUIET_NEPERS = 7.0  # frames this far under the loudest say little


def timbre_features(audio: np.ndarray) -> np.ndarray | None:
    """Features (80,) of a stem's sound (t,), whatever its level; None for silence.

    Mean and spread over time of the mel spectrum (40 bands, logarithmic) less the mean over the
    bands of its frame, over the frames that are not far under the loudest.
    """
    if is_silent(audio):
        return None
    mel = log_mel(audio, n_mels=BANDS).astype(np.float64)
    level = mel.max(0)
    loud = mel[:, level > level.max() - QUIET_NEPERS]
    shape = loud - loud.mean(0)
    return np.concatenate([shape.mean(1), shape.std(1)])


def family_index(stem: str, program: float) -> int:
    """Place of a program's family among those of its stem, -1 for none."""
    families = list(PROGRAM_FAMILIES[stem].values())
    return next((i for i, members in enumerate(families) if program in members), -1)


def train_timbre(
    stems: Mapping[str, Sequence[np.ndarray]], programs: Mapping[str, Sequence[float]]
) -> dict[str, Classifier]:
    """A classifier per stem from sounds (t,) and their programs; stems that vary too little have
    none.
    """
    found = {}
    for stem in PROGRAM_FAMILIES:
        rows = [
            (features, family_index(stem, program))
            for audio, program in zip(stems[stem], programs[stem], strict=True)
            if (features := timbre_features(audio)) is not None
        ]
        if rows:
            features, labels = zip(*rows, strict=True)
            classifier = fit(np.stack(features), np.array(labels))
            found |= {} if classifier is None else {stem: classifier}
    return found


def heard_program(stem: str, audio: np.ndarray, classifiers: Mapping[str, Classifier]) -> float:
    """First program of the family that a stem's sound (t,) is heard as; nan for silence.

    Raises:
        KeyError: there is no classifier for this stem.
    """
    features = timbre_features(audio)
    if features is None:
        return float("nan")
    index = int(classifiers[stem].predict(features[None])[0])
    return float(list(PROGRAM_FAMILIES[stem].values())[index][0])
