import json

import numpy as np
import pytest

from data.arranger import compose
from data.brief import FACTS, NUM_TEMPI, UNKNOWN, Brief, header_steps, tempo_bin, tempo_of
from data.labels import LABEL_SPECS, labels_of, unknown_labels
from utils import counter_rng

LABELS = {
    "style": 3,
    "genre": 5,
    "emotion": 2,
    "valence": 0.3,
    "arousal": -0.62,
    "tempo": 92.0,
    "key": 21,
    "meter": 4,
    "swing": 0.66,
    "dynamics": 0.7,
    "register": 60.4,
    "loudness": -17.3,
    "brightness": 0.4,
    "program": np.array([33, 128, 25, 4]),
    "plays": np.array([1, 0, 1, -1]),
    "density": np.array([1.5, 0.0, 2.0, np.nan], np.float32),
}


def test_labels_become_steps_and_labels_again_at_their_resolution():
    again = Brief.of_steps(header_steps(LABELS)).labels()
    for name in ("style", "genre", "emotion", "key"):
        assert again[name] == LABELS[name]
    steps = {"valence": 0.25, "arousal": 0.25, "swing": 0.06, "dynamics": 0.053, "register": 3.0}
    steps |= {"loudness": 1.2, "brightness": 0.25}
    for name, step in steps.items():
        assert abs(again[name] - LABELS[name]) <= step / 2 + 1e-6
    assert again["tempo"] == pytest.approx(92.0, rel=0.0101)
    assert again["program"].tolist() == [33, -1, 25, 4]
    assert again["plays"].tolist() == [1, 0, 1, -1]


@pytest.mark.parametrize("seed", range(4))
def test_every_step_stands_for_itself(seed):
    rng = counter_rng(seed)
    steps = np.array([rng.integers(UNKNOWN, len(fact.values)) for fact in FACTS])
    brief = Brief.of_steps(steps)
    assert header_steps(brief.labels()).tolist() == steps.tolist()
    assert Brief.of(brief.labels()).to_dict() == brief.to_dict()


def test_unknown_labels_have_no_step_and_come_back_unknown():
    assert (header_steps(unknown_labels()) == UNKNOWN).all() and (header_steps({}) == UNKNOWN).all()
    labels = Brief().labels()
    assert labels.keys() == LABEL_SPECS.keys()
    for name, unknown in unknown_labels().items():
        np.testing.assert_array_equal(labels[name], unknown)
    assert Brief.of(labels) == Brief.of({}) == Brief()


def test_instruments_outside_the_family_of_their_stem_have_no_step():
    steps = header_steps({"program": np.array([40, 128, 24, 8])})
    found = [step for fact, step in zip(FACTS, steps, strict=True) if fact.label == "program"]
    assert found == [UNKNOWN, 0, UNKNOWN]


def test_values_beyond_the_ends_take_the_outermost_step():
    steps = header_steps({"loudness": -80.0, "register": 120.0, "swing": 0.5})
    named = {fact.label: int(step) for fact, step in zip(FACTS, steps, strict=True)}
    assert (named["loudness"], named["register"], named["swing"]) == (0, 11, 0)


def test_tempo_is_resolved_to_two_percent_and_bounded():
    tempo = next(fact for fact in FACTS if fact.label == "tempo")
    for bpm in np.geomspace(20, 400, 200):
        assert abs(tempo_of(tempo_bin(bpm)) / bpm - 1) < 0.0101
        assert tempo.step_of({"tempo": bpm}) == tempo_bin(bpm)
    assert tempo_of(1) / tempo_of(0) < 1.02
    assert tempo_bin(5) == 0 and tempo_bin(1_000) == NUM_TEMPI - 1 and tempo_bin(None) == UNKNOWN


def test_a_brief_is_read_by_people_and_machines():
    plain = Brief.of(LABELS).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert (plain["style"], plain["genre"], plain["key"]) == ("jazz", "rock", "A minor")
    assert plain["plays"] == {"bass": 1, "drums": 0, "guitar": 1, "piano": None}
    assert plain["tempo"] == 92.0 and plain["density"]["guitar"] == 2.0
    assert Brief().to_dict()["emotion"] is None


def test_what_another_brief_knows_goes_over_it():
    said = Brief(tempo=80.0, program=(None, None, 104, None))
    whole = Brief.of(LABELS).updated(said)
    assert whole.tempo == 80.0 and whole.program == (33, 128, 104, 4) and whole.key == 21
    assert Brief.of(LABELS).updated(Brief()) == Brief.of(LABELS)


def test_a_composed_song_fills_the_header():
    score = compose(0, num_bars=8)
    steps = header_steps(labels_of(score, {"genre": "rock"}, np.ones(4, bool)))
    known = {fact.label for fact, step in zip(FACTS, steps, strict=True) if step >= 0}
    assert {"genre", "valence", "arousal", "tempo", "dynamics", "plays"} <= known
    assert not {"loudness", "brightness"} & known
