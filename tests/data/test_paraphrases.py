"""Held-out words: well formed, and never said by the grammar of captions."""

import importlib
import pkgutil

import pytest

import data.captioning
from data.captioning.moves import MOVES
from data.captioning.wording import Wording
from data.captions import captions
from data.labels import GENRES
from data.movement import STYLES
from data.paraphrases import DIRECTED, KINDS, held_out, paraphrases, said
from data.prompts import read_prompt
from tests.data.worlds import imagined
from utils import STEMS, counter_rng

ASKED_FOR = ("melancholic", "up-tempo", "headbanging", "lullaby", "without percussion")


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, Wording):
        yield from value.phrases()
    elif isinstance(value, dict | tuple | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _tables():
    """Every text in the tables of the grammar; `facts` only joins tables and names of labels."""
    for module in pkgutil.iter_modules(data.captioning.__path__, "data.captioning."):
        values = vars(importlib.import_module(module.name))
        if module.name == "data.captioning.facts":
            continue
        for name in [n for n in values if n.isupper() or n.startswith("_")]:
            if not name.startswith("__"):
                yield from _strings(values[name])


def _holds(fact, value):
    """Whether an expectation is one of the facts and values that are defined."""
    if fact in DIRECTED:
        return value in ("low", "high")
    if fact == "mode":
        return value in ("major", "minor")
    if fact == "plays":
        return all(stem in STEMS and isinstance(plays, bool) for stem, plays in value.items())
    if fact == "program":
        return all(s in STEMS and p and all(0 <= n < 128 for n in p) for s, p in value.items())
    return value in {"genre": GENRES, "style": STYLES}[fact]


def test_entries_are_well_formed():
    entries = paraphrases()
    assert len(entries) >= 80 and len({e["text"] for e in entries}) == len(entries)
    for entry in entries:
        assert set(entry) == {"text", "expects", "kind", "words"} and entry["kind"] in KINDS
        assert entry["expects"] and all(_holds(f, v) for f, v in entry["expects"].items()), entry


def test_every_text_has_one_of_its_held_out_words():
    for entry in paraphrases():
        assert said([entry["text"]], entry["words"]), entry


def test_every_fact_is_covered_in_both_directions():
    asked = {(f, str(v)) for e in paraphrases() for f, v in e["expects"].items()}
    for fact in DIRECTED:
        assert {(fact, "low"), (fact, "high")} <= asked
    silent = {s for e in paraphrases() for s, p in e["expects"].get("plays", {}).items() if not p}
    assert silent == set(STEMS)
    assert {kind: sum(e["kind"] == kind for e in paraphrases()) >= 40 for kind in KINDS} == {
        kind: True for kind in KINDS
    }
    assert set(ASKED_FOR) <= {e["text"].removeprefix("a ") for e in paraphrases()}


def test_words_match_whole_words_and_endings():
    assert said(["Up-Tempo!", "an uptempo song"], ["up tempo", "uptempo"]) == {
        "up tempo": "Up-Tempo!",
        "uptempo": "an uptempo song",
    }
    assert said(["sparse"], ["spa"]) == {} and said(["sleeping"], ["sleep*"]) != {}


def test_no_table_of_the_grammar_holds_a_held_out_word():
    texts = list(_tables())
    assert len(set(texts)) > 900
    assert said(texts, held_out()) == {}


@pytest.mark.parametrize("part", range(4))
def test_no_caption_says_a_held_out_word(part):
    texts = []
    for seed in range(500):
        labels, rng = imagined(1_000 * part + seed), counter_rng(part, seed)
        texts += captions(labels, None, rng, 10, feel=tuple(MOVES))
    assert len(texts) == 5_000 and said(texts, held_out()) == {}


def test_what_the_strict_reader_reads_is_what_is_expected():
    """Few: the reader knows some held-out names of instruments, never moods or styles."""
    read = 0
    for entry in paraphrases():
        facts, expects = read_prompt(entry["text"]).said(), entry["expects"]
        read += bool(facts)
        assert set(facts) <= {"plays", "programs"}, entry
        for stem, plays in facts.get("plays", {}).items():
            played = stem in expects.get("program", {})
            assert plays == expects.get("plays", {}).get(stem, played), entry
        for stem, program in facts.get("programs", {}).items():
            assert program in expects["program"][stem], entry
    assert read < 0.15 * len(paraphrases())
