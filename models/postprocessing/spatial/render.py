"""Stems in, a scene out: block by block, so that an hour takes no more memory than a minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from models.postprocessing.spatial.acoustics import Acoustics
from models.postprocessing.spatial.convolve import Convolver
from models.postprocessing.spatial.hrtf import Hrtf
from models.postprocessing.spatial.layouts import find_layout
from models.postprocessing.spatial.moving import MovingSources, frame_samples
from models.postprocessing.spatial.presets import find_scene
from models.postprocessing.spatial.scene import Scene
from utils import STEMS, UserError

BLOCK_SECONDS = 3.0
PEAK = 0.98
MIN_RATE, MAX_RATE = 16_000, 96_000


@dataclass(frozen=True)
class Rendered:
    """A scene as audio.

    Attributes:
        audio: float32 (c, t), longer than the stems by what the room rings on.
        channels: names of the c channels. gain: what kept the peak below full scale.
    """

    audio: np.ndarray
    sample_rate: int
    output: str
    channels: tuple[str, ...]
    scene: Scene
    gain: float


class Renderer:
    """A scene in motion: takes stems in blocks of any length and gives channels back.

    Args:
        stems: names of the s stems. output: one of `layouts.OUTPUTS`.
        hrtf: head-related filters of the same rate, for binaural; default the spherical head.
        workers: threads.

    Raises:
        UserError: a stem without a place, an unknown output, a rate that is not for music.
    """

    def __init__(
        self,
        scene: Scene,
        stems: Iterable[str],
        sample_rate: int,
        *,
        output: str = "binaural",
        hrtf: Hrtf | None = None,
        workers: int = 2,
    ) -> None:
        if not MIN_RATE <= sample_rate <= MAX_RATE:
            raise UserError(
                f"cannot render at {sample_rate} Hz: expected {MIN_RATE} to {MAX_RATE}; use 44100"
            )
        names = list(stems)
        layout = find_layout(output, sample_rate, hrtf)
        self.channels, self.num_stems = layout.channels, len(names)
        acoustics = Acoustics(scene, scene.sources_of(names), sample_rate, layout)
        frame = frame_samples(sample_rate)
        self.block = frame * 2 ** round(np.log2(BLOCK_SECONDS * sample_rate / frame))
        self.levels = np.array([acoustics.level(i) for i in range(len(names))], np.float32)
        self.pool = ThreadPoolExecutor(workers) if workers > 1 else None
        self._prepare(acoustics, workers)
        self.drop, self.done = acoustics.latency, 0
        self.waiting = np.zeros((len(names), 0), np.float32)

    def _prepare(self, acoustics: Acoustics, workers: int) -> None:
        stills = [acoustics.still(i) for i in range(self.num_stems)]
        self.still = Convolver(_stacked(stills), self.block, workers=workers)
        self.late = self.moving = None
        tails = [self.still.taps]
        if acoustics.late is not None:
            self.late = Convolver(acoustics.late[None], self.block, workers=workers)
            tails.append(self.late.taps)
        if any(source.moves for source in acoustics.sources):
            self.moving = MovingSources(acoustics, self.block, workers=workers)
            tails.append(self.moving.tail)
        self.tail = max(max(tails) - acoustics.latency, 0)

    def process(self, audio: np.ndarray) -> np.ndarray:
        """What can be rendered now (c, t') of stems (s, t)."""
        if audio.shape[0] != self.num_stems:
            raise ValueError(f"expected {self.num_stems} stems, got {audio.shape}")
        self.waiting = np.concatenate([self.waiting, audio.astype(np.float32)], axis=1)
        ready = []
        while self.waiting.shape[1] >= self.block:
            ready.append(self._block(self.waiting[:, : self.block]))
            self.waiting = self.waiting[:, self.block :]
        return self._joined(ready)

    def finish(self) -> np.ndarray:
        """The rest (c, t'): what still waits and what the room rings on."""
        left = self.waiting.shape[1] + self.tail + self.drop
        silence = np.zeros((self.num_stems, -left % self.block + self.tail + self.drop), np.float32)
        return self.process(silence)[:, : left - self.drop]

    def _joined(self, blocks: list[np.ndarray]) -> np.ndarray:
        empty = np.zeros((len(self.channels), 0), np.float32)
        return np.concatenate(blocks, axis=1) if blocks else empty

    def _block(self, audio: np.ndarray) -> np.ndarray:
        audio = audio * self.levels[:, None]
        out = self.still.process(audio)
        if self.late is not None:
            out += self.late.process(audio.sum(axis=0, keepdims=True))
        if self.moving is not None:
            out += self.moving.process(audio, self.done, self.pool.map if self.pool else map)
        early = min(max(self.drop - self.done, 0), self.block)
        self.done += self.block
        return out[:, early:]


def _stacked(filters: list[np.ndarray]) -> np.ndarray:
    """Filters (s, c, t) of different lengths, zeros at their ends."""
    out = np.zeros((len(filters), filters[0].shape[0], max(f.shape[1] for f in filters)))
    for row, part in zip(out, filters, strict=True):
        row[:, : part.shape[1]] = part
    return out


def render_blocks(blocks: Iterable[np.ndarray], renderer: Renderer) -> Iterator[np.ndarray]:
    """Channels (c, t'), block by block, of stems (s, t) in blocks."""
    for block in blocks:
        out = renderer.process(block)
        if out.shape[1]:
            yield out
    yield renderer.finish()


def render_scene(
    stems: Mapping[str, np.ndarray] | np.ndarray,
    sample_rate: int,
    scene: Scene | str,
    *,
    output: str = "binaural",
    hrtf: Hrtf | None = None,
    workers: int = 2,
) -> Rendered:
    """Stems in a room.

    Args:
        stems: name -> mono audio (t,), or (s, t) in the order of `utils.STEMS`; float, of one
            length or shorter ones that end in silence.
        sample_rate: 16,000 to 96,000 Hz. scene: a `Scene`, a preset's name or a JSON file.
        output: "binaural", "stereo", "ambisonics" (AmbiX) or "5.1".
        hrtf: head-related filters of this rate; default the spherical head.
        workers: threads; the result does not depend on them.

    Returns:
        Every stem with the energy it came with; one gain for all where the sum would clip.

    Raises:
        UserError: an unknown scene or output, a stem without a place, audio that is not finite.
    """
    scene = find_scene(scene) if isinstance(scene, str) else scene
    names, audio = _as_stems(stems)
    renderer = Renderer(scene, names, sample_rate, output=output, hrtf=hrtf, workers=workers)
    rendered = np.concatenate(list(render_blocks([audio], renderer)), axis=1)
    gain = min(1.0, PEAK / max(float(np.abs(rendered).max(initial=0.0)), 1e-9))
    rendered *= np.float32(gain)
    return Rendered(rendered, sample_rate, output, renderer.channels, scene, gain)


def _as_stems(stems: Mapping[str, np.ndarray] | np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names and audio (s, t), checked."""
    if not isinstance(stems, Mapping):
        audio = np.asarray(stems, np.float32)
        if audio.ndim != 2 or len(audio) != len(STEMS):
            raise ValueError(f"expected stems ({len(STEMS)}, t), got {audio.shape}")
        stems = dict(zip(STEMS, audio, strict=True))
    if not stems:
        raise UserError("there is no stem to render: give at least one")
    length = max(len(audio) for audio in stems.values())
    joined = np.zeros((len(stems), length), np.float32)
    for row, audio in zip(joined, stems.values(), strict=True):
        row[: len(audio)] = audio
    if not np.isfinite(joined).all():
        raise UserError("a stem holds NaN or infinity: render only what is finite")
    return list(stems), joined
