"""Scenes of files: a song folder or any recording in, one file per output, in bounded memory."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.audio import audio_info, audio_writer, read_blocks
from models.postprocessing.spatial.hrtf import Hrtf
from models.postprocessing.spatial.render import PEAK, Rendered, Renderer, render_blocks
from models.postprocessing.spatial.scene import Scene
from utils import STEMS, VERSION, UserError

READ_SECONDS = 3.0
SUFFIXES = (".wav", ".flac", ".aiff", ".aif", ".ogg")
WRITE_SAMPLES = 2**17


@dataclass(frozen=True)
class Input:
    """Stems on disk.

    Attributes:
        title: of the song. stems: their names. files: one per stem, or one whose channels are the
            stems.
    """

    title: str
    stems: list[str]
    files: list[Path]

    def blocks(self, sample_rate: int) -> Iterator[np.ndarray]:
        """All stems (s, t) in blocks; those that end early go on as silence."""
        if len(self.files) < len(self.stems) or self.stems == ["mono"]:
            yield from _channels(self.files[0], sample_rate, len(self.stems))
            return
        options = {"seconds": READ_SECONDS, "sample_rate": sample_rate}
        streams = [_rechunked(read_blocks(p, **options), sample_rate) for p in self.files]
        while parts := [next(stream, np.zeros(0, np.float32)) for stream in streams]:
            length = max(len(part) for part in parts)
            if not length:
                return
            yield np.stack([np.pad(part, (0, length - len(part))) for part in parts])


def _channels(path: Path, sample_rate: int, num: int) -> Iterator[np.ndarray]:
    """A recording (c, t) in blocks; one of more than two channels as their mean."""
    mono = num == 1
    blocks = read_blocks(path, seconds=READ_SECONDS, mono=mono, sample_rate=sample_rate)
    yield from (np.atleast_2d(block) for block in blocks)


def _rechunked(blocks: Iterator[np.ndarray], sample_rate: int) -> Iterator[np.ndarray]:
    """The same samples in blocks of one size, the last one shorter."""
    size, waiting = round(READ_SECONDS * sample_rate), np.zeros(0, np.float32)
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= size:
            yield waiting[:size]
            waiting = waiting[size:]
    if len(waiting):
        yield waiting


def find_input(target: str | Path) -> Input:
    """The stems of a song folder, or the channels of a recording.

    Raises:
        UserError: neither, or a folder without stems.
    """
    path = Path(target)
    if path.is_dir():
        found = {
            stem: file
            for stem in STEMS
            for file in [path / f"{stem}{suffix}" for suffix in reversed(SUFFIXES)]
            if file.is_file()
        }
        if not found:
            raise UserError(
                f"'{path}' has no stems: expected {STEMS[0]}.wav or .flac, {STEMS[1]}.wav, ..."
            )
        return Input(path.resolve().name, list(found), list(found.values()))
    stereo = audio_info(path).num_channels == 2
    return Input(path.stem, ["left", "right"] if stereo else ["mono"], [path])


def tags_of(title: str, scene: Scene, output: str, channels: Sequence[str]) -> dict[str, str]:
    """What players show of a rendered file."""
    kind = "AmbiX (ACN, SN3D)" if output == "ambisonics" else output
    comment = f"scene {scene.name}, {kind}, channels: {', '.join(channels)}"
    return {"title": title, "comment": comment, "software": f"HarmonicFlow {VERSION}"}


def save_rendered(path: str | Path, rendered: Rendered, *, title: str) -> None:
    """Writes a rendered scene, 24 bit with dither; the suffix (.wav, .flac) chooses the format."""
    tags = tags_of(title, rendered.scene, rendered.output, rendered.channels)
    _write(Path(path), iter([rendered.audio]), rendered.sample_rate, len(rendered.channels), tags)


def _write(
    path: Path,
    blocks: Iterator[np.ndarray],
    sample_rate: int,
    num_channels: int,
    tags: dict[str, str],
) -> None:
    with audio_writer(path, sample_rate, num_channels, dither=True, tags=tags) as write:
        for block in blocks:
            for first in range(0, block.shape[1], WRITE_SAMPLES):
                write(block[:, first : first + WRITE_SAMPLES])


def render_file(
    source: Input,
    path: str | Path,
    scene: Scene,
    *,
    output: str = "binaural",
    sample_rate: int = 44_100,
    hrtf: Hrtf | None = None,
    workers: int = 2,
) -> float:
    """Renders a song to a file of 24 bit with dither and tags, in memory that does not grow.

    What is rendered waits on disk as floating point until the peak is known.

    Returns:
        The gain that kept the peak below full scale, 1 where none was needed.
    """
    renderer = Renderer(scene, source.stems, sample_rate, output=output, hrtf=hrtf, workers=workers)
    path, num = Path(path), len(renderer.channels)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _waiting_room(path) as file:
        peak = 1e-9
        for block in render_blocks(source.blocks(sample_rate), renderer):
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            np.ascontiguousarray(block.T).tofile(file)
        gain = min(1.0, PEAK / peak)
        file.seek(0)
        tags = tags_of(source.title, scene, output, renderer.channels)
        blocks = (gain * block for block in _read_back(file, num))
        _write(path, blocks, sample_rate, num, tags)
    return gain


@contextlib.contextmanager
def _waiting_room(path: Path) -> Iterator[object]:
    """A nameless file in the folder of `path`."""
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            yield file
    except OSError as error:
        raise UserError(
            f"cannot write to '{path.parent}' ({os.strerror(error.errno or 0)}): choose another "
            "folder or make room"
        ) from None


def _read_back(file: object, num_channels: int) -> Iterator[np.ndarray]:
    """Blocks (c, t) of interleaved floating point."""
    while len(values := np.fromfile(file, np.float32, WRITE_SAMPLES * num_channels)):
        yield values.reshape(-1, num_channels).T
