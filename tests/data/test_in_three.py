"""Songs in four cut to three: `data.in_three`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from data.in_three import in_three
from data.midi import MidiSong, MidiTrack
from data.score import Notes
from metrics.adherence.facts import meter_of_notes

BEAT = 0.5


def in_four(bars: int = 6) -> MidiSong:
    """Kick on 1 and 3, snare on 2 and 4, and a bass note through every bar."""
    beats = np.arange(4 * bars)
    onset = beats * BEAT
    drums = Notes.of(onset, onset + 0.1, np.where(beats % 2, 38, 36), np.full(len(beats), 90))
    bars_at = onset[::4]
    bass = Notes.of(bars_at, bars_at + 4 * BEAT, np.full(bars, 40), np.full(bars, 80))
    tracks = (MidiTrack("drums", 0, drums), MidiTrack("bass", 33, bass))
    return MidiSong("four", tracks, 4 * bars * BEAT, onset, beats % 4)


def test_fourth_beats_go_and_everything_moves_up():
    song = in_three(in_four())
    assert song.beat_in_bar.tolist() == [0, 1, 2] * 6
    np.testing.assert_allclose(song.beat_times, np.arange(18) * BEAT)
    assert song.duration == pytest.approx(18 * BEAT)
    drums, bass = (track.notes for track in song.tracks)
    np.testing.assert_allclose(drums.onset, np.arange(18) * BEAT)
    assert drums.pitch.tolist() == [36, 38, 36] * 6
    np.testing.assert_allclose(bass.onset, np.arange(6) * 3 * BEAT)
    np.testing.assert_allclose(bass.offset - bass.onset, 3 * BEAT)


def test_it_is_heard_in_three():
    assert meter_of_notes(in_four().score) == 4.0
    assert meter_of_notes(in_three(in_four()).score) == 3.0


def test_other_bars_stay():
    song = in_four()
    waltz = in_three(song)
    assert in_three(waltz) is waltz
    without_beats = replace(song, beat_times=np.zeros(0), beat_in_bar=np.zeros(0, int))
    assert in_three(without_beats) is without_beats


def test_what_comes_before_the_first_and_after_the_last_beat_keeps_its_distance():
    song = in_four()
    notes = Notes.of([-0.2, 12.3], [-0.1, 12.4], [60, 60], [80, 80])
    cut = in_three(replace(song, tracks=(MidiTrack("piano", 0, notes),))).tracks[0].notes
    np.testing.assert_allclose(cut.onset, [-0.2, 9.3])
