"""The comparison with librosa: the part that needs no librosa, and what is said without it."""

import importlib.util

import numpy as np
import pytest

from models.preprocessing.features.reference import MAJOR, MINOR, key_of_chroma, reference
from utils import UserError

HAS_LIBROSA = importlib.util.find_spec("librosa") is not None


def test_a_profile_is_its_own_key():
    for key in range(12):
        assert key_of_chroma(np.roll(MAJOR, key)[:, None]) == key
        assert key_of_chroma(np.roll(MINOR, key)[:, None]) == 12 + key
    assert key_of_chroma(np.ones((12, 3))) == 0


@pytest.mark.skipif(HAS_LIBROSA, reason="librosa is installed")
def test_without_librosa_the_error_says_what_mends_it():
    with pytest.raises(UserError, match="pip install librosa"):
        reference(np.zeros(22_050, np.float32))
