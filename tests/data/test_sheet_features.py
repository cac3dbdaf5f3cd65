"""Rows of the lead sheet: exact phases, flags for what is unknown, the same rows from any start."""

import numpy as np
import pytest

from data.arranger import compose
from data.lead_sheet import LeadSheet
from data.sheet_features import NUM_SHEET_COLUMNS, SHEET_COLUMNS, counted, sheet_features
from utils import FRAME_RATE


def column(rows: np.ndarray, name: str) -> np.ndarray:
    return rows[:, SHEET_COLUMNS[name]]


def test_columns_cover_every_index_once():
    covered = [i for s in SHEET_COLUMNS.values() for i in range(s.start, s.stop)]
    assert covered == list(range(NUM_SHEET_COLUMNS))


def test_unknown_is_zero():
    assert not sheet_features(None, 8).any()
    assert not sheet_features(LeadSheet(), 8).any()
    assert sheet_features(LeadSheet(), 0).shape == (0, NUM_SHEET_COLUMNS)
    rows = sheet_features(LeadSheet.parse(chords="C G", key="Am"), 8)
    assert column(rows, "key_known").all() and not column(rows, "chord_known").any()


def test_phases_are_exact():
    rows = sheet_features(LeadSheet.parse(bpm=120, beats_per_bar=3, duration=12.0), 256)
    times = (np.arange(256) + 0.5) / FRAME_RATE
    for name, beats in (("bar_phase", 3), ("beat_phase", 1), ("half_beat_phase", 0.5)):
        angle = 2 * np.pi * times * 2 / beats
        expected = np.stack([np.sin(angle), np.cos(angle)], 1)
        assert np.allclose(column(rows, name), expected, atol=1e-5)
    assert np.allclose(column(rows, "tempo"), 0.0, atol=1e-6)
    assert column(rows, "beat_known").all()


def test_tempo_is_in_octaves_of_120():
    rows = sheet_features(LeadSheet.parse(bpm=60, duration=12.0), 16)
    assert np.allclose(column(rows, "tempo"), -1.0)


def test_the_place_in_the_bar_is_the_nearest_sixteenth():
    waltz = sheet_features(LeadSheet.parse(bpm=60, beats_per_bar=3, duration=12.0), 256)
    times = (np.arange(256) + 0.5) / FRAME_RATE
    places = column(waltz, "place_in_bar")
    assert (places.sum(1) == 1).all()
    assert np.array_equal(places.argmax(1), np.round(4 * times).astype(int) % 12)
    five = sheet_features(LeadSheet.parse(bpm=60, beats_per_bar=5, duration=12.0), 256)
    late = (np.round(4 * times).astype(int) % 20) >= 16
    assert (column(five, "place_in_bar").argmax(1)[late] >= 12).all()


def test_chords_key_and_density():
    sheet = LeadSheet.parse(bpm=60, key="A minor", chords="Am N", duration=12.0, stems=("bass",))
    rows = sheet_features(sheet, 256)
    assert column(rows, "chord_root")[0].argmax() == 9
    assert column(rows, "chord_tones")[0].nonzero()[0].tolist() == [0, 4, 9]
    second_bar = int(4.5 * FRAME_RATE)
    assert not column(rows, "chord_tones")[second_bar].any()
    assert column(rows, "chord_known").all()
    assert column(rows, "tonic")[0].argmax() == 9 and column(rows, "mode")[0].tolist() == [0, 1]
    assert column(rows, "density_known")[0].tolist() == [0, 1, 1, 1]
    assert not column(rows, "density").any()


def test_outside_the_beats_time_is_unknown_but_the_key_is_not():
    rows = sheet_features(LeadSheet.parse(bpm=120, key="C", duration=1.0), 64)
    late = int(2.0 * FRAME_RATE)
    assert not column(rows, "beat_known")[late:].any() and column(rows, "beat_known")[0] == 1
    assert column(rows, "key_known").all()


def test_any_start_gives_the_same_rows():
    sheet = LeadSheet.from_score(compose(5, num_bars=8))
    whole = sheet_features(sheet, 200)
    assert np.array_equal(whole[70:90], sheet_features(sheet, 20, start_frame=70))
    assert np.isfinite(whole).all()


def test_an_excerpt_of_the_sheet_agrees_with_the_whole():
    sheet = LeadSheet.from_score(compose(5, num_bars=8, bpm=120, style="rock", meter="4/4"))
    start = 86 / FRAME_RATE
    part = sheet_features(sheet.excerpt(start, start + 4.0), 60)
    assert part == pytest.approx(sheet_features(sheet, 60, start_frame=86), abs=1e-4)


def test_swing_takes_the_second_eighth_with_it():
    sheet = LeadSheet.parse(bpm=60, duration=12.0)
    plain, swung = (sheet_features(sheet, 256, swing=swing) for swing in (0.5, 2 / 3))
    assert np.array_equal(plain, sheet_features(sheet, 256))
    assert np.array_equal(plain, sheet_features(sheet, 256, swing=float("nan")))
    assert counted(np.array([0.0, 1 / 3, 2 / 3, 1.0]), 2 / 3) == pytest.approx([0, 0.25, 0.5, 1])
    late = np.floor(FRAME_RATE * (np.arange(8) + 2 / 3)).astype(int)  # where a triplet ends
    assert (column(swung, "half_beat_phase")[late, 1] > 0.9).all()
    assert (column(plain, "half_beat_phase")[late, 1] < 0.0).all()
    places = [column(rows, "place_in_bar")[late].argmax(1) % 4 for rows in (plain, swung)]
    assert set(places[0]) == {3} and set(places[1]) == {2}
    timing = ("phase", "place")
    others = [s for name, s in SHEET_COLUMNS.items() if not any(word in name for word in timing)]
    assert all(np.array_equal(plain[:, s], swung[:, s]) for s in others)
