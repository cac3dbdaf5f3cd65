"""Where the notes of a chord lie: voice-led piano chords, guitar shapes under one hand, scales."""

from __future__ import annotations

from functools import lru_cache

from data.chords import chord_root, chord_tones

GUITAR_STRINGS = (40, 45, 50, 55, 59, 64)
_HAND_FRETS = 4
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)


def scale_of(key: int) -> tuple[int, ...]:
    """Pitch classes of a key 0-23, tonic first."""
    return tuple((key + s) % 12 for s in (MINOR_SCALE if key >= 12 else MAJOR_SCALE))


def nearest(pitch_class: int, target: float) -> int:
    """The pitch of a class that lies nearest to a target pitch."""
    return round((target - pitch_class) / 12) * 12 + pitch_class


@lru_cache(maxsize=1_024)
def _inversions(chord: str, low: int, high: int) -> tuple[tuple[int, ...], ...]:
    """Close positions of a chord whose lowest note lies in [low, high)."""
    tones = sorted(chord_tones(chord))
    found = []
    for bottom in range(low, high):
        if bottom % 12 in tones:
            first = tones.index(bottom % 12)
            order = tones[first:] + tones[:first]
            found.append(tuple(bottom + (t - order[0]) % 12 for t in order))
    return tuple(found)


@lru_cache(maxsize=8_192)
def piano_voicing(chord: str, previous: tuple[int, ...], centre: int = 62) -> tuple[int, ...]:
    """The close position that moves least from the previous one and stays about a centre.

    Args:
        chord: name; "N" gives no notes.
        previous: pitches before, empty at the beginning.
    """
    if chord == "N":
        return ()

    def cost(pitches: tuple[int, ...]) -> float:
        drift = abs(sum(pitches) / len(pitches) - centre)
        moves = [min(abs(p - q) for q in previous) for p in pitches] if previous else [0]
        return sum(moves) + 0.6 * drift

    return min(_inversions(chord, centre - 14, centre + 4), key=cost)


@lru_cache(maxsize=4_096)
def guitar_shape(chord: str, position: int = 0) -> tuple[int, ...]:
    """Pitches, low to high, of a playable shape with the root lowest near a fret position (0-9)."""
    if chord == "N":
        return ()
    tones, root = chord_tones(chord), chord_root(chord)

    def cost(shape: tuple[int, ...]) -> float:
        missing = len(set(tones) - {p % 12 for p in shape})
        return 10 * missing - len(shape)

    shapes = [
        _shape_at(tones, root, p) for p in (position, position + 1, position + 2, position + 3)
    ]
    return min((s for s in shapes if s), key=cost)


def _shape_at(tones: tuple[int, ...], root: int, position: int) -> tuple[int, ...]:
    """One note per string from the lowest string that can take the root; empty when none can."""
    frets = range(position, position + _HAND_FRETS + (position == 0))
    pitches: list[int] = []
    for string in GUITAR_STRINGS:
        reach = [string + f for f in frets if (string + f) % 12 in tones]
        if not pitches:
            reach = [p for p in reach if p % 12 == root and string <= 50]
        reach = [p for p in reach if not pitches or p > pitches[-1]]
        fresh = [p for p in reach if p % 12 not in {q % 12 for q in pitches[-2:]}]
        if fresh or reach:
            pitches.append((fresh or reach)[0])
    return tuple(pitches)


def power_chord(chord: str) -> tuple[int, ...]:
    """Root, fifth and octave on the low strings; a diminished chord keeps its own fifth."""
    if chord == "N":
        return ()
    root = nearest(chord_root(chord), 45)
    fifth = 6 if 6 in {(t - root) % 12 for t in chord_tones(chord)} else 7
    return (root, root + fifth, root + 12)


def bass_degree(chord: str, degree: str) -> int:
    """Semitones above the root: "r" root, "R" octave, "3", "5", "6", "7" (flat if it has none)."""
    steps = [(t - chord_tones(chord)[0]) % 12 for t in chord_tones(chord)]
    if degree == "3":
        return steps[1]
    if degree == "5":
        return steps[2]
    if degree == "7":
        return steps[3] if len(steps) > 3 else 10
    return {"r": 0, "R": 12, "6": 9}[degree]
