"""The lead sheet: beats, bars, chords, key and who plays how densely; the plan that all stems read.

A sheet comes from a score (`from_score`), from what a user asks for (`parse`, `from_json`) or from
the planner; any part may be unknown. `sheet_features` turns it into one row per latent frame.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from data.bars import bar_densities, bar_lengths
from data.chords import (
    KEYS,
    parse_chord,
    parse_key,
    parse_progression,
)
from data.harmony import harmony_of
from data.score import Score
from data.sheet_features import BPM_RANGE, NUM_SHEET_COLUMNS, SHEET_COLUMNS, sheet_features
from utils import NUM_STEMS, STEMS, UserError, did_you_mean, write_atomically

__all__ = (
    "BPM_RANGE",
    "NUM_SHEET_COLUMNS",
    "SHEET_COLUMNS",
    "LeadSheet",
    "sheet_features",
)

_JSON_KEYS = ("duration", "key", "beats", "bpm", "chords", "beats_per_bar", "stems")


@dataclass(frozen=True)
class LeadSheet:
    """The plan of a piece or of a part of it; n beats.

    Attributes:
        beat_times: float64 (n,) seconds, strictly increasing; all nan when the sheet says what
            happens in each bar but not when (chords given without a tempo).
        beat_in_bar: int (n,) position in the bar, 0 on the downbeat.
        chords: name per beat from `data.chords.CHORDS`, None where unknown.
        key: a name from `data.chords.KEYS`, None when unknown.
        density: float64 (n, s) strokes per beat, averaged over the beat's bar; 0 is silent, nan
            unknown.
        duration: seconds.
    """

    beat_times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    beat_in_bar: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    chords: tuple[str | None, ...] = ()
    key: str | None = None
    density: np.ndarray = field(default_factory=lambda: np.zeros((0, NUM_STEMS)))
    duration: float = 0.0

    def __len__(self) -> int:
        return len(self.beat_times)

    @property
    def timed(self) -> bool:
        """Whether it is known when the beats fall."""
        return len(self) > 0 and bool(np.isfinite(self.beat_times).all())

    @property
    def bpm(self) -> float | None:
        """Tempo of the median beat; None when unknown."""
        if not self.timed or len(self) < 2:
            return None
        return float(60.0 / np.median(np.diff(self.beat_times)))

    @property
    def key_index(self) -> int | None:
        return None if self.key is None else KEYS.index(self.key)

    @property
    def beats_per_bar(self) -> int:
        """Length of the longest bar in beats, 4 when there is no whole bar to see."""
        return int(bar_lengths(self.beat_in_bar).max(initial=1)) if len(self) else 4

    def bars(self) -> list[slice]:
        """The beats of every bar; a bar cut off at the beginning counts as a bar."""
        starts = [i for i in range(len(self)) if i == 0 or self.beat_in_bar[i] == 0]
        return [slice(a, b) for a, b in zip(starts, [*starts[1:], len(self)], strict=True)]

    def chart(self) -> str:
        """The chords as a musician writes them, one where it changes: "| Am | F C | G |"."""
        cells = []
        for bar in self.bars():
            names = ["?" if c is None else c for c in self.chords[bar]]
            changes = [c for i, c in enumerate(names) if i == 0 or c != names[i - 1]]
            cells.append(" ".join(changes))
        return f"| {' | '.join(cells)} |" if cells else "| |"

    @classmethod
    def from_score(cls, score: Score) -> LeadSheet:
        """The sheet heard from a score's notes and beats; a key that the score has is believed."""
        chords, key = harmony_of(score, score.key)
        times = score.beat_times
        inside = np.ones(len(times), bool)
        if len(times) > 1:
            inside = (times < score.duration) & (np.append(times[1:], np.inf) > 0)
        return cls(
            beat_times=times,
            beat_in_bar=score.beat_in_bar,
            chords=tuple(c if i else None for c, i in zip(chords, inside, strict=True)),
            key=None if key is None else KEYS[key],
            density=bar_densities(score),
            duration=score.duration,
        )

    @classmethod
    def parse(
        cls,
        *,
        bpm: float | None = None,
        key: str | int | None = None,
        chords: str | None = None,
        duration: float = 11.9,
        beats_per_bar: int = 4,
        stems: tuple[str, ...] | None = None,
    ) -> LeadSheet:
        """The sheet that a user asks for; what is not given stays unknown.

        Args:
            bpm: beats per minute; without it beats have no times until `merged` with a sheet that
                has them.
            key: "A minor", "F#", ...
            chords: one chord per bar ("Am F C G"), or bars between "|" ("Am | F C | G"); "%"
                repeats the last bar. The progression is repeated to the end.
            duration: seconds.
            beats_per_bar: 1-12.
            stems: the stems that play; the others are silent. None leaves it open.

        Raises:
            UserError: a value that cannot be read or is out of range.
        """
        _check_range("duration", duration, 0.0, 3_600.0)
        if beats_per_bar not in range(1, 13):
            raise UserError(f"beats_per_bar is {beats_per_bar!r}; it must be a whole number, 1-12")
        if bpm is not None:
            _check_range("bpm", bpm, *BPM_RANGE)
        bars = parse_progression(chords, beats_per_bar) if chords is not None else None
        if bpm is not None:
            num_beats = math.ceil(duration * bpm / 60.0 - 1e-9) + 1
        else:
            num_beats = len(bars) * beats_per_bar if bars else beats_per_bar
        beats = np.arange(num_beats)
        names = [c for bar in bars for c in bar] if bars else [None]
        return cls(
            beat_times=beats * 60.0 / bpm if bpm is not None else np.full(num_beats, np.nan),
            beat_in_bar=beats % beats_per_bar,
            chords=tuple(names[i % len(names)] for i in beats),
            key=None if key is None else KEYS[parse_key(key)],
            density=np.tile(_asked_density(stems), (num_beats, 1)),
            duration=float(duration),
        )

    def merged(self, other: LeadSheet) -> LeadSheet:
        """This sheet with its unknown parts taken from `other` (the planned one).

        Beats come from this sheet when it knows their times, otherwise from `other`; what the
        other says is laid over them bar by bar, repeated when it has fewer bars.
        """
        if not len(self) or (not self.timed and other.timed):
            frame = other
        else:
            frame = self
        mine, theirs = _laid_over(self, frame), _laid_over(other, frame)
        own, planned = mine.density, theirs.density
        return LeadSheet(
            beat_times=frame.beat_times,
            beat_in_bar=frame.beat_in_bar,
            chords=tuple(
                a if a is not None else b for a, b in zip(mine.chords, theirs.chords, strict=True)
            ),
            key=self.key if self.key is not None else other.key,
            density=np.where(np.isnan(own), planned, own),
            duration=frame.duration or self.duration or other.duration,
        )

    def excerpt(self, start: float, end: float) -> LeadSheet:
        """The part in [start, end) seconds, from `start` on; keeps a beat before and after."""
        if not self.timed:
            return replace(self, duration=end - start)
        first = max(int(np.searchsorted(self.beat_times, start, side="right")) - 1, 0)
        last = int(np.searchsorted(self.beat_times, end, side="left")) + 1
        return LeadSheet(
            beat_times=self.beat_times[first:last] - start,
            beat_in_bar=self.beat_in_bar[first:last],
            chords=self.chords[first:last],
            key=self.key,
            density=self.density[first:last],
            duration=end - start,
        )

    def to_dict(self) -> dict:
        """Plain JSON values; unknown is null."""
        plain = lambda rows: [
            [None if np.isnan(v) else round(float(v), 4) for v in r] for r in rows
        ]
        return {
            "duration": self.duration,
            "key": self.key,
            "beats": {
                "time": [None if np.isnan(t) else float(t) for t in self.beat_times],
                "in_bar": [int(b) for b in self.beat_in_bar],
                "chord": list(self.chords),
                "density": dict(zip(STEMS, plain(self.density.T), strict=True)),
            },
        }

    @classmethod
    def from_dict(cls, values: dict) -> LeadSheet:
        """Reads `to_dict`'s form, or a short one with the arguments of `parse`.

        Raises:
            UserError: unknown names, wrong types, unequal lengths, times that do not increase.
        """
        if not isinstance(values, dict):
            raise UserError("a lead sheet is a JSON object, e.g. {'bpm': 92, 'chords': 'Am F C G'}")
        for name in values:
            if name not in _JSON_KEYS:
                raise UserError(f"a lead sheet has no '{name}': {did_you_mean(name, _JSON_KEYS)}")
        try:
            return _from_beats(values) if "beats" in values else cls.parse(**values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"it cannot be read ({error}): expected 'beats' with lists 'time', 'in_bar' and "
                "'chord' of one length, and 'density' with a list per stem; or bpm, chords, key"
            ) from error

    def to_json(self, path: str | Path) -> None:
        """Writes the sheet as JSON that a person can edit."""
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(self.to_dict(), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | Path) -> LeadSheet:
        """Reads a sheet file.

        Raises:
            UserError: no such file, not JSON, or not a lead sheet; the message names the file.
        """
        if not Path(path).is_file():
            raise UserError(f"no lead sheet at {path}: check the path")
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, UserError) as error:
            raise UserError(
                f"cannot read the lead sheet {path}: {error}; expected JSON such as the "
                "lead_sheet.json of a song folder"
            ) from error


