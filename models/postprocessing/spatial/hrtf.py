"""Head-related filters for any direction: from the head's closed form, or from measurements.

A filter is kept apart from its delay. Delays move smoothly and are rendered as delays; what is left
changes little from one direction to the next, so that it can be interpolated without combing. All
filters are equalised for the diffuse field: what is the same for every direction is taken out, and
music keeps its colour.
"""

from __future__ import annotations

from functools import cached_property, lru_cache

import numpy as np
from scipy import fft

from models.postprocessing.spatial.directions import Sphere, spiral
from models.postprocessing.spatial.head import SPEED_OF_SOUND, Head, turned

GRID_POINTS, EQUALISER_POINTS = 1_200, 300
EQUALISER_LIMIT = 4.0
FADE_FROM = 0.9
FAR = 100.0


def filter_taps(sample_rate: int) -> int:
    """Length of a head-related filter, 4.4 ms, a multiple of 32."""
    return 32 * round(0.0044 * sample_rate / 32)


def lead_samples(sample_rate: int) -> int:
    """Samples before a filter's first arrival, for what linear-phase parts ring ahead."""
    return filter_taps(sample_rate) // 6


def fft_size(sample_rate: int) -> int:
    """Points on which filters are designed."""
    return 4 * filter_taps(sample_rate)


