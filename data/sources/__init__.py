"""Where segments come from; the file name is the registry: `slakh.py` holds `SlakhSource`."""

from __future__ import annotations

import importlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from utils import STEMS, UserError, did_you_mean, registered

if TYPE_CHECKING:
    import numpy as np

    from data.batch import Example

SPLITS = ("train", "validation", "test")
AUDIO_SUFFIXES = (".wav", ".flac", ".aiff", ".aif", ".ogg")
MIDI_SUFFIXES = (".mid", ".midi")
MAX_PROBED_FILES = 2_000


class Source(Protocol):
    """Songs cut into segments. `len(source)` is the number of segments in an epoch."""

    num_songs: int

    def __len__(self) -> int: ...

    def example(
        self,
        index: int,
        *,
        num_frames: int,
        need_audio: bool = True,
        need_score: bool = True,
        rng: np.random.Generator | None = None,
    ) -> Example:
        """Segment `index` of the epoch, `num_frames` latent frames long.

        Args:
            rng: draws the place in the song and the augmentation; None gives the same unshifted
                segment every time, which is what validation uses.

        Raises:
            UserError: the song cannot be read; the data set skips it.
        """
        ...


def sources() -> list[str]:
    """Names of all sources."""
    return registered(Path(__file__).parent)


def build_source(name: str, root: str | Path | None, split: str, **options: Any) -> Source:
    """The source of that name: class `<Name>Source` in the file of that name.

    Args:
        root: the data folder; a source that needs none ignores it.
        split: "train", "validation" or "test".
        options: keyword arguments of that source's constructor.
    """
    if name not in sources():
        raise UserError(f"unknown source '{name}': {did_you_mean(name, sources())}")
    if split not in SPLITS:
        raise UserError(f"unknown split '{split}': {did_you_mean(split, SPLITS)}")
    module = importlib.import_module(f"data.sources.{name}")
    return getattr(module, f"{name.capitalize()}Source")(root, split, **options)


def guess_source(data_dir: str | Path) -> str:
    """The name of the source that can read a folder, by what lies in it.

    Raises:
        UserError: the folder does not exist, holds nothing usable, or needs converting first.
    """
    root = Path(data_dir)
    if not root.is_dir():
        raise UserError(
            f"data folder '{root}' does not exist: pass --data_dir with a folder of songs "
            "(data/README.md shows the layouts), or --source arranger to train without files"
        )
    if any(_slakh_tracks(root / split) for split in SPLITS):
        return "slakh"
    _refuse_unconverted(root)
    suffixes = _suffixes(root)
    if any(suffixes[s] for s in AUDIO_SUFFIXES):
        return "folder"
    if any(suffixes[s] for s in MIDI_SUFFIXES):
        return "midi"
    found = ", ".join(f"{n} {s or 'files without suffix'}" for s, n in suffixes.most_common(4))
    raise UserError(
        f"nothing to train on in '{root}' (found: {found or 'an empty folder'}): expected "
        "train/<song>/{bass,drums,guitar,piano}.wav, or MIDI files; convert mp3 to wav or flac"
    )


def _slakh_tracks(folder: Path) -> bool:
    """Whether a split folder holds at least one track folder with a stem named as we name it."""
    names = {f"{stem}{suffix}" for stem in STEMS for suffix in AUDIO_SUFFIXES}
    tracks = (p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else ()
    return any((track / name).is_file() for track in tracks for name in names)


def _refuse_unconverted(root: Path) -> None:
    """Raises with the command to run when the folder is a published archive as unpacked."""
    if any((root / f"{stem}_22050").is_dir() for stem in STEMS):
        raise UserError(
            f"'{root}' holds the published archives as unpacked: run "
            f"'bash data/convert_data_format.sh --source {root}' and use {root}/slakh2100"
        )
    depths = ("", "*/", "*/*/")
    if any(next(root.glob(f"{d}Track[0-9]*/stems/S[0-9]*.*"), None) for d in depths):
        raise UserError(
            f"'{root}' is Slakh2100 as published: run 'python -m data.convert_slakh "
            f"--slakh_dir {root} --output_dir data/slakh2100' and use data/slakh2100"
        )


def _suffixes(root: Path) -> Counter[str]:
    """How often each file suffix occurs, in the first files found."""
    found: Counter[str] = Counter()
    for number, path in enumerate(p for p in root.rglob("*") if p.is_file()):
        if number >= MAX_PROBED_FILES:
            break
        found[path.suffix.lower()] += 1
    return found
