"""What every part of HarmonicFlow shares: constants, errors, randomness, safe writing, the mel
spectrogram.

Imports stay light on purpose: scripts parse their arguments before torch is loaded, so torch is
imported inside the few functions that need it.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

if TYPE_CHECKING:
    import torch

VERSION = "0.1.0"
STEMS = ("bass", "drums", "guitar", "piano")
NUM_STEMS = len(STEMS)
SAMPLE_RATE = 22_050
FRAME_SAMPLES = 1_024
FRAME_RATE = SAMPLE_RATE / FRAME_SAMPLES
SEGMENT_FRAMES = 256
SEGMENT_SAMPLES = SEGMENT_FRAMES * FRAME_SAMPLES
RELEASE = Path(__file__).parent / "checkpoints" / "release"
PRESET_NAMES = ("tiny", "small", "base")
DEVICES = ("auto", "cpu", "cuda", "mps")
VOICES = ("neural", "soundfont")


class UserError(Exception):
    """Something the user can mend: the message names what was found, what was expected and the
    next step.
    """


class Parser(argparse.ArgumentParser):
    """The parser of every command: flags in full, and mistakes are `UserError`s of one line."""

    def __init__(
        self,
        *,
        prog: str,
        description: str | None = None,
        epilog: str | None = None,
        argument_default: str | None = None,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            argument_default=argument_default,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")

    def parse(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:
        """The parsed flags of a command line; None is this process's own.

        Raises:
            UserError: an unknown flag (with the nearest one) or a value that cannot be.
        """
        found, unknown = self.parse_known_args(arguments)
        if unknown:
            word = unknown[0].split("=")[0]
            flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
            near = nearest(word, flags, cutoff=0.6) if word.startswith("-") else ""
            raise UserError(f"unknown argument '{word}': {near}see {self.prog} --help")
        return found


def run_script(main: Callable[[], None]) -> None:
    """Runs a script's `main`; a `UserError` becomes one line on stderr and exit code 2, a warning
    one line.

    A signal that asked to stop exits with 128 plus its number, as shells expect.
    """
    one_line = lambda message, *_: f"warning: {message}\n"
    before, warnings.formatwarning = warnings.formatwarning, one_line
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    finally:
        warnings.formatwarning = before


def counter_rng(seed: int, *counters: int) -> np.random.Generator:
    """Random numbers that are a pure function of a seed and some counters (epoch, index, ...)."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *counters])))


def torch_rng(seed: int, *counters: int) -> torch.Generator:
    """`counter_rng` as a CPU `torch.Generator`."""
    import torch

    state = np.random.SeedSequence([seed, *counters]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@contextlib.contextmanager
def write_atomically(path: str | Path, *, suffix: str = "") -> Iterator[Path]:
    """Yields a path beside `path` to write to; on success it replaces `path`, on failure it is
    removed.

    Args:
        path: the file to create or replace; its folder is created.
        suffix: extension of the temporary file, for writers that look at it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.name}.", suffix=f".partial{suffix}", dir=path.parent
    )
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def registered(folder: str | Path) -> list[str]:
    """Names of the modules in a folder: the file name is the registry."""
    return sorted(p.stem for p in Path(folder).glob("*.py") if not p.stem.startswith("_"))


def nearest(value: str, choices: Sequence[str], *, cutoff: float = 0.5) -> str:
    """A question for an error message, "did you mean 'x'? "; empty when nothing is near."""
    near = difflib.get_close_matches(str(value), [str(c) for c in choices], n=1, cutoff=cutoff)
    return f"did you mean '{near[0]}'? " if near else ""


def did_you_mean(value: str, choices: Sequence[str]) -> str:
    """The end of an error message: the nearest choice, and all of them."""
    return f"{nearest(value, choices)}choose from: {', '.join(str(c) for c in choices)}"


@contextlib.contextmanager
def eval_mode(module: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """Puts a module in evaluation mode without gradients, then restores every submodule's mode."""
    import torch

    modes = [(m, m.training) for m in module.modules()]
    module.eval()
    try:
        with torch.no_grad():
            yield module
    finally:
        for m, mode in modes:
            m.training = mode


@lru_cache(maxsize=8)
def mel_filterbank(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Triangular HTK mel filters of unit peak, shape (f, n_fft // 2 + 1)."""
    to_mel = lambda hertz: 2595.0 * np.log10(1.0 + hertz / 700.0)
    mels = np.linspace(0.0, to_mel(sample_rate / 2), n_mels + 2)
    edges = 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    bins = np.linspace(0.0, sample_rate / 2, n_fft // 2 + 1)
    rising = (bins[None] - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins[None]) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


def compute_mel_spectrogram(
    waveform: torch.Tensor,
    sample_rate: int = SAMPLE_RATE,
    *,
    n_fft: int = 2_048,
    hop_samples: int = 512,
    n_mels: int = 128,
) -> torch.Tensor:
    """Mel power spectrogram of a waveform.

    Args:
        waveform: (t,), (c, t) or (b, c, t) float audio in [-1, 1] at `sample_rate`.
        sample_rate: in Hz; 22,050 is what the model's reference encoder was trained on.

    Returns:
        (..., f, m) non-negative power, one column every `hop_samples`; equal to torchaudio's
        `MelSpectrogram`.
    """
    import torch

    waveform = torch.as_tensor(waveform, dtype=torch.float32)
    flat = waveform.reshape(-1, waveform.shape[-1])
    window = torch.hann_window(n_fft, device=flat.device)
    spectrum = torch.stft(flat, n_fft, hop_samples, window=window, center=True, return_complex=True)
    filters = torch.from_numpy(mel_filterbank(sample_rate, n_fft, n_mels)).to(flat.device)
    mel = filters @ spectrum.abs().square()
    return mel.reshape(*waveform.shape[:-1], *mel.shape[-2:])
