"""A back beat lies on its beats; one moved by a beat, or by chance, does not."""

import numpy as np
import pytest

from data.score import Notes
from metrics.bar_places import BarPlaces, bar_places

BEATS = np.arange(17) * 0.5
IN_BAR = np.arange(17) % 4
KICK, SNARE, HAT = 36, 38, 42


def drums(**onsets: list[float]) -> Notes:
    rows = [(t, {"kick": KICK, "snare": SNARE, "hat": HAT}[k]) for k in onsets for t in onsets[k]]
    onset, pitch = zip(*rows, strict=True)
    return Notes.of(onset, np.add(onset, 0.1), pitch, [90] * len(rows))


BACK_BEAT = drums(
    kick=BEATS[:16:2].tolist(), snare=BEATS[1:16:2].tolist(), hat=(BEATS[:16] + 0.25).tolist()
)


def test_a_back_beat_lies_on_its_beats():
    found = bar_places(BACK_BEAT, BEATS, IN_BAR)
    assert (found.kick_share, found.snare_share) == (1.0, 1.0)
    assert found.kicks.tolist() == [4, 0, 4, 0] and found.snares.tolist() == [0, 4, 0, 4]


@pytest.mark.parametrize("num_beats, share", [(0, 1.0), (1, 0.0), (2, 1.0), (3, 0.0)])
def test_a_bar_that_begins_elsewhere_is_wrong_by_every_odd_beat(num_beats, share):
    moved = bar_places(BACK_BEAT, BEATS, (IN_BAR + num_beats) % 4)
    assert (moved.kick_share, moved.snare_share) == (share, share)


def test_kick_and_snare_exchanged_are_wrong():
    exchanged = drums(kick=BEATS[1:16:2].tolist(), snare=BEATS[:16:2].tolist())
    found = bar_places(exchanged, BEATS, IN_BAR)
    assert (found.kick_share, found.snare_share) == (0.0, 0.0)


def test_a_kick_on_every_beat_and_strokes_at_random_reach_a_half():
    assert bar_places(drums(kick=BEATS[:16].tolist()), BEATS, IN_BAR).kick_share == 0.5
    random = np.random.default_rng(0).uniform(0, 400, 4_000).tolist()
    found = bar_places(drums(snare=random), np.arange(801) * 0.5, np.arange(801) % 4)
    assert found.snare_share == pytest.approx(0.5, abs=0.03)


def test_a_stroke_counts_to_its_nearest_beat_and_half_to_each_when_between():
    near = drums(kick=[0.1, 0.9, 1.1], snare=[0.375])  # 1, 3, 3; the sixteenth before 2
    found = bar_places(near, BEATS, IN_BAR)
    assert found.kicks.tolist() == [1, 0, 2, 0] and found.snares.tolist() == [0, 1, 0, 0]
    for late in (-0.01, 0.0, 0.01):
        between = bar_places(drums(kick=[0.25 + late]), BEATS, IN_BAR)
        assert between.kicks.tolist() == [0.5, 0.5, 0, 0]


def test_strokes_beyond_the_beats_and_doubled_kicks_do_not_count():
    doubled = Notes.of([0.0, 0.01, 9.0], [0.1, 0.1, 9.1], [35, 36, 36], [90] * 3)
    assert bar_places(doubled, BEATS, IN_BAR).kicks.tolist() == [1, 0, 0, 0]


def test_a_bar_may_be_cut_off_but_must_be_of_four():
    part = BACK_BEAT.excerpt(1.5, 7.0)
    found = bar_places(part, BEATS[3:] - 1.5, IN_BAR[3:])
    assert (found.kick_share, found.snare_share) == (1.0, 1.0)
    assert bar_places(BACK_BEAT, BEATS, np.arange(17) % 3) is None
    assert bar_places(BACK_BEAT, BEATS, np.append(np.arange(9) % 4, np.arange(1, 9) % 3)) is None
    assert bar_places(BACK_BEAT, BEATS, np.zeros(0, int)) is None
    assert bar_places(BACK_BEAT, np.zeros(0), np.zeros(0, int)) is None
    with pytest.raises(ValueError, match="17 beats but 16 places"):
        bar_places(BACK_BEAT, BEATS, IN_BAR[:16])


def test_other_drums_say_nothing_and_songs_add_up():
    nothing = bar_places(drums(hat=[0.0, 0.5]), BEATS, IN_BAR)
    assert np.isnan(nothing.kick_share) and np.isnan(nothing.snare_share)
    right, wrong = (bar_places(BACK_BEAT, BEATS, (IN_BAR + n) % 4) for n in (0, 1))
    assert sum([right, wrong, nothing], BarPlaces()).kick_share == 0.5
