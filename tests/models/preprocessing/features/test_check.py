"""The check: the truth scores full marks, another song does not, the table names who says what."""

from dataclasses import replace

import numpy as np
import pytest

from models.preprocessing.features.check import (
    check,
    counted,
    judged,
    main,
    table,
    truth_as_answer,
)
from models.preprocessing.features.truth import composed_songs


@pytest.fixture(scope="module")
def truths():
    return list(composed_songs(2, 8.0))


def test_the_truth_is_right(truths):
    for truth in truths:
        scores = judged(truth_as_answer(truth), truth)
        assert scores.pop("strokes per second, error") == 0.0
        assert set(scores.values()) == {1.0}
        assert {count.f1 for count in counted(truth_as_answer(truth), truth).values()} == {1.0}


def test_another_song_is_wrong(truths):
    scores = judged(truth_as_answer(truths[1]), truths[0])
    assert scores["beats, F"] < 0.6 and scores["chords, root and third"] < 0.6


def test_silence_is_wrong_in_everything(truths):
    said = truth_as_answer(truths[0])
    nothing = replace(
        said,
        tempo=None,
        beats=np.zeros(0),
        downbeats=np.zeros(0),
        key=None,
        chords=(),
        strokes={"mix": np.zeros(0)},
        spans={},
        notes={},
    )
    scores = judged(nothing, truths[0])
    assert scores.pop("strokes per second, error") > 1.0
    assert np.isnan(scores.pop("who plays when"))
    assert set(scores.values()) == {0.0}


def test_songs_are_judged_and_shown(truths):
    found = check(iter(truths), None)
    assert set(found["beats, F"]) == {"another song", "mix", "stems"}
    assert found["beats, F"]["stems"] > found["beats, F"]["another song"]
    assert found["who plays when"]["stems"] > 0.8 and np.isnan(found["who plays when"]["mix"])
    lines = table(found, "two songs").splitlines()
    assert lines[0] == "| two songs | another song | mix | stems |"
    assert next(line for line in lines if "who plays" in line).split(" | ")[2] == "–"


def test_the_command_prints_its_table(capsys):
    main(["--num_songs", "1", "--seconds", "6", "--no_notes"])
    assert "| 1 composed songs, 6 s each | mix | stems |" in capsys.readouterr().out
