"""MIDI songs: from a file to a `Score` and to what a renderer needs, and from a `Score` to a file.

A song is split into the four stems by General MIDI: drums are channel 10, piano programs 0-7,
guitar 24-31, bass 32-39; all tracks of a family are one stem and everything else is left out. A
track that carries no program (or volume, or bend) of its own follows its channel's, as hardware
does.

The sustain pedal is played here, once, for audio and score alike: a note whose key is released
under the pedal ends when the pedal does, when its key is struck again, or `MAX_PEDAL_SECONDS`
later. So a note's offset is when it stops sounding.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.midi_notes import merged, with_pedal, without_overlaps
from data.midi_time import TICKS_PER_BEAT, BeatGrid, TempoMap, beats_of
from data.score import DRUM_PROGRAM, Notes, Score
from data.smf import PITCH_BEND, PROGRAM, MidiEvents, meta_event, parse, serialise
from utils import STEMS, UserError, write_atomically

if TYPE_CHECKING:
    from data.lead_sheet import LeadSheet

FAMILIES = {"bass": range(32, 40), "guitar": range(24, 32), "piano": range(0, 8)}
DEFAULT_PROGRAMS = {"bass": 33, "drums": 0, "guitar": 25, "piano": 0}
CHANNELS = {"bass": 0, "drums": 9, "guitar": 1, "piano": 2}
VOLUME, EXPRESSION, PEDAL = 7, 11, 64
CONTROLLERS = (6, VOLUME, EXPRESSION, 38, 98, 99, 100, 101, PITCH_BEND)
MAX_BYTES = 4_000_000
MAX_NOTES = 200_000
MAX_SECONDS = 7_200.0
MAX_TAIL_SECONDS = 8.0
DEFAULT_VOLUME = 100
SILENT_GAIN = 1e-3
_MAJOR = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1])
_MINOR = np.array([1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1])


@dataclass(frozen=True)
class MidiTrack:
    """Notes of one program on one channel of one track.

    Attributes:
        stem: its family; program: General MIDI 0-127 (for drums the kit).
        notes: as `Notes`, offsets with the pedal played.
        control_time: float64 seconds (n,), sorted; control_number: controller, or `PITCH_BEND`;
        control_value: 0-127, or -8192..8191.
    """

    stem: str
    program: int
    notes: Notes
    control_time: np.ndarray = field(default_factory=lambda: np.zeros(0))
    control_number: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int16))
    control_value: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int16))

    def gain(self, time: np.ndarray) -> np.ndarray:
        """Linear gain (n,) of volume and expression at times in seconds (n,)."""
        values = []
        for number, default in ((VOLUME, DEFAULT_VOLUME), (EXPRESSION, 127)):
            of_it = self.control_number == number
            at = np.searchsorted(self.control_time[of_it], time, side="right")
            values.append(np.append(default, self.control_value[of_it])[at])
        return channel_gain(*values)


def channel_gain(volume, expression):
    """Linear gain of controllers 7 and 11 (0-127), each 40 log10 in dB as General MIDI asks."""
    return (volume * expression / 127.0**2) ** 2


@dataclass(frozen=True)
class MidiSong:
    """A parsed song: what to render, on which beats.

    Attributes:
        name: file name without extension. tracks: only those of the four stems.
        duration: seconds, the end of the file, at most `MAX_TAIL_SECONDS` after the last
            note. beat_times, beat_in_bar: as in `Score`.
        key: as in `Score`, None unless the file gives one that its notes agree with.
    """

    name: str
    tracks: tuple[MidiTrack, ...]
    duration: float
    beat_times: np.ndarray
    beat_in_bar: np.ndarray
    key: int | None = None

    @cached_property
    def score(self) -> Score:
        """The four stems: tracks of a family merged, doublings and muted notes dropped."""
        notes, programs = {}, {}
        for stem in STEMS:
            tracks = [track for track in self.tracks if track.stem == stem]
            notes[stem] = merged([_audible(track) for track in tracks])
            counts = Counter({})
            for track in tracks:
                counts[track.program] += len(track.notes)
            program = counts.most_common(1)[0][0] if counts else None
            programs[stem] = DRUM_PROGRAM if stem == "drums" and tracks else program
        return Score(
            notes=notes,
            duration=self.duration,
            beat_times=self.beat_times,
            beat_in_bar=self.beat_in_bar,
            programs=programs,
            key=self.key,
            name=self.name,
        )


def family_of(program: int) -> str | None:
    """The stem that a General MIDI program belongs to, None outside the four families."""
    return next((stem for stem, programs in FAMILIES.items() if program in programs), None)


def read_midi(path: str | Path) -> MidiSong:
    """Reads a MIDI file.

    Raises:
        UserError: the file cannot be read, is not MIDI, is damaged, or is larger than any song.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES / 1e6:.0f} MB")
        return _song(path.stem, parse(path.read_bytes()))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path} is not a MIDI file that can be used: {error}") from None


