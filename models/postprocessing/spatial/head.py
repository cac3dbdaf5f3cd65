"""What a head does to sound, in closed form: delay, shadow, pinna echoes, the torso's reflection.

The structural model of Brown and Duda, "A Structural Model for Binaural Sound Synthesis", IEEE
Transactions on Speech and Audio Processing 6(5), 1998, with Woodworth's ray-traced delay for
sources near and far (Woodworth and Schlosberg, "Experimental Psychology", 1954) and the torso of
the snowman model (Algazi, Duda, Duraiswami, Gumerov and Tang, "Approximating the head-related
transfer function using simple geometric models of the head and torso", JASA 112, 2002).

What it does not know: the ears of a particular person. Its pinna tells above from below roughly, as
the paper says; a measured set (`sofa.py`) does better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.postprocessing.spatial.directions import unit

SPEED_OF_SOUND = 343.0
ALPHA_MIN, THETA_MIN = 0.1, 150.0
ECHO_RATE = 44_100.0
PINNA_ECHOES = (
    (0.5, 1.0, 2.0, 1.0),
    (-1.0, 5.0, 4.0, 0.5),
    (0.5, 5.0, 7.0, 0.5),
    (-0.25, 5.0, 11.0, 0.5),
    (0.25, 5.0, 13.0, 0.5),
)
TORSO_RADIUS, NECK_HEIGHT, TORSO_GAIN = 0.169, 0.053, 0.3
SPECULAR_STEPS = 12


@dataclass(frozen=True)
class Head:
    """A spherical head.

    Attributes:
        radius: metres. ear_azimuth: degrees from ahead to each ear.
        pinna, torso: strength of the pinna echoes and of the torso's reflection; 0 is none.
    """

    radius: float = 0.0875
    ear_azimuth: float = 100.0
    pinna: float = 1.0
    torso: float = 1.0

    @property
    def ears(self) -> np.ndarray:
        """Unit vectors (2, 3) of the left and the right ear."""
        return unit(np.array([self.ear_azimuth, -self.ear_azimuth]))

    def angles(self, directions: np.ndarray) -> np.ndarray:
        """Radians (n, 2), 0 to pi, between directions (n, 3) and each ear."""
        return np.arccos(np.clip(directions @ self.ears.T, -1.0, 1.0))

    def paths(self, directions: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Metres (n, 2) from sources to each ear, straight or around the head.

        Args:
            directions: (n, 3) unit vectors. distances: (n,) metres from the centre of the head,
                larger than the radius.

        Returns:
            The straight line where the ear can be seen, else the tangent and the arc. Far away,
            less `distances`: -a cos(theta), or a (theta - pi / 2) beyond a right angle.
        """
        theta, far = self.angles(directions), np.asarray(distances, np.float64)[:, None]
        tangent = np.sqrt(far**2 - self.radius**2)
        bend = np.arccos(self.radius / far)
        squared = far**2 + self.radius**2 - 2.0 * far * self.radius * np.cos(theta)
        around = tangent + self.radius * (theta - bend)
        return np.where(theta <= bend, np.sqrt(np.maximum(squared, 0.0)), around)

    def shadow_depth(self, directions: np.ndarray) -> np.ndarray:
        """Gain alpha (n, 2) of high frequencies at each ear: 2 facing it, 0.1 at 150 degrees."""
        theta = np.degrees(self.angles(directions))
        wave = np.cos(np.radians(theta / THETA_MIN * 180.0))
        return (1.0 + ALPHA_MIN / 2.0) + (1.0 - ALPHA_MIN / 2.0) * wave

    def high_share(self, hertz: np.ndarray) -> np.ndarray:
        """The part (f,) of a sound that the head shadows, above c / (pi a): 1,248 Hz.

        The shadow filter is `1 + (alpha - 1) * high_share`, one pole and one zero.
        """
        ratio = 1j * np.asarray(hertz) * np.pi * self.radius / SPEED_OF_SOUND
        return ratio / (1.0 + ratio)

    def response(self, directions: np.ndarray, hertz: np.ndarray) -> np.ndarray:
        """Transfer functions (n, 2, f) without the delays and lengths of `paths`."""
        return self.upper(directions, hertz) * self.torso_factor(directions, hertz)

    def upper(self, directions: np.ndarray, hertz: np.ndarray) -> np.ndarray:
        """`response` (n, 2, f) without the torso: what changes slowly with direction."""
        depth = self.shadow_depth(directions)[..., None] - 1.0
        shadow = 1.0 + depth * self.high_share(hertz)
        return shadow * self._pinna(directions, hertz)[:, None]

    def torso_factor(self, directions: np.ndarray, hertz: np.ndarray) -> np.ndarray:
        """1 plus the torso's echo (n, 2, f)."""
        seconds, gain = self.torso_echo(directions)
        return 1.0 + gain[..., None] * turned(seconds, hertz)

    def _pinna(self, directions: np.ndarray, hertz: np.ndarray) -> np.ndarray:
        """Pinna echoes (n, f), the paper's table I; delays were given in samples at 44,100 Hz.

        cos(azimuth / 2) is taken as sqrt((1 + x) / 2), equal at ear height and continuous
        overhead and below.
        """
        forward = np.sqrt(np.maximum((1.0 + directions[:, 0]) / 2.0, 0.0))
        below = np.pi / 2 - np.arcsin(np.clip(directions[:, 2], -1.0, 1.0))
        total = np.ones((len(directions), len(hertz)), np.complex64)
        for gain, depth, offset, rate in PINNA_ECHOES:
            seconds = (depth * forward * np.sin(rate * below) + offset) / ECHO_RATE
            total += np.float32(self.pinna * gain) * turned(seconds, hertz)
        return total

    def torso_echo(self, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Seconds (n, 2) by which the torso's reflection follows, and its gain (n, 2).

        The torso is a sphere; the point of reflection is where its normal halves the angle
        between source and ear. The gain falls with that angle's cosine, to none at grazing.
        """
        ears = self.ears * self.radius
        centre = np.array([0.0, 0.0, -(self.radius + NECK_HEIGHT + TORSO_RADIUS)])
        toward = directions[:, None, :]
        normal = np.broadcast_to([0.0, 0.0, 1.0], (len(directions), 2, 3))
        for _ in range(SPECULAR_STEPS):
            to_ear = ears - (centre + TORSO_RADIUS * normal)
            length = np.linalg.norm(to_ear, axis=-1, keepdims=True)
            middle = toward + to_ear / length
            size = np.linalg.norm(middle, axis=-1, keepdims=True)
            normal = middle / np.maximum(size, 1e-6)
        extra = length[..., 0] + (toward * to_ear).sum(-1)
        return extra / SPEED_OF_SOUND, self.torso * TORSO_GAIN * size[..., 0] / 2.0


def turned(seconds: np.ndarray, hertz: np.ndarray) -> np.ndarray:
    """Spectra (..., f), complex64, of unit impulses at `seconds` (...)."""
    angle = np.float32(-2.0 * np.pi) * np.asarray(seconds, np.float32)[..., None]
    angle = angle * np.asarray(hertz, np.float32)
    out = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=out.real)
    np.sin(angle, out=out.imag)
    return out
