"""Shapes: everything that is mentioned appears, cased and pointed as people do."""

import re

import pytest

from data.captioning.kinds import KINDS
from data.captioning.players import Band
from data.captioning.playing import PACES
from data.captioning.sentences import SHAPES, Said, caption_of
from data.captioning.wording import Draw, Wording
from utils import counter_rng

SLOW = PACES[1][1]
MINOR = Wording(adjectives=("minor-key",), details=("in A minor",), tags=("A minor",))


@pytest.mark.parametrize("shape", sorted(set(SHAPES), key=lambda shape: shape.__name__))
def test_a_shape_says_something_whatever_is_mentioned(shape):
    for seed, said in enumerate(
        (
            Said({"pace": SLOW}, Band()),
            Said({"kind": KINDS["jazz"]}, Band()),
            Said({}, Band(played=("slap bass",))),
            Said({}, Band(absent=("drums",))),
            Said({"scene": Wording(details=("for a party",))}, Band()),
            Said({"pace": SLOW, "key": MINOR, "kind": KINDS["funk"]}, Band(("keys",), ("drums",))),
        )
    ):
        for draw in (Draw(counter_rng(seed, n)) for n in range(20)):
            assert shape(said, draw).strip()


def test_keys_and_chords_keep_their_case():
    said = Said({"key": MINOR}, Band())
    texts = {caption_of(said, Draw(counter_rng(seed))) for seed in range(300)}
    assert any("A minor" in text for text in texts)
    assert not any(re.search(r"\ba minor(?!-key)|MINOR", text) for text in texts)


def test_case_and_stops_vary():
    said = Said({"pace": SLOW, "kind": KINDS["jazz"]}, Band())
    texts = [caption_of(said, Draw(counter_rng(seed))) for seed in range(600)]
    assert any(t.isupper() for t in texts) and any(t.islower() for t in texts)
    assert {t[-1] for t in texts} >= {".", "!"} and any(t[-1].isalpha() for t in texts)
    questions = [t for t in texts if t.endswith("?")]
    assert questions and all(t.lower().startswith(("can", "could", "how")) for t in questions)


def test_a_ballad_is_its_own_noun():
    said = Said({"kind": KINDS["ballad"]}, Band())
    texts = [caption_of(said, Draw(counter_rng(seed))).lower().strip(".!?") for seed in range(300)]
    assert any(text.endswith("a ballad") for text in texts)
