"""Which style or genre do notes sound like? Explicit features, and a classifier trained on songs.

The features are counted from the score: how the band moves (`data.movement`), how densely each stem
plays, where in the bar kick, snare and bass fall, which intervals over the tonic, how long and how
high the notes are, and the tempo. They do not know instruments unless asked to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace

import numpy as np

from data.bars import strokes
from data.lead_sheet import LeadSheet
from data.movement import Movement, movement_of
from data.score import Notes, Score
from metrics.logistic import Classifier, fit
from metrics.score_statistics import LENGTH_EDGES_SECONDS, polyphony
from utils import STEMS

PITCHED = ("bass", "guitar", "piano")
# drum keys heard as one sound: kick, snare, hi-hats, ride, crash, toms, hand percussion
DRUM_SOUNDS = (
    (35, 36),
    (37, 38, 39, 40),
    (42, 44, 46),
    (51, 53, 59),
    (49, 52, 55, 57),
    (41, 43, 45, 47, 48, 50),
    tuple(range(54, 82)),
)
PLACES = 16  # of a bar
PROGRAM_GROUPS = 8  # instruments of one General MIDI family


@dataclass(frozen=True)
class StyleClassifier:
    """Classifies scores; `with_programs` says whether it was taught to look at the instruments."""

    classifier: Classifier
    with_programs: bool = False

    @property
    def classes(self) -> np.ndarray:
        """Ids (k,) that it can answer."""
        return self.classifier.classes

    def probabilities(self, scores: Sequence[Score]) -> np.ndarray:
        """Probability (n, k) of every known class for n scores."""
        rows = [style_features(score, with_programs=self.with_programs) for score in scores]
        return self.classifier.probabilities(np.stack(rows))

    def predict(self, scores: Sequence[Score]) -> np.ndarray:
        """The likeliest class id (n,) of n scores."""
        return self.classes[self.probabilities(scores).argmax(1)]


def train_classifier(
    scores: Sequence[Score], labels: Sequence[int], *, with_programs: bool = False
) -> StyleClassifier | None:
    """A classifier of scores with class ids, -1 unknown; None when there is too little to learn."""
    if not len(scores):
        return None
    rows = np.stack([style_features(score, with_programs=with_programs) for score in scores])
    found = fit(rows, np.asarray(labels))
    return None if found is None else StyleClassifier(found, with_programs)


def style_features(score: Score, *, with_programs: bool = False) -> np.ndarray:
    """Features (f,) of a score, all finite; a stem that is silent gives zeros."""
    sheet = LeadSheet.from_score(replace(score, key=None))
    parts = [
        _movement(movement_of(score, sheet)),
        [np.log1p(len(strokes(score.notes[s])) / max(score.duration, 1e-6)) for s in STEMS],
        *[_habits(score.notes[stem], sheet) for stem in PITCHED],
        _drum_sounds(score.notes["drums"]),
        *[_places(times, sheet) for times in _rhythms(score)],
    ]
    if with_programs:
        parts += [_instrument(score.programs.get(stem)) for stem in PITCHED]
    return np.concatenate([np.asarray(part, np.float64) for part in parts])


def _movement(movement: Movement | None) -> list[float]:
    """Movement as numbers, the tempo in octaves; whether swing is known stands beside it."""
    if movement is None:
        return [0.0] * (len(fields(Movement)) + 1)
    known = not np.isnan(movement.swing)
    swing = movement.swing if known else 1.0
    octaves = float(np.log2(movement.bpm / 120.0))
    return [*astuple(replace(movement, bpm=octaves, swing=swing)), float(known)]


def _habits(notes: Notes, sheet: LeadSheet) -> np.ndarray:
    """Intervals over the tonic (12), lengths (12), mean pitch, polyphony, loudness of a stem."""
    if not len(notes):
        return np.zeros(27)
    tonic = (sheet.key_index or 0) % 12
    classes = np.bincount((notes.pitch - tonic) % 12, minlength=12) / len(notes)
    lengths, _ = np.histogram(notes.offset - notes.onset, LENGTH_EDGES_SECONDS)
    numbers = [notes.pitch.mean() / 12.0, polyphony(notes), notes.velocity.mean() / 127.0]
    return np.concatenate([classes, lengths / len(notes), numbers])


def _drum_sounds(drums: Notes) -> list[float]:
    return [float(np.isin(drums.pitch, keys).mean()) if len(drums) else 0.0 for keys in DRUM_SOUNDS]


def _rhythms(score: Score) -> list[np.ndarray]:
    """Onsets of kick, snare, bass and of guitar with piano."""
    drums = score.notes["drums"]
    chords = [strokes(score.notes[stem]) for stem in ("guitar", "piano")]
    return [
        drums.onset[np.isin(drums.pitch, DRUM_SOUNDS[0])],
        drums.onset[np.isin(drums.pitch, DRUM_SOUNDS[1])],
        strokes(score.notes["bass"]),
        np.concatenate(chords),
    ]


def _places(times: np.ndarray, sheet: LeadSheet) -> np.ndarray:
    """Share (16,) of onsets in each sixteenth of a bar of four beats; later beats fold over."""
    if not len(times) or len(sheet) < 2:
        return np.zeros(PLACES)
    beats = np.interp(times, sheet.beat_times, np.arange(len(sheet)))
    slots = np.round(beats * 4).astype(int)
    beat = np.minimum(slots // 4, len(sheet) - 1)
    return np.bincount((sheet.beat_in_bar[beat] * 4 + slots % 4) % PLACES, minlength=PLACES) / len(
        times
    )


def _instrument(program: int | None) -> np.ndarray:
    row = np.zeros(PROGRAM_GROUPS)
    if program is not None:
        row[program % PROGRAM_GROUPS] = 1.0
    return row
