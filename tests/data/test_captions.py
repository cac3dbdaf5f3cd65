"""Captions: deterministic, various, true of the labels, silent about what is not known."""

import re

import numpy as np
import pytest

from data.arranger import compose
from data.captioning.feel import feel_of
from data.captioning.kinds import NOTHING_KNOWN
from data.captions import captions
from data.chords import KEYS
from data.labels import labels_of, unknown_labels
from data.lead_sheet import LeadSheet
from data.prompts import read_prompt
from tests.data.worlds import imagined
from utils import STEMS, counter_rng

SAME_SOUND = ({0, 1}, {4, 5}, {36, 37}, {38, 39})  # programs that share a name


@pytest.fixture(scope="module")
def described():
    song = compose(8, style="blues", bpm=72, key="A minor", num_bars=12, meter="4/4")
    sheet = LeadSheet.from_score(song)
    return labels_of(song, song.tags, np.ones(4, bool)), sheet


@pytest.fixture(scope="module")
def many():
    """Captions of many segments, each with its labels."""
    worlds = [imagined(seed) for seed in range(300)]
    return [
        (labels, text)
        for seed, labels in enumerate(worlds)
        for text in captions(labels, None, counter_rng(1, seed), 8)
    ]


def test_the_same_state_gives_the_same_captions(described):
    first = captions(*described, counter_rng(0), 20)
    assert first == captions(*described, counter_rng(0), 20)
    assert first != captions(*described, counter_rng(1), 20)


def test_hundreds_of_surface_forms(described):
    drawn = captions(*described, counter_rng(0), 1_000)
    assert len(set(drawn)) > 900
    openings = {" ".join(c.lower().split()[:2]) for c in drawn}
    assert len(openings) > 300
    lengths = [len(c.split()) for c in drawn]
    assert min(lengths) <= 2 and max(lengths) > 30 and 5 < np.median(lengths) < 18
    assert sum(c.endswith(".") for c in drawn) > 200 and sum(c.islower() for c in drawn) > 200


def test_facts_are_the_labels(described):
    drawn = captions(*described, counter_rng(0), 600)
    assert any("72" in c for c in drawn) and any("A minor" in c for c in drawn)
    assert any("blues" in c.lower() for c in drawn) and any("slow" in c.lower() for c in drawn)
    for caption in drawn:
        for number in re.findall(r"\d+(?= ?bpm)", caption, re.IGNORECASE):
            assert number in ("72", "70")
        plain = caption.lower().replace("neither fast nor slow", "")
        assert not re.search(r"\b(?:fast|major|reggae|waltz|happy)\b", plain)


def test_numbers_and_names_are_read_back_as_they_are(many):
    """The strict reader of prompts finds in captions only what the labels say."""
    facts = 0
    for labels, text in many:
        said = read_prompt(text)
        facts += len(said.said())
        assert said.bpm is None or abs(said.bpm - labels["tempo"]) <= 3.0, text
        assert said.key is None or KEYS.index(said.key) == labels["key"], text
        assert said.mode is None or KEYS[labels["key"]].endswith(said.mode), text
        assert said.beats_per_bar in (None, labels["meter"]), text
        for stem, plays in said.plays.items():
            assert labels["plays"][STEMS.index(stem)] == plays, text
        for stem, program in said.programs.items():
            own = int(labels["program"][STEMS.index(stem)])
            assert program == own or any({program, own} <= same for same in SAME_SOUND), text
    assert facts > len(many) / 2


def test_only_known_things_are_said():
    unknown = unknown_labels()
    assert set(captions(unknown, None, counter_rng(0), 50)) <= set(NOTHING_KNOWN)
    assert captions({}, None, counter_rng(0)) != []
    for caption in captions({"tempo": 200.0}, None, counter_rng(0), 50):
        assert re.search(r"200|fast|rac(e|ing)|breakneck|blister|furious|hat|high", caption.lower())


def test_silent_stems_are_named_as_absent_and_unknown_ones_never(described):
    labels, sheet = described
    silent = {**labels, "plays": np.array([1, 1, 0, -1]), "genre": -1, "style": -1}
    drawn = [c.lower() for c in captions(silent, sheet, counter_rng(0), 400)]
    absent = [c for c in drawn if "guitar" in c]
    assert (
        len(absent) > 80 and len({re.sub(r".*?(\S+ \S+ guitar).*", r"\1", c) for c in absent}) > 12
    )
    assert not any(re.search(r"piano|keys\b|keyboard", c) for c in drawn)


def test_bands_are_named_only_where_all_stems_are_known():
    alone = {**unknown_labels(), "plays": np.array([0, 0, 0, 1])}
    drawn = captions(alone, None, counter_rng(0), 100)
    assert sum("solo" in c.lower() or "only" in c.lower() for c in drawn) > 5
    partly = {**alone, "plays": np.array([0, 0, -1, 1])}
    assert not any(
        re.search(r"\b(?:solo|only|just|alone|nothing)\b", c.lower())
        for c in captions(partly, None, counter_rng(0), 200)
    )


def test_what_the_players_do_is_said():
    song = compose(1, style="jazz", num_bars=8, stems=("bass", "drums", "piano"), meter="4/4")
    sheet = LeadSheet.from_score(song)
    feel = feel_of(song, sheet, np.ones(4, bool))
    labels = labels_of(song, song.tags, np.array([1, 1, 0, 1], bool), sheet)
    drawn = " ".join(captions(labels, sheet, counter_rng(0), 200, feel=feel)).lower()
    assert "walking bass" in feel and "walking bass" in drawn
    silent = " ".join(captions(labels, sheet, counter_rng(0), 200)).lower()
    assert "walking bass" not in silent


def test_texts_are_tidy(described, many):
    texts = captions(*described, counter_rng(3), 300) + [text for _, text in many]
    for caption in texts:
        assert caption == caption.strip() and "  " not in caption and ",," not in caption
        assert "{" not in caption and " ," not in caption and not caption.startswith((",", "and "))
        assert not re.search(r"\ba (?!i+v?\b)[aeio]|\ban [bcdfgjklpqstvwz]", caption), caption
