import numpy as np
import pytest

from data.midi_time import TICKS_PER_BEAT, BeatGrid, TempoMap, beats_of
from data.score import Notes, Score
from data.smf import parse, serialise
from tests.data import midi_files as files
from utils import STEMS

Q = files.QUARTER


def events(*track):
    return parse(serialise(Q, [list(track)]))


def test_ticks_to_seconds_over_tempo_changes():
    clock = TempoMap.of(events(files.tempo(0, 60), files.tempo(2 * Q, 120)))
    ticks = np.array([-Q, 0, Q, 2 * Q, 4 * Q])
    np.testing.assert_allclose(clock.seconds(ticks), [-1.0, 0.0, 1.0, 2.0, 3.0])
    assert [clock.tick(t) for t in (0.0, 1.0, 3.0)] == [0, Q, 4 * Q]


@pytest.mark.parametrize(
    ("numerator", "power", "beat_ticks", "per_bar"),
    [
        (4, 2, Q, 4),
        (3, 2, Q, 3),
        (2, 1, Q, 4),
        (6, 3, 1.5 * Q, 2),
        (12, 3, 1.5 * Q, 4),
        (7, 3, Q / 2, 7),
    ],
)
def test_what_a_beat_is(numerator, power, beat_ticks, per_bar):
    ticks, positions = beats_of(events(files.meter(0, numerator, power)), 12 * Q)
    np.testing.assert_allclose(np.diff(ticks), beat_ticks)
    assert ticks[0] == 0 and ticks[-1] >= 12 * Q
    np.testing.assert_array_equal(positions, np.arange(len(ticks)) % per_bar)


def test_a_meter_change_starts_a_bar():
    ticks, positions = beats_of(events(files.meter(0, 4, 2), files.meter(4 * Q, 3, 2)), 10 * Q)
    assert positions.tolist() == [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 0]
    assert (ticks == np.arange(11) * Q).all()


def test_an_upbeat_counts_back_from_the_downbeat():
    ticks, positions = beats_of(events(files.meter(0, 4, 2), files.meter(3 * Q // 2, 4, 2)), 3 * Q)
    assert ticks[:3].tolist() == [-0.5 * Q, 0.5 * Q, 1.5 * Q]
    assert positions[:4].tolist() == [2, 3, 0, 1]


def test_absurd_meters_are_refused():
    with pytest.raises(ValueError, match="beats"):
        beats_of(events(files.meter(0, 1, 6)), 100_000 * Q)


def score_on(beat_times, beat_in_bar, duration):
    notes = dict.fromkeys(STEMS, Notes.empty())
    return Score(notes, duration, np.asarray(beat_times), np.asarray(beat_in_bar))


def test_a_steady_tempo_is_written_once():
    grid = BeatGrid.of(score_on(np.arange(400) * 60 / 97, np.arange(400) % 4, 200.0))
    assert len(grid.tempos) <= 2 and grid.meters == [(0, 4)]
    np.testing.assert_allclose(grid.times, np.arange(400) * 60 / 97, atol=1.1e-4)


def test_a_wandering_tempo_never_drifts():
    beats = np.cumsum(np.append(0.0, 0.5 + 0.05 * np.random.default_rng(0).standard_normal(500)))
    grid = BeatGrid.of(score_on(beats, np.arange(501) % 4, beats[-1]))
    np.testing.assert_allclose(grid.times, beats, atol=1.1e-4)


def test_meters_are_written_where_they_change():
    positions = [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 0, 1, 2, 3]
    grid = BeatGrid.of(score_on(np.arange(14) * 0.5, positions, 6.5))
    assert grid.meters == [(0, 4), (4 * TICKS_PER_BEAT, 3), (10 * TICKS_PER_BEAT, 4)]
