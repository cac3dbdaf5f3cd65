"""Distances between mixes: none from itself, exact where the difference is known."""

import numpy as np
import pytest

from metrics.mixing import balance_error_db, crest_db, mean_scores, score_mix
from tests.models.postprocessing.mixing.band import band


def stereo(stems: np.ndarray) -> np.ndarray:
    return np.stack([stems.sum(0)] * 2)


def test_the_reference_is_at_no_distance_at_any_level():
    stems = band()
    scores = score_mix(0.3 * stereo(stems), 0.3 * stems, stereo(stems), stems)
    assert scores.balance_db == pytest.approx(0.0, abs=1e-3)
    assert scores.tone_db == pytest.approx(0.0, abs=1e-3)
    assert scores.crest_db == pytest.approx(0.0, abs=1e-3)
    assert scores.distance == pytest.approx(0.0, abs=1e-3)
    assert scores.range_lu == pytest.approx(0.0, abs=1e-3)


def test_balance_is_counted_in_decibels():
    stems = band()
    louder = stems * np.array([1.0, 1.0, 1.0, 10 ** (8 / 20)], np.float32)[:, None]
    assert balance_error_db(louder, stems) == pytest.approx(np.mean([2, 2, 2, 6]), abs=1e-3)
    stems[1:] = 0.0
    assert balance_error_db(louder, stems) == 0.0


def test_crest_of_a_sine():
    assert crest_db(np.sin(np.arange(10_000) / 7.0)) == pytest.approx(3.01, abs=0.01)


def test_what_cannot_be_compared():
    stems = band()
    with pytest.raises(ValueError, match="silent"):
        score_mix(0 * stereo(stems), stems, stereo(stems), stems)
    with pytest.raises(ValueError, match="differ in shape"):
        score_mix(stereo(stems)[:, :100], stems, stereo(stems), stems)


def test_means():
    stems = band()
    one = score_mix(stereo(stems), stems, stereo(stems), stems)
    far = score_mix(stereo(stems[:1]), stems[:1], stereo(stems), stems[:1])
    assert mean_scores([one, far]).tone_db == pytest.approx((one.tone_db + far.tone_db) / 2)
