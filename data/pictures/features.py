"""What a picture says by its colours and a clip by its movement: explicit numbers and regressions.

Colour: Valdez & Mehrabian (1994, "Effects of color on emotions"), in standardised variables
pleasure = .69 brightness + .22 saturation, arousal = .60 saturation. Their -.31 of brightness on
arousal, on printed chips, is left out: on a display Wilms & Oberfeld (2018, "Color and emotion:
effects of hue, saturation, and brightness") found the opposite sign. From them comes the hue:
arousal rises from blue over green to red. Berlyne (1971, "Aesthetics and Psychobiology"): arousal
rises with complexity, here the energy of edges. Movement: Hanjalic & Xu (2005, "Affective video
content representation and modeling"): arousal rises with motion activity and density of cuts.

The weights of hue, edges and pace, and the spreads by which features are standardised, are this
project's. What a picture shows (a face, a funeral) is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from data.pictures.files import VIDEO_FPS

# feature -> (mean, spread) by which it is standardised
SPREADS = {
    "brightness": (0.50, 0.20),
    "saturation": (0.30, 0.22),
    "warmth": (0.05, 0.25),
    "edges": (0.02, 0.02),
}
VALENCE_WEIGHTS = {"brightness": 0.69, "saturation": 0.22}
AROUSAL_WEIGHTS = {"saturation": 0.60, "warmth": 0.25, "edges": 0.25}
PACE_WEIGHT = 1.2
SPEED_SCALE, CUT_SCALE = 0.5, 0.8  # picture widths per second, cuts per second
LEVELS = 4_095
_HUES = np.array([1.0, -0.35, -0.65], np.float32)  # of red, green, blue


@dataclass(frozen=True)
class Features:
    """Explicit features of m frames, each float (m,).

    Attributes:
        brightness: mean CIE lightness, 0 black to 1 white.
        saturation: mean distance of the strongest from the weakest primary, 0 grey to 1.
        warmth: 1 pure red, -0.35 pure green, -0.65 pure blue, 0 grey.
        contrast: standard deviation of the lightness.
        edges: mean difference in lightness of neighbouring pixels.
    """

    brightness: np.ndarray
    saturation: np.ndarray
    warmth: np.ndarray
    contrast: np.ndarray
    edges: np.ndarray

    def stacked(self) -> np.ndarray:
        """(m, 5) in the order of the fields."""
        return np.stack([getattr(self, f.name) for f in fields(self)], -1)


FEATURES = tuple(f.name for f in fields(Features))


def lightness(frames: np.ndarray) -> np.ndarray:
    """CIE 1976 L* / 100 of sRGB frames (m 3 h w) in [0, 1]: (m h w), 0 black to 1 white."""
    levels = _linear_light()[np.rint(frames * LEVELS).astype(np.int32)]
    luminance = np.einsum("mchw,c->mhw", levels, np.array([0.2126, 0.7152, 0.0722], np.float32))
    dark = luminance * (841 / 108) + 4 / 29
    return 1.16 * np.where(luminance > (6 / 29) ** 3, np.cbrt(luminance), dark) - 0.16


@lru_cache(maxsize=1)
def _linear_light() -> np.ndarray:
    """Light of every level of an sRGB primary, (LEVELS + 1,): a table is faster than powers."""
    level = np.linspace(0.0, 1.0, LEVELS + 1)
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def features_of(frames: np.ndarray) -> Features:
    """Features of frames float32 (m 3 h w) in [0, 1]; edges depend on the size, 64 x 64 here."""
    light = lightness(frames)
    across = np.abs(np.diff(light, axis=2)).mean((1, 2))
    down = np.abs(np.diff(light, axis=1)).mean((1, 2))
    return Features(
        brightness=light.mean((1, 2)),
        saturation=(frames.max(1) - frames.min(1)).mean((1, 2)),
        warmth=np.einsum("mchw,c->m", frames, _HUES) / (frames.shape[2] * frames.shape[3]),
        contrast=light.std((1, 2)),
        edges=(across + down) / 2,
    )


def point_of(features: Features, pace: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Valence and arousal (m,), each in [-1, 1], of frames with these features and this pace."""
    return np.tanh(_weighted(features, VALENCE_WEIGHTS)), np.tanh(
        _weighted(features, AROUSAL_WEIGHTS) + PACE_WEIGHT * pace
    )


def _weighted(features: Features, weights: dict[str, float]) -> np.ndarray:
    """Weighted sum of standardised features, each within 2.5 spreads."""
    total = np.zeros_like(features.brightness)
    for name, weight in weights.items():
        mean, spread = SPREADS[name]
        total += weight * np.clip((getattr(features, name) - mean) / spread, -2.5, 2.5)
    return total


def pace_of(speed: np.ndarray, cut_density: np.ndarray) -> np.ndarray:
    """How fast things happen, 0 (nothing moves) to 1.

    Args:
        speed: mean motion over the picture, in picture widths per second.
        cut_density: cuts per second.
    """
    return 1.0 - np.exp(-(speed / SPEED_SCALE + cut_density / CUT_SCALE))


def cut_density(times: np.ndarray, cuts: np.ndarray, *, width: float = 0.75) -> np.ndarray:
    """Cuts per second around each of `times` (m,), a Gaussian window of `width` seconds."""
    distance = (np.asarray(times)[:, None] - np.asarray(cuts, float)[None]) / width
    return np.exp(-0.5 * distance**2).sum(1) / (width * np.sqrt(2 * np.pi))


def measured_pace(frames: np.ndarray, fps: float = VIDEO_FPS) -> np.ndarray:
    """Pace (m,) from the difference of neighbouring frames (m 3 h w) alone, without learning.

    Strong differences are cuts, weaker ones are taken for motion. The size of a difference depends
    on contrast as much as on speed: this is what a trained encoder is compared with.
    """
    if len(frames) < 2:
        return np.zeros(len(frames))
    light = lightness(frames)
    change = np.abs(np.diff(light, axis=0)).mean((1, 2))
    contrast = np.maximum(light.std((1, 2)), 0.05)
    relative = change / np.maximum(contrast[1:], contrast[:-1])
    cut = relative > 0.9
    times = np.arange(len(frames)) / fps
    motion = np.where(cut, 0.0, relative) * fps / 8.0
    motion = np.interp(times, times[1:] - 0.5 / fps, motion)
    return pace_of(motion, cut_density(times, times[1:][cut]))
