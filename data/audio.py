"""Audio files in and out, and nothing else: checked, resampled, written whole or not at all.

Every way in which a file can be wrong ends in a `UserError` that names it. Reading never writes
beside the audio, so folders may be read-only. Formats: wav, flac, aiff, ogg and mp3. Long files
pass through in blocks, both ways.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from data.dither import BITS, quantised
from utils import SAMPLE_RATE, UserError, counter_rng, write_atomically

MIN_RATE, MAX_RATE = 4_000, 384_000
MAX_CHANNELS = 32
MAX_SECONDS = 2 * 3_600
MARGIN_SECONDS = 0.05
WRITE_SAMPLES = 2**18
MAX_WAV_BYTES = 2**32 - 2**16
DITHER_SEED = 24
TAGS = ("title", "artist", "album", "date", "genre", "comment", "copyright", "software")
MAGIC = {
    "wav": (b"RIFF", b"RIFX", b"RF64", b"riff"),
    "flac": (b"fLaC",),
    "ogg": (b"OggS",),
    "aiff": (b"FORM",),
    "mp3": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa"),
}


@dataclass(frozen=True)
class AudioInfo:
    """What a header says: `num_samples` per channel at `sample_rate` in Hz."""

    sample_rate: int
    num_samples: int
    num_channels: int
    subtype: str

    @property
    def seconds(self) -> float:
        return self.num_samples / self.sample_rate


def audio_info(path: str | Path) -> AudioInfo:
    """Rate, length and channels of a file, without reading its samples."""
    with _opened(path) as file:
        return _info(file)


def load_audio(
    path: str | Path, *, sample_rate: int = SAMPLE_RATE, mono: bool = True
) -> np.ndarray:
    """A whole file at `sample_rate`.

    Args:
        path: an audio file of any rate, 1-32 channels and at most two hours.
        mono: average the channels.

    Returns:
        float32 (t,) if mono, else (c, t); full scale is 1.

    Raises:
        UserError: not a readable audio file, an absurd header, or NaN or infinity in the samples.
    """
    with _opened(path) as file:
        info = _info(file)
        audio = _read(file, info.num_samples, path, mono)
    return _resampled(audio, info.sample_rate, sample_rate)


def read_crop(
    path: str | Path, start: int, num: int, *, sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """Part of a file as mono, reading (almost) only that part.

    Args:
        start: first sample wanted, counted at `sample_rate`; may lie before 0 or past the end.
        num: samples wanted.

    Returns:
        float32 (num,), equal to `load_audio(path)[start : start + num]`; zeros outside the file.
    """
    with _opened(path) as file:
        info = _info(file)
        common = math.gcd(info.sample_rate, sample_rate)
        up, down = sample_rate // common, info.sample_rate // common
        margin = 0 if up == down else math.ceil(MARGIN_SECONDS * sample_rate)
        first = max(start - margin, 0) // up
        last = -(-(start + num + margin) // up)
        begin = min(first * down, info.num_samples)
        end = min(max(last * down, begin), info.num_samples)
        file.seek(begin)
        audio = _read(file, end - begin, path, mono=True)
    audio = _resampled(audio, info.sample_rate, sample_rate)
    return _window(audio, start - first * up, num)


def read_blocks(
    path: str | Path, *, seconds: float = 1.0, mono: bool = True, sample_rate: int | None = None
) -> Iterator[np.ndarray]:
    """A file as consecutive blocks, the last one shorter; memory does not grow with its length.

    Args:
        seconds: length of a block. mono: average the channels.
        sample_rate: of the blocks, default the file's own.

    Yields:
        float32 (t,) if mono, else (c, t); joined, as long as what `load_audio` returns.
    """
    with _opened(path) as file:
        rate, size = file.samplerate, max(round(seconds * file.samplerate), 1)
        lengths = [min(size, file.frames - begin) for begin in range(0, file.frames, size)]
        blocks = (_read(file, length, path, mono) for length in lengths)
        if sample_rate in (None, rate):
            yield from blocks
        else:
            channels = 1 if mono else file.channels
            yield from _resampled_blocks(blocks, lengths, (rate, sample_rate), channels)


def _resampled_blocks(
    blocks: Iterator[np.ndarray], lengths: list[int], rates: tuple[int, int], num_channels: int
) -> Iterator[np.ndarray]:
    """Blocks at another rate: one filter runs through them all, so there are no seams."""
    old, new = rates
    stream = soxr.ResampleStream(old, new, num_channels, dtype="float32")
    missing = -(-sum(lengths) * new // old)
    for number, block in enumerate(blocks, start=1):
        last = number == len(lengths)
        shaped = block.T if block.ndim == 2 else block[:, None]
        out = stream.resample_chunk(np.ascontiguousarray(shaped), last=last).T
        out = _fit(out, missing if last else min(out.shape[-1], missing))
        missing -= out.shape[-1]
        yield np.ascontiguousarray(out if block.ndim == 2 else out[0])


def save_audio(
    path: str | Path,
    audio: np.ndarray,
    sample_rate: int = SAMPLE_RATE,
    subtype: str = "PCM_24",
    *,
    dither: bool = False,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Writes audio whole or not at all; the suffix (.wav, .flac) chooses the format.

    Args:
        audio: float (t,) or (c, t), full scale 1; what exceeds it is clipped with a warning unless
            the subtype is floating point.
        subtype: "PCM_16", "PCM_24" or "FLOAT" (wav only).
        dither: adds triangular noise of one step before rounding (see `data.dither`); for what
            leaves the program for good, not for stems that are read back.
        tags: what players show, keys of `TAGS`: INFO chunks of wav, Vorbis comments of flac.
    """
    path, audio = Path(path), np.asarray(audio, np.float32)
    if not np.isfinite(audio).all():
        raise UserError(f"audio for '{path}' holds NaN or infinity; nothing was written")
    if subtype != "FLOAT" and audio.size and np.abs(audio).max() > 1.0:
        warnings.warn(f"'{path}' peaks at {np.abs(audio).max():.2f} and is clipped", stacklevel=2)
        audio = np.clip(audio, -1.0, 1.0)
    channels = np.atleast_2d(audio)
    options = {"subtype": subtype, "dither": dither, "tags": tags}
    with audio_writer(path, sample_rate, len(channels), **options) as write:
        for begin in range(0, channels.shape[1], WRITE_SAMPLES):
            write(channels[:, begin : begin + WRITE_SAMPLES])


