"""Songs said to be of a genre."""

import numpy as np
import pytest

from data.dataset import describe
from data.labels import GENRES
from data.sources.arranger import ArrangerSource
from data.tagged import GenreSource
from utils import counter_rng


@pytest.mark.parametrize(("genre", "expected"), [("rock", GENRES.index("rock")), ("bossa", -1)])
def test_every_song_has_the_genre_and_is_otherwise_the_same(genre, expected):
    plain = ArrangerSource(None, "train", num_songs=2)
    source = GenreSource(plain, genre)
    assert len(source) == len(plain) and source.num_songs == 2
    needs = {"num_frames": 32, "need_audio": False}
    for index in range(2):
        mine = source.example(index, **needs, rng=counter_rng(0))
        theirs = plain.example(index, **needs, rng=counter_rng(0))
        assert describe(mine)[1]["genre"] == expected
        assert mine.audio is None and mine.start == theirs.start
        assert {**mine.tags, "genre": theirs.tags["genre"]} == theirs.tags
        for stem, notes in mine.score.notes.items():
            assert np.array_equal(notes.onset, theirs.score.notes[stem].onset)
