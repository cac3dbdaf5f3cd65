"""The rows of an evaluation: real music meets its own ceiling and lies above the floors."""

from dataclasses import replace

import numpy as np
import pytest

from data.score import Notes
from metrics.evaluation import (
    Evidence,
    coherence_rows,
    generation_rows,
    hearing_rows,
    novelty_rows,
)
from metrics.novelty import PhraseIndex
from metrics.report import table
from metrics.segment import Segment, Sheet, describe
from tests.metrics.band import DURATION, band, played
from utils import STEMS

GRID = np.arange(0.0, DURATION, 0.5)


def segment(seed: int) -> Segment:
    song = band(seed)
    audio = np.stack([played(song[stem]) for stem in STEMS])
    chords = [frozenset(int(p) % 12 for p in _sounding(song["piano"], t)) or None for t in GRID]
    return describe(audio, song=str(seed), notes=song, heard=song, sheet=Sheet(GRID, chords))


def _sounding(notes: Notes, beat: float) -> np.ndarray:
    return notes.pitch[(notes.onset < beat + 0.5) & (notes.offset > beat)]


@pytest.fixture(scope="module")
def found() -> Evidence:
    songs = [segment(seed) for seed in range(12)]
    index = PhraseIndex((s.notes, GRID) for s in songs[:3])
    return Evidence(
        songs[6:], songs[:6], songs[:3], round_trip=[s.notes for s in songs[:6]], index=index
    )


@pytest.fixture(scope="module")
def rows(found):
    return {(row.group, row.name): row for row in generation_rows(found)}


def test_other_songs_of_the_kind_lie_between_floor_and_ceiling(rows):
    for name in ("chroma, sound", "chroma, notes", "onsets, sound", "onsets, notes"):
        row = rows["coherence", name]
        assert row.value > 2 * row.floor and row.value == pytest.approx(row.ceiling, abs=0.15)
        assert row.count == 6
    assert rows["lead sheet", "chord tones, share"].value > 0.95
    assert rows["lead sheet", "chord tones, share"].floor < 0.7
    assert rows["activity", "silent sound, share, piano"].value == 0.0
    assert rows["habits", "polyphony, piano"].value == pytest.approx(3.0)
    assert rows["notes", "pitch classes overlap, drums"].value == 1.0


def test_every_measure_is_there_and_can_be_printed(rows):
    assert {group for group, _ in rows} == {
        "identity", "features", "sound anchors", "coherence", "lead sheet",
        "sound plays its score", "novelty", "notes", "habits", "activity",
    }  # fmt: skip
    printed = table(list(rows.values()))
    assert all(name in printed for _, name in rows)


def test_shuffling_cannot_change_irs_so_its_floor_is_lost_order(found):
    rows = {row.name: row for row in coherence_rows(found)}
    assert rows["beats, CBS 70 ms"].value > rows["beats, CBS 70 ms"].floor
    assert rows["beats, CBD"].value < rows["beats, CBD"].floor
    assert "random order" in rows["beats, IRS s"].floor_is


def test_sound_that_plays_its_score_is_certain_and_another_score_is_not(found):
    rows = {row.name: row for row in hearing_rows(found)}
    for name in ("onset F1, generated, all", "onset F1, codec's round trip, all"):
        assert rows[name].value == rows[name].ceiling == 1.0
        assert rows[name].floor < 0.3
    deaf = [replace(s, heard=dict.fromkeys(STEMS, Notes.empty())) for s in found.ours]
    rows = {row.name: row for row in hearing_rows(replace(found, ours=deaf))}
    assert rows["onset F1, generated, all"].value == 0.0
    assert hearing_rows(replace(found, ours=[replace(s, heard=None) for s in found.ours])) == []


def test_training_songs_are_copies_and_new_songs_are_not(found):
    rows = {row.name: row for row in novelty_rows(found)}
    copies = rows["copies, share, pitched stems"]
    assert (copies.value, copies.floor, copies.ceiling) == (0.0, 1.0, 0.5)
    assert rows["likeness to the nearest training song, piano"].floor == pytest.approx(1.0)
    copied = {r.name: r for r in novelty_rows(replace(found, ours=found.training))}
    assert copied["copies, share, piano"].value == 1.0
    assert novelty_rows(replace(found, index=None)) == []


def test_without_notes_only_sound_is_judged(found):
    silent = describe(np.zeros((len(STEMS), 30_000), np.float32))
    rows = {row.name: row for row in generation_rows(Evidence([silent] * 2, found.real))}
    assert np.isnan(rows["chroma, sound"].value)
    assert rows["silent sound, share, bass"].value == 1.0
    assert "chroma, notes" not in rows and "chord tones, share" not in rows
    assert np.isnan(rows["accuracy, bass"].value)
