"""Whole songs: any rate, one or two channels, any length, in pieces that equal the whole.

A piece is heard with what the network can see on both sides of it, and begins where a frame of the
network begins at both rates, so pieces have no seams. Masks are found in the mean of left and right
and used on both, so every stem stays where it stands. What lies above the network's 11 kHz is
shared as each moment's highest audible octave is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import numpy as np
import soxr
import torch

from data.audio import MAX_RATE, MIN_RATE, audio_info, audio_writer, read_blocks
from models.preprocessing.separation.network import PATCH, Separator, load_separator
from models.preprocessing.separation.remixing import level_gain
from models.preprocessing.separation.spectra import HOP_SAMPLES, spectra, waveform
from utils import NUM_STEMS, RELEASE, SAMPLE_RATE, STEMS, UserError, eval_mode

WEIGHTS = RELEASE / "separation.safetensors"
PIECE_SECONDS = 15.0
PATCH_SAMPLES = PATCH * HOP_SAMPLES


def separate(
    mixture: np.ndarray | torch.Tensor, sample_rate: int, model: Separator | None = None
) -> np.ndarray:
    """Bass, drums, guitar and piano of a mixture, whose sum it is.

    Working memory beyond mixture and stems is that of a piece of some seconds.

    Args:
        mixture: (t,) or (c, t) of one or two channels; full scale is 1.
        sample_rate: in Hz, 4,000 to 384,000; the network works at 22,050.
        model: default the released separator.

    Returns:
        float32 (4, t), or (4, c, t) where the mixture has an axis of channels.

    Raises:
        UserError: audio of another shape or not finite, a rate out of range, or no weights.
    """
    given = _checked(mixture, sample_rate)
    model = released_separator() if model is None else model
    channels = given.reshape(-1, given.shape[-1])
    size = _block_samples(sample_rate)
    blocks = [channels[:, i : i + size] for i in range(0, channels.shape[1], size)]
    gain = _gain(blocks)
    out = np.empty((NUM_STEMS, *channels.shape), np.float32)
    start = 0
    for stems in separated_blocks(blocks, sample_rate, gain, model):
        out[..., start : start + stems.shape[-1]] = stems
        start += stems.shape[-1]
    return out.reshape(NUM_STEMS, *given.shape)


def separate_file(path: str | Path, folder: str | Path, model: Separator) -> list[Path]:
    """Writes the stems of an audio file as bass.wav, drums.wav, ... of its rate and channels.

    Samples are floating point, so the files sum to the song. The file is read twice, in blocks:
    memory does not grow with its length.

    Raises:
        UserError: not a readable file, empty, of more than two channels, or nothing can be written.
    """
    info = audio_info(path)
    if not info.num_samples or info.num_channels > 2:
        raise UserError(
            f"'{path}' has {info.num_samples} samples and {info.num_channels} channels: expected "
            "sound in one or two channels"
        )
    seconds = _block_samples(info.sample_rate) / info.sample_rate
    read = lambda: (np.atleast_2d(b) for b in read_blocks(path, seconds=seconds, mono=False))
    gain = _gain(read())
    paths = [Path(folder) / f"{stem}.wav" for stem in STEMS]
    with ExitStack() as stack:
        writers = [
            stack.enter_context(
                audio_writer(p, info.sample_rate, info.num_channels, subtype="FLOAT")
            )
            for p in paths
        ]
        for stems in separated_blocks(read(), info.sample_rate, gain, model):
            for write, stem in zip(writers, stems, strict=True):
                write(stem)
    return paths


def released_separator(path: str | Path = WEIGHTS) -> Separator:
    """The separator in a file, default the one that comes with the project.

    Raises:
        UserError: there are no weights, with the way to train some.
    """
    if not Path(path).is_file():
        raise UserError(
            f"no separator at '{path}': train one with 'python train.py --stage separation "
            "--preset small --data_dir DIR --checkpoint_dir runs/separation', then pass "
            "--checkpoint runs/separation/best.pt"
        )
    return load_separator(path)


def separated_blocks(
    blocks: Iterable[np.ndarray], sample_rate: int, gain: float, model: Separator
) -> Iterator[np.ndarray]:
    """Stems (s c t) of consecutive blocks (c t), each of the length that `separate` cuts."""
    context = _context_samples(sample_rate, model)
    before = here = None
    for after in chain(blocks, [None]):
        if here is not None:
            start = 0 if before is None else min(context, before.shape[1])
            parts = [None if before is None else before[:, -context:], here]
            parts.append(None if after is None else after[:, :context])
            piece = np.concatenate([part for part in parts if part is not None], 1)
            found = _separated(piece, sample_rate, gain, model)
            yield found[..., start : start + here.shape[1]]
        before, here = here, after


def _separated(piece: np.ndarray, rate: int, gain: float, model: Separator) -> np.ndarray:
    """Stems (s c t) of a piece (c t) that is short enough to be heard at once."""
    audio = torch.from_numpy(_resampled(piece, rate, SAMPLE_RATE)) * gain
    length = audio.shape[1]
    audio = torch.nn.functional.pad(audio, (0, -length % PATCH_SAMPLES))
    with eval_mode(model):
        masks = model(spectra(audio.mean(0, keepdim=True)))[0]
        found = waveform(masks[:, None] * spectra(audio), audio.shape[1])[..., :length]
    found = found.numpy() / gain
    stems = np.stack([_resampled(stem, SAMPLE_RATE, rate)[:, : piece.shape[1]] for stem in found])
    missing = piece - stems.sum(0)
    return stems + _shares(found, piece.shape[1], rate)[:, None] * missing


def _shares(stems: np.ndarray, num_samples: int, rate: int) -> np.ndarray:
    """Each stem's part (s, num_samples) of the highest octave, in steps of 23 ms.

    Args:
        stems: (s, c, t) at 22,050 Hz.
        num_samples, rate: of the result.
    """
    size = HOP_SAMPLES
    energies = []
    for stem in stems:
        high = np.diff(stem, 4, append=np.zeros((len(stem), 4), np.float32))  # +48 dB per decade
        high = np.pad(np.square(high).sum(0), (0, -high.shape[1] % size))
        energies.append(high.reshape(-1, size).sum(1))
    energy = np.stack(energies) + 1e-12
    at = (np.arange(num_samples) + 0.5) * (SAMPLE_RATE / rate / size) - 0.5
    steps = np.arange(energy.shape[1])
    shares = np.stack([np.interp(at, steps, part) for part in energy / energy.sum(0)])
    return shares.astype(np.float32)


def _resampled(audio: np.ndarray, rate: int, new_rate: int) -> np.ndarray:
    """Float32 (c, t) at another rate, ceil(t * new_rate / rate) samples, zeros where soxr ends."""
    if rate == new_rate:
        return np.ascontiguousarray(audio, np.float32)
    length = -(-audio.shape[1] * new_rate // rate)
    out = soxr.resample(np.ascontiguousarray(audio.T, np.float32), rate, new_rate).T[:, :length]
    return np.pad(out, ((0, 0), (0, length - out.shape[1])))


def _unit_samples(rate: int) -> int:
    """The shortest time that is a whole number of samples and of the network's steps."""
    return rate // math.gcd(rate, SAMPLE_RATE) * PATCH_SAMPLES


