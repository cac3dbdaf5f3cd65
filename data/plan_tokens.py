"""A song's brief and lead sheet as a short sequence of tokens, which is what the planner reads and
writes.

A plan is `START`, one token per fact of the brief (`data.brief.FACTS`: style, genre, emotion,
valence, arousal, tempo, key, ...), and then, bar by bar, `meter chord ... chord bass drums guitar
piano`: the number of beats, one chord per beat, one density level per stem. The meter says how many
chords follow, so the kind of every token is known from those before it (`Cursor`). A plan starts on
a downbeat and holds whole bars; facts and densities are rounded to steps, the rest is exact. What
is unknown has a token too; where most songs are undecided (`UNDECIDED`), it is chosen like any
other. Plain numpy: data loaders make plans without torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np

from data.bars import meter_of
from data.brief import FACTS, UNKNOWN, Brief, header_steps
from data.chords import CHORD_INDEX, CHORDS, KEYS
from data.lead_sheet import LeadSheet
from utils import NUM_STEMS

NUM_FACTS = len(FACTS)
HEADER_TOKENS = 1 + NUM_FACTS  # with the start
PLAN_TOKENS = HEADER_TOKENS + 253
PAD, START = 0, 1
MAX_METER = 12
LEVELS = np.concatenate([[0.0], 0.125 * 2.0 ** (np.arange(18) / 3)])  # strokes per beat, up to 6.35


class Kind(IntEnum):
    """What a token is about, in the order in which they come: `FACTS`, then what a bar holds;
    stems in the order of `STEMS`.
    """

    STYLE = 0
    GENRE = 1
    EMOTION = 2
    VALENCE = 3
    AROUSAL = 4
    TEMPO = 5
    KEY = 6
    SWING = 7
    DYNAMICS = 8
    REGISTER = 9
    LOUDNESS = 10
    BRIGHTNESS = 11
    BASS_PROGRAM = 12
    GUITAR_PROGRAM = 13
    PIANO_PROGRAM = 14
    BASS_PLAYS = 15
    DRUMS_PLAYS = 16
    GUITAR_PLAYS = 17
    PIANO_PLAYS = 18
    METER = 19
    CHORD = 20
    BASS = 21
    DRUMS = 22
    GUITAR = 23
    PIANO = 24


UNDECIDED = frozenset({Kind.STYLE})  # to be of no clear style says something about a song
SIZES = np.array(
    [len(fact.values) for fact in FACTS] + [MAX_METER, len(CHORDS)] + [len(LEVELS)] * NUM_STEMS
)
FIRST = START + 1 + np.concatenate([[0], np.cumsum(SIZES + 1)[:-1]])
NUM_TOKENS = int(FIRST[-1] + SIZES[-1] + 1)


@dataclass(frozen=True)
class Bins:
    """A plan rounded to what tokens can say; -1 is unknown.

    facts: (NUM_FACTS,) a step of each of `FACTS`; meters: (bars,) beats per bar minus 1;
    chords: (beats,) index of `CHORDS`; levels: (bars, s) index of `LEVELS`.
    """

    facts: np.ndarray
    meters: np.ndarray
    chords: np.ndarray
    levels: np.ndarray

    def value(self, cursor: Cursor) -> int:
        """What the sheet says at a cursor; -1 when unknown or beyond its end."""
        if cursor.kind < NUM_FACTS:
            return int(self.facts[cursor.kind])
        if cursor.kind == Kind.CHORD:
            beat = cursor.first_beat + cursor.beat
            return int(self.chords[beat]) if beat < len(self.chords) else UNKNOWN
        if cursor.bar >= len(self.meters):
            return UNKNOWN
        if cursor.kind == Kind.METER:
            return int(self.meters[cursor.bar])
        return int(self.levels[cursor.bar, cursor.kind - Kind.BASS])


@dataclass
class Cursor:
    """Where in a plan the next token goes.

    kind: what that token is about; bar, first_beat: the current bar and the beats before it;
    beat: its position in the bar; meter: beats of the bar.
    """

    kind: Kind = Kind.STYLE
    bar: int = 0
    first_beat: int = 0
    beat: int = 0
    meter: int = 0

    def advance(self, value: int) -> None:
        """Moves past a token of the given value."""
        if self.kind == Kind.METER:
            self.meter, self.beat = value + 1, 0
        if self.kind == Kind.CHORD and self.beat + 1 < self.meter:
            self.beat += 1
        elif self.kind == Kind.PIANO:
            self.bar, self.first_beat, self.kind = (
                self.bar + 1,
                self.first_beat + self.meter,
                Kind.METER,
            )
        else:
            self.kind = Kind(self.kind + 1)


def token_of(kind: Kind, value: int) -> int:
    """The token of a value (-1: unknown) of a kind."""
    return int(FIRST[kind]) + 1 + value


def value_of(kind: Kind, token: int) -> int:
    """The value of a token; `token_of` undone."""
    return int(token) - int(FIRST[kind]) - 1


def kinds_of(tokens: np.ndarray) -> np.ndarray:
    """Kind of every token, of any shape; -1 for padding and start."""
    return np.searchsorted(FIRST, tokens, side="right") - 1


def level_of(density: np.ndarray) -> np.ndarray:
    """Nearest level (by ratio) of onsets per beat: silence is 0 and only 0, nan is -1."""
    known = np.nan_to_num(np.asarray(density, np.float64), nan=0.0)
    ratios = np.abs(np.log2(np.maximum(known, 1e-6)[..., None] / LEVELS[1:]))
    level = np.where(known > 0, 1 + ratios.argmin(-1), 0)
    return np.where(np.isnan(density), UNKNOWN, level)


def bar_starts(beat_in_bar: np.ndarray) -> np.ndarray:
    """Index of the beats that open a bar; a bar of more than 12 beats counts as several."""
    starts: list[int] = []
    for beat, position in enumerate(beat_in_bar):
        if position == 0 or (starts and beat - starts[-1] == MAX_METER):
            starts.append(beat)
    return np.array(starts, np.int64)


def bins_of(sheet: LeadSheet) -> Bins:
    """A sheet's bins from its first downbeat on.

    A last bar with fewer beats than the one before is complete where the sheet ends with it; else
    it is cut and counts as long as the one before.
    """
    starts = bar_starts(sheet.beat_in_bar)
    meters = np.diff(np.append(starts, len(sheet)))
    if len(meters) > 1 and not _ends_with_last_beat(sheet):
        meters[-1] = max(meters[-1], meters[-2])
    first = starts[0] if len(starts) else len(sheet)
    bars = [sheet.density[a : a + n] for a, n in zip(starts, meters, strict=True)]
    return Bins(
        facts=header_steps({"tempo": sheet.bpm, "key": sheet.key_index}),
        meters=meters - 1,
        chords=np.array([CHORD_INDEX.get(c, UNKNOWN) for c in sheet.chords[first:]], np.int64),
        levels=np.array([level_of(_bar_density(bar)) for bar in bars], int).reshape(-1, NUM_STEMS),
    )


def _ends_with_last_beat(sheet: LeadSheet) -> bool:
    """Whether nothing of a sheet comes after its last beat; so it is without times."""
    if sheet.bpm is None:
        return True
    period = 60.0 / sheet.bpm
    return abs(sheet.beat_times[-1] + period - sheet.duration) < 0.25 * period


def complete_bars(sheet: LeadSheet) -> LeadSheet:
    """The bars of a timed sheet that lie in [0, duration], give or take a quarter of a beat.

    Of the other bars of an excerpt only a part is known. The result ends with its last bar.
    """
    starts = bar_starts(sheet.beat_in_bar)
    period = 60.0 / sheet.bpm
    edges = np.append(sheet.beat_times, sheet.beat_times[-1] + period)
    ends = np.append(starts[1:], len(sheet))
    inside = (edges[starts] > -0.25 * period) & (edges[ends] < sheet.duration + 0.25 * period)
    kept = np.flatnonzero(inside)
    if not len(kept):
        return beats_of(sheet, slice(0, 0))
    last = ends[kept[-1]]
    return replace(beats_of(sheet, slice(starts[kept[0]], last)), duration=float(edges[last]))


def beats_of(sheet: LeadSheet, beats: slice) -> LeadSheet:
    """A sheet with only some of its beats, at the same times."""
    return replace(
        sheet,
        beat_times=sheet.beat_times[beats],
        beat_in_bar=sheet.beat_in_bar[beats],
        chords=sheet.chords[beats],
        density=sheet.density[beats],
    )


def _bar_density(density: np.ndarray) -> np.ndarray:
    """Mean over a bar's known beats (beats, s) -> (s,); nan where none is known."""
    known = ~np.isnan(density)
    total = np.where(known, density, 0.0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def encode_sheet(
    sheet: LeadSheet | None,
    labels: Mapping[str, Any] | None = None,
    length: int = PLAN_TOKENS,
) -> np.ndarray:
    """A plan's tokens, int64 (length,), padded; as many of the sheet's complete bars as fit.

    Args:
        sheet: gives the bars, the tempo (of the whole sheet) and the key.
        labels: gives the other facts, as from `data.labels.labels_of`; tempo and key too where the
            sheet does not know them.
        length: at least `HEADER_TOKENS`.

    Returns:
        the header alone when the sheet has no tempo or not one complete bar but a label is known;
        all padding when nothing is.
    """
    tokens = np.full(length, PAD, np.int64)
    facts = np.full(NUM_FACTS, UNKNOWN) if labels is None else header_steps(labels)
    bins, num_bars = _complete_bins(sheet, length)
    if num_bars or (facts >= 0).any():
        bins = replace(bins, facts=np.where(bins.facts >= 0, bins.facts, facts))
        found = tokens_of(bins, num_bars)
        tokens[: len(found)] = found
    return tokens


def _complete_bins(sheet: LeadSheet | None, length: int) -> tuple[Bins, int]:
    """The bins of a sheet's complete bars, and how many bars fit into so many tokens."""
    if sheet is None or sheet.bpm is None:
        return bins_of(LeadSheet()), 0
    bins = bins_of(complete_bars(sheet))
    whole = header_steps({"tempo": sheet.bpm, "key": sheet.key_index})
    sizes = HEADER_TOKENS + np.cumsum(bins.meters + 2 + NUM_STEMS)
    return replace(bins, facts=whole), int(np.searchsorted(sizes, length, side="right"))


def tokens_of(bins: Bins, num_bars: int) -> list[int]:
    """The tokens of the brief and of the sheet's first bars, unpadded."""
    tokens, cursor = [START], Cursor()
    while cursor.bar < num_bars or cursor.kind < NUM_FACTS:
        value = bins.value(cursor)
        tokens.append(token_of(cursor.kind, value))
        cursor.advance(value)
    return tokens


def parse(tokens: np.ndarray) -> Bins:
    """The bins that a plan's tokens say; padding and an unfinished last bar are left out."""
    cursor = Cursor()
    found: dict[Kind, list[int]] = {kind: [] for kind in Kind}
    for token in tokens[1:]:
        if token == PAD:
            break
        value = value_of(cursor.kind, token)
        found[cursor.kind].append(value)
        cursor.advance(value)
    stems = list(Kind)[Kind.BASS :]
    return Bins(
        facts=np.array([found[kind][0] for kind in list(Kind)[:NUM_FACTS]], np.int64),
        meters=np.array(found[Kind.METER][: cursor.bar], np.int64),
        chords=np.array(found[Kind.CHORD][: cursor.first_beat], np.int64),
        levels=np.array([found[s][: cursor.bar] for s in stems], np.int64).T,
    )


def decode(tokens: np.ndarray, *, bpm: float | None = None) -> tuple[Brief, LeadSheet]:
    """The brief and the lead sheet of a plan: `encode_sheet` undone, at the steps' resolution.

    Args:
        tokens: (n,) starting with START, at least the header; padding at the end is ignored.
        bpm: the exact tempo when it is known; else the tempo token's.

    Returns:
        a brief with the meter and densities of the bars; a sheet that starts on a downbeat at time
        0 and ends with the last complete bar, empty when the tempo is unknown.
    """
    bins = parse(tokens)
    brief = Brief.of_steps(bins.facts)
    bpm = bpm or brief.tempo
    if bpm is None:
        return brief, LeadSheet(key=KEYS[brief.key] if brief.key is not None else None)
    sheet = _sheet_of(bins, bpm)
    return described(replace(brief, tempo=bpm), sheet), sheet


def _sheet_of(bins: Bins, bpm: float) -> LeadSheet:
    meters = bins.meters + 1
    beats = np.arange(meters.sum())
    key = int(bins.facts[Kind.KEY])
    density = np.where(bins.levels >= 0, LEVELS[bins.levels], np.nan)
    return LeadSheet(
        beat_times=beats * 60.0 / bpm,
        beat_in_bar=beats - np.repeat(np.cumsum(meters) - meters, meters),
        chords=tuple(CHORDS[c] if c >= 0 else None for c in bins.chords),
        key=KEYS[key] if key >= 0 else None,
        density=np.repeat(density, meters, axis=0).reshape(-1, NUM_STEMS),
        duration=len(beats) * 60.0 / bpm,
    )


def described(brief: Brief, sheet: LeadSheet) -> Brief:
    """A brief with what its sheet says: key, meter and mean densities."""
    known = ~np.isnan(sheet.density)
    totals = np.where(known, sheet.density, 0.0).sum(0) * (sheet.bpm or np.nan) / 60.0
    means = totals / np.where(known.any(0), known.sum(0), np.nan)
    meter = meter_of(np.append(sheet.beat_in_bar, 0))
    from_sheet = {"key": sheet.key_index, "meter": meter, "density": means}
    return brief.updated(Brief.of(from_sheet))
