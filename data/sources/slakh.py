"""Songs in the four-stem layout: `root/train/<track>/{bass,drums,guitar,piano}.wav`."""

from __future__ import annotations

import warnings
from pathlib import Path

from data.song_labels import read_song_labels
from data.sources import AUDIO_SUFFIXES, SPLITS
from data.stems import Song, StemSource
from data.user_captions import UserCaptions
from utils import SEGMENT_FRAMES, STEMS, UserError


class SlakhSource(StemSource):
    """Segments of a data set in the four-stem layout (wav or flac, any sample rate).

    Args:
        root: the folder that holds the split folders; it is only read. A `labels.jsonl` in it or
            in the split's folder says more about tracks (`data.song_labels`).
        split: which of them.
        segment_frames: latent frames per segment, for counting segments in an epoch.
    """

    def __init__(
        self, root: str | Path, split: str, *, segment_frames: int = SEGMENT_FRAMES
    ) -> None:
        root = Path(root)
        tracks, said = find_tracks(root, split), read_song_labels(root, root / split)
        super().__init__(tracks, said=said, segment_frames=segment_frames)
        self.captions = UserCaptions.beside(root, split, [song.name for song in self.songs])


def find_tracks(root: Path, split: str) -> list[Song]:
    """The tracks of a split in the order of their names.

    Raises:
        UserError: the split is not there, or no folder in it holds a stem.
    """
    folder = root / split
    if not folder.is_dir():
        there = [name for name in SPLITS if (root / name).is_dir()]
        raise UserError(
            f"'{root}' has no '{split}' folder (found: {', '.join(there) or 'no split'}): expected "
            f"{split}/<track>/{{{','.join(STEMS)}}}.wav, see data/README.md"
        )
    tracks = [_song(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    songs = [song for song in tracks if song.stems]
    if not songs:
        raise UserError(
            f"no track folder in '{folder}' holds {', '.join(STEMS)} as wav or flac: "
            "see data/README.md for the layouts and how to convert to them"
        )
    if len(songs) < len(tracks):
        warnings.warn(
            f"{len(tracks) - len(songs)} folders in '{folder}' hold no stem", stacklevel=2
        )
    return songs


def _song(folder: Path) -> Song:
    """A track with the stems it has."""
    there = {path.name: path for path in folder.iterdir()}
    stems = {}
    for stem in STEMS:
        found = (there.get(stem + suffix) for suffix in AUDIO_SUFFIXES)
        path = next((path for path in found if path is not None), None)
        if path is not None:
            stems[stem] = (path,)
    return Song(folder.name, folder, stems)
