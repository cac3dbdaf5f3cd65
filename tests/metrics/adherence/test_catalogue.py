"""What is asked: every wish is possible, counted and paired with the seeds of the floor."""

from collections import Counter

import pytest

from metrics.adherence.catalogue import Catalogue
from utils import STEMS

REAL = [
    {f"density.{s}": float(i + 1) for s in STEMS}
    | {"dynamics": 0.5 + 0.1 * i, "loudness": -20.0 + i, "brightness": 0.1 * i}
    | {"register": 55.0 + i, "swing": 0.5 + 0.02 * i}
    for i in range(5)
]


@pytest.fixture(scope="module")
def requests():
    return Catalogue(8, 100, REAL).requests()


def test_every_condition_is_asked_often_enough(requests):
    counts = Counter((r.condition, r.way) for r in requests)
    assert min(counts.values()) >= 8
    assert counts["tempo", "number"] == 8 and counts["silent stems", "words"] == 32
    assert {r.seed for r in requests if r.condition == "key"} == set(range(100, 108))
    assert len({r.condition for r in requests}) == 21


def test_tempi_span_the_asked_range_and_words_say_them(requests):
    asked = [r for r in requests if r.condition == "tempo"]
    numbers = [r.said["bpm"] for r in asked if r.way == "number"]
    assert numbers[0] == 60.0 and numbers[-1] == 180.0
    for r in asked:
        if r.way != "number":
            assert f"{r.expects['tempo']:.0f}" in r.said["text"]


def test_numbers_lie_within_real_music(requests):
    dynamics = [r.expects["dynamics"] for r in requests if r.condition == "dynamics"]
    assert dynamics == sorted(dynamics) and len(set(dynamics)) == 8
    assert dynamics[0] == pytest.approx(0.54) and dynamics[-1] == pytest.approx(0.86)
    density = next(r for r in requests if r.condition == "density")
    assert density.expects["density"] == pytest.approx(sum(density.said["density"].values()))
    assert not [r for r in Catalogue(8, 0).requests() if r.condition in ("density", "swing")]


def test_keys_and_modes_agree(requests):
    minor = [r for r in requests if r.condition == "key" and "A minor" in r.said.values()]
    assert minor[0].expects == {"key": 21.0, "mode": 1.0}


def test_a_sheet_is_asked_with_its_times(requests):
    sheet = next(r.sheet for r in requests if r.condition == "lead sheet")
    assert sheet.bpm == pytest.approx(92.0) and sheet.chords[:5] == ("Am",) * 4 + ("F",)


def test_the_words_say_which_stem_rests(requests):
    for r in requests:
        if (r.condition, r.way) == ("silent stems", "words"):
            (fact,) = r.expects
            stem = fact.partition(".")[2]
            names = {"drums": ("drum", "percussion"), "piano": ("piano", "keyboard")}
            assert any(name in r.said["text"] for name in names.get(stem, (stem,)))


def test_only_what_notes_can_tell_is_not_heard(requests):
    unheard = {r.condition for r in requests if not r.heard}
    assert unheard == {"dynamics", "register", "style", "genre"}
