"""Targets are judged from rows: shares of the way, bounds, and what is not known stays open."""

import numpy as np
import pytest

from metrics.adherence.catalogue import Catalogue
from metrics.adherence.measures import MEASURES
from metrics.adherence.rows import SIDES
from metrics.report import Row
from metrics.summary import ADHERENCE, excess, gap_share, summarise, summary_table
from utils import STEMS


def test_the_share_of_the_way_from_floor_to_ceiling():
    assert gap_share(Row("g", "n", 0.3, 0.1, 0.5)) == pytest.approx(0.5)
    assert gap_share(Row("g", "n", 0.1, 0.1, 0.5)) == 0.0
    assert gap_share(Row("g", "n", 0.36, 0.42, 0.30, "lower")) == pytest.approx(0.5)
    assert excess(Row("g", "n", 1.6, 4.6, 0.6, "lower")) == pytest.approx(0.25)
    assert excess(Row("g", "n", 0.6, 4.6, 0.6, "lower")) == 0.0


def test_there_is_no_way_where_the_floor_is_as_good_as_the_ceiling():
    assert np.isnan(gap_share(Row("g", "n", 0.3, 0.5, 0.5)))
    assert np.isnan(gap_share(Row("g", "n", 0.3, 0.6, 0.5)))
    assert np.isnan(excess(Row("g", "n", 0.3, 0.2, 0.5, "lower")))
    assert np.isnan(gap_share(Row("g", "n", 0.3)))


def verdicts(*rows: Row) -> dict:
    return {v.name: v for v in summarise(rows)}


@pytest.mark.parametrize(
    ("worst", "met"), [(0.99, "aim"), (0.97, "must"), (0.90, "no"), (float("nan"), "-")]
)
def test_the_worst_stem_decides(worst, met):
    shares = dict.fromkeys(STEMS, 1.0) | {"piano": worst}
    rows = [Row("identity", f"accuracy, {stem}", share) for stem, share in shares.items()]
    verdict = verdicts(*rows)["identity, the worst stem"]
    assert verdict.met == met and (verdict.must, verdict.aim) == (0.95, 0.99)
    assert verdict.value == pytest.approx(worst, nan_ok=True)


def test_a_part_of_the_rows_leaves_a_target_open_and_none_leaves_it_out():
    found = verdicts(Row("identity", "accuracy, bass", 1.0))
    assert list(found) == ["identity, the worst stem"]
    assert found["identity, the worst stem"].met == "-"
    assert summarise([]) == []


def test_distances_are_better_the_lower_and_rhythm_is_judged_twice():
    found = verdicts(
        Row("features", "Frechet, mix", 1.0, 5.0, 0.9, "lower"),
        Row("coherence", "beats, CBD", 0.1, 0.4, 0.3, "lower"),
        Row("coherence", "beats, CBS 70 ms", 0.40, 0.30, 0.45),
    )
    assert found["sound distance to real over wrong, Frechet, mix"].met == "aim"
    published = found["beats, CBD, aim published with another tracker"]
    assert published.met == "aim" and published.aim == 0.120
    assert found["beats, CBD, shuffled 0 to real 1"].value == pytest.approx(3.0)
    assert found["beats, CBS 70 ms, shuffled 0 to real 1"].met == "must"
    assert found["beats, CBS 70 ms, aim published with another tracker"].met == "no"


def test_seconds_have_their_bounds():
    name = "seconds for four stems of 11.9 s, warm"
    assert verdicts(Row("cost", "warm seconds", 3.1))[name].met == "must"
    assert verdicts(Row("cost", "warm seconds", 0.7))[name].met == "aim"
    assert verdicts(Row("cost", "warm seconds", 4.1))[name].met == "no"


def test_the_table_shows_number_bounds_and_verdict():
    lines = summary_table(summarise([Row("cost", "warm seconds", 3.1)])).splitlines()
    assert lines[0].split() == ["summary", "value", "must", "aim", "met"]
    assert lines[1].split()[-4:] == ["3.100", "4.000", "0.800", "must"]


def test_rows_of_adherence_are_named_as_there():
    ways = {(r.condition, r.way) for r in Catalogue(4, 0).requests()}
    for target in ADHERENCE:
        ((condition, name),) = target.rows
        measure, way, side = name.rsplit(", ", 2)
        assert measure in [m.name for m in MEASURES[condition]]
        assert (condition, way) in ways and side in SIDES
