"""What is found in a recording, as one record that is read by name and kept as JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.score import Notes
from utils import STEMS, UserError, write_atomically


@dataclass(frozen=True)
class Span:
    """A stretch of time in seconds."""

    start: float
    end: float


@dataclass(frozen=True)
class Chord:
    """A chord, a name of `data.chords.CHORDS` ("N" for none), and when it sounds, in seconds."""

    start: float
    end: float
    name: str


@dataclass(frozen=True)
class Features:
    """What is found in a recording. Unknown is None; times are seconds, to the millisecond.

    Attributes:
        name: of the song; duration: seconds. kind: "mix" or "stems".
        tempo: beats per minute, the median; meter: beats per bar, 3 or 4.
        beats: (n,) seconds; beat_in_bar: (n,) place in the bar, 0 on the downbeat.
        key: such as "A minor", a name of `data.chords.KEYS`.
        chords: from the first beat to the last, without gaps.
        loudness: LUFS, integrated (ITU-R BS.1770-4); loudness_range: LU (EBU Tech 3342), of songs
            of 3 s or more; loudness_curve: (n,) LUFS of the 3 s around every second, -70 and
            below as -70.
        brightness: spectral centroid in octaves over 1 kHz.
        onsets: seconds of the strokes of each stem that is given, or of all under "mix".
        activity: per stem the spans in which it sounds; None where the stem is not given alone.
        notes: per stem what it plays; None where the stem is not given or nobody transcribed it.
    """

    name: str
    duration: float
    kind: str
    tempo: float | None
    meter: int | None
    beats: np.ndarray
    beat_in_bar: np.ndarray
    key: str | None
    chords: tuple[Chord, ...]
    loudness: float | None
    loudness_range: float | None
    loudness_curve: np.ndarray = field(repr=False)
    brightness: float | None
    onsets: dict[str, np.ndarray] = field(repr=False)
    activity: dict[str, tuple[Span, ...] | None] = field(repr=False)
    notes: dict[str, Notes | None] = field(repr=False)

    @property
    def downbeats(self) -> np.ndarray:
        """Seconds (n,) at which bars begin."""
        return self.beats[self.beat_in_bar == 0]

    @property
    def onset_density(self) -> dict[str, float]:
        """Strokes per second of each stem that is given, or of all under "mix"."""
        return {name: len(times) / self.duration for name, times in self.onsets.items()}

    def share_active(self, stem: str) -> float | None:
        """Share of the time in which a stem sounds, 0 to 1; None where it is not known."""
        spans = self.activity[stem]
        if spans is None:
            return None
        return sum(span.end - span.start for span in spans) / self.duration

    def to_dict(self) -> dict[str, Any]:
        """Plain values; `from_dict` reads them back."""
        plain = {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}
        density = {name: round(value, 3) for name, value in self.onset_density.items()}
        return {**plain, "onset_density": density}

    @staticmethod
    def from_dict(values: dict[str, Any]) -> Features:
        """The record that `to_dict` described."""
        read = {name: values[name] for name in Features.__dataclass_fields__}
        return Features(
            **{
                **read,
                "beats": np.array(read["beats"], np.float64),
                "beat_in_bar": np.array(read["beat_in_bar"], np.int64),
                "chords": tuple(Chord(*row) for row in read["chords"]),
                "loudness_curve": np.array(read["loudness_curve"], np.float64),
                "onsets": {k: np.array(v, np.float64) for k, v in read["onsets"].items()},
                "activity": {k: _spans(v) for k, v in read["activity"].items()},
                "notes": {k: _notes(v) for k, v in read["notes"].items()},
            }
        )

    def to_json(self, path: str | Path) -> None:
        """Writes the record; rows are [start, end, name], [start, end] and [onset, offset, pitch,
        velocity].
        """
        lines = [f"{json.dumps(name)}: {json.dumps(v)}" for name, v in self.to_dict().items()]
        with write_atomically(path) as partial:
            partial.write_text("{\n  " + ",\n  ".join(lines) + "\n}\n")

    @staticmethod
    def from_json(path: str | Path) -> Features:
        """Reads a record.

        Raises:
            UserError: not a file that `to_json` wrote.
        """
        try:
            return Features.from_dict(json.loads(Path(path).read_text()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"cannot read features from '{path}' ({type(error).__name__}: {error}): expected "
                "a features.json of python -m models.preprocessing.features"
            ) from None

    def described(self) -> str:
        """The record in a few lines of text."""
        beat = "no beat"
        if self.tempo is not None:
            beat = f"{self.tempo:.1f} bpm, {self.meter} beats a bar, {len(self.downbeats)} bars"
        lines = [f"{self.name}: {self.duration:.1f} s, {beat}, {self.key or 'no key'}"]
        if self.loudness is not None:
            spread = "" if self.loudness_range is None else f", range {self.loudness_range:.1f} LU"
            lines.append(
                f"  {self.loudness:.1f} LUFS{spread}, brightness {self.brightness:+.2f} octaves"
            )
        lines += [f"  {line}" for line in self._players()]
        names = " ".join(chord.name for chord in self.chords[:16])
        more = " ..." if len(self.chords) > 16 else ""
        return "\n".join([*lines, f"  chords: {names or 'none'}{more}"])

    def _players(self) -> list[str]:
        """A line for the mix, or for each stem that is given."""
        lines = []
        for name, density in self.onset_density.items():
            line = f"{name:7}{density:5.1f} strokes/s"
            if name in STEMS:
                line += f", sounds {100 * self.share_active(name):3.0f} % of the time"
                if self.notes[name] is not None:
                    line += f", {len(self.notes[name])} notes"
            lines.append(line)
        return lines


def _plain(value: Any) -> Any:
    """A value of the record in JSON's own types."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Notes):
        columns = (value.onset, value.offset, value.pitch, value.velocity)
        return [list(row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    if isinstance(value, tuple):
        return [list(vars(part).values()) for part in value]
    return value


def _spans(rows: list[list[float]] | None) -> tuple[Span, ...] | None:
    return None if rows is None else tuple(Span(*row) for row in rows)


def _notes(rows: list[list[float]] | None) -> Notes | None:
    if rows is None:
        return None
    return Notes.of(*zip(*rows, strict=True)) if rows else Notes.empty()
