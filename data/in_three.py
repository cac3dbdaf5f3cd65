"""Songs in four, played in three: the last beat of every bar is left out.

Music in three is rare (a fiftieth of Lakh's songs), too rare to learn a meter from. A song in four
without its fourth beats keeps its chords, its band and its habits, and every pattern of a bar
repeats after three.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data.bars import bar_lengths
from data.midi import MidiSong, MidiTrack
from data.score import Notes


def in_three(song: MidiSong) -> MidiSong:
    """The song with its bars of four beats cut to three; other bars stay.

    What begins on a fourth beat is left out, what sounds through one is shorter by it.
    """
    fourth = (song.beat_in_bar == 3) & (bar_lengths(song.beat_in_bar) == 4)
    if len(song.beat_times) < 2 or not fourth.any():
        return song
    edges = np.append(song.beat_times, 2 * song.beat_times[-1] - song.beat_times[-2])
    lengths = np.where(fourth, 0.0, np.diff(edges))
    kept = edges[0] + np.concatenate([[0.0], np.cumsum(lengths)])

    def moved(time: np.ndarray) -> np.ndarray:
        inside = np.interp(time, edges, kept)
        return inside + np.minimum(time - edges[0], 0.0) + np.maximum(time - edges[-1], 0.0)

    def inside_fourth(time: np.ndarray) -> np.ndarray:
        beat = np.searchsorted(edges, time, side="right") - 1
        return (beat >= 0) & np.append(fourth, False)[beat]

    def cut(track: MidiTrack) -> MidiTrack:
        notes = track.notes.where(~inside_fourth(track.notes.onset))
        notes = Notes(moved(notes.onset), moved(notes.offset), notes.pitch, notes.velocity)
        return replace(track, notes=notes, control_time=moved(track.control_time))

    return replace(
        song,
        tracks=tuple(cut(track) for track in song.tracks),
        duration=float(moved(np.array(song.duration))),
        beat_times=kept[:-1][~fourth],
        beat_in_bar=song.beat_in_bar[~fourth],
    )
