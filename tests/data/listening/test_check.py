"""The check: the truth itself scores 1, mistakes are named for what they are."""

from dataclasses import replace

import numpy as np
import pytest

from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.listening.check import (
    MEANS,
    check,
    chord_overlap,
    composed,
    excerpt_of,
    excerpts,
    f_measure,
    facts_of,
    judged,
    table,
)
from data.sources import build_source


@pytest.fixture(scope="module")
def truth():
    return excerpt_of(0)


def true_sheet(truth):
    return LeadSheet(
        truth.beats,
        truth.in_bar,
        truth.chords,
        None,
        np.zeros((len(truth.beats), 4)),
        truth.score.duration,
    )


def test_the_truth_is_right(truth):
    labels = labels_of(replace(truth.score, key=truth.key), {}, truth.present)
    scores = judged(labels, true_sheet(truth), truth)
    assert scores.pop("swing within 0.05") in (0.0, 1.0)
    assert set(scores.values()) == {1.0}


def test_mistakes_have_names(truth):
    labels = labels_of(replace(truth.score, key=truth.key), {}, truth.present)
    wrong = {**labels, "tempo": 2 * truth.bpm, "key": (truth.key + 7) % 12 + truth.key // 12 * 12}
    scores = judged(wrong, true_sheet(truth), truth)
    assert scores["tempo"] == 0.0 and scores["tempo, octaves apart"] == 1.0
    assert scores["key"] == scores["key, exact or relative"] == 0.0
    assert scores["key, or a fifth away"] == scores["mode"] == 1.0
    slow = judged({**labels, "tempo": 0.93 * truth.bpm}, true_sheet(truth), truth)
    assert slow["tempo"] == slow["tempo, octaves apart"] == 0.0 and slow["tempo within 8 %"] == 1.0
    assert slow["tempo and place of the beats"] == 0.0 and slow["beats"] == 1.0
    relative = (truth.key + 9) % 12 + 12 if truth.key < 12 else (truth.key + 3) % 12
    scores = judged({**labels, "key": relative}, true_sheet(truth), truth)
    assert scores["key"] == scores["mode"] == 0.0 and scores["key, exact or relative"] == 1.0
    silent = LeadSheet(duration=truth.score.duration)
    nothing = judged({**labels, "key": -1, "tempo": float("nan")}, silent, truth)
    assert nothing["key"] == nothing["tempo"] == nothing["beats"] == nothing["mode"] == 0.0


def test_nothing_is_judged_where_the_truth_is_unknown(truth):
    labels = labels_of(replace(truth.score, key=truth.key), {}, truth.present)
    nan = float("nan")
    vague = replace(truth, bpm=nan, key=-1, meter=-1, swing=nan)
    scores = judged(labels, true_sheet(truth), vague)
    unknown = {name for name, score in scores.items() if np.isnan(score)}
    known = {"beats", "downbeats", "chord root", "chord triad"}
    assert unknown == set(scores) - known


def test_the_segments_of_a_corpus_are_their_own_truth():
    source = build_source("arranger", None, "validation")
    first, second = excerpts(source, 2)
    assert not np.array_equal(first.audio, second.audio) and first.score.key is None
    labels, sheet = facts_of(first)["notes"]
    scores = judged(labels, sheet, first)
    for name in ("tempo", "beats", "downbeats", "tempo and place of the beats", "meter"):
        assert scores[name] == 1.0, name


def test_f_measure():
    beats = np.arange(0.0, 10.0, 0.5)
    assert f_measure(beats, beats, 10.0) == 1.0
    assert f_measure(beats[::2], beats, 10.0) == pytest.approx(2 / 3)
    assert f_measure(beats + 0.25, beats, 10.0) == 0.0
    assert f_measure(np.zeros(0), beats, 10.0) == 0.0
    assert f_measure(np.zeros(0), np.zeros(0), 10.0) == 1.0


def test_chord_overlap_tells_roots_from_triads(truth):
    sheet = true_sheet(truth)
    assert chord_overlap(sheet, truth) == (1.0, 1.0)
    parallel = tuple(c if c == "N" else c[: 2 if c[1:2] in ("#", "b") else 1] for c in sheet.chords)
    minor = tuple(c if c == "N" else f"{c}m" for c in parallel)
    roots = [chord_overlap(replace(sheet, chords=c), truth)[0] for c in (parallel, minor)]
    triads = [chord_overlap(replace(sheet, chords=c), truth)[1] for c in (parallel, minor)]
    assert roots == [1.0, 1.0] and sum(triads) == pytest.approx(1.0)


def test_the_table_of_two_songs():
    found = check(composed(2))
    assert all(0.0 <= found["tempo"][means] <= 1.0 for means in MEANS)
    assert found["tempo"]["notes"] == found["beats"]["notes"] == 1.0
    lines = table(found, 2).splitlines()
    assert lines[0].startswith("| 2 excerpts of 11.9 s | from notes | from stems | from mix |")
    assert len(lines) == 2 + len(found)