def _song(name: str, events: MidiEvents) -> MidiSong:
    if len(events.notes) > MAX_NOTES:
        raise ValueError(f"{len(events.notes)} notes, at most {MAX_NOTES} are accepted")
    clock = TempoMap.of(events)
    last_tick = int(events.notes[:, 3].max(initial=0))
    latest = clock.seconds(last_tick) + MAX_TAIL_SECONDS
    duration = float(min(clock.seconds(max(events.end_tick, last_tick)), latest))
    if duration > MAX_SECONDS:
        raise ValueError(f"{duration:.0f} s long, at most {MAX_SECONDS:.0f} s are accepted")
    tracks = tuple(_tracks(events, clock))
    beat_ticks, beat_in_bar = beats_of(events, clock.tick(duration))
    beat_times = clock.seconds(beat_ticks)
    rising = np.append(True, np.diff(beat_times) > 1e-4)
    key = _key(events, tracks)
    return MidiSong(name, tracks, duration, beat_times[rising], beat_in_bar[rising], key)


def _tracks(events: MidiEvents, clock: TempoMap) -> list[MidiTrack]:
    """Every (track, channel, program) of the four families that has notes."""
    found = []
    notes, controls = events.notes, events.controls
    place = notes[:, 0] * 4096 + notes[:, 1]
    for index, channel in (divmod(int(p), 4096) for p in np.unique(place)):
        own = notes[place == index * 4096 + channel]
        heard = _heard_by(controls[controls[:, 1] == channel], index)
        drums = channel % 16 == 9
        programs = _programs_at(heard, own[:, 2])
        onset, offset = clock.seconds(own[:, 2]), clock.seconds(own[:, 3])
        times = clock.seconds(heard[:, 2])
        kept = np.isin(heard[:, 3], CONTROLLERS)
        for program in np.unique(programs):
            stem = "drums" if drums else family_of(int(program))
            if stem is None:
                continue
            of_it = programs == program
            part = Notes.of(onset[of_it], offset[of_it], own[of_it, 4], own[of_it, 5])
            if not drums:
                pedal = heard[:, 3] == PEDAL
                part = with_pedal(part, times[pedal], heard[pedal, 4] >= 64)
            track = MidiTrack(
                stem,
                int(program),
                without_overlaps(part),
                times[kept],
                heard[kept, 3].astype(np.int16),
                heard[kept, 4].astype(np.int16),
            )
            found.append(track)
    return found


def _heard_by(controls: np.ndarray, index: int) -> np.ndarray:
    """Of a channel's controls those that act on a track: its own, else everyone's, per number."""
    own = controls[:, 0] == index
    return controls[own | ~np.isin(controls[:, 3], np.unique(controls[own, 3]))]


