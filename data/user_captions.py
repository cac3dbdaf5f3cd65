"""Captions that a user wrote: files beside a data folder, by song and perhaps by seconds.

Two forms are read, from inside the folder or from beside it:

- `captions.jsonl`: {"song": name, "caption": text or list of texts, "start": s, "end": s} per line;
  start and end are optional seconds;
- UniFlow's pair: `content.jsonl` with {"audio_id": id, "caption": text} and `audio.jsonl` with
  {"audio_id": id, "audio": path}, which says by its path which song an id is.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from utils import UserError

CAPTIONS_NAME, CONTENT_NAME, AUDIO_NAME = "captions.jsonl", "content.jsonl", "audio.jsonl"
MAX_BYTES = 500_000_000


@dataclass(frozen=True)
class UserCaption:
    """Texts for a stretch of a song, in seconds; the whole song by default."""

    texts: tuple[str, ...]
    start: float = 0.0
    end: float = math.inf

    def speaks_of(self, start: float, end: float) -> bool:
        """Whether it is about most of the stretch, or most of it lies in the stretch."""
        shared = min(end, self.end) - max(start, self.start)
        return shared > 0.5 * min(end - start, self.end - self.start)


@dataclass(frozen=True)
class UserCaptions:
    """All captions of a data folder, by the name of the song."""

    by_song: Mapping[str, tuple[UserCaption, ...]] = field(default_factory=dict)

    @classmethod
    def beside(cls, root: str | Path, split: str, songs: Iterable[str]) -> UserCaptions:
        """Those in the folder of a split, in the data folder or beside it, the first that has any.

        Args:
            songs: names of the songs of the split; warns when training has captions for none.

        Raises:
            UserError: a line that cannot be read; the message names file and line.
        """
        root = Path(root)
        found: dict[str, list[UserCaption]] = {}
        for folder in (root / split, root, root.parent):
            for name, caption in (*_own(folder), *_uniflow(folder)):
                found.setdefault(name, []).append(caption)
            if found:
                break
        captions = cls({name: tuple(captions) for name, captions in found.items()})
        if found and split == "train" and not any(captions.of(song) for song in songs):
            warnings.warn(
                f"captions for {len(found)} songs lie in '{folder}', none of them for these "
                f"(the first is for '{next(iter(found))}'): name songs as their folders or files",
                stacklevel=3,
            )
        return captions

    def of(self, song: str) -> tuple[UserCaption, ...]:
        """All captions of a song, by its name or by the last part of it."""
        return self.by_song.get(song) or self.by_song.get(_short(song)) or ()

    def add_to(self, tags: dict[str, Any], song: str, start: float, end: float) -> None:
        """Puts the captions of a stretch of a song into its tags, as `caption`: a list of texts.

        Args:
            tags: changed in place; a caption that it has already stays when there is no other.
            song: as the source names it.
            start, end: seconds.
        """
        texts = [t for c in self.of(song) if c.speaks_of(start, end) for t in c.texts]
        if texts:
            tags["caption"] = texts


def own_caption(tags: Mapping[str, Any], rng: np.random.Generator) -> str | None:
    """One of the captions in a song's tags, which may be a text or several; None without any."""
    own = tags.get("caption")
    if not own:
        return None
    return str(own) if isinstance(own, str) else str(own[int(rng.integers(len(own)))])


def _short(name: str) -> str:
    """The last part of a song's name, without the suffix of a music file."""
    return _whole(name).rpartition("/")[2]


def _whole(name: str) -> str:
    """A song's name as sources write it: "train/A/One.mid" -> "A/One"."""
    name = re.sub(r"^(?:\./)?(?:(?:train|validation|test)/)?", "", name.strip().replace("\\", "/"))
    return re.sub(r"\.(?:wav|flac|midi?|mp3|ogg|aiff?)$", "", name, flags=re.IGNORECASE)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file of JSON lines, each with its place for messages."""
    if not path.is_file():
        return
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"'{path}' is larger than {MAX_BYTES} bytes")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read '{path}' ({error}): save it as UTF-8 text") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield f"'{path}', line {number}", _object(line, f"'{path}', line {number}")


def _object(line: str, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place} is not JSON ({error}): write one object per line") from None
    if not isinstance(row, dict):
        raise UserError(
            f'{place} must be an object such as {{"song": "My Song", "caption": "..."}}'
        )
    return row


def _texts(row: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """The caption of a row, one or several."""
    given = row.get("caption")
    texts = given if isinstance(given, list) else [given]
    if not texts or not all(isinstance(t, str) and t.strip() for t in texts):
        raise UserError(f"{place}: 'caption' must be a text or a list of texts, not {given!r}")
    return tuple(" ".join(text.split()) for text in texts)


def _name(row: Mapping[str, Any], key: str, place: str) -> str:
    name = row.get(key)
    if not isinstance(name, str) or not name.strip():
        raise UserError(f"{place}: '{key}' must be a name, not {name!r}")
    return name


def _seconds(row: Mapping[str, Any], key: str, default: float, place: str) -> float:
    value = row.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise UserError(f"{place}: '{key}' must be seconds, 0 or more, not {value!r}")
    return float(value)


def _own(folder: Path) -> Iterator[tuple[str, UserCaption]]:
    """`captions.jsonl`."""
    for place, row in _rows(folder / CAPTIONS_NAME):
        start = _seconds(row, "start", 0.0, place)
        end = _seconds(row, "end", math.inf, place)
        if not start < end:
            raise UserError(f"{place}: 'end' ({end:g}) must come after 'start' ({start:g})")
        yield _whole(_name(row, "song", place)), UserCaption(_texts(row, place), start, end)


def _uniflow(folder: Path) -> Iterator[tuple[str, UserCaption]]:
    """`content.jsonl`, with the song of each id from `audio.jsonl`; an id is its own song's name
    where there is no such file."""
    songs = {}
    for place, row in _rows(folder / AUDIO_NAME):
        songs[_name(row, "audio_id", place)] = _song_of(_name(row, "audio", place))
    for place, row in _rows(folder / CONTENT_NAME):
        if "caption" in row:
            audio_id = _name(row, "audio_id", place)
            yield songs.get(audio_id, _short(audio_id)), UserCaption(_texts(row, place))


def _song_of(audio: str) -> str:
    """The song of an audio path: its folder where the file is a stem or a mix, else the file."""
    path = PurePosixPath(audio.replace("\\", "/"))
    parts = ("bass", "drums", "guitar", "piano", "mix", "mixture")
    return path.parent.name if path.stem.lower() in parts and path.parent.name else _short(audio)
