"""Statistics of hand-made scores are exact; a rhythm repeats more than chance."""

import numpy as np
import pytest

from data.score import Notes
from metrics.score_statistics import (
    histogram_overlaps,
    overlap,
    periodicity,
    polyphony,
    scale_consistency,
    scale_tonic,
    set_statistics,
    stem_statistics,
    touch,
)
from utils import STEMS


def notes(onset, length, pitch) -> Notes:
    onset = np.asarray(onset, float)
    return Notes.of(onset, onset + length, np.broadcast_to(pitch, onset.shape), [90] * len(onset))


C_MAJOR = Notes.of(range(7), np.arange(7) + 0.5, [60, 62, 64, 65, 67, 69, 71], [90] * 7)
GROOVE = notes(np.arange(0, 12, 0.5), 0.1, 36)


def test_numbers_of_a_small_score():
    chord = Notes.of([0, 0, 0, 2], [1, 1, 1, 3], [60, 64, 67, 72], [90] * 4)
    s = stem_statistics(chord, 4.0)
    assert s.num_notes == 4
    assert s.density == 0.5  # two strokes in four seconds: a chord counts once
    assert s.chord_size == 2.0
    assert s.polyphony == 2.0  # four seconds of notes over two seconds that sound
    assert s.pitch_classes[[0, 4, 7]].tolist() == [0.5, 0.25, 0.25]
    assert s.lengths.sum() == 1.0 and s.lengths[9] == 1.0
    assert s.scale_consistency == 1.0


def test_a_strummed_chord_is_one_stroke_and_a_run_is_not():
    strummed = notes([0.0, 0.005, 0.02, 1.0, 1.005, 1.02], 0.5, [60, 64, 67] * 2)
    s = stem_statistics(strummed, 4.0)
    assert (s.density, s.chord_size) == (0.5, 3.0)
    assert np.isnan(s.periodicity)  # two strokes cannot show a rhythm, six notes or not
    run = stem_statistics(notes(np.arange(6) * 0.06, 0.05, range(60, 66)), 4.0)
    assert (run.density, run.chord_size) == (1.5, 1.0)


def struck(velocity: list[int], pitch: list[int]) -> Notes:
    return Notes.of(range(len(pitch)), np.arange(len(pitch)) + 0.5, pitch, velocity)


def test_touch_is_the_deviation_of_velocities():
    assert touch(struck([80, 100, 80, 100], [60, 62, 64, 65])) == 10.0
    assert touch(struck([90] * 4, [60] * 4)) == 0.0
    assert np.isnan(touch(struck([80, 100, 80], [60] * 3)))


def test_touch_of_drums_is_counted_from_each_key():
    machine = struck([60, 110] * 3, [42, 38] * 3)
    player = struck([55, 110, 65, 100, 60, 105], [42, 38] * 3)
    assert touch(machine) == 25.0 and touch(machine, drums=True) == 0.0
    assert touch(player, drums=True) == pytest.approx(np.sqrt(100 / 6))
    song = {**dict.fromkeys(STEMS, Notes.empty()), "drums": machine, "piano": machine}
    found = set_statistics([song], 12.0)
    assert (found["drums"].means["touch"], found["piano"].means["touch"]) == (0.0, 25.0)


def test_polyphony_of_overlap_and_gap():
    assert polyphony(Notes.of([0.0, 0.5, 5.0], [1.0, 1.5, 6.0], [60] * 3, [9] * 3)) == 3 / 2.5


def test_scale_consistency_is_exact():
    assert scale_consistency(notes(range(7), 0.5, [60, 62, 64, 65, 67, 69, 71])) == 1.0
    assert scale_consistency(notes(range(12), 0.5, range(60, 72))) == pytest.approx(7 / 12)


def test_a_groove_repeats_and_chance_does_not():
    rng = np.random.default_rng(0)
    random = [periodicity(notes(rng.uniform(0, 12, 24), 0.1, 36), 12.0) for _ in range(5)]
    assert periodicity(GROOVE, 12.0) > 0.95
    assert np.mean(random) < 0.45
    assert np.isnan(periodicity(notes([0, 1, 2], 0.1, 36), 12.0))


def test_empty_is_unknown_but_its_density_is_0():
    s = stem_statistics(Notes.empty(), 4.0)
    assert (s.num_notes, s.density) == (0, 0.0)
    assert np.isnan(s.polyphony) and np.isnan(s.pitch_classes).all() and np.isnan(s.periodicity)
    assert np.isnan(s.chord_size) and np.isnan(s.touch)
    with pytest.raises(ValueError, match="positive"):
        stem_statistics(GROOVE, 0.0)


def test_overlap_is_1_for_equal_and_0_for_disjoint():
    assert overlap([0.5, 0.5], [0.5, 0.5]) == 1.0
    assert overlap([1.0, 0.0], [0.0, 1.0]) == 0.0
    with pytest.raises(ValueError, match="shape"):
        overlap([1.0], [0.5, 0.5])


def test_pitch_classes_are_counted_from_the_tonic():
    song = {**dict.fromkeys(STEMS, GROOVE), "guitar": C_MAJOR}
    up = {
        stem: Notes(n.onset, n.offset, n.pitch + 3 * (stem != "drums"), n.velocity)
        for stem, n in song.items()
    }
    assert (scale_tonic(song), scale_tonic(up)) == (0, 3)
    assert scale_tonic(dict.fromkeys(STEMS, Notes.empty())) == 0
    first, second = (set_statistics([s], 12.0)["guitar"] for s in (song, up))
    assert histogram_overlaps(first, second)["pitch_classes"] == pytest.approx(1.0)


def test_sets_pool_notes_and_compare():
    song = {**dict.fromkeys(STEMS, GROOVE), "guitar": C_MAJOR}
    other = {**song, "bass": notes(np.arange(0, 12, 0.5), 0.1, 38), "piano": Notes.empty()}
    real, ours = set_statistics([song, song], 12.0), set_statistics([other, song], 12.0)
    assert histogram_overlaps(real["bass"], real["bass"]) == {"pitch_classes": 1.0, "lengths": 1.0}
    assert histogram_overlaps(ours["bass"], real["bass"])["pitch_classes"] == 0.5
    assert (ours["piano"].num_playing, real["piano"].num_playing) == (1, 2)
    nothing = set_statistics([], 12.0)["bass"]
    assert np.isnan(histogram_overlaps(nothing, real["bass"])["lengths"])
