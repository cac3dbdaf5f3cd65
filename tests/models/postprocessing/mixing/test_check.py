"""The comparison: a mixer that levels is nearer to the reference than a plain sum."""

from dataclasses import astuple

import numpy as np

from models.postprocessing.mixing.check import compare, damaged, table
from models.postprocessing.mixing.network import Mixer
from tests.models.postprocessing.mixing.band import band


def test_levelling_beats_the_plain_sum():
    levels = np.array([0.5, 1.0, 4.0, 3.0], np.float32)[:, None]
    results = compare(iter([levels * band(1.5)]), Mixer(16).eval())
    assert results["level mix"] == results["mixer"]
    assert results["mixer"].balance_db < results["plain sum"].balance_db
    lines = table(results).splitlines()
    assert len(lines) == 7 and lines[0].count("|") == 7
    assert all(value == 0.0 for value in astuple(results["reference"]))


def test_damage_belongs_to_the_song():
    reference = band(1.0)
    assert np.array_equal(damaged(reference, 3), damaged(reference, 3))
    assert not np.allclose(damaged(reference, 3), damaged(reference, 4))
