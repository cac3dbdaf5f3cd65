"""How composed notes are struck: rests, chords, spread and level; given notes stay."""

from dataclasses import replace

import numpy as np
import pytest

from data.lead_sheet import LeadSheet
from data.score import Notes
from models.generative.touch import FULLNESS, HELD, SHORTEST_SECONDS, SPREADS, touched
from utils import STEMS


def band(**stems):
    return {stem: stems.get(stem, Notes.empty()) for stem in STEMS}


def chords(count: int = 8, velocity=90):
    """Five notes every half second, up to 8 ms apart: as full as the fullest songs."""
    onset = np.add.outer(0.5 * np.arange(count), [0.0, 0.008, 0.004, 0.002, 0.006]).ravel()
    pitch = np.tile([48, 55, 60, 64, 67], count)
    return Notes.of(onset, onset + 0.3, pitch, np.broadcast_to(velocity, pitch.shape))


def test_a_chord_begins_together():
    notes = touched(band(piano=chords()))["piano"]
    assert len(notes) == 40
    assert np.allclose(np.unique(notes.onset), 0.5 * np.arange(8) + 0.004)


def test_a_run_stays_a_run():
    onset = 0.02 * np.arange(12)
    run = Notes.of(onset, onset + 0.05, 60 + np.arange(12), np.full(12, 80))
    assert np.array_equal(touched(band(guitar=run))["guitar"].onset, run.onset)


def test_one_key_struck_twice_within_a_chord_is_one_note():
    twice = Notes.of([1.0, 1.008], [1.4, 1.5], [60, 60], [80, 90])
    notes = touched(band(piano=twice))["piano"]
    assert len(notes) == 1 and notes.offset[0] == 1.5


def test_guitars_are_damped_and_others_are_held():
    onset = 0.5 * np.arange(8)
    held = Notes.of(onset, onset + 0.4, np.full(8, 60), np.full(8, 80))
    played = touched(band(guitar=held, piano=held))
    length = lambda stem: played[stem].offset - played[stem].onset
    assert np.allclose(length("guitar"), 0.4 * HELD["guitar"]) and np.allclose(length("piano"), 0.4)
    short = Notes.of(onset, onset + 0.02, np.full(8, 60), np.full(8, 80))
    assert np.allclose(
        touched(band(guitar=short))["guitar"].offset, onset + SHORTEST_SECONDS, atol=1e-6
    )
    given = {stem: np.ones(8 if stem == "guitar" else 0, bool) for stem in STEMS}
    kept = touched(band(guitar=held), given)["guitar"]
    assert np.array_equal(kept.offset, held.offset)


@pytest.mark.parametrize("stem", [s for s in STEMS if s != "drums"])
def test_velocities_scatter_no_further_than_a_players(stem):
    wild = chords(velocity=np.tile([40, 120], 20))
    calm = chords(velocity=np.tile([79, 81], 20))
    played = touched(band(**{stem: wild}))[stem].velocity
    assert played.std() == pytest.approx(SPREADS[stem], abs=0.5)
    assert played.mean() == pytest.approx(80, abs=0.5)
    assert len(np.unique(played)) == 2
    calmly = touched(band(**{stem: calm}))[stem].velocity
    assert np.array_equal(np.sort(calmly), np.sort(calm.velocity))


def test_a_loud_chorus_stays_loud():
    onset = 0.5 * np.arange(96)
    song = Notes.of(onset, onset + 0.3, np.full(96, 60), np.repeat([60, 100], 48))
    assert np.array_equal(touched(band(piano=song))["piano"].velocity, song.velocity)


def test_a_quiet_drum_stays_quiet():
    onset, keys = 0.25 * np.arange(16), np.tile([36, 42], 8)
    loud_kick = Notes.of(onset, onset + 0.1, keys, np.tile([120, 40], 8))
    assert np.array_equal(touched(band(drums=loud_kick))["drums"].velocity, loud_kick.velocity)


@pytest.mark.parametrize("dynamics", [0.3, 0.7, 0.95])
def test_the_level_is_as_asked(dynamics):
    both = band(piano=chords(velocity=60), bass=chords(velocity=110))
    played = touched(both, dynamics=dynamics)
    mean = np.concatenate([n.velocity for n in played.values()]).mean() / 127
    assert mean == pytest.approx(dynamics, abs=0.01)
    assert played["bass"].velocity.mean() >= played["piano"].velocity.mean()


