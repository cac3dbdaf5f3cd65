"""How closely a song keeps to a lead sheet, in its notes and in its sound: chords and beats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from data.chords import NO_CHORD, chord_root, chord_tones
from data.lead_sheet import LeadSheet
from data.score import Notes
from metrics.adherence.facts import Measured
from metrics.plan import chord_tone_share, grid_share
from utils import STEMS

UNKNOWN = float("nan")


def _tones(sheet: LeadSheet) -> list[frozenset[int] | None]:
    return [None if c is None else frozenset(chord_tones(c)) for c in sheet.chords]


def chord_tones_in_notes(song: Measured, sheet: LeadSheet) -> float:
    """Share of the notes' sounding time inside the sheet's chords."""
    if song.score is None or not sheet.timed:
        return UNKNOWN
    return chord_tone_share(song.score.notes, sheet.beat_times, _tones(sheet))


def chords_heard_in_notes(song: Measured, sheet: LeadSheet) -> float:
    """Share of the sheet's beats on which its chord is heard in the notes (root and third)."""
    if song.score is None or not sheet.timed:
        return UNKNOWN
    grid = {"beat_times": sheet.beat_times, "beat_in_bar": sheet.beat_in_bar}
    return chord_overlap(sheet, LeadSheet.from_score(replace(song.score, key=None, **grid)))


def chords_heard_in_sound(song: Measured, sheet: LeadSheet) -> float:
    """The same in the sound, on the beats that are heard in it."""
    if song.sheet is None or not sheet.timed:
        return UNKNOWN
    return chord_overlap(sheet, song.sheet)


def chord_overlap(asked: LeadSheet, heard: LeadSheet) -> float:
    """Share of asked beats with a chord on which a chord of one root and third is heard.

    A beat that no heard beat covers counts as not heard; nan when no chord was asked for.
    """
    middles = asked.beat_times + 0.5 * np.median(np.diff(asked.beat_times))
    place = np.searchsorted(heard.beat_times, middles, side="right") - 1
    hits = []
    for chord, time, index in zip(asked.chords, middles, place, strict=True):
        if chord not in (None, NO_CHORD) and 0.0 <= time < asked.duration:
            found = heard.chords[index] if index >= 0 else None
            hits.append(found is not None and _plain(found) == _plain(chord))
    return float(np.mean(hits)) if hits else UNKNOWN


def _plain(chord: str) -> tuple[int | None, bool]:
    """Root, and whether the third is minor."""
    root = chord_root(chord)
    return root, root is not None and (root + 3) % 12 in chord_tones(chord)


def beats_in_notes(song: Measured, sheet: LeadSheet) -> float:
    """Share of onsets on the sheet's sixteenths, over chance."""
    if song.score is None or not sheet.timed:
        return UNKNOWN
    return grid_share(song.score.notes, sheet.beat_times)


def beats_in_sound(song: Measured, sheet: LeadSheet) -> float:
    """Share of the strokes heard in the mix on the sheet's sixteenths, over chance."""
    if song.strokes is None or not sheet.timed:
        return UNKNOWN
    heard = dict.fromkeys(STEMS, Notes.empty()) | {"drums": _notes_at(song.strokes)}
    return grid_share(heard, sheet.beat_times)


def _notes_at(times: Sequence[float]) -> Notes:
    times = np.asarray(times, np.float64)
    return Notes.of(times, times + 0.1, np.full(len(times), 38), np.full(len(times), 90))


FOLLOWING: dict[str, Callable[[Measured, LeadSheet], float]] = {
    "chord tones, share, notes": chord_tones_in_notes,
    "chord heard, share of beats, notes": chords_heard_in_notes,
    "chord heard, share of beats, sound": chords_heard_in_sound,
    "on sixteenths, over chance, notes": beats_in_notes,
    "on sixteenths, over chance, sound": beats_in_sound,
}
