"""A source whose songs are all said to be of one genre, whatever their own tags say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data.batch import Example
from data.labels import tagged
from data.sources import Source


class GenreSource:
    """Another source's songs with a genre of the user's choice; see `data.sources.Source`.

    A name that is no genre of `data.labels` leaves the genre unknown.
    """

    def __init__(self, source: Source, genre: str) -> None:
        self.source, self.genre = source, genre
        self.num_songs = source.num_songs

    def __len__(self) -> int:
        return len(self.source)

    def example(
        self,
        index: int,
        *,
        num_frames: int,
        need_audio: bool = True,
        need_score: bool = True,
        rng: np.random.Generator | None = None,
    ) -> Example:
        """Segment `index` of the epoch; see `data.sources.Source`."""
        needs = {"num_frames": num_frames, "need_audio": need_audio, "need_score": need_score}
        example = self.source.example(index, **needs, rng=rng)
        return replace(
            example, tags={**example.tags, "genre": tagged({"genre": self.genre})["genre"]}
        )
