"""The rows of an evaluation: real music meets its own ceiling and lies above the floors."""

import numpy as np
import pytest

from data.score import Notes
from metrics.evaluation import (
    Segments,
    Sheet,
    codec_rows,
    generation_rows,
    score_codec_rows,
)
from metrics.report import table
from tests.metrics.band import DURATION, band, played
from utils import STEMS


def segments(seeds) -> Segments:
    songs = [band(seed) for seed in seeds]
    audio = np.stack([[played(song[stem]) for stem in STEMS] for song in songs])
    grid = np.arange(0.0, DURATION, 0.5)
    chords = [
        [frozenset(int(p) % 12 for p in _sounding(song["piano"], beat)) or None for beat in grid]
        for song in songs
    ]
    return Segments(audio, songs, [Sheet(grid, tones) for tones in chords])


def _sounding(notes: Notes, beat: float) -> np.ndarray:
    return notes.pitch[(notes.onset < beat + 0.5) & (notes.offset > beat)]


@pytest.fixture(scope="module")
def real() -> Segments:
    return segments(range(6))


@pytest.fixture(scope="module")
def rows(real):
    return {(row.group, row.name): row for row in generation_rows(segments(range(6, 12)), real)}


def test_other_songs_of_the_kind_lie_between_floor_and_ceiling(rows):
    for name in ("chroma, sound", "chroma, notes", "onsets, sound", "onsets, notes"):
        row = rows["coherence", name]
        assert row.value > 2 * row.floor and row.value == pytest.approx(row.ceiling, abs=0.15)
        assert row.count == 6
    assert rows["features", "Frechet, mix"].value < 0.5 * rows["features", "Frechet, mix"].floor
    assert rows["lead sheet", "chord tones, share"].value > 0.95
    assert rows["lead sheet", "chord tones, share"].floor < 0.7
    assert rows["activity", "silent sound, share, piano"].value == 0.0
    assert rows["habits", "polyphony, piano"].value == pytest.approx(3.0)
    assert rows["notes", "pitch classes overlap, drums"].value == 1.0


def test_every_measure_is_there_and_can_be_printed(rows):
    groups = {group for group, _ in rows}
    assert groups == {"coherence", "lead sheet", "features", "notes", "habits", "activity"}
    printed = table(list(rows.values()))
    assert all(name in printed for _, name in rows)


def test_without_notes_only_sound_is_judged(real):
    silent = Segments(np.zeros_like(real.audio[:2]))
    rows = {row.name: row for row in generation_rows(silent, real)}
    assert np.isnan(rows["chroma, sound"].value)
    assert rows["silent sound, share, bass"].value == 1.0
    assert "chroma, notes" not in rows and "chord tones, share" not in rows


def test_a_perfect_codec_reaches_its_ceiling(real):
    for row in codec_rows(real.audio, real.audio):
        assert row.value == row.ceiling
        assert np.isnan(row.floor) or row.floor != row.ceiling
    assert np.isnan(codec_rows(real.audio[:1], real.audio[:1])[0].floor)


def test_a_score_codec_stands_beside_the_roll_it_reads(real):
    fewer = [
        {s: n.where(np.arange(len(n)) % 2 == 0) for s, n in song.items()} for song in real.notes
    ]
    rows = {row.name: row for row in score_codec_rows(fewer, real.notes, real.notes)}
    assert rows["onset F1, piano"].value == pytest.approx(2 / 3, abs=0.01)
    assert rows["onset F1, piano"].ceiling == 1.0
    assert rows["onset F1, piano"].floor < 0.3
    assert rows["onset + offset F1, pitched"].ceiling == 1.0
    assert "onset + offset F1, drums" not in rows
