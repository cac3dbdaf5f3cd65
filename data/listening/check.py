"""How well songs are heard: labels from notes and from audio against what the arranger meant.

Each song is composed with everything known, an excerpt of it is rendered, and the same facts are
taken three ways: from its notes (without being told the key), from its four stems and from their
mix alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.arranger import compose
from data.chords import chord_tones
from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.listening.heard import listen
from data.movement import STYLES
from data.score import Score
from data.soundfont import render_song
from data.sources.arranger import as_song
from data.sources.midi import choose_start
from utils import SAMPLE_RATE, SEGMENT_SAMPLES, STEMS, counter_rng

FIRST_SEED = 4_000_000  # no song of a split, nor one that the weights were fitted to
TOLERANCE_SECONDS = 0.07
TEMPO_TOLERANCE = 0.04
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
FIFTHS = (5, 7)
MEANS = ("notes", "stems", "mix")


@dataclass(frozen=True)
class Truth:
    """An excerpt whose facts are known.

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
    ratio = labels["tempo"] / truth.bpm
    near = lambda value: abs(ratio / value - 1.0) < TEMPO_TOLERANCE
    key, same_mode = int(labels["key"]), labels["key"] // 12 == truth.key // 12
    step = (key - truth.key) % 12
    relative = not same_mode and step == (9 if truth.key < 12 else 3) and key >= 0
    root, triad = chord_overlap(sheet, truth)
    downbeats = truth.beats[truth.in_bar == 0]
    return {
        "tempo": float(near(1.0)),
        "tempo, octaves apart": float(any(near(octave) for octave in OCTAVES)),
        "beats": f_measure(sheet.beat_times, truth.beats, sheet.duration),
        "downbeats": f_measure(sheet.beat_times[sheet.beat_in_bar == 0], downbeats, sheet.duration),
        "meter": float(labels["meter"] == truth.meter),
        "key": float(key == truth.key),
        "key, exact or relative": float(key == truth.key or relative),
        "key, or a fifth away": float(
            key == truth.key or relative or (same_mode and key >= 0 and step in FIFTHS)
        ),
        "mode": float(key >= 0 and same_mode),
        "chord root": root,
        "chord triad": triad,
        "swing within 0.05": float(abs(labels["swing"] - truth.swing) < 0.05),
    }


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


def check(
    num_songs: int, progress: Callable[[Sequence[int]], Any] = iter
) -> dict[str, dict[str, float]]:
    """Means over songs: judgement -> means of finding -> value; and how labels correlate.

    Args:
        progress: wraps the song numbers, a progress bar for example.
    """
    rows: dict[str, list[dict[str, float]]] = {means: [] for means in MEANS}
    labels: dict[str, list[dict[str, Any]]] = {means: [] for means in MEANS}
    for number in progress(range(num_songs)):
        truth = excerpt_of(number)
        for means, (said, sheet) in facts_of(truth).items():
            rows[means].append(judged(said, sheet, truth))
            labels[means].append(said)
    found = {
        name: {means: float(np.nanmean([row[name] for row in rows[means]])) for means in MEANS}
        for name in rows["notes"][0]
    }
    return found | _agreement(labels)


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


def table(found: dict[str, dict[str, float]], num_songs: int) -> str:
    """The means as a Markdown table."""
    lines = [
        f"| {num_songs} excerpts of {SEGMENT_SAMPLES / SAMPLE_RATE:.1f} s | "
        f"{' | '.join(f'from {means}' for means in MEANS)} |",
        "|---|" + "---|" * len(MEANS),
    ]
    for name, row in found.items():
        cells = ["–" if np.isnan(row[m]) else f"{row[m]:.2f}" for m in MEANS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
