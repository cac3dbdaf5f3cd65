"""What a scene does to sound, as filters: the direct path, the reflections and the late field.

All filters share one clock. Sample 0 of a filter is `latency` samples before the first sound of the
nearest source arrives; the renderer leaves those samples out.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from models.postprocessing.spatial.delay import HALF, placed
from models.postprocessing.spatial.directions import split
from models.postprocessing.spatial.head import SPEED_OF_SOUND
from models.postprocessing.spatial.hrtf import (
    filter_taps,
    grid_hertz,
    impulse,
    lead_samples,
    minimum_phase,
)
from models.postprocessing.spatial.late import late_field
from models.postprocessing.spatial.layouts import Layout
from models.postprocessing.spatial.room import Images, image_sources
from models.postprocessing.spatial.scene import Scene, Source

EARLY_ORDER = 3
PLACES_OF_A_PATH = 12
SPARE_SAMPLES = 16
MUSIC_LOW, MUSIC_KNEE, MUSIC_HIGH = 40.0, 100.0, 10_000.0


class Acoustics:
    """A scene for some sources, a rate and a layout.

    Attributes:
        latency: samples before the first arrival.
        early, late: images of up to three reflections, and the late field's filter (c, t) with its
            level; None in open air.
        first: indices of the images of one reflection.
        walls: minimum-phase spectra (i, f) of what the walls leave of each image.
    """

    def __init__(
        self, scene: Scene, sources: list[Source], sample_rate: int, layout: Layout
    ) -> None:
        self.scene, self.sources = scene, sources
        self.sample_rate, self.layout = sample_rate, layout
        self.lead = lead_samples(sample_rate)
        self.latency = self.lead + HALF + SPARE_SAMPLES
        self.places = [source.sampled(PLACES_OF_A_PATH) for source in sources]
        self.skip = self._nearest() - self.latency
        self.early: Images | None = None
        self.first: np.ndarray | None = None
        self.late: np.ndarray | None = None
        if scene.room is not None:
            self.early = image_sources(scene.room, EARLY_ORDER)
            self.first = np.flatnonzero(self.early.hits.sum(axis=1) == 1)
            self.walls = self._wall_spectra(self.early)
            self.late = self._late()

    def _nearest(self) -> int:
        """Samples of the shortest way from any source to an ear."""
        positions = np.concatenate(self.places)
        delays, _ = self.layout.direct(*split(positions), self.sample_rate)
        return int(delays.min() * self.sample_rate)

    def samples(self, delays: np.ndarray) -> np.ndarray:
        """Delays in seconds on the clock of the filters, without their lead."""
        return np.maximum(delays * self.sample_rate - self.skip - self.lead, HALF)

    def _wall_spectra(self, images: Images) -> np.ndarray:
        absorbed = self.scene.room.absorption(grid_hertz(self.sample_rate))
        logs = np.log(minimum_phase(np.sqrt(1.0 - absorbed)))
        return np.exp(images.hits @ logs)

    def _late(self) -> np.ndarray:
        num = len(self.layout.channels)
        noises = late_field(self.scene.room, self.sample_rate, num_channels=num, order=EARLY_ORDER)
        field = self.layout.diffuse(noises, self.sample_rate)
        field *= 10.0 ** (self.scene.reverb_db / 20.0)
        before = np.zeros((num, max(-self.skip, 0)))
        return np.concatenate([before, field[:, max(self.skip, 0) :]], axis=1)

    def paths(self, position: np.ndarray, images: np.ndarray | None, direct: bool) -> np.ndarray:
        """The filter (c, t) of a source at rest at `position` (3,).

        Args:
            images: which images to hear (indices), None for none; direct: the direct sound, too.
        """
        parts = [self._direct(position)] if direct else []
        if images is not None and self.early is not None and len(images):
            parts.append(self._reflected(position, images))
        delays = np.concatenate([delays for delays, _ in parts])
        filters = np.concatenate([filters for _, filters in parts])
        which = np.arange(filters.shape[1]) % delays.shape[1]
        length = int(delays.max()) + filters.shape[2] + 2 * HALF
        return placed(delays[:, which], filters, length)

    def _direct(self, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        delays, filters = self.layout.direct(*split(position[None]), self.sample_rate)
        return self.samples(delays), filters

    def _reflected(self, position: np.ndarray, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        feeds = self.layout.feeds(*split(self.early[images].positions(position)))
        mix = self.layout.mix(self.sample_rate)
        spectra = np.einsum("nk,ckf->ncf", feeds.gains, mix) * self.walls[images][:, None]
        return self.samples(feeds.delays), impulse(spectra, self.sample_rate)

    def still(self, index: int) -> np.ndarray:
        """The filter (c, t) of what is at rest of a source: all of it, or where it moves the later
        reflections, as if it stood in the middle of its path.
        """
        places, moves = self.places[index], self.sources[index].moves
        if not moves:
            every = None if self.early is None else np.arange(len(self.early.hits))
            return self.paths(places[0], every, direct=True)
        if self.early is None:
            return np.zeros((len(self.layout.channels), 1))
        later = np.flatnonzero(self.early.hits.sum(axis=1) > 1)
        return self.paths(places.mean(axis=0), later, direct=False)

    def level(self, index: int) -> float:
        """The gain with which a source keeps its energy, and what `gain_db` adds.

        Energy is that of noise with the spectrum of music, direct, early and late, on the mean of
        its path: a place in the room does not undo the balance of the music.
        """
        rest = joined(self.still(index), self.late)
        if not self.sources[index].moves:
            power = self._power(rest)
        else:
            heard = (self.paths(p, self.first, direct=True) for p in self.places[index])
            power = np.mean([self._power(joined(filters, rest)) for filters in heard])
        return 10.0 ** (self.sources[index].gain_db / 20.0) / np.sqrt(power)

    def _power(self, filters: np.ndarray) -> float:
        """Power gain of filters (c, t) for noise with the spectrum of music."""
        spectra = fft.rfft(filters, fft.next_fast_len(filters.shape[1], real=True))
        hertz = np.linspace(0.0, self.sample_rate / 2, spectra.shape[1])
        weight = music_power(hertz)
        return float(self.layout.power(np.abs(spectra) ** 2) @ weight / weight.sum())

    def delay_bound(self, source: Source) -> int:
        """Samples after which nothing of a moving source's direct sound or first reflection
        arrives.
        """
        far = np.linalg.norm(source.sampled(500), axis=1).max() * 1.05 + 0.5
        if self.early is not None:
            far += np.linalg.norm(self.early.offset, axis=1).max()
        samples = far / SPEED_OF_SOUND * self.sample_rate - self.skip
        return int(samples) + filter_taps(self.sample_rate)


def joined(filters: np.ndarray, late: np.ndarray | None) -> np.ndarray:
    """The sum (c, t) of two filters of different lengths."""
    if late is None:
        return filters
    out = np.zeros((len(late), max(late.shape[1], filters.shape[1])))
    out[:, : filters.shape[1]] += filters
    out[:, : late.shape[1]] += late
    return out


def music_power(hertz: np.ndarray) -> np.ndarray:
    """Power (f,) of music on average: even per octave to 100 Hz, then falling by 5 dB per octave.

    After Pestana, Ma, Reiss, Barbosa and Black, "Spectral Characteristics of Popular Commercial
    Recordings 1950-2010", AES 135th convention, 2013; none below 40 Hz and above 10 kHz.
    """
    inside = (hertz >= MUSIC_LOW) & (hertz <= MUSIC_HIGH)
    fall = np.minimum(MUSIC_KNEE / np.maximum(hertz, 1.0), 1.0) ** (5.0 / 3.0103)
    return inside * fall / np.maximum(hertz, 1.0)
