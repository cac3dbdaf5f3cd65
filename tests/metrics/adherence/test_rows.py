"""The table of a model whose obedience is known: exact figures beside floor and ceiling."""

import numpy as np
import pytest

from data.lead_sheet import LeadSheet
from metrics.adherence.facts import Measured
from metrics.adherence.requests import Request
from metrics.adherence.rows import Answer, RealSong, adherence_rows, misses
from tests.metrics.adherence.songs import playing


def answers(condition, way, wishes, results, **more):
    return [
        Answer(Request(condition, way, {"text": "words"}, wish, **more), Measured(notes, sound))
        for wish, (notes, sound) in zip(wishes, results, strict=True)
    ]


def by_name(rows):
    return {(row.group, row.name): row for row in rows}


def obeying(share: float, tempi: list[float]) -> list[tuple[dict, dict]]:
    """Songs at the asked tempo in a share of the cases, else three times as fast."""
    kept = round(share * len(tempi))
    got = [t if i < kept else 3 * t for i, t in enumerate(tempi)]
    return [(playing(tempo=t), playing(tempo=1.06 * t)) for t in got]


UNASKED = [Measured(playing(tempo=t), playing(tempo=t)) for t in (60.0, 80.0, 100.0, 120.0)]
REAL = [
    RealSong({"tempo": 100.0, "plays.drums": 0.0}, Measured(playing(tempo=100.0), None)),
    RealSong({"tempo": 100.0}, Measured(playing(tempo=200.0), None)),
]


def test_seven_of_ten_obey():
    tempi = [60.0] * 5 + [80.0] * 5
    songs = answers("tempo", "number", [{"tempo": t} for t in tempi], obeying(0.7, tempi))
    rows = by_name(adherence_rows(songs, UNASKED, REAL))
    notes = rows["tempo", "within 4 %, number, notes"]
    assert notes.value == pytest.approx(0.7) and notes.count == 10
    assert notes.floor == pytest.approx(0.25) and notes.ceiling == pytest.approx(0.5)
    assert rows["tempo", "within 4 %, number, sound"].value == 0.0
    assert rows["tempo", "within 8 %, number, sound"].value == pytest.approx(0.7)
    assert np.isnan(rows["tempo", "within 8 %, number, sound"].ceiling)
    assert rows["tempo", "an octave off, within 4 %, number, notes"].ceiling == pytest.approx(0.5)


def test_ways_of_asking_stand_apart():
    wishes = [{"plays.drums": 0.0}] * 2
    quiet, loud = (playing(plays__drums=0.0),) * 2, (playing(),) * 2
    songs = answers("silent stems", "argument", wishes, [quiet, quiet])
    songs += answers("silent stems", "words", wishes, [quiet, loud])
    rows = by_name(adherence_rows(songs, UNASKED, REAL))
    assert rows["silent stems", "drums silent, argument, sound"].value == 1.0
    assert rows["silent stems", "drums silent, words, sound"].value == 0.5
    assert rows["silent stems", "drums silent, words, notes"].floor == 0.0
    assert ("silent stems", "bass silent, words, notes") not in rows


def test_held_out_words_are_counted_by_kind_and_by_fact():
    wishes = [{"tempo": "low"}, {"tempo": "high", "plays.drums": 0.0}]
    results = [(playing(tempo=70.0), None), (playing(tempo=70.0, plays__drums=0.0), None)]
    songs = answers("held-out words", "synonym", wishes[:1], results[:1])
    songs += answers("held-out words", "paraphrase", wishes[1:], results[1:])
    rows = by_name(adherence_rows(songs, UNASKED, REAL))
    value = lambda name: rows["held-out words", name].value
    assert value("expectations met, synonym, notes") == 1.0
    assert value("expectations met, paraphrase, notes") == 0.5
    assert value("expectations met, all, notes") == 0.75
    assert value("tempo met, all, notes") == 0.5 and value("plays met, all, notes") == 1.0
    every = rows["held-out words", "tempo met, all, notes"]
    assert every.floor == 0.5 and np.isnan(every.ceiling)
    missed = misses(songs, UNASKED)
    assert [(m["fact"], m["asked"], m["side"], m["met"]) for m in missed] == [
        ("tempo", "high", "notes", 0.0)
    ]


def test_following_is_judged_on_both_sides():
    sheet = LeadSheet.parse(bpm=120.0, chords="C F", duration=11.9)
    on_grid = Measured(None, {}, sheet=sheet, strokes=sheet.beat_times[:20])
    songs = [Answer(Request("lead sheet", "sheet", {}, {}, sheet=sheet), on_grid)]
    off_grid = Measured(None, {}, strokes=sheet.beat_times[:20] + 0.06)
    rows = by_name(adherence_rows(songs, [off_grid], [RealSong({}, on_grid, sheet)]))
    row = rows["lead sheet", "on sixteenths, over chance, sound"]
    assert row.value == row.ceiling == pytest.approx(1.0) and row.floor < 0.0
    assert rows["lead sheet", "chord heard, share of beats, sound"].value == 1.0
    assert ("lead sheet", "chord tones, share, notes") not in rows
