"""What is written: for two ears, two speakers, first-order ambisonics or 5.1.

A layout turns a direction into delays and gains of a few *feeds*. Its `mix` says what of each feed
reaches which channel: feeds are channels, but for binaural, where an ear hears all of a sound (one
feed) and more or less of its high frequencies (another), which is the head's shadow exactly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy import fft

from models.postprocessing.spatial.head import SPEED_OF_SOUND
from models.postprocessing.spatial.hrtf import (
    Hrtf,
    analytic_hrtf,
    fft_size,
    grid_hertz,
    impulse,
)
from utils import UserError, did_you_mean

SPEAKERS = np.array([30.0, -30.0, 0.0, 110.0, -110.0])
SURROUND_CHANNELS = (0, 1, 2, 4, 5)
EQUAL_SHARE = np.sqrt(0.2)


@dataclass(frozen=True)
class Feeds:
    """Paths of sound as delays and gains.

    Attributes:
        delays: seconds (n, d), d = 1 where all feeds share it; feed k takes delay k modulo d.
        gains: (n, k).
    """

    delays: np.ndarray
    gains: np.ndarray


class Layout(ABC):
    """Where the sound of a place goes; each feed is a channel unless `mix` says otherwise.

    Attributes:
        channels: their names, in the order of the file.
    """

    channels: tuple[str, ...] = ()

    @property
    def num_feeds(self) -> int:
        return len(self.channels)

    @abstractmethod
    def feeds(self, directions: np.ndarray, distances: np.ndarray) -> Feeds:
        """Paths from places in `directions` (n, 3) at `distances` (n,), their level falling as
        1 / distance.
        """

    def mix(self, sample_rate: int) -> np.ndarray:
        """Spectra (c, k, f) from feeds to channels on the design grid of `hrtf.py`; feed k with
        its delay reaches channel k modulo c alone.
        """
        ones = np.ones(fft_size(sample_rate) // 2 + 1)
        return np.eye(self.num_feeds)[..., None] * ones

    def direct(
        self, directions: np.ndarray, distances: np.ndarray, sample_rate: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Seconds (n, d) and filters (n, c, taps) of the direct sound of sources at rest."""
        feeds = self.feeds(directions, distances)
        spectra = np.einsum("nk,ckf->ncf", feeds.gains, self.mix(sample_rate))
        return feeds.delays, impulse(spectra, sample_rate)

    @abstractmethod
    def diffuse(self, noises: np.ndarray, sample_rate: int) -> np.ndarray:
        """The late field (c, t) of independent noises (c, t); as loud as a diffuse field is."""

    def power(self, channels: np.ndarray) -> np.ndarray:
        """What is heard of squared channels (c, ...): their sum."""
        return channels.sum(axis=0)


class Panned(Layout):
    """Panning without a head."""

    @abstractmethod
    def gains(self, directions: np.ndarray) -> np.ndarray:
        """Gains (n, c) of directions (n, 3)."""

    def feeds(self, directions: np.ndarray, distances: np.ndarray) -> Feeds:
        gains = self.gains(directions) / distances[:, None]
        return Feeds(distances[:, None] / SPEED_OF_SOUND, gains)


class Stereo(Panned):
    """Two speakers; a direction's place from left to right, at constant power."""

    channels = ("left", "right")

    def gains(self, directions: np.ndarray) -> np.ndarray:
        angle = (1.0 - directions[:, 1]) * np.pi / 4
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)

    def diffuse(self, noises: np.ndarray, sample_rate: int) -> np.ndarray:
        return noises * np.sqrt(0.5)


class Ambisonics(Panned):
    """First order, AmbiX: channels W, Y, Z, X (ACN) of SN3D weight (Nachbar et al. 2011)."""

    channels = ("W", "Y", "Z", "X")

    def gains(self, directions: np.ndarray) -> np.ndarray:
        return np.concatenate([np.ones((len(directions), 1)), directions[:, [1, 2, 0]]], axis=1)

    def diffuse(self, noises: np.ndarray, sample_rate: int) -> np.ndarray:
        return noises * np.sqrt([[1.0], [1 / 3], [1 / 3], [1 / 3]])

    def power(self, channels: np.ndarray) -> np.ndarray:
        return channels[0]


