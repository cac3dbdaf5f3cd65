"""Lead sheets: from scores, from users, merged, cut, written and read."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from data.arranger import compose
from data.lead_sheet import LeadSheet
from data.score import Notes, Score
from utils import STEMS, UserError


@pytest.fixture(scope="module")
def song() -> Score:
    return compose(
        3, style="pop", bpm=100, key="A minor", chords="Am F C G", num_bars=8, meter="4/4"
    )


def test_from_score_keeps_beats_tempo_and_key_exactly(song):
    sheet = LeadSheet.from_score(song)
    assert np.array_equal(sheet.beat_times, song.beat_times)
    assert sheet.bpm == pytest.approx(100.0, abs=1e-9)
    assert sheet.key == "A minor" and sheet.beats_per_bar == 4
    assert list(sheet.chords[:-1]) == song.tags["chords"][:-1] and sheet.chords[-1] is None
    assert sheet.chart().startswith("| Am | F | C | G |")
    assert sheet.density.shape == (33, 4)


def test_a_known_key_is_believed(song):
    assert LeadSheet.from_score(replace(song, key=4)).key == "E major"


def test_an_empty_score_gives_an_unknown_sheet():
    sheet = LeadSheet.from_score(Score({s: Notes.empty() for s in STEMS}, 5.0))
    assert len(sheet) == 0 and sheet.key is None and sheet.bpm is None and not sheet.timed


def test_parse_says_only_what_is_given():
    sheet = LeadSheet.parse(bpm=120, duration=4.0)
    assert sheet.beat_times.tolist() == [i * 0.5 for i in range(9)]
    assert set(sheet.chords) == {None} and sheet.key is None and np.isnan(sheet.density).all()
    sheet = LeadSheet.parse(bpm=92, key="Am", chords="Am F | C", stems=("bass", "drums"))
    assert sheet.chords[:5] == ("Am", "Am", "F", "F", "C") and sheet.chords[8] == "Am"
    assert np.isnan(sheet.density[:, :2]).all() and not sheet.density[:, 2:].any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"bpm": 0},
        {"bpm": 1e9},
        {"bpm": math.nan},
        {"duration": -1},
        {"key": "Q"},
        {"chords": "C Zz"},
        {"stems": ("flute",)},
        {"beats_per_bar": 0},
        {"beats_per_bar": 4.5},
    ],
)
def test_parse_refuses_what_it_cannot_read(wrong):
    with pytest.raises(UserError):
        LeadSheet.parse(**wrong)


def test_merged_given_parts_win(song):
    planned = LeadSheet.from_score(song)
    given = LeadSheet.parse(chords="Dm G", key="C", stems=("piano",))
    assert not given.timed
    merged = given.merged(planned)
    assert np.array_equal(merged.beat_times, planned.beat_times)
    assert merged.chords[:9] == ("Dm",) * 4 + ("G",) * 4 + ("Dm",)
    assert merged.key == "C major"
    assert not merged.density[:, :3].any()
    assert np.array_equal(merged.density[:, 3], planned.density[:, 3])


def test_merged_lays_the_plan_over_given_beats(song):
    planned = LeadSheet.from_score(song)
    merged = LeadSheet.parse(bpm=60, duration=64.0).merged(planned)
    assert merged.bpm == pytest.approx(60.0) and merged.duration == 64.0
    assert merged.chords[:32] == planned.chords[:32]
    assert merged.chords[36] == planned.chords[0]


def test_merging_nothing_changes_nothing(song):
    planned = LeadSheet.from_score(song)
    assert LeadSheet().merged(planned).to_dict() == planned.to_dict()
    assert planned.merged(LeadSheet()).to_dict() == planned.to_dict()


def test_excerpt_moves_the_time_line(song):
    sheet = LeadSheet.from_score(song)
    part = sheet.excerpt(2.5, 5.0)
    assert part.beat_times[0] == pytest.approx(-0.1) and part.beat_in_bar[0] == 0
    assert part.beat_times[-1] >= 2.5 and part.beat_times[-2] < 2.5
    assert part.chords[0] == "F" and part.bpm == pytest.approx(sheet.bpm)


def test_json_round_trip(song, tmp_path):
    for sheet in (LeadSheet.from_score(song), LeadSheet.parse(chords="C G"), LeadSheet()):
        sheet.to_json(tmp_path / "sheet.json")
        again = LeadSheet.from_json(tmp_path / "sheet.json")
        assert again.chords == sheet.chords and again.key == sheet.key
        assert np.array_equal(again.beat_times, sheet.beat_times, equal_nan=True)
        assert np.allclose(again.density, sheet.density, atol=1e-4, equal_nan=True)
        assert again.duration == sheet.duration


def test_short_json_form(tmp_path):
    path = tmp_path / "short.json"
    path.write_text('{"bpm": 92, "chords": "Am F C G", "key": "Am", "duration": 20}')
    assert LeadSheet.from_json(path).chart().startswith("| Am | F | C | G |")


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"tempo": 90}',
        '{"bpm": "fast"}',
        '{"chords": 5}',
        '{"beats": 3, "duration": 4}',
        '{"beats": {"time": [0, 0], "in_bar": [0, 1], "chord": ["C", "C"]}, "duration": 4}',
        '{"beats": {"time": [0, 1], "in_bar": [0], "chord": ["C", "C"]}, "duration": 4}',
        '{"beats": {"time": [0], "in_bar": [0], "chord": ["Q"]}, "duration": 4}',
        '{"beats": {"time": [0, Infinity], "in_bar": [0, 1], "chord": ["C", "C"]}, "duration": 4}',
    ],
)
def test_a_bad_file_is_one_sentence_with_its_name(text, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(UserError, match="bad.json"):
        LeadSheet.from_json(path)
    with pytest.raises(UserError, match="missing.json"):
        LeadSheet.from_json(tmp_path / "missing.json")


def test_json_is_for_people(song, tmp_path):
    LeadSheet.from_score(song).to_json(tmp_path / "sheet.json")
    values = json.loads((tmp_path / "sheet.json").read_text())
    assert set(values["beats"]["density"]) == set(STEMS)
