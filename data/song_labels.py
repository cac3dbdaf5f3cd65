"""What a user says about songs: `labels.jsonl` beside them, one JSON object per line.

    {"song": "Blue Monday", "genre": "electronic", "style": "electronic", "emotion": "tense"}

`song` is the song's folder (or MIDI file, with or without its ending); the rest is optional and
goes before what would be inferred: `genre`, `style` and `emotion` by name or id, and a `caption`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from data.emotion import EMOTIONS
from data.labels import GENRE_OF, GENRES, named_id
from data.movement import STYLES
from utils import UserError, did_you_mean

FILE_NAME = "labels.jsonl"
NAMES = {"genre": (*GENRES, *GENRE_OF), "style": STYLES, "emotion": EMOTIONS}
KEYS = ("song", *NAMES, "caption")


class SongLabels:
    """Tags by song.

    Args:
        tags: song -> its tags.
        path: the file they come from, for warnings.
    """

    def __init__(
        self, tags: dict[str, dict[str, Any]] | None = None, path: Path | None = None
    ) -> None:
        self.tags, self.path = tags or {}, path

    def of(self, song: str) -> dict[str, Any]:
        """The tags of a song: by its whole name, its last folder, or its file without ending."""
        return dict(next((self.tags[n] for n in _names_of(song) if n in self.tags), {}))

    def warn_if_unused(self, songs: Iterable[str]) -> None:
        """Warns when the file speaks of other songs only."""
        if self.tags and not any(self.of(song) for song in songs):
            first = next(iter(self.tags))
            warnings.warn(
                f"'{self.path}' labels {len(self.tags)} songs, none of which is among these "
                f"(the first is '{first}'): name songs as their folders or files are named",
                stacklevel=2,
            )


def read_song_labels(*folders: Path) -> SongLabels:
    """The labels in the first of the folders that holds a `labels.jsonl`; none without one.

    Raises:
        UserError: a line that cannot be used; the message names the file and the line.
    """
    path = next((f / FILE_NAME for f in folders if (f / FILE_NAME).is_file()), None)
    if path is None:
        return SongLabels()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read '{path}': {error}") from None
    tags: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            song, said = _parsed(line)
            if song in tags:
                raise UserError(f"'{song}' has been labelled already; keep one line for each song")
        except UserError as error:
            raise UserError(f"{path}, line {number}: {error}") from None
        tags[song] = said
    return SongLabels(tags, path)


def _parsed(line: str) -> tuple[str, dict[str, Any]]:
    """A line as the song's name and its tags."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"it is not JSON ({error})") from None
    if not isinstance(values, dict) or not isinstance(values.get("song"), str):
        raise UserError('expected an object like {"song": "My Song", "genre": "rock"}')
    for key in values:
        if key not in KEYS:
            raise UserError(f"there is no '{key}': {did_you_mean(key, KEYS)}")
    said = {key: values[key] for key in KEYS[1:] if values.get(key) is not None}
    for key, names in NAMES.items():
        if key in said and named_id(said[key], names) < 0:
            raise UserError(f"unknown {key} {said[key]!r}: {did_you_mean(str(said[key]), names)}")
    if not isinstance(said.get("caption", ""), str):
        raise UserError(f"a caption is text, not {said['caption']!r}")
    return values["song"].strip().rstrip("/"), said


def _names_of(song: str) -> tuple[str, ...]:
    path = PurePosixPath(song)
    is_file = path.suffix.lower() in (".mid", ".midi")
    return song, path.name, path.stem if is_file else path.name