@contextmanager
def audio_writer(
    path: str | Path,
    sample_rate: int,
    num_channels: int,
    *,
    subtype: str = "PCM_24",
    dither: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Callable[[np.ndarray], None]]:
    """Yields a function that appends a block (c, t) to a new file; see `save_audio`.

    The file appears whole when the block ends, or not at all. Blocks lie within full scale. Six
    channels in a wav are labelled as 5.1 (left, right, centre, LFE, surrounds).

    Raises:
        UserError: a folder, suffix or subtype that cannot be written, or more than a wav holds.
    """
    path, rng = Path(path), counter_rng(DITHER_SEED)
    if dither and subtype not in BITS:
        raise ValueError(f"dither belongs to {', '.join(BITS)}, not to {subtype}")
    try:
        with write_atomically(path, suffix=path.suffix) as partial:
            with _created(partial, path, sample_rate, num_channels, subtype) as file:
                _write_tags(file, tags or {})

                def write(block: np.ndarray) -> None:
                    _check_size(file, block.shape[-1], path)
                    data = quantised(block, BITS[subtype], rng) if dither else block
                    file.write(data.T)

                yield write
    except (OSError, soundfile.SoundFileError) as error:
        raise _unwritable(path, error) from None


def _created(
    partial: Path, path: Path, sample_rate: int, num_channels: int, subtype: str
) -> soundfile.SoundFile:
    """A new file open for writing."""
    container = "WAVEX" if path.suffix.lower() == ".wav" and num_channels == 6 else None
    try:
        return soundfile.SoundFile(
            partial, "w", sample_rate, num_channels, subtype, format=container
        )
    except (ValueError, TypeError) as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: Exception) -> UserError:
    return UserError(
        f"cannot write '{path}' ({error}): check the folder, the free space and the suffix "
        "(.wav or .flac)"
    )


def _write_tags(file: soundfile.SoundFile, tags: Mapping[str, str]) -> None:
    for key, text in tags.items():
        if key not in TAGS:
            raise ValueError(f"unknown tag '{key}': choose from {', '.join(TAGS)}")
        setattr(file, key, str(text))


