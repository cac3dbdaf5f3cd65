"""Measures of agreement: exact shares, ranks and relations."""

import numpy as np
import pytest

from metrics.adherence.measures import (
    MEASURES,
    among_likeliest,
    close,
    expectations_met,
    family_of,
    medians,
    meets,
    probability,
    rank,
    related_keys,
    spearman,
)
from tests.metrics.adherence.songs import playing

NAN = float("nan")


def values_of(condition: str, wishes, results) -> dict[str, tuple[float, int]]:
    return {m.name: m.value(wishes, results) for m in MEASURES[condition]}


def test_tempo_hits_within_bounds_and_octaves_apart():
    wishes = [{"tempo": 100.0}] * 5
    results = [{"tempo": t} for t in (103.9, 107.9, 50.5, 200.0, NAN)]
    found = values_of("tempo", wishes, results)
    assert found["within 4 %"] == (0.2, 5)
    assert found["within 8 %"] == (0.4, 5)
    assert found["an octave off, within 4 %"] == (0.4, 5)
    assert not close(0.04)(100.0, 104.1) and close(0.04)(100.0, 96.1)


def test_a_side_that_cannot_tell_is_left_out():
    assert values_of("tempo", [{"tempo": 90.0}], [{"key": 3.0}])["within 4 %"][1] == 0
    assert np.isnan(values_of("key", [{"tempo": 90.0}], [{"key": 3.0}])["exact"][0])


@pytest.mark.parametrize(
    ("asked", "relations"),
    [(0.0, {0.0, 21.0, 7.0, 5.0}), (21.0, {21.0, 0.0, 16.0, 14.0}), (11.0, {11.0, 20.0, 6.0, 4.0})],
)
def test_relations_of_keys(asked, relations):
    assert {got for got in map(float, range(24)) if related_keys(asked, got)} == relations


def test_the_silent_stem_and_only_it():
    wishes = [{"plays.drums": 0.0}] * 4
    results = [
        playing(plays__drums=0.0),
        playing(plays__drums=0.0, plays__piano=0.0),
        playing(),
        playing(plays__piano=0.0),
    ]
    found = values_of("silent stems", wishes, results)
    assert found["drums silent"] == (0.5, 4)
    assert found["the asked stem and no other silent"] == (0.25, 4)
    assert found["piano silent"][1] == 0
    assert values_of("playing stems", [{"plays.piano": 1.0}] * 4, results)["piano plays"] == (
        0.5,
        4,
    )


def test_families_of_instruments():
    assert family_of("guitar", 30) == family_of("guitar", 29) == "distorted"
    assert family_of("bass", 0) is None and family_of("drums", 0) is None
    wishes = [{"program.guitar": 30.0}, {"program.bass": 38.0}]
    results = [{"program.guitar": 29.0, "program.bass": 33.0}] * 2
    assert values_of("instruments", wishes, results)["family of instrument"] == (0.5, 2)


def test_classes_count_the_same_however_often_they_are_asked():
    chances = {"style.0": 0.6, "style.3": 0.3, "style.5": 0.1}
    wishes = [{"style": 0.0}] * 3 + [{"style": 3.0}]
    assert among_likeliest("style", 1).value(wishes, [chances] * 4) == (0.5, 4)
    assert among_likeliest("style", 2).value(wishes, [chances] * 4) == (1.0, 4)
    assert among_likeliest("style", 1).value([{"style": 9.0}], [chances])[1] == 0
    chance = probability("style")
    assert chance.value([{"style": 0.0}] * 3 + [{"style": 3.0}], [chances] * 4)[0] == pytest.approx(
        0.45
    )
    assert chance.value([{"style": 9.0}, {}], [chances] * 2)[1] == 0


def test_rank_correlation():
    assert spearman([1, 2, 3, 4], [10, 20, 400, 8_000]) == pytest.approx(1.0)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1.0)
    assert spearman([1, 2, 3], [1, 3, 2]) == pytest.approx(0.5)
    assert np.isnan(spearman([1, 2], [1, 2])) and np.isnan(spearman([1, 2, 3], [5, 5, 5]))
    wishes = [{"arousal": a} for a in (0.0, 0.5, 1.0)]
    assert rank("arousal").value(wishes, [{"arousal": a} for a in (1.0, 2.0, NAN)])[1] == 2


def test_floors_pair_every_wish_with_every_other_song():
    tempo = MEASURES["tempo"][0]
    others = [{"tempo": t} for t in (60.0, 90.0, 90.0, 120.0)]
    assert tempo.floor([{"tempo": 60.0}, {"tempo": 90.0}], others) == pytest.approx(3 / 8)
    wishes = [{"arousal": a} for a in (0.0, 0.5, 1.0)]
    spread = [{"arousal": a} for a in (0.3, 0.1, 0.9)]
    assert rank("arousal").floor(wishes, spread) == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(tempo.floor([{"tempo": 60.0}], []))


def test_directions_are_against_the_median_of_songs_not_asked():
    middle = medians([{"tempo": 90.0}, {"tempo": 100.0}, {"tempo": 130.0}, {"tempo": NAN}])
    assert middle == {"tempo": 100.0}
    assert meets("tempo", "low", {"tempo": 99.0}, middle) == 1.0
    assert meets("tempo", "high", {"tempo": 100.0}, middle) == 0.0
    assert np.isnan(meets("valence", "high", {"valence": 0.1}, middle))
    assert np.isnan(meets("valence", "high", {}, {"valence": 0.0}))
    assert meets("tempo", 100.0, {"tempo": 107.0}, middle) == 1.0
    assert meets("key", 3.0, {"key": NAN}, middle) == 0.0
    assert meets("program.guitar", 30.0, {"program.guitar": 29.0}, middle) == 1.0
    wishes = [{"tempo": "low", "plays.drums": 0.0}]
    results = [playing(tempo=80.0)]
    assert expectations_met(middle).value(wishes, results) == (0.5, 1)


def test_half_of_the_songs_not_asked_lie_on_either_side():
    others = [{"tempo": float(t)} for t in range(60, 160)]
    met = expectations_met(medians(others))
    assert met.floor([{"tempo": "low"}, {"tempo": "high"}], others) == 0.5


def test_stems_of_a_reference():
    measure = MEASURES["reference recording"][-1]
    assert measure.value([playing()], [playing(plays__drums=0.0)]) == (0.75, 1)
