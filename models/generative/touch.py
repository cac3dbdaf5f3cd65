"""How composed notes are struck: rests kept, chords together and as full as people play them, no
wilder, as loud as asked, and damped as early.

A score latent says who plays what and when far more firmly than how hard, how long and at which
millisecond: velocities of composed notes scatter three times as far as those of one player, the
notes of one chord begin a few milliseconds apart, guitars ring into their next stroke where players
damp them, lines that the flow is of two minds about come out as chords, and few rests stay wholly
empty. All this is noise of the flow, not music, and is taken out where notes are read. Notes that
were given stay as they were given.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from data.lead_sheet import LeadSheet
from data.score import Notes
from utils import STEMS

TOGETHER_SECONDS = 0.012  # between neighbours of a chord; 24 ms from its first note to its last
# mean standard deviation of velocities within a segment, of each key for drums; 300 training
# segments
SPREADS = {"bass": 5.4, "drums": 9.9, "guitar": 9.5, "piano": 9.2}
# length of a note over that composed. Guitars hold a note for this share of the time to the next
# stroke, natural log, mean of 51 songs' medians: composed -0.30, shortened -0.43; 450 training
# segments -0.37, 121 validation segments -0.41
HELD = {"guitar": 0.88}
# mean number of notes a stroke has in a song: composed, and in the song of training that is as full
# among its kind; deciles of 128 composed and of 1,522 training segments. Pianos, of which fewer
# notes are composed than played, keep theirs
FULLNESS = {
    "guitar": (
        (1.00, 1.27, 1.80, 2.18, 2.50, 2.67, 2.89, 3.08, 3.27, 3.57, 4.50, 12.0),
        (1.00, 1.00, 1.06, 1.36, 1.77, 2.00, 2.37, 2.76, 3.00, 3.53, 4.50, 12.0),
    ),
}
FEWEST_NOTES = 4  # that show how full a stem is
EARLY_SECONDS = 0.05  # by which a stroke may come before the bar it belongs to
SHORTEST_SECONDS = 0.03
EVENED_SECONDS = 12.0  # at a time: a segment of the model, in which spreads were measured
LEVEL_ROUNDS = 8


def touched(
    notes: Mapping[str, Notes],
    given: Mapping[str, np.ndarray] | None = None,
    *,
    dynamics: float = math.nan,
    sheet: LeadSheet | None = None,
    kit: Callable[[Notes], Notes] | None = None,
) -> dict[str, Notes]:
    """Notes of a song as they are played.

    Args:
        notes: of each stem. given: bool (n,) of each stem, True for notes to leave alone.
        dynamics: mean velocity of the composed notes, 0 to 1; nan keeps the level that was
            composed. sheet: the plan; stems are silent in bars whose density is 0. kit: composed
            drums -> the same strokes on one kit.
    """
    free = {stem: np.ones(len(n), bool) for stem, n in notes.items()}
    if given is not None:
        free = {stem: ~given[stem] for stem in notes}
    own = {stem: n.where(free[stem]) for stem, n in notes.items()}
    if sheet is not None and sheet.timed:
        own = {stem: _rested(n, sheet, STEMS.index(stem)) for stem, n in own.items()}
    own = {stem: _thinned(_together(n), stem) for stem, n in own.items()}
    own = {stem: _even(_damped(n, stem), stem) for stem, n in own.items()}
    if kit is not None:
        own["drums"] = kit(own["drums"])
    own = _at_level(own, dynamics)
    return {
        stem: _joined(n.where(~free[stem]), own[stem]) if len(n) else n for stem, n in notes.items()
    }


def _rested(notes: Notes, sheet: LeadSheet, column: int) -> Notes:
    """Notes of a stem without those that begin in a rest; those held into one end with it."""
    rests = sheet.density[:, column] == 0.0
    if not rests.any() or not len(notes):
        return notes
    beat = np.searchsorted(sheet.beat_times, notes.onset + EARLY_SECONDS, side="right") - 1
    notes = notes.where(~rests[beat.clip(0)])
    begins = sheet.beat_times[rests & ~np.append(False, rests[:-1])]
    following = np.searchsorted(begins, notes.onset + EARLY_SECONDS, side="right")
    offset = np.minimum(notes.offset, np.append(begins, math.inf)[following])
    return Notes.of(notes.onset, offset, notes.pitch, notes.velocity)


def _thinned(notes: Notes, stem: str) -> Notes:
    """Chords as full as players', segment by segment: strokes lose inner voices, then the lowest,
    hard ones fewer than soft ones.
    """
    if stem not in FULLNESS:
        return notes
    kept = np.ones(len(notes), bool)
    segment = (notes.onset // EVENED_SECONDS).astype(np.int64)
    for number in np.unique(segment):
        own = np.flatnonzero(segment == number)
        if len(own) >= FEWEST_NOTES:
            kept[own] = _kept_of_chords(notes.where(segment == number), *FULLNESS[stem])
    return notes.where(kept)


def _kept_of_chords(
    notes: Notes, composed: tuple[float, ...], played: tuple[float, ...]
) -> np.ndarray:
    """Which notes of a segment remain: bool (n,)."""
    onset, stroke, sizes = np.unique(notes.onset, return_inverse=True, return_counts=True)
    full, kept = sizes.mean(), np.ones(len(notes), bool)
    share = (float(np.interp(full, composed, played)) - 1.0) / max(full - 1.0, 1e-9)
    if share >= 1.0:
        return kept
    wanted = 1.0 + share * (sizes - 1)
    loudest = np.zeros(len(onset))
    np.maximum.at(loudest, stroke, notes.velocity)
    left = np.floor(wanted).astype(int)
    torn = np.flatnonzero(wanted > left)
    hardest = torn[np.argsort(-loudest[torn], kind="stable")]
    left[hardest[: round((wanted - left).sum())]] += 1
    for number in np.flatnonzero(left < sizes):
        own = np.flatnonzero(stroke == number)
        own = own[np.argsort(notes.pitch[own])]
        outer_first = np.concatenate([own[-1:], own[:1], own[-2:0:-1]])
        kept[outer_first[left[number] :]] = False
    return kept


def _together(notes: Notes) -> Notes:
    """Notes of a chord begin at their mean onset."""
    onset, order = notes.onset.astype(np.float64), np.argsort(notes.onset, kind="stable")
    first = 0
    for i in range(1, len(order) + 1):
        if i < len(order):
            gap = onset[order[i]] - onset[order[i - 1]]
            width = onset[order[i]] - onset[order[first]]
            if gap <= TOGETHER_SECONDS and width <= 2 * TOGETHER_SECONDS:
                continue
        chord = order[first:i]
        onset[chord] = onset[chord].mean()
        first = i
    offset = np.maximum(notes.offset, onset + SHORTEST_SECONDS)
    together = Notes.of(onset, offset, notes.pitch, notes.velocity)
    return together.without_doubles(TOGETHER_SECONDS)


def _damped(notes: Notes, stem: str) -> Notes:
    """Notes as long as players hold them."""
    length = np.maximum(HELD.get(stem, 1.0) * (notes.offset - notes.onset), SHORTEST_SECONDS)
    offset = np.minimum(notes.offset, notes.onset + length)
    return Notes.of(notes.onset, offset, notes.pitch, notes.velocity)


def _even(notes: Notes, stem: str) -> Notes:
    """Velocities no further from their mean than a player's, segment by segment, so that a loud
    chorus stays loud; each drum has a mean of its own.
    """
    velocity = notes.velocity.astype(np.float64)
    groups = (notes.onset // EVENED_SECONDS).astype(np.int64) * 128
    if stem == "drums":
        groups = groups + notes.pitch
    mean = np.zeros(len(notes))
    for group in np.unique(groups):
        mean[groups == group] = velocity[groups == group].mean()
    spread = math.sqrt(np.square(velocity - mean).mean()) if len(notes) else 0.0
    share = min(1.0, SPREADS[stem] / max(spread, 1e-9))
    return _struck(notes, mean + share * (velocity - mean))


def _at_level(notes: dict[str, Notes], dynamics: float) -> dict[str, Notes]:
    """All stems harder or softer by one amount, so that the mean velocity is as asked."""
    played = np.concatenate([n.velocity for n in notes.values()] or [np.zeros(0)])
    if not len(played) or math.isnan(dynamics):
        return notes
    shift = 0.0
    for _ in range(LEVEL_ROUNDS):  # what is clipped at an end the others make up for
        shift += 127.0 * dynamics - np.clip(played + shift, 1.0, 127.0).mean()
    return {stem: _struck(n, n.velocity + shift) for stem, n in notes.items()}


def _struck(notes: Notes, velocity: np.ndarray) -> Notes:
    velocity = np.clip(np.rint(velocity), 1, 127)
    return Notes.of(notes.onset, notes.offset, notes.pitch, velocity)


def _joined(a: Notes, b: Notes) -> Notes:
    """The notes of both, in order."""
    columns = ("onset", "offset", "pitch", "velocity")
    return Notes.of(*(np.concatenate([getattr(a, c), getattr(b, c)]) for c in columns))
