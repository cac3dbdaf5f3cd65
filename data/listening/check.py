"""How well songs are heard: labels from notes and from audio against what is known.

Of a composed song everything is known; of a song of a corpus, what its notes and its notated beats
say. An excerpt is rendered and the same facts are taken three ways: from its notes (without being
told the key), from its four stems and from their mix alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.arranger import compose
from data.batch import Example
from data.chords import chord_tones
from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.listening.heard import listen
from data.movement import STYLES
from data.score import Score
from data.soundfont import render_song
from data.sources import Source
from data.sources.arranger import as_song
from data.sources.midi import choose_start
from utils import SAMPLE_RATE, SEGMENT_FRAMES, SEGMENT_SAMPLES, STEMS, UserError, counter_rng

FIRST_SEED = 12_000_000  # no song of a split, nor one that anything was fitted or tuned to
TOLERANCE_SECONDS = 0.07
TEMPO_TOLERANCE, WIDE_TOLERANCE = 0.04, 0.08
PLACED = 0.85  # F-measure from which the beats are in place
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
FIFTHS = (5, 7)
MEANS = ("notes", "stems", "mix")


@dataclass(frozen=True)
class Truth:
    """An excerpt whose facts are known; nan and -1 where one is not.

    Attributes:
        score: notes relative to the excerpt; without a key, so that it has to be heard.
        audio: (s, t). present: bool (s,). bpm, key, meter, swing (share of the long eighth).
        beats: (n,) seconds of all beats of the song, relative; in_bar, chords: theirs.
    """

    score: Score
    audio: np.ndarray
    present: np.ndarray
    bpm: float
    key: int
    meter: int
    swing: float
    beats: np.ndarray
    in_bar: np.ndarray
    chords: tuple[str, ...]


def excerpt_of(number: int) -> Truth:
    """The excerpt of a number; the styles take turns."""
    song = compose(FIRST_SEED + number, style=number % len(STYLES))
    seconds = SEGMENT_SAMPLES / SAMPLE_RATE
    start = choose_start(song, seconds, counter_rng(FIRST_SEED, number))
    score, audio = render_song(as_song(song), start, start + seconds, num_samples=SEGMENT_SAMPLES)
    swing = song.tags["swing"]
    return Truth(
        score=replace(score, key=None),
        audio=audio,
        present=np.array([song.programs[stem] is not None for stem in STEMS]),
        bpm=60.0 / float(song.beat_times[1]),
        key=song.key,
        meter=int(song.beat_in_bar.max()) + 1,
        swing=swing / (1.0 + swing),
        beats=song.beat_times - start,
        in_bar=song.beat_in_bar,
        chords=tuple(song.tags["chords"]),
    )


def composed(num_songs: int) -> Iterator[Truth]:
    """Excerpts of that many composed songs."""
    return map(excerpt_of, range(num_songs))


def excerpts(source: Source, count: int) -> Iterator[Truth]:
    """The first segments of a corpus with notes, unvaried: songs take turns.

    Raises:
        UserError: a segment without notes, or one that cannot be read.
    """
    for index in range(min(count, len(source))):
        yield truth_of(source.example(index, num_frames=SEGMENT_FRAMES))


def truth_of(example: Example) -> Truth:
    """What the notes of a segment and the key of its whole song say."""
    if example.score is None or example.audio is None:
        raise UserError(f"'{example.song}' has no notes to check against: pass a folder of MIDI")
    sheet = LeadSheet.from_score(example.score)
    labels = labels_of(example.score, {}, example.present, sheet)
    return Truth(
        score=replace(example.score, key=None),
        audio=example.audio,
        present=example.present,
        bpm=labels["tempo"],
        key=labels["key"],
        meter=labels["meter"],
        swing=labels["swing"],
        beats=sheet.beat_times,
        in_bar=sheet.beat_in_bar,
        chords=sheet.chords,
    )


def facts_of(truth: Truth) -> dict[str, tuple[dict[str, Any], LeadSheet]]:
    """Labels and sheet of an excerpt by how they were found, `MEANS`."""
    sheet = LeadSheet.from_score(truth.score)
    found = {"notes": (labels_of(truth.score, {}, truth.present, sheet, truth.audio), sheet)}
    for means, audio in (("stems", truth.audio), ("mix", truth.audio.sum(0))):
        heard = listen(audio, truth.present if means == "stems" else None)
        found[means] = heard.labels(), heard.sheet()
    return found


def judged(labels: dict[str, Any], sheet: LeadSheet, truth: Truth) -> dict[str, float]:
    """How right labels and sheet are, 0 to 1 each; nan where there is nothing to judge."""
    root, triad = chord_overlap(sheet, truth)
    downbeats = truth.beats[truth.in_bar == 0]
    beats = f_measure(sheet.beat_times, truth.beats, sheet.duration)
    tempo = _tempo(labels["tempo"], truth.bpm)
    return {
        **tempo,
        "tempo and place of the beats": tempo["tempo"] * float(beats > PLACED),
        "beats": beats,
        "downbeats": f_measure(sheet.beat_times[sheet.beat_in_bar == 0], downbeats, sheet.duration),
        "meter": _if(truth.meter > 0, labels["meter"] == truth.meter),
        **_key(int(labels["key"]), truth.key),
        "chord root": root,
        "chord triad": triad,
        "swing within 0.05": _if(
            not np.isnan(truth.swing), abs(labels["swing"] - truth.swing) < 0.05
        ),
    }


def _tempo(found: float, true: float) -> dict[str, float]:
    """Tempo within 4 %, within 8 %, and within 4 % of it or of what it is mistaken for."""
    known, ratio = not np.isnan(true), found / true
    near = lambda value, tolerance=TEMPO_TOLERANCE: abs(ratio / value - 1.0) < tolerance
    return {
        "tempo": _if(known, near(1.0)),
        "tempo within 8 %": _if(known, near(1.0, WIDE_TOLERANCE)),
        "tempo, octaves apart": _if(known, any(near(octave) for octave in OCTAVES)),
    }


def _key(found: int, true: int) -> dict[str, float]:
    """Key exact, exact or relative, one of these or a fifth away, and its mode alone."""
    heard, same_mode, step = found >= 0, found // 12 == true // 12, (found - true) % 12
    relative = heard and not same_mode and step == (9 if true < 12 else 3)
    fifth = heard and same_mode and step in FIFTHS
    return {
        "key": _if(true >= 0, found == true),
        "key, exact or relative": _if(true >= 0, found == true or relative),
        "key, or a fifth away": _if(true >= 0, found == true or relative or fifth),
        "mode": _if(true >= 0, heard and same_mode),
    }


def _if(known: bool, right: bool) -> float:
    return float(right) if known else float("nan")


def f_measure(found: np.ndarray, wanted: np.ndarray, duration: float) -> float:
    """Harmonic mean of precision and recall of times (n,) in the excerpt, within 70 ms."""
    found, wanted = (t[(t >= 0.0) & (t < duration)] for t in (found, wanted))
    if not len(found) or not len(wanted):
        return float(len(found) == len(wanted))
    hits = np.abs(found[:, None] - wanted).min(0) < TOLERANCE_SECONDS
    return 2.0 * float(hits.sum()) / (len(found) + len(wanted))


def chord_overlap(sheet: LeadSheet, truth: Truth) -> tuple[float, float]:
    """Share of the time in which root, and root and third, are right; where a chord sounds."""
    times = np.arange(0.05, sheet.duration, 0.1)
    wanted = _chords_at(times, truth.beats, truth.chords)
    found = _chords_at(times, sheet.beat_times, sheet.chords)
    pairs = [(f, w) for f, w in zip(found, wanted, strict=True) if w]
    if not pairs:
        return float("nan"), float("nan")
    roots = np.mean([f[:1] == w[:1] for f, w in pairs])
    triads = np.mean([f[:2] == w[:2] for f, w in pairs])
    return float(roots), float(triads)


def _chords_at(
    times: np.ndarray, beats: np.ndarray, chords: Sequence[str | None]
) -> list[tuple[int, ...]]:
    """Tones of the chord that sounds at each time, root first; empty for none."""
    if not len(beats):
        return [()] * len(times)
    index = np.clip(np.searchsorted(beats, times, side="right") - 1, 0, len(beats) - 1)
    return [chord_tones(chords[i]) if chords[i] is not None else () for i in index]


def check(truths: Iterable[Truth]) -> dict[str, dict[str, float]]:
    """Means over excerpts: judgement -> means of finding -> value; and how labels correlate."""
    rows: dict[str, list[dict[str, float]]] = {means: [] for means in MEANS}
    labels: dict[str, list[dict[str, Any]]] = {means: [] for means in MEANS}
    for truth in truths:
        for means, (said, sheet) in facts_of(truth).items():
            rows[means].append(judged(said, sheet, truth))
            labels[means].append(said)
    found = {
        name: {means: _mean([row[name] for row in rows[means]]) for means in MEANS}
        for name in rows["notes"][0]
    }
    return found | _agreement(labels)


def _mean(values: Sequence[float]) -> float:
    """Mean of the values that are known; nan without any."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _agreement(labels: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Correlation of labels heard in audio with those read from notes."""
    agreement: dict[str, dict[str, float]] = {}
    for name in ("valence", "arousal"):
        columns = {m: np.array([row[name] for row in labels[m]]) for m in MEANS}
        agreement[f"{name}, correlation"] = _correlations(columns)
    for index, stem in enumerate(STEMS):
        columns = {m: np.array([row["density"][index] for row in labels[m]]) for m in MEANS}
        agreement[f"density of {stem}, correlation"] = _correlations(columns)
    return agreement


def _correlations(columns: dict[str, np.ndarray]) -> dict[str, float]:
    return {means: _correlation(values, columns["notes"]) for means, values in columns.items()}


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson's, where both are known; nan without two different values."""
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known] - a[known].mean() if known.any() else a[known], b[known]
    if len(a) < 2 or a.std() == 0 or b.std() == 0:
        return float("nan")
    return float((a @ (b - b.mean())) / (len(a) * a.std() * b.std()))


def table(found: dict[str, dict[str, float]], num_excerpts: int) -> str:
    """The means as a Markdown table."""
    lines = [
        f"| {num_excerpts} excerpts of {SEGMENT_SAMPLES / SAMPLE_RATE:.1f} s | "
        f"{' | '.join(f'from {means}' for means in MEANS)} |",
        "|---|" + "---|" * len(MEANS),
    ]
    for name, row in found.items():
        cells = ["–" if np.isnan(row[m]) else f"{row[m]:.2f}" for m in MEANS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