def _programs_at(controls: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """The program at each tick; before the first change already that one, 0 when there is none."""
    changes = controls[controls[:, 3] == PROGRAM]
    if not len(changes):
        return np.zeros(len(ticks), np.int64)
    at = np.searchsorted(changes[:, 2], ticks, side="right") - 1
    return changes[np.maximum(at, 0), 4]


def _audible(track: MidiTrack) -> Notes:
    """The notes that volume and expression let through."""
    return track.notes.where(track.gain(track.notes.onset) > SILENT_GAIN)


def _key(events: MidiEvents, tracks: tuple[MidiTrack, ...]) -> int | None:
    """The only key signature of the file, if three quarters of the pitched notes are in its scale.

    Sequencers write C major without being asked, so a signature alone is not evidence.
    """
    keys = {(sharps, minor) for _, sharps, minor in events.keys}
    pitches = [track.notes.pitch for track in tracks if track.stem != "drums"]
    if len(keys) != 1 or not pitches:
        return None
    sharps, minor = keys.pop()
    tonic = (7 * sharps + (9 if minor else 0)) % 12
    inside = (_MINOR if minor else _MAJOR)[(np.concatenate(pitches) - tonic) % 12]
    return tonic + (12 if minor else 0) if inside.mean() >= 0.75 else None


def write_midi(score: Score, path: str | Path, *, lead_sheet: LeadSheet | None = None) -> None:
    """Writes a score as a MIDI file of type 1 whose time 0 is the score's.

    One track per stem on the score's programs (the family's first choice where unknown), tempo and
    meter from its beats (120 bpm where unknown; every beat is written as a quarter), its key, and
    markers for the chords of a lead sheet. `read_midi` gives back the same notes and beats within a
    tick of `TICKS_PER_BEAT`.
    """
    grid = BeatGrid.of(score)
    end_tick = max(int(grid.tick(score.duration)), 0)
    tracks = [_conductor(score, grid, lead_sheet, end_tick)]
    tracks += [_stem_track(score, stem, grid) for stem in STEMS]
    data = serialise(TICKS_PER_BEAT, tracks, end_tick=end_tick)
    with write_atomically(path) as partial:
        partial.write_bytes(data)


def _conductor(
    score: Score, grid: BeatGrid, lead_sheet: LeadSheet | None, end_tick: int
) -> list[tuple[int, bytes]]:
    """The first track: name, tempo, meter, key, markers; nothing from after the end."""
    events = [(0, meta_event(3, score.name.encode()))]
    events += [(t, meta_event(0x51, tempo.to_bytes(3, "big"))) for t, tempo in grid.tempos]
    events += [(t, meta_event(0x58, bytes([n, 2, 24, 8]))) for t, n in grid.meters]
    if score.key is not None:
        minor, tonic = divmod(score.key, 12)
        sharps = ((tonic + 3 * minor) * 7 + 5) % 12 - 5
        events.append((0, meta_event(0x59, bytes([sharps % 256, minor]))))
    if lead_sheet is not None and lead_sheet.timed:
        ticks = np.maximum(grid.tick(lead_sheet.beat_times), 0).tolist()
        chords = lead_sheet.chords
        for tick, chord, previous in zip(ticks, chords, (None, *chords[:-1]), strict=True):
            if chord not in (None, previous):
                events.append((tick, meta_event(6, chord.encode())))
    return [(tick, event) for tick, event in events if tick < max(end_tick, 1)]


def _stem_track(score: Score, stem: str, grid: BeatGrid) -> list[tuple[int, bytes]]:
    """A stem's name, program and notes; a key goes up before it or another goes down."""
    channel, program = CHANNELS[stem], score.programs.get(stem)
    events = [(0, meta_event(3, stem.capitalize().encode()))]
    if stem != "drums":
        program = program if program in FAMILIES[stem] else DEFAULT_PROGRAMS[stem]
        events.append((0, bytes([0xC0 | channel, program])))
    notes = without_overlaps(score.notes[stem])
    on = np.maximum(grid.tick(notes.onset), 0)
    off = np.maximum(grid.tick(notes.offset), on + 1)
    pitch, velocity = notes.pitch.tolist(), notes.velocity.tolist()
    events += [(t, bytes([0x80 | channel, p, 0])) for t, p in zip(off.tolist(), pitch, strict=True)]
    rows = zip(on.tolist(), pitch, velocity, strict=True)
    return events + [(t, bytes([0x90 | channel, p, v])) for t, p, v in rows]