class Surround(Panned):
    """5.1 (ITU-R BS.775): vector panning (Pulkki, JAES 45, 1997) between neighbouring speakers.

    What comes from above or below spreads over all five. The LFE is silent: the five channels carry
    the full range, and a receiver sends their bass where it belongs.
    """

    channels = ("left", "right", "centre", "LFE", "left surround", "right surround")

    def gains(self, directions: np.ndarray) -> np.ndarray:
        azimuth = np.degrees(np.arctan2(directions[:, 1], directions[:, 0]))
        flat = _pairwise(azimuth) * np.hypot(directions[:, 0], directions[:, 1])[:, None]
        five = np.sqrt(flat**2 + (EQUAL_SHARE * directions[:, 2:]) ** 2)
        gains = np.zeros((len(directions), 6))
        gains[:, SURROUND_CHANNELS] = five
        return gains

    def diffuse(self, noises: np.ndarray, sample_rate: int) -> np.ndarray:
        field = np.zeros_like(noises)
        field[list(SURROUND_CHANNELS)] = EQUAL_SHARE * noises[list(SURROUND_CHANNELS)]
        return field


def _pairwise(azimuth: np.ndarray) -> np.ndarray:
    """Gains (n, 5), of unit power, of the two speakers on either side of each azimuth."""
    order = np.argsort(SPEAKERS)
    ring = np.concatenate([SPEAKERS[order], [SPEAKERS[order[0]] + 360.0]])
    turned = ring[0] + (azimuth - ring[0]) % 360.0
    right = np.minimum(np.searchsorted(ring, turned, side="right") - 1, 4)
    span = np.radians(ring[right + 1] - ring[right])
    into = np.radians(turned - ring[right])
    pair = np.stack([np.sin(span - into), np.sin(into)], axis=1)
    pair /= np.linalg.norm(pair, axis=1, keepdims=True)
    gains, rows = np.zeros((len(azimuth), 5)), np.arange(len(azimuth))
    gains[rows, order[right]] = pair[:, 0]
    gains[rows, order[(right + 1) % 5]] = pair[:, 1]
    return gains


class Binaural(Layout):
    """Two ears. Feeds: all of a sound at each ear, then its high frequencies at each ear.

    The direct sound goes through the whole head-related filter; what walls reflect goes by the
    head's delay and shadow, without pinna and torso.
    """

    channels = ("left", "right")

    def __init__(self, hrtf: Hrtf) -> None:
        self.hrtf = hrtf

    @property
    def num_feeds(self) -> int:
        return 4

    def feeds(self, directions: np.ndarray, distances: np.ndarray) -> Feeds:
        paths = self.hrtf.head.paths(directions, distances)
        depth = self.hrtf.head.shadow_depth(directions) - 1.0
        return Feeds(paths / SPEED_OF_SOUND, np.concatenate([1.0 / paths, depth / paths], axis=1))

    def mix(self, sample_rate: int) -> np.ndarray:
        high = self.hrtf.head.high_share(grid_hertz(sample_rate))
        ears = np.eye(2)[..., None]
        return np.concatenate([ears * np.ones_like(high), ears * high], axis=1)

    def direct(
        self, directions: np.ndarray, distances: np.ndarray, sample_rate: int
    ) -> tuple[np.ndarray, np.ndarray]:
        paths = self.hrtf.paths(directions, distances)
        return paths / SPEED_OF_SOUND, self.hrtf.filters(directions) / paths[..., None]

    def diffuse(self, noises: np.ndarray, sample_rate: int) -> np.ndarray:
        """Ears in a diffuse field agree at low frequencies and differ at high ones."""
        size = fft.next_fast_len(noises.shape[1] + fft_size(sample_rate), real=True)
        place = np.linspace(0.0, 1.0, size // 2 + 1)
        known = np.linspace(0.0, 1.0, len(self.hrtf.coherence))
        coherence = np.interp(place, known, self.hrtf.coherence)
        same, other = fft.rfft(noises, size)
        same = same * np.sqrt((1.0 + coherence) / 2.0)
        other = other * np.sqrt((1.0 - coherence) / 2.0)
        return fft.irfft(np.stack([same + other, same - other]), size)[:, : noises.shape[1]]


LAYOUTS = {"stereo": Stereo, "ambisonics": Ambisonics, "5.1": Surround}
OUTPUTS = ("binaural", *LAYOUTS)


def find_layout(name: str, sample_rate: int, hrtf: Hrtf | None = None) -> Layout:
    """A layout by its name; binaural takes `hrtf`, or the spherical head.

    Raises:
        UserError: no such output.
    """
    if name == "binaural":
        return Binaural(hrtf or analytic_hrtf(sample_rate))
    if name not in LAYOUTS:
        raise UserError(f"no output '{name}': {did_you_mean(name, OUTPUTS)}")
    return LAYOUTS[name]()
