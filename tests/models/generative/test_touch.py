"""How composed notes are struck: chords, spread and level; given notes stay."""

import numpy as np
import pytest

from data.score import Notes
from models.generative.touch import HELD, SHORTEST_SECONDS, SPREADS, touched
from utils import STEMS


def band(**stems):
    return {stem: stems.get(stem, Notes.empty()) for stem in STEMS}


def chords(count: int = 8, velocity=90):
    """Three notes every half second, up to 8 ms apart."""
    onset = np.add.outer(0.5 * np.arange(count), [0.0, 0.008, 0.004]).ravel()
    pitch = np.tile([60, 64, 67], count)
    return Notes.of(onset, onset + 0.3, pitch, np.broadcast_to(velocity, pitch.shape))


def test_a_chord_begins_together():
    notes = touched(band(piano=chords()))["piano"]
    assert len(notes) == 24
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
    wild = chords(velocity=np.tile([40, 120], 12))
    calm = chords(velocity=np.tile([79, 81], 12))
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
    notes = chords(velocity=np.tile([40, 120], 12))
    given = {stem: np.zeros(0, bool) for stem in STEMS} | {"piano": notes.onset < 2.0}
    played = touched(band(piano=notes), given, dynamics=0.5)["piano"]
    early = played.onset < 1.9
    assert np.array_equal(played.onset[early], notes.onset[given["piano"]])
    assert np.array_equal(played.velocity[early], notes.velocity[given["piano"]])
    assert played.velocity[~early].mean() == pytest.approx(63.5, abs=1)


def test_silence_stays_silent():
    assert all(len(n) == 0 for n in touched(band(), dynamics=0.8).values())