def test_given_notes_are_left_alone():
    notes = chords(velocity=np.tile([40, 120], 20))
    given = {stem: np.zeros(0, bool) for stem in STEMS} | {"piano": notes.onset < 2.0}
    played = touched(band(piano=notes), given, dynamics=0.5)["piano"]
    early = played.onset < 1.9
    assert np.array_equal(played.onset[early], notes.onset[given["piano"]])
    assert np.array_equal(played.velocity[early], notes.velocity[given["piano"]])
    assert played.velocity[~early].mean() == pytest.approx(63.5, abs=1)


SHEET = LeadSheet(
    beat_times=0.5 * np.arange(16),
    beat_in_bar=np.arange(16) % 4,
    chords=(None,) * 16,
    density=np.repeat(
        [[1.0] * 4, [1.0, 1.0, 1.0, 0.0], [1.0] * 4, [1.0, 1.0, 1.0, 0.0]], 4, axis=0
    ),
    duration=8.0,
)


def test_a_planned_rest_is_silent():
    onset = np.array([0.0, 1.97, 2.1, 3.5, 3.96, 5.0, 6.5])
    notes = Notes.of(
        onset, onset + [3.0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3], 60 + np.arange(7), [80] * 7
    )
    both = touched(band(piano=notes, bass=notes), sheet=SHEET)
    assert both["bass"].pitch.tolist() == notes.pitch.tolist()
    piano = both["piano"]
    assert piano.pitch.tolist() == [60, 64, 65]  # 64 is early for the bar in which it plays again
    assert piano.offset[0] == pytest.approx(2.0) and piano.offset[1] == pytest.approx(
        4.26, abs=1e-6
    )
    given = {stem: np.ones(7 if stem in ("piano", "bass") else 0, bool) for stem in STEMS}
    assert len(touched(band(piano=notes, bass=notes), given, sheet=SHEET)["piano"]) == 7
    untimed = replace(SHEET, beat_times=np.full(16, np.nan))
    assert len(touched(band(piano=notes), sheet=untimed)["piano"]) == 7


def block(sizes, velocity) -> Notes:
    """A stroke each half second, of so many notes a third apart."""
    onset = np.repeat(0.5 * np.arange(len(sizes)), sizes)
    pitch = 50 + 3 * np.concatenate([np.arange(size) for size in sizes])
    return Notes.of(onset, onset + 0.4, pitch, np.repeat(velocity, sizes))


@pytest.mark.parametrize("stem", FULLNESS)
def test_chords_are_as_full_as_players_have_them(stem):
    composed, played = FULLNESS[stem]
    full, wanted = composed[5], played[5]
    sizes = np.resize([2, 3, 3, 2, 4], 20)
    notes = block(sizes, np.linspace(60, 100, 20))
    left = touched(band(**{stem: notes}))[stem]
    counts = np.unique(left.onset, return_counts=True)[1]
    expected = np.interp(sizes.mean(), composed, played)
    assert full - 0.3 < sizes.mean() < full + 0.3 and wanted < full
    assert len(counts) == 20 and counts.mean() == pytest.approx(expected, abs=0.06)
    tops = [left.pitch[left.onset == onset].max() for onset in np.unique(left.onset)]
    assert tops == (50 + 3 * (sizes - 1)).tolist()
    early, late = counts[:10] / sizes[:10], counts[10:] / sizes[10:]
    assert early.mean() < late.mean()  # the hard ones are later


def test_a_line_that_came_out_as_chords_is_a_line_again():
    notes = block([2, 1, 1, 1, 1, 1, 2, 1, 1, 1], [90] * 10)
    assert len(touched(band(guitar=notes))["guitar"]) == 10
    assert len(touched(band(bass=notes))["bass"]) == 12
    full = block([6] * 10, [90] * 10)
    assert len(touched(band(guitar=full))["guitar"]) == 60


def test_silence_stays_silent():
    assert all(len(n) == 0 for n in touched(band(), dynamics=0.8).values())
