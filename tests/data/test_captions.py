"""Captions: deterministic, various, and silent about what is not known."""

import re

import numpy as np
import pytest

from data.arranger import compose
from data.caption_words import MOOD_WORDS, NOTHING_KNOWN, PROGRAM_WORDS, STYLE_WORDS
from data.captions import captions
from data.emotion import EMOTIONS
from data.labels import GENRES, labels_of, unknown_labels
from data.lead_sheet import LeadSheet
from data.movement import STYLES
from utils import counter_rng


@pytest.fixture(scope="module")
def described():
    song = compose(8, style="blues", bpm=72, key="A minor", num_bars=12, meter="4/4")
    sheet = LeadSheet.from_score(song)
    return labels_of(song, song.tags, np.ones(4, bool)), sheet


def test_every_label_has_words():
    assert set(EMOTIONS) == set(MOOD_WORDS)
    assert {*STYLES, *GENRES} == set(STYLE_WORDS)
    assert set(PROGRAM_WORDS) == {*range(8), *range(24, 40)}


def test_the_same_state_gives_the_same_captions(described):
    first = captions(*described, counter_rng(0), 20)
    assert first == captions(*described, counter_rng(0), 20)
    assert first != captions(*described, counter_rng(1), 20)


def test_hundreds_of_surface_forms(described):
    drawn = captions(*described, counter_rng(0), 1_000)
    assert len(set(drawn)) > 900
    openings = {" ".join(c.lower().split()[:2]) for c in drawn}
    assert len(openings) > 100


def test_facts_are_the_labels(described):
    drawn = captions(*described, counter_rng(0), 500)
    assert any("72" in c for c in drawn) and any("A minor" in c for c in drawn)
    assert any("blues" in c.lower() for c in drawn)
    for caption in drawn:
        for number in re.findall(r"\d+(?= ?bpm)", caption, re.IGNORECASE):
            assert number in ("72", "70")
        assert "fast" not in caption and "major" not in caption and "reggae" not in caption


def test_only_known_things_are_said():
    unknown = unknown_labels()
    assert set(captions(unknown, None, counter_rng(0), 50)) <= set(NOTHING_KNOWN)
    only_tempo = {**unknown, "tempo": 200.0}
    assert all(
        re.search(r"200|fast|racing|breakneck", c.lower())
        for c in captions(only_tempo, None, counter_rng(0), 50)
    )


def test_silent_stems_are_named_as_absent_and_unknown_ones_never(described):
    labels, sheet = described
    silent = {**labels, "plays": np.array([1, 1, 0, -1])}
    drawn = captions(silent, sheet, counter_rng(0), 300)
    absent = [c for c in drawn if re.search(r"(no|without) guitar", c.lower())]
    assert len(absent) > 50
    assert not any(
        "piano" in c or "key" in c.replace("key of", "").replace("minor key", "") for c in drawn
    )


def test_texts_are_tidy(described):
    for caption in captions(*described, counter_rng(3), 300):
        assert caption == caption.strip() and "  " not in caption and ",," not in caption
        assert " ," not in caption and not re.search(r"\ba [aeiou]", caption)
