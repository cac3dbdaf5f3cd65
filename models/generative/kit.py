"""Which drums composed strokes fall on: those of one kit, as one drummer has it.

A score latent says when drums are struck far more firmly than which: neighbours such as the two
kicks of General MIDI are mixed within a song, and rare ones (open hat, crash, ride, toms, hand
drums) give way to the commonest. So each song takes the kit of one training song, drawn among those
that are played much as the song is. What is composed says when each of three hands strikes and how
hard; the kit says what that hand strikes at that place in the bar, and in how many bars. Closed
hats are composed whatever a song needs and say nothing; time that is kept on another drum, such as
the ride of a jazz tune, is likelier to stay on it.

A kit knows bars, not sections: crashes stand at the beginning of every eight bars, toms and open
hats at their end, wherever a verse begins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from data.score import Notes
from models.generative.touch import TOGETHER_SECONDS
from utils import RELEASE, UserError, counter_rng

PATH = RELEASE / "kits.json"
PURPOSE = 4  # of a song's seed; its plan, its notes and its sound have 1 to 3
NUM_KEYS, NUM_PLACES = 128, 16  # General MIDI drum keys; sixteenths of a bar of four beats
ALWAYS = 9  # digit of a drum that is struck in every bar
KICKS, SNARES, TOMS = (35, 36), (37, 38, 39, 40), (41, 43, 45, 47, 48, 50)
CLOSED_HAT, OPEN_HAT = 42, 46
TIME, NUM_HANDS = 2, 3
HANDS = np.full(NUM_KEYS, TIME)  # of each key: kicks, snares with toms, all that keeps time
HANDS[[*KICKS]], HANDS[[*SNARES, *TOMS]] = 0, 1
LATE = np.isin(np.arange(NUM_KEYS), (*TOMS, OPEN_HAT))
# bars of a phrase, from where a section is likeliest to begin to where it is likeliest to end
BEGINNING_TO_END = (0, 4, 2, 6, 1, 5, 3, 7)
TOLERANCE = 6.0  # squared strokes, by hand and place, that make a kit e times as unlikely
UNPLAYABLE = 1e3  # added to them for each hand that plays and that a kit lacks
OTHER_TIME = 18.0  # added where time is kept on another drum than was composed


def on_one_kit(
    drums: Notes,
    beat_times: np.ndarray,
    beat_in_bar: np.ndarray,
    *,
    seed: int,
    kits: np.ndarray | None = None,
) -> Notes:
    """Strokes of a song on the drums of one kit.

    Every moment at which something is struck stays. Where a hand of the kit strikes two drums at
    once both are struck; where its hand keeps no time, time is kept only by strokes that nothing
    else goes with. Of a hand that the kit lacks there remains the drum that it struck most.

    Args:
        drums: as they were composed.
        beat_times, beat_in_bar: as in `Score`; where they are empty each hand has one drum.
        seed: of the song. kits: (k, 128, 16) as `all_kits` gives them, which is the default.
    """
    if not len(drums):
        return drums
    kits = all_kits() if kits is None else kits
    bars, places = places_of(drums, beat_times, beat_in_bar)
    chances = _chances(kits, shares_of(drums, bars, places), drums.pitch)
    kit = kits[counter_rng(seed, PURPOSE).choice(len(kits), p=chances)]
    moments = np.cumsum(np.append(0, np.diff(drums.onset) > TOGETHER_SECONDS))
    accented = np.isin(moments, moments[HANDS[drums.pitch] != TIME])
    strokes = []
    for number in range(NUM_HANDS):
        own = np.flatnonzero(HANDS[drums.pitch] == number)
        hand = _Hand.of(kit, number, drums.pitch[own])
        for moment in np.unique(moments[own]):
            notes = own[moments[own] == moment]
            first = notes[0]
            if number == TIME and accented[first] and hand.rests(places[first]):
                continue
            hardest = notes[np.argsort(-drums.velocity[notes], kind="stable")]
            keys = hand.strikes(int(bars[first]), int(places[first]))
            strokes += [(hardest[min(i, len(notes) - 1)], key) for i, key in enumerate(keys)]
    note, key = np.array(strokes).T
    struck = Notes.of(drums.onset[note], drums.offset[note], key, drums.velocity[note])
    return struck.without_doubles(TOGETHER_SECONDS)


@dataclass(frozen=True)
class _Hand:
    """What one hand of a kit strikes: share of bars (128, 16), 0 for other hands' drums, and the
    drum it strikes most.
    """

    shares: np.ndarray
    main: int

    @staticmethod
    def of(kit: np.ndarray, number: int, composed: np.ndarray) -> _Hand:
        """A hand of a kit (128, 16) that plays what was composed (n,) as keys."""
        shares = kit * (HANDS == number)[:, None]
        counts = shares.sum(1) if shares.any() else np.bincount(composed, minlength=NUM_KEYS)
        return _Hand(shares, int(counts.argmax()))

    def rests(self, place: int) -> bool:
        """Whether it plays, but never there."""
        return place in range(NUM_PLACES) and self.shares.any() and not self.shares[:, place].any()

    def strikes(self, bar: int, place: int) -> Sequence[int]:
        """Keys of a stroke, the rarest first: it takes the hardest note."""
        if place not in range(NUM_PLACES):
            return (self.main,)
        share = self.shares[:, place]
        turn = BEGINNING_TO_END.index(bar % len(BEGINNING_TO_END)) + 0.5
        turn = np.where(LATE, len(BEGINNING_TO_END) - turn, turn) / len(BEGINNING_TO_END)
        keys = np.flatnonzero(turn < share)
        return keys[np.argsort(share[keys], kind="stable")] if len(keys) else (self.main,)


def places_of(
    drums: Notes, beat_times: np.ndarray, beat_in_bar: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Bar and sixteenth of the bar (n,) of each note; bar 0 begins with the first downbeat, what
    comes before is bar -1. Where no beats are known the sixteenth is -1.
    """
    if len(beat_times) < 2:
        return np.zeros(len(drums), int), np.full(len(drums), -1)
    beat = (np.searchsorted(beat_times, drums.onset, side="right") - 1).clip(0, len(beat_times) - 2)
    past = (drums.onset - beat_times[beat]) / (beat_times[beat + 1] - beat_times[beat])
    beat, sixteenth = np.divmod(np.rint(4 * (beat + past)).astype(int), 4)
    beat = beat.clip(0, len(beat_times) - 1)
    bar = np.cumsum(np.asarray(beat_in_bar) == 0) - 1
    return bar[beat], 4 * beat_in_bar[beat] + sixteenth