def _check_range(name: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high or value <= 0:
        raise UserError(f"{name} is {value!r}; it must lie between {low:g} and {high:g}")


def _asked_density(stems: tuple[str, ...] | None) -> list[float]:
    """Per stem: nan (plays, or open) or 0 (silent)."""
    for stem in stems or ():
        if stem not in STEMS:
            raise UserError(f"there is no stem '{stem}': {did_you_mean(stem, STEMS)}")
    return [math.nan if stems is None or s in stems else 0.0 for s in STEMS]


def _from_beats(values: dict) -> LeadSheet:
    beats = values["beats"]
    unknown = lambda v: math.nan if v is None else float(v)
    times = np.array([unknown(t) for t in beats["time"]], float)
    density = beats.get("density") or {}
    columns = [density.get(s) or [None] * len(times) for s in STEMS]
    rows = np.array([[unknown(v) for v in column] for column in columns], float).T
    chords = tuple(None if c is None else parse_chord(c) for c in beats["chord"])
    in_bar = np.array(beats["in_bar"], np.int64)
    if not len(times) == len(in_bar) == len(chords) == len(rows) or in_bar.min(initial=0) < 0:
        raise ValueError("the lists have different lengths or negative positions")
    if np.isnan(times).sum() not in (0, len(times)) or (np.diff(times) <= 0).any():
        raise ValueError("the times do not increase")
    duration = float(values["duration"])
    if np.isinf([*times, *rows.flat, duration]).any() or (rows < 0).any() or not duration >= 0:
        raise ValueError("a time or a density is out of range")
    key = values.get("key")
    key = None if key is None else KEYS[parse_key(key)]
    return LeadSheet(times, in_bar, chords, key, rows, duration)


def _laid_over(sheet: LeadSheet, frame: LeadSheet) -> LeadSheet:
    """The sheet's chords and densities on the beats of `frame`, bar by bar."""
    if sheet is frame or not len(sheet):
        empty = np.full((len(frame), NUM_STEMS), math.nan)
        return frame if sheet is frame else LeadSheet(chords=(None,) * len(frame), density=empty)
    bars = sheet.bars()
    index = np.zeros(len(frame), int)
    for number, bar in enumerate(frame.bars()):
        source = bars[number % len(bars)]
        beats = np.arange(bar.stop - bar.start)
        index[bar] = np.minimum(source.start + beats, source.stop - 1)
    return LeadSheet(chords=tuple(sheet.chords[i] for i in index), density=sheet.density[index])
