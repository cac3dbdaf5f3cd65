"""Held-out words as requests."""

import numpy as np

from data.paraphrases import paraphrases
from metrics.adherence.requests import expected, held_out_requests


def test_held_out_words_become_facts():
    assert expected(
        {"plays": {"drums": False}, "program": {"bass": [36, 37]}, "mode": "minor"}
    ) == {
        "plays.drums": 0.0,
        "program.bass": 36.0,
        "mode": 1.0,
    }
    assert expected({"style": "jazz", "tempo": "low"}) == {"style": 3.0, "tempo": "low"}
    found = held_out_requests(paraphrases(), songs=2, seed=7)
    assert len(found) == 2 * len(paraphrases())
    assert [r.seed for r in found[:2]] == [7, 8] and [r.heard for r in found[:2]] == [True, False]
    for r in found:
        for value in r.expects.values():
            assert value in ("low", "high") or np.isfinite(value)
