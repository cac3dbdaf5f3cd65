"""Judges that real songs have taught: tempo, style, genre from notes, instruments from sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from data.labels import GENRES
from data.movement import STYLES
from data.score import Score
from metrics.adherence.facts import Measured, measure
from metrics.adherence.tempo import Hearing, tempo_of_notes, train_tempo_ear
from metrics.adherence.timbre import heard_program, train_timbre
from metrics.logistic import Classifier
from metrics.style_classifier import StyleClassifier, train_classifier
from utils import STEMS

TABLES = {"style": STYLES, "genre": GENRES}


@dataclass(frozen=True)
class Lesson:
    """A training segment: its score, its labels (`data.labels`), its stems (s, t) or None."""

    score: Score
    labels: Mapping[str, Any]
    stems: np.ndarray | None = None


@dataclass(frozen=True)
class Listeners:
    """Classifiers by name; those that had too little to learn from are missing, and the tempo is
    then the plain one.
    """

    named: Mapping[str, StyleClassifier] = field(default_factory=dict)
    timbre: Mapping[str, Classifier] = field(default_factory=dict)
    hearing: Hearing = tempo_of_notes

    @classmethod
    def taught_by(cls, lessons: Sequence[Lesson]) -> Listeners:
        """Listeners that learned from training segments."""
        scores = [lesson.score for lesson in lessons]
        named = {n: train_classifier(scores, [x.labels[n] for x in lessons]) for n in TABLES}
        heard = [lesson for lesson in lessons if lesson.stems is not None]
        stems = {s: [x.stems[i] for x in heard] for i, s in enumerate(STEMS)}
        programs = {s: [x.labels["program"][i] for x in heard] for i, s in enumerate(STEMS)}
        known = {name: classifier for name, classifier in named.items() if classifier is not None}
        ear = train_tempo_ear(scores, [lesson.labels["tempo"] for lesson in lessons])
        return cls(known, train_timbre(stems, programs), ear or tempo_of_notes)

    def measure(self, score: Score | None, stems: np.ndarray | None) -> Measured:
        """Facts of a song with style and genre (and "style.<id>", their probabilities) and with the
        family of each instrument's sound, as its first program.
        """
        song = measure(score, stems, hearing=self.hearing)
        if song.notes is not None:
            song = replace(song, notes={**song.notes, **self._names(score)})
        if song.sound is not None:
            song = replace(song, sound={**song.sound, **self._programs(stems)})
        return song

    def _names(self, score: Score) -> dict[str, float]:
        facts = {}
        for name, classifier in self.named.items():
            chances = classifier.probabilities([score])[0]
            pairs = zip(classifier.classes, chances, strict=True)
            facts |= {f"{name}.{index}": float(chance) for index, chance in pairs}
            facts[name] = float(classifier.classes[chances.argmax()])
        return facts

    def _programs(self, stems: np.ndarray) -> dict[str, float]:
        return {
            f"program.{stem}": heard_program(stem, stems[STEMS.index(stem)], self.timbre)
            for stem in self.timbre
        }
