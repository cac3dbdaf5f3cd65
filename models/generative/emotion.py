"""What a point of valence and arousal does to music: explicit offsets that anyone can read.

The plane is Russell's (1980, "A circumplex model of affect"). Each side of it acts on musical cues
linearly and additively, as listeners' ratings do (Eerola, Friberg & Bresin 2013, "Emotional
expression in music: contribution, linearity, and additivity of primary musical cues": mode first,
then tempo, register, dynamics). Directions: Juslin & Laukka (2003, "Communication of emotions in
vocal expression and music performance") for tempo, level and brightness; Gabrielsson & Lindstrom
(2010, "The role of structure in the musical expression of emotions") for mode, register, density.
Sizes are this project's: about one standard deviation of real songs (`data.emotion`) at the edge of
the plane. Nobody's feelings were measured; run this file to see the table.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields

import numpy as np

from data.emotion import CENTRES, EMOTIONS
from utils import UserError, did_you_mean

STRENGTHS = (0.0, 2.0)


@dataclass(frozen=True)
class EmotionOffsets:
    """What to add to neutral music; all zeros change nothing.

    Attributes:
        tempo_octaves: log2 of the factor on the tempo; 1 is twice as fast.
        minor_log_odds: added to the log odds of a minor key and of dark chords.
        dynamics: added to the mean velocity / 127.
        density_octaves: log2 of the factor on strokes per second.
        register_semitones: added to the mean pitch of guitar and piano.
        brightness_octaves: log2 of the factor on the spectral centroid.
        loudness_db: added to the loudness of the mix.
    """

    tempo_octaves: float = 0.0
    minor_log_odds: float = 0.0
    dynamics: float = 0.0
    density_octaves: float = 0.0
    register_semitones: float = 0.0
    brightness_octaves: float = 0.0
    loudness_db: float = 0.0

    def __sub__(self, other: EmotionOffsets) -> EmotionOffsets:
        """From another point to this one, as where music departs from its own average."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return EmotionOffsets(*(mine - theirs for mine, theirs in pairs))


# cue -> (at valence 1, at arousal 1)
WEIGHTS: dict[str, tuple[float, float]] = {
    "tempo_octaves": (0.10, 0.40),
    "minor_log_odds": (-3.0, 0.0),
    "dynamics": (0.0, 0.12),
    "density_octaves": (0.0, 0.60),
    "register_semitones": (3.0, 0.0),
    "brightness_octaves": (0.10, 0.40),
    "loudness_db": (0.0, 4.0),
}


def offsets(valence: float, arousal: float, strength: float = 1.0) -> EmotionOffsets:
    """Offsets at a point of the plane: zero in the middle, linear on both axes.

    Args:
        valence, arousal: each in [-1, 1].
        strength: factor on everything, 0 (no effect) to 2.

    Raises:
        UserError: a value out of its range.
    """
    for name, value in (("valence", valence), ("arousal", arousal)):
        if not -1.0 <= value <= 1.0:
            raise UserError(f"{name} is {value:g}: choose from -1 to 1, 0 is neutral")
    if not STRENGTHS[0] <= strength <= STRENGTHS[1]:
        raise UserError(f"emotion strength is {strength:g}: choose from 0 to 2, 1 is usual")
    values = {n: strength * (v * valence + a * arousal) for n, (v, a) in WEIGHTS.items()}
    return EmotionOffsets(**values)


def point_of(emotion: int | str) -> tuple[float, float]:
    """(valence, arousal) of an emotion by id or name, on the unit circle.

    Raises:
        UserError: there is no such emotion.
    """
    if isinstance(emotion, str):
        name = emotion.strip().lower()
        if name not in EMOTIONS:
            raise UserError(f"unknown emotion '{emotion}': {did_you_mean(name, EMOTIONS)}")
        return CENTRES[EMOTIONS.index(name)]
    if not 0 <= emotion < len(EMOTIONS):
        raise UserError(f"unknown emotion id {emotion}: choose from 0 to {len(EMOTIONS) - 1}")
    return CENTRES[emotion]


@dataclass(frozen=True)
class EmotionCurve:
    """Valence and arousal that move while the music plays.

    Attributes:
        times: float (m,) seconds, ascending. valence, arousal: float (m,) in [-1, 1].

    Raises:
        UserError: lengths that differ, nothing at all, times that do not ascend, or values out of
            range.
    """

    times: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray

    def __post_init__(self) -> None:
        for f in fields(self):
            object.__setattr__(self, f.name, np.asarray(getattr(self, f.name), np.float64))
        shapes = [getattr(self, f.name).shape for f in fields(self)]
        if len(set(shapes)) != 1 or len(shapes[0]) != 1 or not shapes[0][0]:
            raise UserError(f"an emotion curve of shapes {shapes}: expected three equal lists")
        if not np.isfinite(self.times).all() or (np.diff(self.times) <= 0).any():
            raise UserError("the times of an emotion curve must ascend, in seconds")
        for name in ("valence", "arousal"):
            if not (np.abs(getattr(self, name)) <= 1.0).all():
                raise UserError(f"the {name} of an emotion curve must lie between -1 and 1")

    def at(self, seconds: float) -> tuple[float, float]:
        """(valence, arousal) at a moment, between its neighbours; the ends last for ever."""
        value = lambda values: float(np.interp(seconds, self.times, values))
        return value(self.valence), value(self.arousal)

    @property
    def mean(self) -> tuple[float, float]:
        """(valence, arousal) of the whole, every moment weighing the same."""
        return self.between(float(self.times[0]), float(self.times[-1]))

    def between(self, start: float, end: float) -> tuple[float, float]:
        """Mean (valence, arousal) from `start` to `end` in seconds; at `start` if they are one."""
        if end <= start:
            return self.at(start)
        inside = self.times[(self.times > start) & (self.times < end)]
        times = np.concatenate([[start], inside, [end]])
        mean = lambda values: float(
            np.trapezoid(np.interp(times, self.times, values), times) / (end - start)
        )
        return mean(self.valence), mean(self.arousal)


COLUMNS = (
    "valence",
    "arousal",
    "tempo",
    "minor x",
    "velocity",
    "density",
    "pitch st",
    "centroid",
    "dB",
)


def offsets_table(strength: float = 1.0) -> str:
    """What each emotion does to a song, one line per emotion."""
    lines = ["".join([f"{'emotion':12s}", *(f"{name:>9s}" for name in COLUMNS)])]
    for name in EMOTIONS:
        valence, arousal = point_of(name)
        o = offsets(valence, arousal, strength)
        values = (
            f"{valence:+.2f}",
            f"{arousal:+.2f}",
            _percent(o.tempo_octaves),
            f"{math.exp(o.minor_log_odds):.2f}",
            f"{127 * o.dynamics:+.0f}",
            _percent(o.density_octaves),
            f"{o.register_semitones:+.1f}",
            _percent(o.brightness_octaves),
            f"{o.loudness_db:+.1f}",
        )
        lines.append("".join([f"{name:12s}", *(f"{value:>9s}" for value in values)]))
    return "\n".join(lines)


def _percent(octaves: float) -> str:
    return f"{100 * (2.0**octaves - 1.0):+.0f}%"


if __name__ == "__main__":
    print(offsets_table())
