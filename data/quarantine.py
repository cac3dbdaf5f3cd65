"""The list of songs that could not be read, shared by all loader processes of a run."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from pathlib import Path

from utils import UserError

MAX_BAD_SHARE = 0.01
MIN_BAD_SONGS = 3


class SongError(UserError):
    """A song cannot be used; `song` names it the same way every time."""

    def __init__(self, song: str, reason: str) -> None:
        super().__init__(f"{song}: {reason}")
        self.song = song


class Quarantine:
    """Bad songs are skipped with a warning and listed in a file; too many of them stop the run.

    The file has one JSON object per line: {"song", "reason"}. It is written only when a song is
    bad, and a run starts its list anew. Appending short lines is safe from several processes.

    Args:
        path: where to list them; None for a file in the system's temporary folder.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        name = f"harmonicflow-quarantine-{os.getpid()}-{id(self):x}.jsonl"
        self.path = Path(path) if path else Path(tempfile.gettempdir()) / name
        self.path.unlink(missing_ok=True)

    def songs(self) -> dict[str, str]:
        """Song -> reason, over all processes."""
        if not self.path.exists():
            return {}
        rows = [json.loads(line) for line in self.path.read_text().splitlines()]
        return {row["song"]: row["reason"] for row in rows}

    def add(self, error: UserError, num_songs: int) -> None:
        """Lists the song that an error is about, once.

        Raises:
            UserError: more than 1 % of `num_songs`, and at least 3, are bad.
        """
        song, reason = getattr(error, "song", str(error)), str(error)
        bad = self.songs()
        if song not in bad:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a") as file:
                file.write(json.dumps({"song": song, "reason": reason}) + "\n")
            warnings.warn(f"skipped a song: {reason}", stacklevel=2)
        num_bad = len(bad | {song: reason})
        if num_bad >= MIN_BAD_SONGS and num_bad > MAX_BAD_SHARE * num_songs:
            raise UserError(
                f"{num_bad} of {num_songs} songs cannot be read (limit 1 %, at least "
                f"{MIN_BAD_SONGS}), the last: {reason}; the list is {self.path}"
            )
