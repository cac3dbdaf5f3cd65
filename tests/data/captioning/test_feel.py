"""What players do, heard from notes written for the purpose."""

import numpy as np
import pytest

from data.captioning.feel import feel_of
from data.captioning.moves import MOVES
from data.lead_sheet import LeadSheet
from data.score import Notes, Score
from utils import STEMS

ALL = np.ones(4, bool)
BEATS = 32


def notes(beats, pitches):
    """Notes at beats (half a second each), with a pitch each."""
    onset = np.asarray(beats, float) * 0.5
    return Notes(onset, onset + 0.2, np.asarray(pitches), np.full(len(onset), 90))


def heard(known=ALL, per_bar=4, **parts):
    empty = notes([], [])
    score = Score(
        notes={stem: parts.get(stem, empty) for stem in STEMS},
        duration=BEATS * 0.5,
        beat_times=np.arange(BEATS + 1) * 0.5,
        beat_in_bar=np.arange(BEATS + 1) % per_bar,
        programs=dict.fromkeys(STEMS),
    )
    return set(feel_of(score, LeadSheet.from_score(score), known))


def chords(beats, size):
    return notes(np.repeat(beats, size), np.tile(np.arange(60, 60 + 4 * size, 4), len(beats)))


QUARTERS = np.arange(BEATS)
WALKING = notes(QUARTERS, 36 + QUARTERS % 5)


def test_walking_and_eighth_note_basses():
    assert "walking bass" in heard(bass=WALKING)
    eighths = np.arange(2 * BEATS) / 2
    assert heard(bass=notes(eighths, np.full(len(eighths), 40))) == {"eighth-note bass"}


def test_a_two_beat_bass_needs_four_beats_and_few_notes():
    two = notes(QUARTERS[::2], np.full(BEATS // 2, 40))
    assert heard(bass=two) == {"two-beat bass"} and heard(per_bar=3, bass=two) == set()
    busy = np.sort([*QUARTERS[::2], *(QUARTERS[::2] + 0.5), *(QUARTERS[::2] + 1.5)])
    assert "two-beat bass" not in heard(bass=notes(busy, np.full(len(busy), 40)))


def test_kicks_on_every_beat_and_snares_on_two_and_four():
    kicks = notes(QUARTERS, np.full(BEATS, 36))
    assert heard(drums=kicks) == {"four on the floor"}
    both = notes(QUARTERS, np.where(QUARTERS % 2, 38, 36))
    assert heard(drums=both) == {"backbeat"}


@pytest.mark.parametrize(("pitch", "name"), [(56, "cowbell"), (54, "tambourine"), (42, "hi-hats")])
def test_pieces_of_the_kit(pitch, name):
    assert name in heard(drums=notes(QUARTERS, np.full(BEATS, pitch)))


def test_chords_and_single_notes():
    assert heard(piano=chords(QUARTERS, 3)) == {"piano chords"}
    assert heard(piano=chords(QUARTERS, 1)) == {"piano line"}
    assert heard(piano=chords(QUARTERS, 2)) == set()


def test_nothing_is_said_of_what_is_not_known():
    no_bass = np.array([False, True, True, True])
    assert heard(no_bass, bass=WALKING) == set() and heard() == set()
    assert feel_of(None, None, ALL) == ()


def test_every_move_has_words():
    everything = heard(bass=WALKING, drums=notes(QUARTERS, np.full(BEATS, 51)))
    assert everything <= set(MOVES) and {"walking bass", "ride"} <= everything
