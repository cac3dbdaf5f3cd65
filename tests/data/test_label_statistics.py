"""Statistics of labels: every segment is counted once, unknown apart."""

import json

import numpy as np
import pytest

from data.label_statistics import EDGES, collect, main, report, statistics
from data.labels import LABEL_SPECS, STYLES, unknown_labels
from data.sources import build_source
from utils import STEMS, UserError


def labels(**known):
    return {**unknown_labels(), **known}


def test_counts_and_unknown_shares():
    plays = np.array([1, 0, -1, 1])
    rows = [
        labels(style=3, genre=5, tempo=120.0, plays=plays, meter=4),
        labels(style=-1, genre=5, tempo=60.0, plays=plays, meter=3),
        labels(tempo=900.0),
        labels(),
    ]
    found = statistics(rows)
    assert found["segments"] == 4
    style = found["labels"]["style"]
    assert style["unknown"] == 0.75 and style["counts"]["jazz"] == 1
    assert sum(style["counts"].values()) == 1 and set(style["counts"]) == set(STYLES)
    tempo = found["labels"]["tempo"]
    assert tempo["unknown"] == 0.25 and tempo["mean"] == 360.0
    assert tempo["counts"]["120 to 130"] == tempo["counts"]["60 to 70"] == 1
    assert tempo["counts"]["200 to 400"] == 1 and sum(tempo["counts"].values()) == 3
    assert found["labels"]["plays of drums"] == {"unknown": 0.5, "counts": {"rests": 2, "plays": 0}}
    assert found["labels"]["meter"]["counts"] == {"3": 1, "4": 1}
    assert found["style_by_genre"] == {"rock": {"jazz": 1, "unknown": 1}}


def test_every_label_is_counted():
    titles = set(statistics([labels()])["labels"])
    wanted = {n for n, spec in LABEL_SPECS.items() if not spec.shape}
    wanted |= {f"{n} of {s}" for n, spec in LABEL_SPECS.items() if spec.shape for s in STEMS}
    assert titles == wanted
    numbers = {n for n, spec in LABEL_SPECS.items() if spec.dtype == "float32"}
    assert numbers == set(EDGES)


def test_nothing_known_is_all_unknown():
    found = statistics([labels()])
    assert all(label["unknown"] == 1.0 for label in found["labels"].values())
    assert found["labels"]["tempo"]["mean"] is None and found["style_by_genre"] == {}
    assert "tempo: unknown 100%" in report(found)


def test_the_report_draws_bars_and_the_cross_table():
    rows = [labels(style=3, genre=5, tempo=120.0)] * 3 + [labels(style=1, genre=5, tempo=95.0)]
    text = report(statistics(rows))
    assert "jazz      3  75.0% " + "#" * 40 in text
    assert "style (columns) by genre (rows)" in text
    cross = text.splitlines()[-1].split()
    assert cross == ["rock", "1", "3"]


def test_the_command(tmp_path, capsys):
    path = tmp_path / "figures.json"
    main(["--source", "arranger", "--segments", "3", "--json", str(path)])
    found = json.loads(path.read_text())
    assert found["segments"] == 3 and "3 segments" in capsys.readouterr().out
    assert found["labels"]["loudness"]["unknown"] == 1.0
    assert found["labels"]["tempo"]["unknown"] == found["labels"]["meter"]["unknown"] == 0.0


def test_draws_repeat_and_sound_can_be_measured():
    source = build_source("arranger", None, "train")
    (one,), _ = collect(source, 1, seed=1, audio=True)
    (two,), failed = collect(source, 1, seed=1)
    assert failed == 0 and one["tempo"] == two["tempo"] and one["key"] == two["key"]
    assert -30 < one["loudness"] < 0 and np.isnan(two["loudness"])


def test_mistakes_are_named():
    with pytest.raises(UserError, match="pass --data_dir"):
        main([])
    with pytest.raises(UserError, match="--segments must be at least 1"):
        main(["--source", "arranger", "--segments", "0"])
