"""Notes against a plan: exact shares."""

import numpy as np
import pytest

from data.score import Notes
from metrics.plan import chord_tone_share, grid_share
from utils import STEMS

BEATS = np.arange(5) * 0.5
C_MAJOR, A_MINOR = {0, 4, 7}, {9, 0, 4}


def song(**stems: Notes) -> dict[str, Notes]:
    return {stem: stems.get(stem, Notes.empty()) for stem in STEMS}


def test_chord_tones_are_counted_by_time():
    bass = Notes.of([0.0, 1.0], [1.0, 2.0], [36, 38], [90, 90])  # C, then D
    tones = [C_MAJOR, C_MAJOR, A_MINOR, A_MINOR, None]
    assert chord_tone_share(song(bass=bass), BEATS, tones) == 0.5
    assert chord_tone_share(song(bass=bass), BEATS, [C_MAJOR, C_MAJOR, None, None, None]) == 1.0


def test_a_note_counts_in_every_beat_it_sounds_in():
    guitar = Notes.of([0.25], [0.75], [57], [90])  # A: half under C, half under A minor
    share = chord_tone_share(song(guitar=guitar), BEATS, [C_MAJOR, A_MINOR, None, None, None])
    assert share == pytest.approx(0.5)


def test_drums_and_unknown_chords_say_nothing():
    drums = Notes.of([0.0], [0.1], [36], [90])
    assert np.isnan(chord_tone_share(song(drums=drums), BEATS, [C_MAJOR] * 5))
    assert np.isnan(chord_tone_share(song(piano=drums), BEATS, [None, set(), None, None, None]))
    assert np.isnan(chord_tone_share(song(piano=drums), BEATS[:1], [C_MAJOR]))
    with pytest.raises(ValueError, match="5 beats but 1 chords"):
        chord_tone_share(song(), BEATS, [C_MAJOR])


def test_onsets_on_the_grid_score_1_and_between_it_below_0():
    onsets = np.arange(16) * 0.125
    on = Notes.of(onsets, onsets + 0.1, [60] * 16, [90] * 16)
    off = Notes.of(onsets + 0.0625, onsets + 0.1, [60] * 16, [90] * 16)
    assert grid_share(song(piano=on), BEATS) == 1.0
    # the tolerance covers 0.06 of every 0.125 s: chance 0.48
    assert grid_share(song(piano=off), BEATS) == pytest.approx(-0.48 / 0.52)
    assert np.isnan(grid_share(song(), BEATS))


def test_random_onsets_score_about_0():
    onsets = np.random.default_rng(0).uniform(0, 60, 4_000)
    notes = Notes.of(onsets, onsets + 0.1, [60] * 4_000, [90] * 4_000)
    assert abs(grid_share(song(piano=notes), np.arange(121) * 0.5)) < 0.05
