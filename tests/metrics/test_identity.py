"""A judge of instruments: right about what it was taught, chance where nothing can be told."""

import numpy as np
import pytest

from metrics.identity import HEARD, Identity, identify, learn_instruments
from metrics.segment import Segment, Sound
from metrics.spectrum import FEATURE_NAMES
from utils import STEMS


def segments(seed: int, count: int, *, apart: float = 4.0) -> list[Segment]:
    """Segments of two windows a stem, whose instruments lie `apart` in one feature each."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        sound = {}
        for i, stem in enumerate(STEMS):
            rows = rng.standard_normal((2, len(FEATURE_NAMES)))
            rows[:, i] += apart
            sound[stem] = Sound(rows)
        made.append(Segment(sound, np.zeros((0, len(FEATURE_NAMES))), 11.9))
    return made


def vectors(found: list[Segment]) -> list[dict[str, np.ndarray]]:
    return [{stem: sound.features for stem, sound in s.sound.items()} for s in found]


@pytest.fixture(scope="module")
def judge():
    return learn_instruments(segments(0, 60))


def test_instruments_that_differ_are_named(judge):
    found = identify(judge, vectors(segments(1, 20)))
    assert min(found.accuracy(stem) for stem in STEMS) > 0.9
    assert found.count("bass") == 20


def test_instruments_in_exchange_are_named_as_what_they_are(judge):
    swapped = [{**s, "guitar": s["piano"], "piano": s["guitar"]} for s in vectors(segments(2, 20))]
    found = identify(judge, swapped)
    assert found.accuracy("bass") > 0.9
    assert found.accuracy("guitar") < 0.1 and found.accuracy("piano") < 0.1
    assert found.by_chance("guitar") == pytest.approx(0.25, abs=0.1)


def test_instruments_that_are_alike_are_named_by_chance():
    alike = learn_instruments(segments(3, 60, apart=0.0))
    found = identify(alike, vectors(segments(4, 40, apart=0.0)))
    assert np.mean([found.accuracy(stem) for stem in STEMS]) == pytest.approx(0.25, abs=0.12)


def test_loudness_gives_nothing_away(judge):
    assert HEARD.sum() == len(FEATURE_NAMES) - 1
    rows = vectors(segments(5, 1))[0]["piano"].copy()
    named = judge.name(rows)
    rows[:, ~HEARD] += 1e6
    assert judge.name(rows) == named


def test_silence_is_not_judged_and_counts_are_exact(judge):
    silent = {**vectors(segments(6, 1))[0], "bass": np.zeros((0, len(FEATURE_NAMES)))}
    found = identify(judge, [silent])
    assert found.count("bass") == 0 and np.isnan(found.accuracy("bass"))
    table = np.zeros((4, 4), int)
    table[0], table[3] = (3, 1, 0, 0), (2, 0, 0, 2)
    by_hand = Identity(table)
    assert by_hand.accuracy("bass") == 0.75 and by_hand.accuracy("piano") == 0.5
    assert by_hand.by_chance("bass") == 5 / 8 and by_hand.by_chance("guitar") == 0.0


def test_nothing_is_learned_of_an_instrument_that_was_never_heard():
    few = segments(7, 4)
    for segment in few:
        segment.sound["piano"] = Sound(np.zeros((0, len(FEATURE_NAMES))))
    assert learn_instruments(few) is None and learn_instruments([]) is None
