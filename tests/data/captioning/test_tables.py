"""The tables of words: every label has some, and no word means two opposite things."""

import itertools

import pytest

from data.captioning.band import PART_EDGES, PLAYED, PROGRAMS, SHORT
from data.captioning.kinds import KINDS, PLACES
from data.captioning.moods import AROUSAL, MOODS, SCENES, VALENCE
from data.captioning.moves import MOVES
from data.captioning.playing import (
    FULLNESS,
    LEVELS,
    METERS,
    PACES,
    REGISTERS,
    SHUFFLE,
    STRAIGHT,
    SWUNG,
    TONES,
    TOUCHES,
)
from data.emotion import EMOTIONS
from data.labels import GENRES
from data.movement import STYLES
from utils import STEMS

SIDES = (VALENCE, AROUSAL, TOUCHES, LEVELS, TONES, REGISTERS, FULLNESS)
EVERY = (*MOODS.values(), *KINDS.values(), *(words for _, words in PACES), *METERS.values())


def test_every_label_has_words():
    assert set(MOODS) == set(SCENES) == set(EMOTIONS)
    assert set(KINDS) == set(PLACES) == {*STYLES, *GENRES}
    assert set(PROGRAMS) == {*range(8), *range(24, 40)}
    assert set(PLAYED) == set(SHORT) == set(PART_EDGES) == set(STEMS)
    assert all(set(side) == {"low", "high"} for side in SIDES)


def test_tempo_words_cover_all_tempi_in_order():
    edges = [edge for edge, _ in PACES]
    assert edges == sorted(edges) and edges[-1] == float("inf")


@pytest.mark.parametrize("side", SIDES)
def test_low_and_high_share_no_word(side):
    assert not set(side["low"].phrases()) & set(side["high"].phrases())


def test_paces_moods_and_kinds_share_no_word():
    for group in ([w for _, w in PACES], MOODS.values(), KINDS.values()):
        for one, other in itertools.combinations(group, 2):
            assert not set(one.phrases()) & set(other.phrases())
    assert not set(STRAIGHT.phrases()) & {*SWUNG.phrases(), *SHUFFLE.phrases()}


def test_everything_can_be_a_detail_and_a_keyword():
    sides = [words for side in SIDES for words in side.values()]
    for words in (*EVERY, *sides, *MOVES.values()):
        assert words.details and words.keywords
        assert not any("  " in p or p != p.strip() or p.endswith(".") for p in words.phrases())
