"""Which drums composed strokes fall on, and how hard: those of one kit, as one drummer has it.

A score latent says when drums are struck far more firmly than which: neighbours such as the two
kicks of General MIDI are mixed within a song, rare ones (open hat, crash, ride, toms, hand drums)
give way to the commonest, and a hat goes with everything. So each song takes the kit of one
training song, drawn among those that are played much as the song is. What is composed says when
something is struck; the kit says what each hand strikes at that place in the bar, in how many bars,
and which strokes it stresses. Closed hats are composed whatever a song needs and say nothing; time
that is kept on another drum, such as the ride of a jazz tune, is likelier to stay on it.

A kit knows bars and phrases of eight, not sections: crashes stand at the beginning of a phrase,
toms and open hats at its end, and a song begins anywhere in one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase

import numpy as np

from data.score import Notes
from models.generative.touch import TOGETHER_SECONDS
from utils import RELEASE, UserError, counter_rng

PATH = RELEASE / "kits.json"
PURPOSE = 4  # of a song's seed; its plan, its notes and its sound have 1 to 3
NUM_KEYS, NUM_PLACES = 128, 16  # General MIDI drum keys; sixteenths of a bar of four beats
ALWAYS = 9  # digit of a drum that is struck in every bar
LOUDNESS_STEP = 5  # velocities of one letter of a tab
KICKS, SNARES, TOMS = (35, 36), (37, 38, 39, 40), (41, 43, 45, 47, 48, 50)
CLOSED_HAT, OPEN_HAT = 42, 46
KICK, SNARE, TIME, NUM_HANDS = 0, 1, 2, 3
HANDS = np.full(NUM_KEYS, TIME)  # of each key: kicks, snares with toms, all that keeps time
HANDS[[*KICKS]], HANDS[[*SNARES, *TOMS]] = KICK, SNARE
LATE = np.isin(np.arange(NUM_KEYS), (*TOMS, OPEN_HAT))
# bars of a phrase, from where a section is likeliest to begin to where it is likeliest to end
BEGINNING_TO_END = (0, 4, 2, 6, 1, 5, 3, 7)
TOLERANCE = 6.0  # squared strokes, by hand and place, that make a kit e times as unlikely
UNPLAYABLE = 1e3  # added to them for each hand that plays and that a kit lacks
OTHER_TIME = 18.0  # added where time is kept on another drum than was composed
OWN_STRESS = 0.25  # of what a composed stroke departs from its hand's mean; the rest is the kit's


@dataclass(frozen=True)
class Kits:
    """k kits: share of the bars in which each drum is struck on each sixteenth, 0 to 1, and its
    mean velocity there, 0 where it is not struck; both (k, 128, 16).
    """

    shares: np.ndarray
    velocities: np.ndarray

    def __len__(self) -> int:
        return len(self.shares)


def on_one_kit(
    drums: Notes,
    beat_times: np.ndarray,
    beat_in_bar: np.ndarray,
    *,
    seed: int,
    kits: Kits | None = None,
) -> Notes:
    """Strokes of a song on the drums of one kit.

    Every moment at which something is struck stays, and nothing is struck at others. Where a hand
    of the kit strikes two drums at once both are struck. Beside a kick or a snare time is kept only
    where the kit keeps it; a snare or a tom of the kit joins what is struck at its place. Of a hand
    that the kit lacks there remains the drum that it struck most, and a hand that was not composed
    strikes nothing. Each hand is as loud as it was composed, and stresses what the kit does.

    Args:
        drums: as they were composed.
        beat_times, beat_in_bar: as in `Score`; where they are empty each hand has one drum.
        seed: of the song. kits: the default is `all_kits`.
    """
    if not len(drums):
        return drums
    kits = all_kits() if kits is None else kits
    bars, places = places_of(drums, beat_times, beat_in_bar)
    chances = _chances(kits.shares, shares_of(drums, beat_times, beat_in_bar), drums.pitch)
    rng = counter_rng(seed, PURPOSE)
    number = rng.choice(len(kits), p=chances)
    bars = bars + rng.integers(len(BEGINNING_TO_END))
    moments = np.cumsum(np.append(0, np.diff(drums.onset) > TOGETHER_SECONDS))
    hands = HANDS[drums.pitch]
    accented = np.isin(moments, moments[hands != TIME])
    strokes = []
    for hand in np.unique(hands):
        own = hands == hand
        part = _Hand.of(kits, number, hand, drums.where(own))
        for moment in np.unique(moments[own] if hand != SNARE else moments):
            first = np.flatnonzero(moments == moment)[0]
            composed = np.sort(drums.velocity[own & (moments == moment)])[::-1]
            due = part.strikes(int(bars[first]), int(places[first]))
            if not len(due) and len(composed):
                if hand == TIME and accented[first] and part.knows(int(places[first])):
                    continue
                due = (part.main,)
            for i, key in enumerate(due):
                struck = composed[min(i, len(composed) - 1)] if len(composed) else part.mean
                strokes.append((first, key, part.velocity(key, int(places[first]), struck)))
    note, key, velocity = np.array(strokes).T
    note = note.astype(int)
    velocity = np.clip(np.rint(velocity), 1, 127)
    struck = Notes.of(drums.onset[note], drums.offset[note], key, velocity)
    return struck.without_doubles(TOGETHER_SECONDS)


@dataclass(frozen=True)
class _Hand:
    """What one hand of a kit strikes.

    shares, stresses: (128, 16) share of bars, 0 for other hands' drums, and by how much a stroke is
    louder than the hand's mean. main: the drum it strikes most. mean: velocity as it was composed.
    """

    shares: np.ndarray
    stresses: np.ndarray
    main: int
    mean: float

    @staticmethod
    def of(kits: Kits, number: int, hand: int, composed: Notes) -> _Hand:
        """A hand of one of the kits that plays what was composed."""
        shares = kits.shares[number] * (HANDS == hand)[:, None]
        velocities = kits.velocities[number]
        known = shares * (velocities > 0)
        mean = (known * velocities).sum() / max(known.sum(), 1e-9)
        counts = shares.sum(1) if shares.any() else np.bincount(composed.pitch, minlength=NUM_KEYS)
        stresses = np.where(known > 0, velocities - mean, 0.0)
        return _Hand(shares, stresses, int(counts.argmax()), float(composed.velocity.mean()))

    def knows(self, place: int) -> bool:
        """Whether it plays at all, and the kit tells of that sixteenth."""
        return place in range(NUM_PLACES) and bool(self.shares.any())

    def strikes(self, bar: int, place: int) -> Sequence[int]:
        """Keys that are due, the rarest first: it takes the hardest note."""
        if place not in range(NUM_PLACES):
            return ()
        share = self.shares[:, place]
        turn = BEGINNING_TO_END.index(bar % len(BEGINNING_TO_END)) + 0.5
        turn = np.where(LATE, len(BEGINNING_TO_END) - turn, turn) / len(BEGINNING_TO_END)
        keys = np.flatnonzero(turn < share)
        return keys[np.argsort(share[keys], kind="stable")]

    def velocity(self, key: int, place: int, composed: float) -> float:
        """Of a stroke of a drum, where one was composed with some velocity."""
        if not self.knows(place):
            return composed
        return self.mean + OWN_STRESS * (composed - self.mean) + self.stresses[key, place]


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


def shares_of(drums: Notes, beat_times: np.ndarray, beat_in_bar: np.ndarray) -> np.ndarray:
    """Share of its bars, from the first stroke to the last, in which each drum is struck at each
    place: (128, 16). A bar that begins or ends between these counts for the places it has. Strokes
    beyond a bar of four beats do not count; without beats, none does.
    """
    shares = np.zeros((NUM_KEYS, NUM_PLACES), np.float32)
    if len(beat_times) < 2 or not len(drums):
        return shares
    bars, places = places_of(drums, beat_times, beat_in_bar)
    inside = (places >= 0) & (places < NUM_PLACES)
    struck = np.unique(np.stack([drums.pitch, places, bars])[:, inside].astype(int), axis=1)
    np.add.at(shares, (struck[0], struck[1]), 1.0)
    long = 4 * int(max(np.max(beat_in_bar) + 1, places.max() // 4 + 1))  # sixteenths of any bar
    bar_of_beat = np.cumsum(np.asarray(beat_in_bar) == 0) - 1
    grid = np.add.outer(4 * np.asarray(beat_in_bar), np.arange(4))
    when, strokes = long * bar_of_beat[:, None] + grid, long * bars + places
    there = (when >= strokes.min()) & (when <= strokes.max()) & (grid < NUM_PLACES)
    times = np.bincount(grid[there].astype(int), minlength=NUM_PLACES)
    return np.minimum(shares / np.maximum(times, 1), 1.0)


def velocities_of(drums: Notes, beat_times: np.ndarray, beat_in_bar: np.ndarray) -> np.ndarray:
    """Mean velocity of each drum at each place, 0 where it is not struck: (128, 16)."""
    _, places = places_of(drums, beat_times, beat_in_bar)
    inside = (places >= 0) & (places < NUM_PLACES)
    where = (drums.pitch[inside].astype(int), places[inside].astype(int))
    total, count = np.zeros((2, NUM_KEYS, NUM_PLACES), np.float32)
    np.add.at(total, where, drums.velocity[inside])
    np.add.at(count, where, 1.0)
    return total / np.maximum(count, 1.0)


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


def to_tab(shares: np.ndarray, velocities: np.ndarray) -> dict[str, list[str]]:
    """Shares and velocities (128, 16) as text: of each drum that is struck, a digit for each
    sixteenth of the bar, from 0 in no bar to `ALWAYS`, and a letter for its velocity, a for the
    softest, each `LOUDNESS_STEP` louder than the last; a point where it is not struck.
    """
    digits = np.rint(ALWAYS * shares).astype(int)
    steps = np.where(digits, np.rint(velocities / LOUDNESS_STEP).astype(int).clip(1), 0)
    letters = np.array([".", *ascii_lowercase])[steps]
    return {
        str(key): ["".join(map(str, digits[key])), "".join(letters[key])]
        for key in np.flatnonzero(digits.any(1))
    }


def from_tab(tab: Mapping[str, Sequence[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Shares and velocities (128, 16) that a tab says.

    Raises:
        ValueError: rows of another length, or with other characters.
    """
    shares, velocities = np.zeros((2, NUM_KEYS, NUM_PLACES), np.float32)
    for key, (digits, letters) in tab.items():
        if {len(digits), len(letters)} != {NUM_PLACES}:
            raise ValueError(f"drum {key} has {len(digits)} and {len(letters)} sixteenths, not 16")
        shares[int(key)] = [int(digit) / ALWAYS for digit in digits]
        steps = [("." + ascii_lowercase).index(letter) for letter in letters]
        velocities[int(key)] = LOUDNESS_STEP * np.array(steps)
    return shares, velocities


@lru_cache(maxsize=1)
def all_kits() -> Kits:
    """The released kits, which `models.generative.kit_statistics` counts.

    Raises:
        UserError: they are not there, or are none.
    """
    try:
        return Kits(*np.stack([from_tab(tab) for tab in json.loads(PATH.read_text())], axis=1))
    except (AttributeError, IndexError, OSError, TypeError, ValueError):
        raise UserError(
            f"no drum kits can be read from {PATH}: get the file again (`git checkout` of it), or "
            "count kits in your own songs with `python -m models.generative.kit_statistics`"
        ) from None
