"""Lists of phrases, and chance in blocks."""

from data.captioning.wording import Draw, Wording, listed, wording
from utils import counter_rng


def test_phrases_stand_between_bars_and_line_ends():
    assert listed("slow | very slow\n    at a crawl") == ("slow", "very slow", "at a crawl")
    assert listed("in 3/4 | ") == ("in 3/4",) and listed("") == ()


def test_keywords_are_adjectives_and_tags_or_else_details():
    assert wording("slow", "at a crawl", "", "low tempo").keywords == ("slow", "low tempo")
    assert Wording(details=("at a crawl",)).keywords == ("at a crawl",)
    assert list(wording("a", "b", "c", "d").phrases()) == ["a", "b", "c", "d"]


def test_draws_are_the_generators_own_numbers():
    draw, rng = Draw(counter_rng(3)), counter_rng(3)
    expected = [*rng.random(64), *rng.random(64)]
    assert [draw.number() for _ in range(128)] == expected


def test_choices_are_fair_and_shuffles_keep_everything():
    draw = Draw(counter_rng(0))
    chosen = [draw.one("abc") for _ in range(3_000)]
    assert all(900 < chosen.count(letter) < 1_100 for letter in "abc")
    orders = [tuple(draw.shuffled("abc")) for _ in range(600)]
    assert len(set(orders)) == 6 and all(sorted(order) == list("abc") for order in orders)
    assert draw.chance(1.0) and not draw.chance(0.0)
