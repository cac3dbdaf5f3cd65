"""Sources that move: the direct sound and the first reflections, with no step anywhere.

Every path is a delay that changes from sample to sample. Around a head, the direct sound is cut
into overlapping raised cosines, each through the filter of its own direction, so that one filter
fades into the next. All other gains are ramps. The reflections of all sources meet in front of each
wall's filter, which does not depend on where the source is.

What it does not know: that a fast source is heard where it was when the sound left it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import fft

from models.postprocessing.spatial.acoustics import Acoustics
from models.postprocessing.spatial.convolve import Convolver
from models.postprocessing.spatial.delay import DelayLine
from models.postprocessing.spatial.directions import split
from models.postprocessing.spatial.head import SPEED_OF_SOUND
from models.postprocessing.spatial.hrtf import Hrtf, filter_taps, grid_hertz, impulse
from models.postprocessing.spatial.layouts import Binaural, Feeds
from models.postprocessing.spatial.scene import Source

CONTROL_SAMPLES = 128
FRAME_SECONDS = 0.023
TORSO_SECONDS = 0.001
STRETCH_SAMPLES = 8_192


def frame_samples(sample_rate: int) -> int:
    """Samples from one head-related filter to the next, a power of two times `CONTROL_SAMPLES`."""
    steps = FRAME_SECONDS * sample_rate / CONTROL_SAMPLES
    return CONTROL_SAMPLES * 2 ** round(np.log2(steps))


class MovingSource:
    """One source in motion, block by block.

    Args:
        block: samples per call, a multiple of `frame_samples`.
    """

    def __init__(self, acoustics: Acoustics, groups: Groups, index: int, block: int) -> None:
        self.acoustics, self.groups, self.block = acoustics, groups, block
        self.source: Source = acoustics.sources[index]
        self.layout, self.sample_rate = acoustics.layout, acoustics.sample_rate
        self.history = acoustics.delay_bound(self.source)
        self.heard = np.zeros(self.history + block, np.float32)
        self.hrtf: Hrtf | None = None
        if isinstance(self.layout, Binaural):
            self.hrtf = self.layout.hrtf

    def process(self, audio: np.ndarray, start: int) -> tuple[np.ndarray | None, np.ndarray]:
        """The next block.

        Args:
            audio: float32 (block,). start: its first sample, counted from the beginning.

        Returns:
            Around a head, the direct sound (2, block + tail), else None; and feeds (g, k, block)
            in front of the filters of `Groups`.
        """
        self.heard[: self.history] = self.heard[self.block :].copy()
        self.heard[self.history :] = audio
        line = DelayLine(self.heard)
        seconds = (start + np.arange(0, self.block + 1, CONTROL_SAMPLES)) / self.sample_rate
        positions = self.source.positions(seconds)
        groups, early = self.groups, self.acoustics.early
        feeds = np.zeros((groups.num, self.layout.num_feeds, self.block), np.float32)
        for image, group in zip(groups.images, groups.group_of_image, strict=True):
            self._add(feeds[group], line, positions * early.scale[image] + early.offset[image])
        if self.hrtf is not None:
            return self._around_head(line, positions), feeds
        self._add(feeds[0], line, positions)
        return None, feeds

    def _add(self, feeds: np.ndarray, line: DelayLine, positions: np.ndarray) -> None:
        """Adds one path, through `positions` (m, 3) at control points, to feeds (k, block)."""
        path: Feeds = self.layout.feeds(*split(positions))
        behind = self.acoustics.samples(path.delays)
        for part, points in self._stretches():
            heard = self._read(line, part, behind[points])
            sent = ramps(path.gains[points])
            sent.reshape(-1, *heard.shape)[:] *= heard
            feeds[:, part] += sent

    def _stretches(self) -> Iterator[tuple[slice, slice]]:
        """Short parts of the block, which fit a processor's cache, and their control points."""
        for first in range(0, self.block, STRETCH_SAMPLES):
            last = min(first + STRETCH_SAMPLES, self.block)
            yield (
                slice(first, last),
                slice(first // CONTROL_SAMPLES, last // CONTROL_SAMPLES + 1),
            )

    def _read(self, line: DelayLine, part: slice, behind: np.ndarray) -> np.ndarray:
        """Part of the block (d, t) with delays in samples (m, d) at its control points."""
        common = np.floor(behind.min(axis=0))
        rows = ramps(behind - common)
        starts = self.history + part.start - common.astype(np.int64)
        heard = np.empty_like(rows)
        for start, row, out in zip(starts, rows, heard, strict=True):
            line.read(int(start), row, out)
        return heard

    def _around_head(self, line: DelayLine, positions: np.ndarray) -> np.ndarray:
        """The direct sound (2, block + tail), each frame through the filters at its ends."""
        directions, distances = split(positions)
        paths = self.hrtf.paths(directions, distances)
        behind = self.acoustics.samples(paths / SPEED_OF_SOUND)
        parts = [self._read(line, part, behind[points]) for part, points in self._stretches()]
        heard = np.concatenate(parts, axis=1)
        frame, size = frame_samples(self.sample_rate), direct_size(self.sample_rate)
        every = slice(None, None, frame // CONTROL_SAMPLES)
        spectra = self.hrtf.spectra(directions[every], size)
        spectra = spectra / paths[every][..., None].astype(np.float32)
        framed = heard.reshape(2, -1, frame).swapaxes(0, 1)
        rise = np.sin(np.pi / 2 * (np.arange(frame) + 0.5) / frame).astype(np.float32) ** 2
        total = fft.rfft(framed * (1.0 - rise), size) * spectra[:-1]
        total += fft.rfft(framed * rise, size) * spectra[1:]
        out = np.zeros((2, self.block + size - frame), np.float32)
        for number, part in enumerate(fft.irfft(total, size)):
            out[:, number * frame : number * frame + size] += part
        return out


@dataclass(frozen=True)
class Groups:
    """First-order images that share a wall's material share its filter.

    Attributes:
        images: their indices (i,). group_of_image: (i,) from 1 on; group 0 meets no wall.
        walls: spectra (g, f) of the groups.
    """

    images: np.ndarray
    group_of_image: np.ndarray
    walls: np.ndarray

    @property
    def num(self) -> int:
        return len(self.walls)

    @classmethod
    def of(cls, acoustics: Acoustics) -> Groups:
        """The groups of a scene."""
        none = np.zeros(0, np.int64)
        open_air = np.ones((1, len(grid_hertz(acoustics.sample_rate))))
        if acoustics.early is None:
            return cls(none, none, open_air)
        walls, group = np.unique(acoustics.walls[acoustics.first], axis=0, return_inverse=True)
        return cls(acoustics.first, group.reshape(-1) + 1, np.concatenate([open_air, walls]))

    def filters(self, acoustics: Acoustics) -> np.ndarray:
        """Filters (g * k, c, taps) behind the feeds."""
        mix = acoustics.layout.mix(acoustics.sample_rate)
        spectra = self.walls[:, None, None] * mix.swapaxes(0, 1)
        filters = impulse(spectra, acoustics.sample_rate)
        return filters.reshape(-1, *filters.shape[2:])


def ramps(points: np.ndarray) -> np.ndarray:
    """Straight lines (k, m * 128), float32, between control points (m + 1, k)."""
    share = np.arange(CONTROL_SAMPLES, dtype=np.float32) / CONTROL_SAMPLES
    ends = np.stack([points[:-1], points[1:]], axis=-1).astype(np.float32)
    lines = ends.swapaxes(0, 1) @ np.stack([1.0 - share, share])
    return lines.reshape(points.shape[1], -1)


def direct_size(sample_rate: int) -> int:
    """FFT points that hold a frame, its filter and the torso's echo."""
    tail = filter_taps(sample_rate) + int(TORSO_SECONDS * sample_rate)
    return fft.next_fast_len(frame_samples(sample_rate) + tail, real=True)


class MovingSources:
    """All sources of a scene that move; sums what they send to one set of filters."""

    def __init__(self, acoustics: Acoustics, block: int, *, workers: int = 1) -> None:
        groups = Groups.of(acoustics)
        self.indices = [i for i, source in enumerate(acoustics.sources) if source.moves]
        self.sources = [MovingSource(acoustics, groups, index, block) for index in self.indices]
        self.filters = Convolver(groups.filters(acoustics), block, workers=workers)
        self.block = block
        num = len(acoustics.layout.channels)
        self.rest = np.zeros((num, direct_size(acoustics.sample_rate)), np.float32)
        self.tail = max(s.history for s in self.sources) + self.rest.shape[1]

    def process(self, audio: np.ndarray, start: int, run: type[map] = map) -> np.ndarray:
        """The next block (c, block) of stems (s, block); `run` maps, perhaps in threads."""
        jobs = [(source, audio[i]) for source, i in zip(self.sources, self.indices, strict=True)]
        results = list(run(lambda job: job[0].process(job[1], start), jobs))
        feeds = sum(feeds for _, feeds in results)
        out = self.filters.process(feeds.reshape(-1, self.block))
        out[:, : self.rest.shape[1]] += self.rest
        self.rest[:] = 0.0
        for direct, _ in results:
            if direct is not None:
                out += direct[:, : self.block]
                self.rest[:, : direct.shape[1] - self.block] += direct[:, self.block :]
        return out