def grid_hertz(sample_rate: int) -> np.ndarray:
    """Frequencies (f,) of the design grid."""
    return np.arange(fft_size(sample_rate) // 2 + 1) * sample_rate / fft_size(sample_rate)


def minimum_phase(magnitude: np.ndarray) -> np.ndarray:
    """The minimum-phase spectrum (..., f) of a magnitude on an even grid from 0 to Nyquist.

    Real cepstrum, folded (Oppenheim and Schafer, "Discrete-Time Signal Processing", chapter 13).
    """
    size = 2 * (magnitude.shape[-1] - 1)
    cepstrum = fft.irfft(np.log(np.maximum(magnitude, 1e-8)), size)
    cepstrum[..., 1 : size // 2] *= 2.0
    cepstrum[..., size // 2 + 1 :] = 0.0
    return np.exp(fft.rfft(cepstrum))


def impulse(spectrum: np.ndarray, sample_rate: int) -> np.ndarray:
    """Filters (..., taps) of spectra on the design grid, their time zero at `lead_samples`.

    Spectra fade out over the last tenth below Nyquist and filters at both ends, equally for all.
    """
    taps, lead = filter_taps(sample_rate), lead_samples(sample_rate)
    place = np.linspace(0.0, 1.0, spectrum.shape[-1])
    fade = np.clip((1.0 - place) / (1.0 - FADE_FROM), 0.0, 1.0)
    response = fft.irfft(spectrum * np.sin(np.pi / 2 * fade) ** 2, fft_size(sample_rate))
    response = np.roll(response, lead, axis=-1)[..., :taps]
    window = np.ones(taps)
    window[: lead // 2] = np.sin(np.pi / 2 * (np.arange(lead // 2) + 0.5) / (lead // 2)) ** 2
    window[-lead:] = np.cos(np.pi / 2 * (np.arange(lead) + 0.5) / lead) ** 2
    return response * window


def equaliser(power: np.ndarray) -> np.ndarray:
    """Minimum-phase spectrum (f,) that brings a mean power (f,) to 1, by at most 12 dB."""
    middle = np.mean(power)
    gain = np.sqrt(middle / np.maximum(power, 1e-12))
    gain = np.clip(gain, 1.0 / EQUALISER_LIMIT, EQUALISER_LIMIT) / np.sqrt(middle)
    return minimum_phase(gain).astype(np.complex64)


class Hrtf:
    """Filters on a set of directions, interpolated between them.

    Args:
        head: gives delays for sources at any distance.
        sphere: n directions. table: filters (n, 2, taps) without delays, equalised.
        extra_seconds: (n, 2) delays on top of the head's, or None.
    """

    def __init__(
        self,
        sample_rate: int,
        head: Head,
        sphere: Sphere,
        table: np.ndarray,
        extra_seconds: np.ndarray | None = None,
    ) -> None:
        self.sample_rate, self.head, self.sphere = sample_rate, head, sphere
        self.table, self.extra_seconds = table.astype(np.float32), extra_seconds

    def filters(self, directions: np.ndarray) -> np.ndarray:
        """Filters (n, 2, taps), float32, as exact as they are known; for sources that rest."""
        return self._interpolated(directions)

    def spectra(self, directions: np.ndarray, size: int) -> np.ndarray:
        """Spectra (n, 2, size // 2 + 1) of filters, cheap ones; for sources that move."""
        return fft.rfft(self._interpolated(directions), size)

    def _interpolated(self, directions: np.ndarray) -> np.ndarray:
        indices, weights = self.sphere.weights(directions)
        shares = weights.astype(np.float32)[..., None, None]
        return sum(shares[:, k] * self.table[indices[:, k]] for k in range(3))

    def paths(self, directions: np.ndarray, distances: np.ndarray) -> np.ndarray:
        """Metres (n, 2) to each ear, near sources included."""
        paths = self.head.paths(directions, distances)
        if self.extra_seconds is None:
            return paths
        indices, weights = self.sphere.weights(directions)
        extra = np.einsum("nk,nke->ne", weights, self.extra_seconds[indices])
        return np.maximum(paths + extra * SPEED_OF_SOUND, 1e-3)

    @cached_property
    def coherence(self) -> np.ndarray:
        """Real coherence (f,) of the ears in a diffuse field, on the design grid."""
        points, areas = self.sphere.points, self.sphere.areas
        hertz = grid_hertz(self.sample_rate)
        spectra = fft.rfft(self.table, fft_size(self.sample_rate))
        lag = self.paths(points, np.full(len(points), FAR)) @ [1.0, -1.0] / SPEED_OF_SOUND
        cross = spectra[:, 0] * spectra[:, 1].conj() * turned(lag, hertz)
        powers = np.einsum("n,nef->ef", areas, np.abs(spectra) ** 2)
        between = np.einsum("n,nf->f", areas, cross).real
        return np.clip(between / np.sqrt(np.maximum(powers.prod(axis=0), 1e-20)), -1.0, 1.0)


class AnalyticHrtf(Hrtf):
    """The spherical head of `head.py`: exact where a source rests; where it moves, shadow and pinna
    come from a grid, delay and torso from their formulas.
    """

    def __init__(self, sample_rate: int, head: Head) -> None:
        sphere, hertz = Sphere(spiral(GRID_POINTS)), grid_hertz(sample_rate)
        some = head.response(spiral(EQUALISER_POINTS), hertz)
        self.equaliser = equaliser(np.mean(np.abs(some) ** 2, axis=(0, 1)))
        table = impulse(head.upper(sphere.points, hertz) * self.equaliser, sample_rate)
        super().__init__(sample_rate, head, sphere, table)

    def filters(self, directions: np.ndarray) -> np.ndarray:
        """Filters (n, 2, taps) of the closed form."""
        responses = self.head.response(directions, grid_hertz(self.sample_rate))
        return impulse(responses * self.equaliser, self.sample_rate).astype(np.float32)

    def spectra(self, directions: np.ndarray, size: int) -> np.ndarray:
        """Spectra (n, 2, size // 2 + 1); the torso's echo lies within 1 ms of the filter's end."""
        hertz = np.arange(size // 2 + 1) * self.sample_rate / size
        return super().spectra(directions, size) * self.head.torso_factor(directions, hertz)


@lru_cache(maxsize=4)
def analytic_hrtf(sample_rate: int, head: Head | None = None) -> AnalyticHrtf:
    """The default head's filters, built once per rate."""
    return AnalyticHrtf(sample_rate, head or Head())
