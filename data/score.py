"""What a song plays: notes per stem on a grid of beats. The one symbolic type of the project.

Times are seconds. Every reader (MIDI files, the arranger, a decoded roll) makes a `Score`; every
consumer (renderer, roll, lead sheet, metrics, MIDI writer) takes one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from utils import STEMS

DRUM_PROGRAM = 128


@dataclass(frozen=True)
class Notes:
    """Notes of one stem, sorted by (onset, pitch); four arrays of one length.

    onset, offset: float64 seconds, offset > onset. pitch: int16 MIDI number (General MIDI drum key
    for drums). velocity: int16, 1-127.
    """

    onset: np.ndarray
    offset: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray

    @staticmethod
    def empty() -> Notes:
        return Notes.of([], [], [], [])

    @staticmethod
    def of(onset, offset, pitch, velocity) -> Notes:
        """Notes from any four sequences: typed and sorted."""
        onset, offset = np.asarray(onset, np.float64), np.asarray(offset, np.float64)
        pitch, velocity = np.asarray(pitch, np.int16), np.asarray(velocity, np.int16)
        order = np.lexsort((pitch, onset))
        return Notes(onset[order], offset[order], pitch[order], velocity[order])

    def __len__(self) -> int:
        return len(self.onset)

    def where(self, keep: np.ndarray) -> Notes:
        return Notes(self.onset[keep], self.offset[keep], self.pitch[keep], self.velocity[keep])

    def excerpt(self, start: float, end: float) -> Notes:
        """Notes that sound in [start, end), cut to it, with times relative to `start`.

        A note that began before `start` is dropped when under 50 ms of it remain.
        """
        keep = (self.onset < end) & (self.offset > start)
        keep &= (self.onset >= start) | (self.offset - start > 0.05)
        cut = self.where(keep)
        return Notes(
            np.maximum(cut.onset - start, 0.0),
            np.minimum(cut.offset, end) - start,
            cut.pitch,
            cut.velocity,
        )

    def without_doubles(self, window: float = 0.05) -> Notes:
        """Monophonic per pitch: onsets of one pitch within `window` seconds become one note (the
        first onset, the last offset, the loudest velocity), and a note ends where its pitch is
        struck again.

        Songs double a part on several tracks; a listener, and a piano roll, know one note.
        """
        if not len(self):
            return self
        order = np.lexsort((self.onset, self.pitch))
        onset, offset = self.onset[order], self.offset[order]
        pitch, velocity = self.pitch[order], self.velocity[order]
        first, head = np.zeros(len(order), bool), 0
        for i in range(len(order)):
            if i == 0 or pitch[i] != pitch[head] or onset[i] - onset[head] >= window:
                first[i], head = True, i
        starts = np.nonzero(first)[0]
        ends = np.maximum.reduceat(offset, starts)
        onset, pitch, velocity = onset[starts], pitch[starts], np.maximum.reduceat(velocity, starts)
        again = pitch[1:] == pitch[:-1]
        ends[:-1] = np.where(again, np.minimum(ends[:-1], onset[1:]), ends[:-1])
        return Notes.of(onset, ends, pitch, velocity)


@dataclass(frozen=True)
class Score:
    """A song's notes and beats.

    Attributes:
        notes: stem name -> Notes; every stem is there, silent ones empty.
        programs: stem name -> General MIDI program (0-127), 128 for drums, None when unknown.
        duration: seconds.
        beat_times: float64 (n,) time of every beat, strictly increasing, from at or before 0 to at
            or after `duration`; empty when unknown. A beat is a quarter note (a dotted one in 6/8,
            9/8, 12/8).
        beat_in_bar: int (n,) position of that beat in its bar, 0 on the downbeat.
        key: tonic 0-11 for major, 12 + tonic for minor; None when unknown.
        name: song title or file name.
        tags: free facts about the song: genre, artist tags, style, emotion, caption, sections ...
    """

    notes: dict[str, Notes]
    duration: float
    beat_times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    beat_in_bar: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    programs: dict[str, int | None] = field(default_factory=lambda: dict.fromkeys(STEMS))
    key: int | None = None
    name: str = ""
    tags: dict = field(default_factory=dict)

    def excerpt(self, start: float, end: float) -> Score:
        """The part in [start, end) with times relative to `start`; keeps one beat before and after.

        A drum hit from before `start` is no note of the part, though it may still ring.
        """
        beats = self.beat_times
        drums = self.notes["drums"]
        whole = {**self.notes, "drums": drums.where(drums.onset >= start)}
        keep = np.zeros(len(beats), bool)
        if len(beats):
            first = max(int(np.searchsorted(beats, start, side="right")) - 1, 0)
            last = min(int(np.searchsorted(beats, end, side="left")), len(beats) - 1)
            keep[first : last + 1] = True
        return Score(
            notes={stem: whole[stem].excerpt(start, end) for stem in STEMS},
            duration=end - start,
            beat_times=beats[keep] - start,
            beat_in_bar=self.beat_in_bar[keep],
            programs=dict(self.programs),
            key=self.key,
            name=self.name,
            tags=dict(self.tags),
        )

    def transposed(self, semitones: int) -> Score:
        """Every pitched stem moved by semitones (notes leaving 0-127 are folded by an octave);
        drums stay.
        """
        moved = dict(self.notes)
        for stem in STEMS:
            if stem != "drums":
                n = self.notes[stem]
                pitch = n.pitch + semitones
                pitch = np.where(pitch < 0, pitch + 12, np.where(pitch > 127, pitch - 12, pitch))
                moved[stem] = Notes.of(n.onset, n.offset, pitch, n.velocity)
        key = None if self.key is None else (self.key % 12 + semitones) % 12 + 12 * (self.key // 12)
        return Score(
            moved,
            self.duration,
            self.beat_times,
            self.beat_in_bar,
            dict(self.programs),
            key,
            self.name,
            dict(self.tags),
        )

    def stretched(self, factor: float) -> Score:
        """Every time multiplied by `factor` (> 1 is slower)."""
        moved = {
            s: Notes(n.onset * factor, n.offset * factor, n.pitch, n.velocity)
            for s, n in self.notes.items()
        }
        return Score(
            moved,
            self.duration * factor,
            self.beat_times * factor,
            self.beat_in_bar,
            dict(self.programs),
            self.key,
            self.name,
            dict(self.tags),
        )
