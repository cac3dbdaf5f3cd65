"""Copies are found in any key and tempo; what everybody plays is no theft."""

import numpy as np
import pytest

from data.score import Notes
from metrics.novelty import COPY_SIMILARITY, Nearest, PhraseIndex, phrases
from utils import STEMS

BEATS = np.arange(0.0, 40.0, 0.5)


def tune(seed: int, count: int = 60) -> Notes:
    """Strokes of one or two notes on the sixteenths of 120 beats a minute."""
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.125, 0.25, 0.5], count))
    pitch = rng.integers(50, 70, count)
    chord = rng.random(count) < 0.3
    onset = np.append(onset, onset[chord])
    return Notes.of(onset, onset + 0.1, np.append(pitch, pitch[chord] + 4), np.full(len(onset), 80))


def song(seed: int) -> dict[str, Notes]:
    return {stem: tune(10 * seed + i) for i, stem in enumerate(STEMS)}


def changed(notes: Notes, *, semitones: int = 0, factor: float = 1.0, late: float = 0.0) -> Notes:
    return Notes.of(
        notes.onset * factor + late, notes.offset * factor + late, notes.pitch + semitones,
        notes.velocity,
    )  # fmt: skip


@pytest.fixture(scope="module")
def index() -> PhraseIndex:
    return PhraseIndex((song(n), BEATS) for n in range(20))


def test_phrases_do_not_know_key_tempo_place_or_small_delays():
    ours = phrases(tune(0), BEATS)
    assert len(ours) > 40
    same = changed(tune(0), semitones=5, factor=1.3)
    np.testing.assert_array_equal(phrases(same, BEATS * 1.3), ours)
    later = changed(tune(0), late=1.0)
    np.testing.assert_array_equal(phrases(later, BEATS), ours)
    rng = np.random.default_rng(0)
    loose = tune(0)
    loose = Notes.of(
        loose.onset + rng.uniform(-0.04, 0.04, len(loose)), loose.offset + 0.1, loose.pitch,
        loose.velocity,
    )  # fmt: skip
    np.testing.assert_array_equal(phrases(loose, BEATS), ours)


def test_drums_keep_their_keys():
    assert (phrases(tune(0), BEATS, drums=True) != phrases(tune(0), BEATS)[:1]).all()
    moved = phrases(changed(tune(0), semitones=1), BEATS, drums=True)
    assert not np.isin(moved, phrases(tune(0), BEATS, drums=True)).any()


def test_one_note_is_part_of_four_phrases():
    notes = tune(3)
    pitch = notes.pitch.copy()
    place = int(np.argmax(notes.onset > 10.0))
    pitch[place] += 1
    other = Notes.of(notes.onset, notes.offset, pitch, notes.velocity)
    lost = ~np.isin(phrases(notes, BEATS), phrases(other, BEATS))
    assert 3 <= lost.sum() <= 5  # five where its successor's interval changes too


@pytest.mark.parametrize("number", [0, 7, 19])
def test_an_excerpt_is_a_copy_of_its_song(index, number):
    part = {
        stem: changed(notes.excerpt(4.0, 12.0), semitones=-3)
        for stem, notes in song(number).items()
    }
    found = index.nearest(part, BEATS)
    assert found.song == number and found.similarity > 0.95
    assert index.nearest(part, BEATS, ("drums",)).similarity == 0.0  # drums in another key


def test_other_tunes_are_no_copies(index):
    likeness = [index.nearest(song(n), BEATS).similarity for n in range(30, 36)]
    assert max(likeness) < 0.1 < COPY_SIMILARITY


def test_what_everybody_plays_weighs_nothing():
    vamp = Notes.of(BEATS[:60], BEATS[:60] + 0.1, [40] * 60, [80] * 60)
    songs = [{**song(n), "bass": vamp} for n in range(8)]
    index = PhraseIndex((notes, BEATS) for notes in songs)
    own = {**song(99), "bass": vamp}
    assert index.nearest(own, BEATS).similarity < 0.1
    assert np.isnan(index.nearest(own, BEATS, ("bass",)).similarity)


def test_too_little_music_is_not_judged(index):
    nothing = dict.fromkeys(STEMS, Notes.empty())
    few = {**nothing, "piano": tune(0, count=4)}
    for notes, beats in ((nothing, BEATS), (few, BEATS), (song(0), np.zeros(0))):
        assert index.nearest(notes, beats) == Nearest(-1, pytest.approx(np.nan, nan_ok=True))
    empty = PhraseIndex([])
    assert empty.num_songs == 0 and empty.nearest(song(0), BEATS).song == -1
