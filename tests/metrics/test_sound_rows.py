"""Distances stand between other real music and wrong music; identity between chance and real."""

import numpy as np
import pytest

from metrics.segment import Segment, Sound
from metrics.sound_rows import distance_rows, features_of, identity_rows
from metrics.spectrum import FEATURE_NAMES
from metrics.summary import excess
from utils import STEMS

WIDTH = len(FEATURE_NAMES)


def segments(seed: int, count: int = 40, *, moved: float = 0.0) -> list[Segment]:
    """Segments of one window a stem, instruments 2 apart in each feature, all `moved`."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        sound = {
            stem: Sound(rng.standard_normal((1, WIDTH)) + 2.0 * i + moved)
            for i, stem in enumerate(STEMS)
        }
        mix = rng.standard_normal((1, WIDTH)) + moved
        made.append(Segment(sound, mix, 11.9, f"song {number}"))
    return made


@pytest.fixture(scope="module")
def shuffled_mix() -> np.ndarray:
    return np.random.default_rng(9).standard_normal((40, WIDTH)) + 1.0


def named(rows) -> dict:
    return {(row.group, row.name): row for row in rows}


def test_other_real_music_is_at_the_ceiling(shuffled_mix):
    rows = named(distance_rows(segments(0), segments(1), segments(2), shuffled_mix))
    for name in (*STEMS, "mix"):
        row = rows["features", f"MMD, {name}"]
        assert row.value == pytest.approx(row.ceiling, abs=0.02) and row.count == 40
        assert abs(excess(row)) < 0.05
        assert abs(excess(rows["features", f"Frechet, {name}"])) < 0.05


def test_the_floor_is_the_nearest_wrong_music(shuffled_mix):
    rows = named(distance_rows(segments(0), segments(1), segments(2), shuffled_mix))
    bass = rows["features", "Frechet, bass"]
    drums, piano, noise = (
        rows["sound anchors", f"Frechet, bass: {other}"].value
        for other in ("drums", "piano", "white noise")
    )
    assert bass.floor == drums < piano
    assert noise > bass.ceiling
    mix = rows["features", "Frechet, mix"]
    assert mix.floor == rows["sound anchors", "Frechet, mix: shuffled stems"].value
    assert "sound anchors", "Frechet, mix: bass" not in rows


def test_the_wrong_instrument_costs_the_whole_way(shuffled_mix):
    wrong = [
        Segment({**s.sound, "bass": s.sound["drums"]}, s.mix, s.duration, s.song)
        for s in segments(1)
    ]
    rows = named(distance_rows(wrong, segments(1), segments(2), shuffled_mix))
    assert excess(rows["features", "Frechet, bass"]) == pytest.approx(1.0)
    assert excess(rows["features", "MMD, bass"]) == pytest.approx(1.0)
    assert abs(excess(rows["features", "MMD, piano"])) < 0.05


def test_without_training_songs_two_halves_are_compared():
    rows = named(distance_rows(segments(0), segments(1)))
    row = rows["features", "MMD, guitar"]
    assert row.count == 20 and abs(row.value) < 0.05 and abs(row.ceiling) < 0.05
    assert np.isnan(rows["features", "MMD, mix"].floor)  # no shuffled mixes were heard


def test_a_stem_that_never_sounds_has_no_distance():
    silent = segments(0)
    for segment in silent:
        segment.sound["guitar"] = Sound(np.zeros((0, WIDTH)))
    rows = named(distance_rows(silent, segments(1), segments(2)))
    assert ("features", "MMD, guitar") not in rows and ("features", "MMD, piano") in rows
    assert features_of(silent, "guitar").shape == (0, WIDTH)


def test_identity_is_certain_for_instruments_and_chance_for_one_sound_for_all():
    taught, real = segments(2), segments(1)
    rows = {row.name: row for row in identity_rows(segments(0), real, taught)}
    assert [rows[f"accuracy, {stem}"].value for stem in STEMS] == [1.0] * 4
    assert [rows[f"accuracy, {stem}"].ceiling for stem in STEMS] == [1.0] * 4
    assert rows["accuracy, bass"].floor == 0.25 and rows["accuracy, bass"].count == 40
    drone = [
        Segment(dict.fromkeys(STEMS, s.sound["piano"]), s.mix, s.duration) for s in segments(3)
    ]
    rows = {row.name: row for row in identity_rows(drone, real, taught)}
    assert rows["accuracy, piano"].value == rows["accuracy, piano"].floor == 1.0
    assert rows["accuracy, bass"].value == 0.0
    halved = identity_rows(segments(0), real)
    assert [row.ceiling for row in halved] == [1.0] * 4
    assert identity_rows([], []) == []
