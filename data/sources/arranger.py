"""Songs that the arranger composes, rendered in memory: training and tests without files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from data.arranger import compose
from data.batch import Example
from data.midi import MidiSong, MidiTrack
from data.movement import STYLES
from data.score import Score
from data.soundfont import render_song
from data.sources.midi import choose_start
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, UserError, counter_rng

NUM_SONGS = {"train": 480, "validation": 40, "test": 40}
_FIRST_SEED = {"train": 0, "validation": 1_000_000, "test": 2_000_000}
SONGS_WITHOUT_A_STEM = 0.15
GAIN_JITTER_DB = 3.0
SEGMENTS_PER_SONG = {"train": 6, "validation": 2, "test": 2}
KEPT_TAGS = ("style", "genre")


class ArrangerSource:
    """Segments of composed songs; see `data.sources.Source`.

    Song i of a split has its own seed, no seed belongs to two splits, and the ten styles take
    turns. About one song in seven has no guitar or no piano.

    Args:
        root: not used; the songs need no folder.
        split: "train", "validation" or "test".
        num_songs: how many songs; default `NUM_SONGS`.
        segments_per_song: segments of each song in an epoch.
        augment: whether levels vary when `example` gets an `rng`.
    """

    def __init__(
        self,
        root: str | Path | None,
        split: str,
        *,
        num_songs: int | None = None,
        segments_per_song: int | None = None,
        augment: bool = True,
    ) -> None:
        self.num_songs = NUM_SONGS[split] if num_songs is None else num_songs
        if self.num_songs < 1:
            raise UserError(f"num_songs is {num_songs}; the arranger composes at least 1 song")
        self.first_seed = _FIRST_SEED[split]
        self.segments_per_song = segments_per_song or SEGMENTS_PER_SONG[split]
        self.augment = augment

    def __len__(self) -> int:
        return self.num_songs * self.segments_per_song

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
        seed = self.first_seed + index % self.num_songs
        song, tags = composed_song(seed)
        gains = None
        if rng is not None and self.augment:
            gains = {stem: rng.uniform(-GAIN_JITTER_DB, GAIN_JITTER_DB) for stem in STEMS}
        elif rng is None:
            rng = counter_rng(seed, index // self.num_songs)
        num_samples = num_frames * FRAME_SAMPLES
        seconds = num_samples / SAMPLE_RATE
        start = choose_start(song.score, seconds, rng)
        score, audio = render_song(
            song,
            start,
            start + seconds,
            num_samples=num_samples,
            gains_db=gains,
            need_audio=need_audio,
        )
        score.tags.update(tags)
        present = np.array([song.score.programs[stem] is not None for stem in STEMS])
        return Example(
            song=song.name,
            start=start,
            present=present,
            audio=audio,
            score=score if need_score else None,
            score_known=present.copy() if need_score else np.zeros(len(STEMS), bool),
            tags=dict(tags),
        )


@lru_cache(maxsize=1_024)
def composed_song(seed: int) -> tuple[MidiSong, dict[str, Any]]:
    """The song of a seed, ready to render, and its tags; composed once per process."""
    draws = counter_rng(seed, 99).random(2)
    stems = STEMS
    if draws[0] < SONGS_WITHOUT_A_STEM:
        missing = "guitar" if draws[1] < 0.5 else "piano"
        stems = tuple(stem for stem in STEMS if stem != missing)
    score = compose(seed, style=seed % len(STYLES), stems=stems)
    return as_song(score), {name: score.tags[name] for name in KEPT_TAGS}


def as_song(score: Score) -> MidiSong:
    """A score as a song with one track per stem that plays."""
    tracks = tuple(
        MidiTrack(stem, 0 if stem == "drums" else score.programs[stem], score.notes[stem])
        for stem in STEMS
        if score.programs[stem] is not None and len(score.notes[stem])
    )
    return MidiSong(
        score.name, tracks, score.duration, score.beat_times, score.beat_in_bar, score.key
    )
