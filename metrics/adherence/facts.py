"""What a song turned out to be: facts as plain numbers, from its notes and from its sound.

Facts are named as labels are (`data.labels`); those of a stem are written "plays.drums", and
"density" is that of all stems together. A fact that a side cannot tell is not there; one that it
could not make out in this song is nan. The tempo and the meter of notes are heard from the onsets,
never read from the beats that were planned, so that a plan which the notes ignore does not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.emotion import cues_of, nearest_emotion, valence_arousal
from data.harmony import beat_chroma
from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.listening import Heard, listen
from data.score import Score
from metrics.adherence.tempo import Hearing, tempo_of_notes
from metrics.analysis import correlation, mean_known
from utils import STEMS

Facts = Mapping[str, Any]
STEM_LABELS = ("plays", "program", "density")
UNTOLD_BY_NOTES = ("loudness", "brightness", "style", "genre")
UNTOLD_BY_SOUND = ("dynamics", "register", "program", "style", "genre")


@dataclass(frozen=True)
class Measured:
    """A song as it was measured.

    Attributes:
        notes: facts of its notes; sound: facts of its sound; None where there is none.
        score: the notes themselves. sheet: beats and chords that are heard in the sound. strokes:
            seconds (n,) of the onsets that are heard, of all stems.
    """

    notes: Facts | None
    sound: Facts | None
    score: Score | None = None
    sheet: LeadSheet | None = None
    strokes: np.ndarray | None = None


def measure(
    score: Score | None, stems: np.ndarray | None, *, hearing: Hearing = tempo_of_notes
) -> Measured:
    """Facts of a song from its score and from its stems (s, t), either of which may be missing.

    `hearing` tells the tempo of the notes.
    """
    notes = None if score is None else facts_of_notes(score, hearing=hearing)
    if stems is None:
        return Measured(notes, None, score)
    heard = listen(stems)
    return Measured(
        notes,
        facts_of_sound(heard),
        score,
        heard.sheet(),
        np.sort(np.concatenate(list(heard.strokes.values()))),
    )


def flat(labels: Mapping[str, Any]) -> dict[str, float]:
    """Labels as facts: one number each, nan where unknown, stems apart, mode beside the key."""
    facts: dict[str, float] = {}
    for name, value in labels.items():
        if name in STEM_LABELS:
            facts |= {f"{name}.{s}": _known(name, v) for s, v in zip(STEMS, value, strict=True)}
        else:
            facts[name] = _known(name, value)
    facts["mode"] = mode_of(facts["key"])
    facts["density"] = float(np.nansum([facts[f"density.{s}"] for s in STEMS]))
    return facts


def _known(name: str, value: float) -> float:
    """A label's number; its -1 for unknown becomes nan."""
    signed = ("valence", "arousal", "loudness", "brightness")
    return float("nan") if value == -1 and name not in signed else float(value)


def mode_of(key: float) -> float:
    """0 for a major key 0-11, 1 for a minor key 12-23, nan for none."""
    return float(key // 12)


def facts_of_notes(score: Score, *, hearing: Hearing = tempo_of_notes) -> dict[str, float]:
    """Facts of a score; what its plan says of key and tempo is not believed."""
    heard = replace(score, key=None, tags={})
    sheet = LeadSheet.from_score(heard)
    labels = labels_of(heard, {}, np.ones(len(STEMS), bool), sheet=sheet)
    tempo = hearing(score.notes, score.duration)
    facts = flat(labels) | {"tempo": tempo, "meter": meter_of_notes(score)}
    facts |= _feeling(heard, _at_tempo(sheet, tempo))
    return {name: value for name, value in facts.items() if name not in UNTOLD_BY_NOTES}


def _feeling(score: Score, sheet: LeadSheet) -> dict[str, float]:
    """Valence, arousal and the emotion nearest to them; nothing without notes."""
    cues = cues_of(score, sheet)
    if cues is None:
        return {}
    valence, arousal = valence_arousal(cues)
    emotion = _known("emotion", nearest_emotion(valence, arousal))
    return {"valence": valence, "arousal": arousal, "emotion": emotion}


def _at_tempo(sheet: LeadSheet, tempo: float) -> LeadSheet:
    """The sheet at the tempo that was heard, in the octave nearest to its own."""
    if sheet.bpm is None or not np.isfinite(tempo):
        return sheet
    ratio = tempo / sheet.bpm
    ratio *= 2.0 ** -np.round(np.log2(ratio))
    return replace(sheet, beat_times=sheet.beat_times / ratio)


def meter_of_notes(score: Score) -> float:
    """3 or 4 beats in a bar, by which of the two the music repeats itself; nan when unclear.

    What the drum kit strikes on each beat (without drums, the pitch classes of the stems) is
    compared with what comes some beats on: music in three is more like itself after three, six and
    nine beats than after others. Where in a bar a beat lies is not looked at.
    """
    rows = _beat_rows(score)
    if len(rows) < 9:
        return float("nan")
    lags = range(2, min(len(rows) - 2, 11))
    alike = {lag: mean_known(_alike(rows[lag:], rows[:-lag])) for lag in lags}
    of_lags = lambda chosen: mean_known([alike.get(lag, math.nan) for lag in chosen])
    three = of_lags((3, 6, 9)) - of_lags((2, 4, 5, 7, 8, 10))
    four = of_lags((4, 8)) - of_lags((3, 5, 6, 7, 9))
    if not math.isfinite(three + four):
        return float("nan")
    return 3.0 if three > four else 4.0


def _beat_rows(score: Score) -> np.ndarray:
    """What happens on each visible beat (n, f): drums by key, else bass and chords by pitch."""
    times = score.beat_times
    if len(times) < 3:
        return np.zeros((0, 1))
    visible = (times >= -0.02) & (times < score.duration - 0.1)
    drums = np.zeros((len(times), 128))
    beat = np.clip(np.searchsorted(times, score.notes["drums"].onset + 0.05) - 1, 0, len(times) - 1)
    np.add.at(drums, (beat, score.notes["drums"].pitch), 1.0)
    if drums[visible].any():
        return drums[visible]
    bass = beat_chroma(score.notes["bass"], times)
    chords = sum(beat_chroma(score.notes[stem], times) for stem in ("guitar", "piano"))
    return np.hstack([bass, chords])[visible]


def _alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return correlation(np.sqrt(first), np.sqrt(second))


def facts_of_sound(heard: Heard) -> dict[str, float]:
    """Facts of what is heard in audio, without any plan or notes."""
    return {n: v for n, v in flat(heard.labels()).items() if not n.startswith(UNTOLD_BY_SOUND)}
