"""What a user fixes of a song's plan: a lead sheet with gaps, as bins that the planner must write.

A given sheet may know when its beats fall or only what happens in each bar, and it may begin in the
middle of a bar and end early. `Given` lays it out on whole bars that cover the song.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from data.bars import bar_lengths
from data.brief import UNKNOWN, Brief, header_steps
from data.chords import chord_matrices
from data.harmony import estimate_key
from data.lead_sheet import BPM_RANGE, LeadSheet
from data.plan_tokens import Bins, Cursor, Kind, beats_of, bins_of
from utils import NUM_STEMS


@dataclass(frozen=True)
class Given:
    """The fixed part of one song's plan.

    Attributes:
        sheet: what was given, from a downbeat at or before time 0 to the end when it is timed.
        bins: the same as bins, -1 where the planner is free; untimed bars are repeated to the end.
        duration: seconds.
        said: the facts of the song that were said, exactly.
    """

    sheet: LeadSheet
    bins: Bins
    duration: float
    said: Brief

    @classmethod
    def of(
        cls, sheet: LeadSheet | None, duration: float, labels: Mapping[str, Any] | None = None
    ) -> Given:
        """The fixed part of what a sheet and labels say; None leaves everything to the planner.

        Of both the sheet's tempo and key hold, but a stem that labels let rest (`plays` 0) rests.
        A stem plays where the sheet or an asked density says so. A key comes from the chords when
        nobody said one.
        """
        labels, sheet = dict(labels or {}), sheet or LeadSheet()
        if "plays" in labels:
            sheet = replace(sheet, density=np.where(labels["plays"] == 0, 0.0, sheet.density))
        if sheet.bpm is None:
            sheet = _untimed(sheet)
            bins = _repeated(bins_of(sheet), round(duration * BPM_RANGE[1] / 60.0) + 1)
        else:
            sheet = covering(sheet, duration)
            bins = bins_of(sheet)
        said = header_steps({**labels, "plays": _plays(bins, labels)})
        facts = np.where(bins.facts >= 0, bins.facts, said)
        if facts[Kind.KEY] == UNKNOWN:
            facts[Kind.KEY] = _key_of_chords(bins.chords)
        return cls(sheet, replace(bins, facts=facts), duration, Brief.of(labels))

    def num_beats(self, bpm: float) -> int:
        """Beats from the plan's first downbeat to the first at or after the end of the song."""
        if self.sheet.timed:
            return 1 + int(np.searchsorted(self.sheet.beat_times, self.duration - 1e-6))
        return 1 + int(np.ceil(self.duration * bpm / 60.0 - 1e-6))

    def value(self, cursor: Cursor) -> int:
        """What is fixed at a place of the plan, -1 where the planner is free."""
        value = self.bins.value(cursor)
        if value == UNKNOWN and cursor.kind == Kind.METER and self.said.meter:
            return self.said.meter - 1
        return value

    def completed(self, planned: LeadSheet) -> LeadSheet:
        """What was given, exactly as it was given, with its gaps taken from the plan."""
        if not self.sheet.timed:
            whole = self.sheet.merged(planned)
        else:
            beats = slice(min(len(self.sheet), len(planned)))
            given, planned = beats_of(self.sheet, beats), beats_of(planned, beats)
            chords = [a or b for a, b in zip(given.chords, planned.chords, strict=True)]
            density = np.where(np.isnan(given.density), planned.density, given.density)
            key = given.key or planned.key
            whole = replace(given, chords=tuple(chords), density=density, key=key)
        return whole.excerpt(0.0, self.duration)


def _plays(bins: Bins, labels: Mapping[str, Any]) -> np.ndarray:
    """Which stems play (1) or rest (0), -1 open: as said, as densely as asked, as the bars tell."""
    unsaid = np.full(NUM_STEMS, UNKNOWN)
    plays = np.asarray(labels.get("plays", unsaid))
    asked = np.asarray(labels.get("density", np.full(NUM_STEMS, np.nan)))
    levels = bins.levels.reshape(-1, NUM_STEMS)
    told = np.where((levels > 0).any(0), 1, unsaid)
    told = np.where(len(levels) and (levels == 0).all(0), 0, told)
    told = np.where(np.isnan(asked), told, asked > 0)
    return np.where(plays >= 0, plays, told)


def _untimed(sheet: LeadSheet) -> LeadSheet:
    """What a sheet without a tempo says of whole bars: its beats from the first downbeat on."""
    first = next((i for i, position in enumerate(sheet.beat_in_bar) if position == 0), len(sheet))
    kept = beats_of(sheet, slice(first, None))
    return replace(kept, beat_times=np.full(len(kept), np.nan), duration=0.0)


def covering(sheet: LeadSheet, duration: float) -> LeadSheet:
    """A timed sheet with unknown beats added from a downbeat at or before 0 to at least `duration`.

    Beats go on as fast as the median beat; bars before the first are as long as the first, and bars
    after the last as long as the last.
    """
    period = 60.0 / sheet.bpm
    lengths = bar_lengths(sheet.beat_in_bar)
    before = int(sheet.beat_in_bar[0])
    downbeat = sheet.beat_times[0] - before * period
    before += int(lengths[0] * max(np.ceil(downbeat / (lengths[0] * period) - 1e-6), 0))
    after = max(int(np.ceil((duration - sheet.beat_times[-1]) / period - 1e-6)), 0)
    times = [
        sheet.beat_times[0] - period * np.arange(before, 0, -1),
        sheet.beat_times,
        sheet.beat_times[-1] + period * np.arange(1, after + 1),
    ]
    positions = [
        np.arange(sheet.beat_in_bar[0] - before, sheet.beat_in_bar[0]) % lengths[0],
        sheet.beat_in_bar,
        (sheet.beat_in_bar[-1] + np.arange(1, after + 1)) % lengths[-1],
    ]
    unknown = lambda n: np.full((n, NUM_STEMS), np.nan)
    return LeadSheet(
        beat_times=np.concatenate(times),
        beat_in_bar=np.concatenate(positions),
        chords=(None,) * before + sheet.chords + (None,) * after,
        key=sheet.key,
        density=np.concatenate([unknown(before), sheet.density, unknown(after)]),
        duration=duration,
    )


def _repeated(bins: Bins, num_beats: int) -> Bins:
    """Whole bars over and over until there are at least so many beats."""
    length = int((bins.meters + 1).sum())
    if not length:
        return bins
    times = -(-num_beats // length)
    chords = np.append(bins.chords, [UNKNOWN] * (length - len(bins.chords))).astype(np.int64)
    return replace(
        bins,
        meters=np.tile(bins.meters, times),
        chords=np.tile(chords, times),
        levels=np.tile(bins.levels, (times, 1)),
    )


def _key_of_chords(chords: np.ndarray) -> int:
    """The key that given chords imply, -1 without chords."""
    known = chords[chords > 0]
    if not len(known):
        return UNKNOWN
    key = estimate_key(chord_matrices()[1][known].sum(0), known)
    return UNKNOWN if key is None else key
