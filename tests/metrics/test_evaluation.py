"""The rows of an evaluation: real music meets its own ceiling and lies above the floors."""

from dataclasses import replace

import numpy as np
import pytest

from data.score import Notes
from metrics.evaluation import (
    Evidence,
    bar_rows,
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
    sheet = Sheet(GRID, chords, np.arange(len(GRID)) % 4)
    return describe(audio, song=str(seed), notes=song, heard=song, sheet=sheet)


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
    assert rows["habits", "chord size, piano"].value == pytest.approx(3.0)
    assert rows["habits", "touch, drums"].value == 0.0
    assert rows["notes", "pitch classes overlap, drums"].value == 1.0
    assert ("notes", "lengths overlap, bass") in rows
    assert ("notes", "lengths overlap, drums") not in rows


def test_every_measure_is_there_and_can_be_printed(rows):
    assert {group for group, _ in rows} == {
        "identity", "features", "sound anchors", "peaks", "coherence", "lead sheet",
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


def with_drums(found: list[Segment], beats_late: int, beats_per_bar: int = 4) -> list[Segment]:
    """Segments with a kick on every odd beat and a snare on every even one, or later."""
    pitch = np.where(np.arange(len(GRID)) % 2 == beats_late % 2, 36, 38)
    drums = Notes.of(GRID, GRID + 0.1, pitch, [90] * len(GRID))
    place = np.arange(len(GRID)) % beats_per_bar
    return [
        replace(s, notes={**s.notes, "drums": drums}, sheet=replace(s.sheet, beat_in_bar=place))
        for s in found
    ]


def test_a_back_beat_is_real_and_a_rotated_one_is_not(found):
    real = with_drums(found.real, 0)
    names = ("kicks on beats 1 and 3, share", "snares on beats 2 and 4, share")
    for beats_late, value in ((0, 1.0), (1, 0.0)):
        ours = with_drums(found.ours, beats_late)
        rows = {row.name: row for row in bar_rows(replace(found, ours=ours, real=real))}
        for name in names:
            row = rows[name]
            assert (row.value, row.floor, row.ceiling, row.count) == (value, 0.5, 1.0, 6)
    unplayed = [replace(s, notes={**s.notes, "drums": Notes.empty()}) for s in real]
    rows = bar_rows(replace(found, ours=unplayed, real=real))
    assert all(np.isnan(row.value) and row.count == 0 for row in rows)


def test_bars_of_other_meters_have_no_places(found):
    real, in_three = with_drums(found.real, 0), with_drums(found.real, 0, beats_per_bar=3)
    mixed = bar_rows(replace(found, ours=real[:2] + in_three, real=real))
    assert [(row.value, row.count) for row in mixed] == [(1.0, 2)] * 2
    assert bar_rows(replace(found, ours=real, real=in_three)) == []
    unknown = [replace(s, sheet=Sheet(GRID, s.sheet.chord_tones)) for s in real]
    assert bar_rows(replace(found, ours=unknown, real=real)) == []
    assert bar_rows(replace(found, ours=[replace(s, sheet=None) for s in real], real=real)) == []


def test_without_notes_only_sound_is_judged(found):
    silent = describe(np.zeros((len(STEMS), 30_000), np.float32))
    rows = {row.name: row for row in generation_rows(Evidence([silent] * 2, found.real))}
    assert np.isnan(rows["chroma, sound"].value)
    assert rows["silent sound, share, bass"].value == 1.0
    assert "chroma, notes" not in rows and "chord tones, share" not in rows
    assert np.isnan(rows["accuracy, bass"].value)
