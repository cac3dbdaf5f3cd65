"""Any folder of songs: each song a folder with audio files whose names say the stem.

`My Song/bass.wav`, `My Song/02 Drum Kit.flac` and `My Song/lead_gtr.wav` are found; several files
of one stem are summed; mixes, vocals and the rest are left out.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

from data.song_labels import read_song_labels
from data.sources import AUDIO_SUFFIXES, SPLITS
from data.stems import Song, StemSource
from data.user_captions import UserCaptions
from utils import SEGMENT_FRAMES, STEMS, UserError

WORDS = {
    "drums": {"drums", "drum", "drumkit", "percussion", "perc"},
    "bass": {"bass", "bassline"},
    "guitar": {"guitar", "guitars", "gtr", "gtrs"},
    "piano": {"piano", "epiano", "keys", "keyboard", "keyboards"},
}
HELD_OUT_SHARE = 0.1


class FolderSource(StemSource):
    """Segments of the songs in a folder.

    With `train/`, `validation/` or `test/` folders in `root`, those are the splits. Without, songs
    are divided by their names: a tenth each (at least one song) validates and tests.

    Args:
        root: the folder, searched to any depth; it is only read. A `labels.jsonl` in it or in the
            split's folder says more about songs (`data.song_labels`).
        split: "train", "validation" or "test".
        segment_frames: latent frames per segment, for counting segments in an epoch.
    """

    def __init__(
        self, root: str | Path, split: str, *, segment_frames: int = SEGMENT_FRAMES
    ) -> None:
        root = Path(root)
        if any((root / name).is_dir() for name in SPLITS):
            songs = find_songs(root / split)
        else:
            songs = divide(find_songs(root), split)
        said = read_song_labels(root, root / split)
        super().__init__(songs, said=said, segment_frames=segment_frames)
        self.captions = UserCaptions.beside(root, split, [song.name for song in self.songs])


def stem_of(name: str) -> str | None:
    """The stem that a file name speaks of; "bass drum" is drums and "bass guitar" is bass."""
    words = set(re.findall(r"[a-z]+", name.lower()))
    return next((stem for stem, known in WORDS.items() if words & known), None)


def find_songs(root: Path) -> list[Song]:
    """All song folders under `root`, in the order of their paths.

    Raises:
        UserError: the folder is missing or no file in it is named after a stem.
    """
    if not root.is_dir():
        raise UserError(
            f"'{root}' does not exist: make it, or remove the other split folders to have "
            "the songs divided by their names"
        )
    songs = [_song(root, folder, names) for folder, names in _walk(root)]
    songs = sorted((song for song in songs if song.stems), key=lambda song: song.name)
    if not songs:
        raise UserError(
            f"no audio file under '{root}' is named after a stem: expected a folder per song with "
            f"files such as {', '.join(f'{stem}.wav' for stem in STEMS)}"
        )
    return songs


def divide(songs: list[Song], split: str) -> list[Song]:
    """The songs of a split, chosen by a hash of their names, in their original order."""
    if len(songs) < len(SPLITS):
        warnings.warn(
            f"{len(songs)} songs are too few to hold any out: '{split}' uses all of them",
            stacklevel=2,
        )
        return songs
    by_hash = sorted(songs, key=lambda song: hashlib.sha256(song.name.encode()).hexdigest())
    held = max(round(HELD_OUT_SHARE * len(songs)), 1)
    parts = {
        "validation": by_hash[:held],
        "test": by_hash[-held:],
        "train": by_hash[held:-held],
    }
    return sorted(parts[split], key=lambda song: song.name)


def _walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder with its files; links are followed, each real folder once."""
    seen = set()
    for folder, subfolders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield Path(folder), sorted(names)


def _song(root: Path, folder: Path, names: list[str]) -> Song:
    """A folder as a song: a file called exactly like a stem counts alone, else all that match."""
    audio = [Path(n) for n in names if not n.startswith(".")]
    audio = [path for path in audio if path.suffix.lower() in AUDIO_SUFFIXES]
    stems = {}
    for stem in STEMS:
        matching = [path for path in audio if stem_of(path.stem) == stem]
        exact = [path for path in matching if path.stem.lower() == stem][:1]
        if matching:
            stems[stem] = tuple(folder / path for path in exact or matching)
    name = folder.relative_to(root).as_posix()
    return Song(root.name if name == "." else name, folder, stems)
