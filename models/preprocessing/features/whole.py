"""Whole songs heard and transcribed in pieces of five minutes, so that memory does not grow.

Nearly every song is one piece. Pieces overlap by 16 s and meet in the middle: beats, chords,
strokes and notes belong to the piece in whose half they begin.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.bars import meter_of
from data.listening import Heard, listen
from data.score import Notes
from utils import SAMPLE_RATE, STEMS

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

PIECE_SECONDS = 300.0
OVERLAP_SECONDS = 16.0
SHORTEST_SECONDS = 1.0


@dataclass(frozen=True)
class Piece:
    """Samples first to last of a song, of which what begins in [start, end) seconds counts."""

    first: int
    last: int
    start: float
    end: float

    @property
    def offset(self) -> float:
        """Seconds before the piece."""
        return self.first / SAMPLE_RATE

    def keeps(self, times: np.ndarray) -> np.ndarray:
        """Which times of the song count here, bool."""
        return (times >= self.start) & (times < self.end)


@dataclass(frozen=True)
class HeardSong:
    """What is heard in a song of any length.

    Attributes:
        beats: (n,) seconds, from at or before 0 to at or after the end. in_bar, chords: theirs.
        meter: beats per bar. key: 0-23. All None or empty where there is none.
        strokes: seconds, by stem or "mix". plays: (s,), 1 sounds, 0 silent, -1 unknown.
    """

    beats: np.ndarray
    in_bar: np.ndarray
    chords: tuple[str, ...]
    meter: int | None
    key: int | None
    strokes: dict[str, np.ndarray]
    plays: np.ndarray


def pieces_of(num_samples: int) -> list[Piece]:
    """The pieces of a song; the first begins before all time, the last never ends."""
    overlap = round(OVERLAP_SECONDS * SAMPLE_RATE)
    step = round(PIECE_SECONDS * SAMPLE_RATE)
    count = max(-(-(num_samples - overlap) // step), 1)
    edges = [round(i * num_samples / count) for i in range(count + 1)]
    pieces = []
    for i, (first, last) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        start = -np.inf if i == 0 else first / SAMPLE_RATE
        end = np.inf if i == count - 1 else last / SAMPLE_RATE
        reach = overlap // 2
        piece = Piece(max(first - reach, 0), min(last + reach, num_samples), start, end)
        pieces.append(piece)
    return pieces


def hear(audio: np.ndarray, present: np.ndarray | None = None) -> HeardSong:
    """What `data.listening` hears in stems (s, t) or a mix (t,) at 22,050 Hz, of any length."""
    pieces = pieces_of(audio.shape[-1])
    heard = [listen(audio[..., piece.first : piece.last], present) for piece in pieces]
    beats, in_bar, chords = _joined_beats(pieces, heard)
    names = heard[0].strokes.keys() | {n for h in heard for n in h.strokes}
    strokes = {
        name: np.concatenate(
            [_kept(p, h.strokes.get(name, np.zeros(0))) for p, h in zip(pieces, heard, strict=True)]
        )
        for name in sorted(names)
    }
    meter = meter_of(in_bar)
    keys = Counter(h.key for h in heard if h.key is not None)
    return HeardSong(
        beats,
        in_bar,
        chords,
        meter=meter if meter > 0 else None,
        key=keys.most_common(1)[0][0] if keys else None,
        strokes=strokes,
        plays=np.max([h.plays for h in heard], 0),
    )


def _kept(piece: Piece, times: np.ndarray) -> np.ndarray:
    """Times in a piece as times in the song, those that count."""
    times = times + piece.offset
    return times[piece.keeps(times)]


def _joined_beats(
    pieces: list[Piece], heard: list[Heard]
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Beats of all pieces in a row, their places in the bar and their chords.

    Where two pieces meet, a beat that comes too early after the last one is the same beat.
    """
    beats, in_bar, chords = [], [], []
    for piece, part in zip(pieces, heard, strict=True):
        usual = float(np.median(np.diff(part.beat_times))) if len(part.beat_times) > 1 else 0.0
        times = part.beat_times + piece.offset
        for i in np.flatnonzero(piece.keeps(times)):
            if beats and times[i] - beats[-1] < 0.5 * usual:
                continue
            beats.append(float(times[i]))
            in_bar.append(int(part.beat_in_bar[i]))
            chords.append(part.chords[i])
    return np.array(beats), np.array(in_bar, np.int64), tuple(chords)


def transcribed(model: HarmonicFlow, stems: np.ndarray) -> dict[str, Notes]:
    """Notes of stems (s, t) at 22,050 Hz, of any length, as the model hears them."""
    import torch

    found: dict[str, list[Notes]] = {stem: [] for stem in STEMS}
    for piece in pieces_of(stems.shape[1]):
        part = stems[:, piece.first : piece.last]
        missing = max(round(SHORTEST_SECONDS * SAMPLE_RATE) - part.shape[1], 0)
        part = torch.from_numpy(np.pad(part, ((0, 0), (0, missing)))).float()
        heard = model.transcribe(part[None]).scores[0].notes
        for stem in STEMS:
            found[stem].append(_moved(heard[stem], piece))
    duration = stems.shape[1] / SAMPLE_RATE
    return {stem: _together(parts).excerpt(0.0, duration) for stem, parts in found.items()}


def _moved(notes: Notes, piece: Piece) -> Notes:
    """Notes in a piece as notes in the song, those that count."""
    onset = notes.onset + piece.offset
    moved = Notes(onset, notes.offset + piece.offset, notes.pitch, notes.velocity)
    return moved.where(piece.keeps(onset))


def _together(parts: list[Notes]) -> Notes:
    rows = [(p.onset, p.offset, p.pitch, p.velocity) for p in parts]
    return Notes.of(*(np.concatenate(column) for column in zip(*rows, strict=True)))
