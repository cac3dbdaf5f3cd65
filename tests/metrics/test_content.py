"""The song itself keeps everything, silence nothing; single notes are counted."""

import numpy as np
import pytest

from data.score import Notes
from metrics.content import kept
from utils import STEMS

BEATS = np.array([0.0, 1.0, 2.0, 3.0])
CHORDS = [frozenset({0, 4, 7})] * 4


def notes(**stems: list[tuple[float, int]]) -> dict[str, Notes]:
    """Half-second notes (onset, pitch) by stem."""
    made = dict.fromkeys(STEMS, Notes.empty())
    for stem, events in stems.items():
        onset, pitch = np.array(events, float).T
        made[stem] = Notes.of(onset, onset + 0.5, pitch, np.full(len(onset), 90))
    return made


SONG = notes(piano=[(0.0, 60), (1.0, 64)], bass=[(0.0, 36)], drums=[(2.0, 38)])


def of(other: dict[str, Notes]):
    return kept(other, SONG, 4.0, beat_times=BEATS, chord_tones=CHORDS)


def test_the_song_itself_keeps_everything():
    same = of(SONG)
    assert (same.onsets, same.chroma, same.chord_tones) == pytest.approx((1.0, 1.0, 1.0))


def test_notes_count_in_their_own_stem_within_50_ms():
    half = of(notes(piano=[(0.04, 60), (1.06, 64)], bass=[(0.0, 48)], drums=[(2.0, 38)]))
    assert half.onsets == 0.5  # the first of the piano and the snare, of four on both sides
    assert of(notes(guitar=[(0.0, 60), (1.0, 64)])).onsets == 0.0


def test_other_pitch_classes_change_chroma_and_chord_tones():
    away = of(notes(piano=[(0.0, 61), (1.0, 66)], bass=[(0.0, 37)]))
    assert away.chroma == pytest.approx(-1 / 11) and away.chord_tones == 0.0
    octave = of(notes(piano=[(0.0, 72), (1.0, 76)], bass=[(0.0, 48)]))
    assert octave.chroma == pytest.approx(1.0) and octave.onsets == 0.0


def test_of_silence_nothing_can_be_said():
    empty = of(notes())
    assert empty.onsets == 0.0
    assert np.isnan(empty.chroma) and np.isnan(empty.chord_tones)
