"""Standard MIDI File bytes <-> events, and nothing about music: see `data.midi` for songs.

MIDI libraries split a file by track and program and lose two things that a renderer needs: the
volume set before a program change, and programs sent on another track than the notes. Here every
event keeps its track and its channel. Pure Python over bytes: a damaged file raises `ValueError`.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

MAX_EVENTS = 1_000_000
MAX_TICK = 50_000_000
PITCH_BEND = 128
PROGRAM = 129
_TEXT_KINDS = {1: "text", 3: "name", 6: "marker"}
_META_BYTES = {**dict.fromkeys(_TEXT_KINDS, 0), 0x51: 3, 0x58: 2, 0x59: 2}


@dataclass
class MidiEvents:
    """What a file says, times in ticks.

    Attributes:
        ticks_per_quarter: resolution.
        notes: int64 (n, 6) columns track, channel, onset tick, offset tick, pitch, velocity.
            A channel is 16 * port + 0-15.
        controls: int64 (n, 5) columns track, channel, tick, number, value; sorted by tick. A number
            is a controller's (0-127), `PITCH_BEND` (value -8192..8191) or `PROGRAM`.
        tempos: (tick, microseconds per quarter); meters: (tick, numerator, denominator);
        keys: (tick, sharps -7..7, minor 0 or 1); texts: (tick, "name" | "marker" | ..., text).
        end_tick: where the longest track ends.
    """

    ticks_per_quarter: int
    notes: np.ndarray
    controls: np.ndarray
    tempos: list[tuple[int, int]] = field(default_factory=list)
    meters: list[tuple[int, int, int]] = field(default_factory=list)
    keys: list[tuple[int, int, int]] = field(default_factory=list)
    texts: list[tuple[int, str, str]] = field(default_factory=list)
    end_tick: int = 0


def parse(data: bytes) -> MidiEvents:
    """Events of a MIDI file.

    Raises:
        ValueError: not MIDI, damaged, cut short, or larger than the caps of this module.
    """
    start = data.find(b"MThd", 0, 128)
    if start < 0 or len(data) < start + 14:
        raise ValueError("it does not begin with a MIDI header")
    kind = int.from_bytes(data[start + 8 : start + 10], "big")
    division = int.from_bytes(data[start + 12 : start + 14], "big")
    if kind > 1:
        raise ValueError(f"MIDI type {kind} is not supported, only 0 and 1")
    if not 0 < division < 0x8000:
        raise ValueError("its clock is not in ticks per quarter note")
    tracks = _Tracks()
    position = start + 8 + int.from_bytes(data[start + 4 : start + 8], "big")
    while position + 8 <= len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "big")
        body, is_track = position + 8, data[position : position + 4] == b"MTrk"
        position = body + length
        if is_track:
            if position > len(data):
                raise ValueError("it is cut short")
            tracks.read(data[body:position])
    return tracks.events(division)


class _Tracks:
    """Collects events track by track."""

    def __init__(self) -> None:
        self.index = 0
        self.end_tick = 0
        self.notes: list[tuple] = []
        self.controls: list[tuple] = []
        self.meta: dict[int, list[tuple[int, bytes]]] = {}

    def read(self, data: bytes) -> None:
        """Reads the body of one track chunk."""
        try:
            last_tick = self._channel_events(data)
        except IndexError:
            raise ValueError("a track ends in the middle of an event") from None
        if last_tick > MAX_TICK or len(self.notes) + len(self.controls) > MAX_EVENTS:
            raise ValueError("it is larger than any song")
        self.index += 1
        self.end_tick = max(self.end_tick, last_tick)

    def _channel_events(self, data: bytes) -> int:
        """The inner loop: half a microsecond per byte matters, so it stays one flat function."""
        i, end, tick, status, port, index = 0, len(data), 0, 0, 0, self.index
        sounding: dict[int, deque[tuple[int, int]]] = {}
        notes, controls = self.notes, self.controls
        while i < end:
            delta = 0
            while (byte := data[i]) & 0x80:
                delta = (delta | byte & 0x7F) << 7
                i += 1
            tick += delta | byte
            i += 1
            if data[i] >= 0xF0:
                i, port = self._other_event(data, i, tick, port)
                continue
            if data[i] & 0x80:
                status = data[i]
                i += 1
            kind, channel, first = status >> 4, port | status & 15, data[i] & 127
            second = 0 if kind in (12, 13) else data[i + 1] & 127
            i += 1 if kind in (12, 13) else 2
            if kind == 9 and second:
                sounding.setdefault(channel << 7 | first, deque()).append((tick, second))
            elif kind in (8, 9):
                if waiting := sounding.get(channel << 7 | first):
                    onset, velocity = waiting.popleft()
                    notes.append((index, channel, onset, tick, first, velocity))
            elif kind == 11:
                controls.append((index, channel, tick, first, second))
            elif kind == 14:
                bend = (first | second << 7) - 8192
                controls.append((index, channel, tick, PITCH_BEND, bend))
            elif kind == 12:
                controls.append((index, channel, tick, PROGRAM, first))
            elif kind == 0:
                raise ValueError("a track begins with data that belongs to no event")
        for key, waiting in sounding.items():
            notes += [(index, key >> 7, onset, tick, key & 127, v) for onset, v in waiting]
        return tick

    def _other_event(self, data: bytes, i: int, tick: int, port: int) -> tuple[int, int]:
        """Skips system exclusive data, keeps meta events; returns the next position and port."""
        status = data[i]
        if status in (0xF1, 0xF3):
            return i + 2, port
        if status == 0xF2:
            return i + 3, port
        if status not in (0xF0, 0xF7, 0xFF):
            return i + 1, port
        i += 1
        kind = data[i] if status == 0xFF else -1
        i += status == 0xFF
        length = 0
        while (byte := data[i]) & 0x80:
            length = (length | byte & 0x7F) << 7
            i += 1
        length |= byte
        if i + 1 + length > len(data):
            raise IndexError
        payload = data[i + 1 : i + 1 + length]
        if kind == 0x21 and length == 1:
            port = payload[0] << 4
        elif kind in _META_BYTES and length >= _META_BYTES[kind]:
            self.meta.setdefault(kind, []).append((tick, payload))
        return i + 1 + length, port

    def events(self, ticks_per_quarter: int) -> MidiEvents:
        """Everything read so far, each list in order of time."""
        controls = np.array(self.controls, np.int64).reshape(-1, 5)
        meta = {kind: sorted(found, key=lambda e: e[0]) for kind, found in self.meta.items()}
        sharps = lambda byte: byte - 256 if byte > 127 else byte
        return MidiEvents(
            ticks_per_quarter=ticks_per_quarter,
            notes=np.array(self.notes, np.int64).reshape(-1, 6),
            controls=controls[np.argsort(controls[:, 2], kind="stable")],
            tempos=[(t, max(int.from_bytes(d[:3], "big"), 1)) for t, d in meta.get(0x51, [])],
            meters=[(t, d[0], 1 << min(d[1], 6)) for t, d in meta.get(0x58, []) if d[0]],
            keys=[(t, sharps(d[0]), d[1]) for t, d in meta.get(0x59, []) if abs(sharps(d[0])) < 8],
            texts=[
                (t, name, d.decode("utf-8", "replace"))
                for kind, name in _TEXT_KINDS.items()
                for t, d in meta.get(kind, [])
            ],
            end_tick=self.end_tick,
        )


def serialise(
    ticks_per_quarter: int, tracks: Sequence[Sequence[tuple[int, bytes]]], *, end_tick: int = 0
) -> bytes:
    """Bytes of a MIDI file of type 1.

    Args:
        ticks_per_quarter: resolution.
        tracks: per track (tick, message) in any order; at one tick the given order is kept.
        end_tick: no track ends before it.
    """
    chunks = [b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), ticks_per_quarter)]
    for track in tracks:
        body, last = bytearray(), 0
        for tick, message in sorted(track, key=lambda event: event[0]):
            body += _variable_length(tick - last) + message
            last = tick
        body += _variable_length(max(end_tick - last, 0)) + meta_event(0x2F, b"")
        chunks.append(b"MTrk" + struct.pack(">I", len(body)) + bytes(body))
    return b"".join(chunks)


def meta_event(kind: int, payload: bytes) -> bytes:
    """A meta event: 0x51 tempo, 0x58 meter, 0x59 key, 3 name, 6 marker ..."""
    return bytes([0xFF, kind]) + _variable_length(len(payload)) + payload


def _variable_length(value: int) -> bytes:
    out = bytearray([value & 0x7F])
    while value := value >> 7:
        out.insert(0, value & 0x7F | 0x80)
    return bytes(out)
