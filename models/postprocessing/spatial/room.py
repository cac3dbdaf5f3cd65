"""A shoebox room: what its walls swallow, its image sources and how long it rings.

Image sources after Allen and Berkley, "Image method for efficiently simulating small-room
acoustics", JASA 65, 1979; reverberation times after Sabine and Eyring ("Reverberation time in
'dead' rooms", JASA 1, 1930) with the absorption of air (Kuttruff, "Room Acoustics", 20 degrees,
50 % humidity).
Absorption coefficients are the usual tabulated ones per octave (Harris, "Handbook of Acoustical
Measurements and Noise Control"; Barron, "Industrial Noise Control and Acoustics", appendix D).

What it does not know: diffraction, furniture, walls that scatter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.postprocessing.spatial.head import SPEED_OF_SOUND
from utils import UserError, did_you_mean

OCTAVES = np.array([125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0])
MATERIALS = {
    "stone": (0.01, 0.01, 0.015, 0.02, 0.02, 0.02),
    "plaster": (0.013, 0.015, 0.02, 0.03, 0.04, 0.05),
    "glass": (0.18, 0.06, 0.04, 0.03, 0.02, 0.02),
    "parquet": (0.04, 0.04, 0.07, 0.06, 0.06, 0.07),
    "wood": (0.15, 0.11, 0.10, 0.07, 0.06, 0.07),
    "panel": (0.28, 0.22, 0.17, 0.09, 0.10, 0.11),
    "carpet": (0.02, 0.06, 0.14, 0.37, 0.60, 0.65),
    "curtain": (0.14, 0.35, 0.55, 0.72, 0.70, 0.65),
    "absorber": (0.17, 0.55, 0.80, 0.90, 0.85, 0.80),
    "pews": (0.57, 0.61, 0.75, 0.86, 0.91, 0.86),
    "audience": (0.60, 0.74, 0.88, 0.96, 0.93, 0.85),
}
WALLS = ("back", "front", "right", "left", "floor", "ceiling")
AIR_OCTAVES = (63.0, 125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0)
AIR_NEPERS = (1e-5, 1e-4, 3e-4, 6e-4, 1.0e-3, 1.9e-3, 5.8e-3, 2.03e-2)
SMALLEST, LARGEST = 1.5, 200.0


@dataclass(frozen=True)
class Room:
    """A room and where in it the listener sits, looking ahead along its length.

    Attributes:
        size: length, width and height in metres.
        listener: metres from the back wall, from the right wall and from the floor.
        walls: wall -> material; "panel" where nothing is said.
    """

    size: tuple[float, float, float]
    listener: tuple[float, float, float]
    walls: dict[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not all(SMALLEST <= side <= LARGEST for side in self.size):
            raise UserError(
                f"room size {list(self.size)} is not possible: expected three sides of "
                f"{SMALLEST:g} to {LARGEST:g} m"
            )
        if not self.holds(np.zeros(3)):
            raise UserError(
                f"the listener at {list(self.listener)} is outside the room {list(self.size)}"
            )
        for wall, material in self.walls.items():
            if wall not in WALLS:
                raise UserError(f"no wall '{wall}': {did_you_mean(wall, WALLS)}")
            if material not in MATERIALS:
                raise UserError(f"no material '{material}': {did_you_mean(material, MATERIALS)}")

    def holds(self, positions: np.ndarray, margin: float = 0.1) -> bool:
        """Whether positions (..., 3), metres from the listener, keep `margin` from every wall."""
        places = np.asarray(self.listener) + positions
        return bool(((places >= margin) & (places <= np.asarray(self.size) - margin)).all())

    @property
    def volume(self) -> float:
        """Cubic metres."""
        return float(np.prod(self.size))

    @property
    def areas(self) -> np.ndarray:
        """Square metres (6,) in the order of `WALLS`."""
        length, width, height = self.size
        return np.repeat([width * height, length * height, length * width], 2)

    @property
    def surface(self) -> float:
        """Square metres of all walls."""
        return float(self.areas.sum())

    @property
    def mean_free_path(self) -> float:
        """Metres between reflections, 4 V / S."""
        return 4.0 * self.volume / self.surface

    def absorption(self, hertz: np.ndarray) -> np.ndarray:
        """Share (6, f) of power that each wall swallows; level beyond the tabulated octaves."""
        names = [self.walls.get(wall, "panel") for wall in WALLS]
        place = np.log2(np.maximum(hertz, 1.0))
        return np.array([np.interp(place, np.log2(OCTAVES), MATERIALS[name]) for name in names])

    def mean_absorption(self, hertz: np.ndarray) -> np.ndarray:
        """Mean over the surface (f,)."""
        return self.areas @ self.absorption(hertz) / self.surface

    def reverberation_seconds(self, hertz: np.ndarray, *, sabine: bool = False) -> np.ndarray:
        """Seconds (f,) in which sound falls by 60 dB, after Eyring, or after Sabine."""
        alpha = self.mean_absorption(hertz)
        exponent = alpha if sabine else -np.log1p(-alpha)
        air = 4.0 * air_nepers(hertz) * self.volume
        return 24.0 * np.log(10.0) / SPEED_OF_SOUND * self.volume / (self.surface * exponent + air)

    def reverberant_power(self, hertz: np.ndarray) -> np.ndarray:
        """Power (f,) of the diffuse field over the direct sound's at 1 m: 16 pi (1 - a) / A."""
        alpha = self.mean_absorption(hertz)
        area = self.surface * alpha + 4.0 * air_nepers(hertz) * self.volume
        return 16.0 * np.pi * (1.0 - alpha) / area


def air_nepers(hertz: np.ndarray) -> np.ndarray:
    """Power attenuation of air (f,) in nepers per metre."""
    place = np.log2(np.maximum(hertz, 1.0))
    return np.interp(place, np.log2(AIR_OCTAVES), AIR_NEPERS)


@dataclass(frozen=True)
class Images:
    """Mirrored sources up to some order.

    Attributes:
        scale, offset: (i, 3); an image of a source at p (metres from the listener) is at
            `scale * p + offset`, whatever p is.
        hits: (i, 6) how often each wall reflected it, in the order of `WALLS`.
    """

    scale: np.ndarray
    offset: np.ndarray
    hits: np.ndarray

    def positions(self, source: np.ndarray) -> np.ndarray:
        """Places (..., i, 3) of the images of sources (..., 3), metres from the listener."""
        return source[..., None, :] * self.scale + self.offset

    def __getitem__(self, which: np.ndarray) -> Images:
        return Images(self.scale[which], self.offset[which], self.hits[which])


def image_sources(room: Room, order: int) -> Images:
    """The images of 1 to `order` reflections."""
    steps = range(-order, order + 1)
    along = [(m, q) for m in steps for q in (0, 1) if abs(m - q) + abs(m) <= order]
    scale, offset, hits = [], [], []
    size, listener = np.asarray(room.size), np.asarray(room.listener)
    for mx, qx in along:
        for my, qy in along:
            for mz, qz in along:
                m, q = np.array([mx, my, mz]), np.array([qx, qy, qz])
                count = np.stack([np.abs(m - q), np.abs(m)], 1).ravel()
                if 1 <= count.sum() <= order:
                    scale.append(1.0 - 2.0 * q)
                    offset.append(2.0 * m * size - 2.0 * q * listener)
                    hits.append(count)
    return Images(np.array(scale), np.array(offset), np.array(hits))