def _check_size(file: soundfile.SoundFile, more: int, path: Path) -> None:
    """Refuses a wav beyond the 4 GB that its header can count."""
    sample_bytes = BITS.get(file.subtype, 32) // 8
    num_bytes = (file.frames + more) * file.channels * sample_bytes
    if file.format.startswith("WAV") and num_bytes > MAX_WAV_BYTES:
        raise UserError(f"'{path}' would exceed 4 GB, more than a wav holds: write flac")


@contextmanager
def _opened(path: str | Path) -> Iterator[soundfile.SoundFile]:
    """A file opened after a look at its first bytes; whatever fails becomes a `UserError`."""
    try:
        with open(path, "rb") as raw:
            head = raw.read(4)
        if not any(head.startswith(m) for magics in MAGIC.values() for m in magics):
            raise UserError(
                f"'{path}' is not audio that can be read here (expected {', '.join(MAGIC)}; "
                f"{os.path.getsize(path)} bytes beginning {head!r}): convert it to wav or flac"
            )
        with soundfile.SoundFile(path) as file:
            _check_header(file, path)
            yield file
    except FileNotFoundError:
        raise UserError(f"audio file '{path}' does not exist: check the path") from None
    except IsADirectoryError:
        raise UserError(f"'{path}' is a folder: give one audio file") from None
    except (OSError, MemoryError, soundfile.SoundFileError) as error:
        raise UserError(
            f"cannot read '{path}' ({error}): the file is damaged or unreadable; "
            "replace it or remove it"
        ) from None


def _check_header(file: soundfile.SoundFile, path: str | Path) -> None:
    """Refuses headers that would ask for absurd amounts of memory."""
    rate_fits = MIN_RATE <= file.samplerate <= MAX_RATE
    if not rate_fits or not 1 <= file.channels <= MAX_CHANNELS:
        raise UserError(
            f"'{path}' claims {file.samplerate} Hz and {file.channels} channels; expected "
            f"{MIN_RATE}-{MAX_RATE} Hz and 1-{MAX_CHANNELS}: the file is damaged or not music"
        )
    if not 0 <= file.frames <= MAX_SECONDS * file.samplerate:
        raise UserError(
            f"'{path}' claims {file.frames / file.samplerate:.0f} s; expected at most "
            f"{MAX_SECONDS}: the file is damaged, or cut it into songs"
        )


def _info(file: soundfile.SoundFile) -> AudioInfo:
    return AudioInfo(file.samplerate, file.frames, file.channels, file.subtype)


def _read(file: soundfile.SoundFile, num: int, path: str | Path, mono: bool) -> np.ndarray:
    """The next `num` samples, float32 (t,) or (c, t), checked to be all there and finite."""
    audio = file.read(num, dtype="float32", always_2d=True).T
    if audio.shape[1] < num:
        raise UserError(
            f"'{path}' ends early ({audio.shape[1]} of {num} samples): the file is cut off; "
            "copy it again"
        )
    if not file.subtype.startswith("PCM") and not np.isfinite(audio).all():
        raise UserError(f"'{path}' holds NaN or infinity: the file is damaged; replace it")
    if not mono:
        return audio
    return audio[0] if len(audio) == 1 else audio.mean(axis=0)


def _resampled(audio: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """(t,) or (c, t) at another rate, band-limited; ceil(t * new_rate / rate) samples long."""
    if rate == new_rate or audio.shape[-1] == 0:
        return np.ascontiguousarray(audio, np.float32)
    length = -(-audio.shape[-1] * new_rate // rate)
    out = soxr.resample(audio.T, rate, new_rate).T
    return np.ascontiguousarray(_fit(out, length), np.float32)


def _fit(audio: np.ndarray, length: int) -> np.ndarray:
    """Cut or zero-padded at the end to `length`."""
    missing = length - audio.shape[-1]
    if missing <= 0:
        return audio[..., :length]
    pad = [(0, 0)] * (audio.ndim - 1) + [(0, missing)]
    return np.pad(audio, pad)


def _window(audio: np.ndarray, offset: int, num: int) -> np.ndarray:
    """`num` samples of (t,) from `offset` on, zeros where there are none."""
    if 0 <= offset <= len(audio) - num:
        return audio[offset : offset + num]
    out = np.zeros(num, np.float32)
    source = slice(max(offset, 0), max(min(offset + num, len(audio)), 0))
    part = audio[source]
    begin = max(-offset, 0)
    out[begin : begin + len(part)] = part
    return out