def _block_samples(rate: int) -> int:
    unit = _unit_samples(rate)
    return unit * max(round(PIECE_SECONDS * rate / unit), 1)


def _context_samples(rate: int, model: Separator) -> int:
    """What the network sees beside a piece, in whole units; never more than a block."""
    seen = (model.context_patches + 2) * PATCH_SAMPLES / SAMPLE_RATE * rate
    unit = _unit_samples(rate)
    return min(unit * math.ceil(seen / unit), _block_samples(rate))


def _gain(blocks: Iterable[np.ndarray]) -> float:
    """What brings the mean of the channels to the level that the network expects."""
    power = count = 0.0
    for block in blocks:
        power += float(np.square(block.mean(0), dtype=np.float64).sum())
        count += block.shape[1]
    return float(level_gain(torch.tensor(power / max(count, 1.0))))


def _checked(mixture: np.ndarray | torch.Tensor, sample_rate: int) -> np.ndarray:
    mixture = np.asarray(mixture.detach().cpu() if isinstance(mixture, torch.Tensor) else mixture)
    fits = mixture.ndim == 1 or mixture.ndim == 2 and len(mixture) in (1, 2)
    if not fits or not mixture.shape[-1]:
        raise UserError(
            f"the mixture has shape {mixture.shape}; expected (samples,) or (1 or 2, samples)"
        )
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise UserError(f"sample_rate is {sample_rate} Hz; choose {MIN_RATE} to {MAX_RATE}")
    if not np.isfinite(mixture).all():
        raise UserError("the mixture holds NaN or infinity; look at the file it came from")
    return mixture.astype(np.float32, copy=False)