def shares_of(drums: Notes, bars: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Share of bars, from the first stroke to the last, in which each drum is struck at each place:
    (128, 16). Bars and places (n,) are those of `places_of`; strokes beyond a bar of four beats do
    not count.
    """
    shares = np.zeros((NUM_KEYS, NUM_PLACES), np.float32)
    inside = (places >= 0) & (places < NUM_PLACES)
    struck = np.unique(np.stack([drums.pitch, places, bars])[:, inside].astype(int), axis=1)
    np.add.at(shares, (struck[0], struck[1]), 1.0)
    return shares / (np.ptp(bars) + 1 if len(bars) else 1)


def _chances(kits: np.ndarray, composed: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Probability (k,) of each kit for a song's shares (128, 16) and the keys (n,) of its notes."""
    by_hand = (HANDS == np.arange(NUM_HANDS)[:, None]).astype(kits.dtype)
    strokes = np.einsum("hp,kpt->kht", by_hand, kits)
    played = np.isin(np.arange(NUM_HANDS), HANDS[keys])
    misfit = UNPLAYABLE * (played & ~strokes.any(-1)).sum(-1)
    if composed.any():
        misfit = misfit + np.square(strokes - by_hand @ composed).sum((1, 2))
    beaten = np.bincount(keys[HANDS[keys] == TIME], minlength=NUM_KEYS)
    if beaten.any() and beaten.argmax() != CLOSED_HAT:
        main = (kits.sum(2) * (HANDS == TIME)).argmax(1)
        misfit = misfit + OTHER_TIME * (main != beaten.argmax())
    weight = np.exp((misfit.min() - misfit) / TOLERANCE)
    return weight / weight.sum()


def to_tab(shares: np.ndarray) -> dict[str, str]:
    """Shares (128, 16) as text: of each drum that is struck, a digit for each sixteenth of the bar,
    from 0 in no bar to `ALWAYS`.
    """
    digits = np.rint(ALWAYS * shares).astype(int)
    return {str(key): "".join(map(str, row)) for key, row in enumerate(digits) if row.any()}


def from_tab(tab: Mapping[str, str]) -> np.ndarray:
    """Shares (128, 16) that a tab says."""
    shares = np.zeros((NUM_KEYS, NUM_PLACES), np.float32)
    for key, row in tab.items():
        shares[int(key)] = [int(digit) / ALWAYS for digit in row]
    return shares


@lru_cache(maxsize=1)
def all_kits() -> np.ndarray:
    """Shares (k, 128, 16) of the released kits, which `models.generative.kit_statistics` counts.

    Raises:
        UserError: they are not there, or are none.
    """
    try:
        return np.stack([from_tab(tab) for tab in json.loads(PATH.read_text())])
    except (AttributeError, IndexError, OSError, TypeError, ValueError):
        raise UserError(
            f"no drum kits can be read from {PATH}: get the file again (`git checkout` of it), or "
            "count kits in your own songs with `python -m models.generative.kit_statistics`"
        ) from None
