"""Songs on disk as one audio file (or several) per stem: what the Slakh and folder sources share.

A stem without a file is absent: zeros and `present` False. Stems of one song may differ in length,
rate and channels; the song is as long as its longest stem and the others end in silence. Beside the
audio may lie `score.mid` (what the stems play) and `labels.json` (facts about the song; its
`score_unknown` lists the stems whose notes must not be trusted).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from data.activity import start_weights, stem_activity
from data.audio import audio_info, read_crop
from data.batch import Example
from data.quarantine import SongError
from data.score import Score
from data.song_labels import SongLabels
from data.user_captions import UserCaptions
from utils import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    SEGMENT_FRAMES,
    STEMS,
    UserError,
    counter_rng,
)

SCORE_NAME, LABELS_NAME = "score.mid", "labels.json"
MAX_LABEL_BYTES = 1_000_000
SCORES_KEPT = 512


@dataclass(frozen=True)
class Song:
    """A song's files. `stems`: stem name -> the files that are summed to it (one, mostly)."""

    name: str
    folder: Path
    stems: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def files(self) -> list[tuple[Path, ...]]:
        """The files of each stem in the order of `STEMS`."""
        return [self.stems.get(stem, ()) for stem in STEMS]

    @property
    def present(self) -> np.ndarray:
        """Bool (s,): which stems exist."""
        return np.array([bool(files) for files in self.files])

    @cached_property
    def num_samples(self) -> int:
        """Length at 22,050 Hz of the longest readable stem; 0 when none can be read."""
        lengths = [0]
        for path in (path for files in self.files for path in files):
            try:
                lengths.append(int(audio_info(path).seconds * SAMPLE_RATE))
            except UserError:
                continue
        return max(lengths)

    @cached_property
    def labels(self) -> dict[str, Any]:
        """What `labels.json` says; nothing where there is none."""
        path = self.folder / LABELS_NAME
        if not path.is_file():
            return {}
        if path.stat().st_size > MAX_LABEL_BYTES:
            raise UserError(f"'{path}' is larger than {MAX_LABEL_BYTES} bytes")
        try:
            labels = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"'{path}' is not JSON ({error})") from None
        if not isinstance(labels, dict) or not isinstance(labels.get("tags", {}), dict):
            raise UserError(f'\'{path}\' must look like {{"tags": {{"genre": "rock"}}}}')
        return labels


class StemSource:
    """Segments of songs that lie on disk as stems; see `data.sources.Source`.

    A song gives one segment per whole `segment_frames` of its length (at least one), in an order
    that mixes the songs and is always the same. With a random generator the segment begins
    anywhere in its song, more often where instruments play.

    Args:
        songs: with at least one stem each.
        said: what a user says about songs; it goes before a song's own `labels.json`.
        segment_frames: latent frames per segment, for counting segments in an epoch.
    """

    def __init__(
        self,
        songs: Sequence[Song],
        *,
        said: SongLabels | None = None,
        segment_frames: int = SEGMENT_FRAMES,
    ) -> None:
        self.songs = list(songs)
        self.said = said or SongLabels()
        self.captions = UserCaptions()  # sources that know their folder put theirs here
        self.said.warn_if_unused(song.name for song in self.songs)
        self.segment_samples = segment_frames * FRAME_SAMPLES
        places = [
            (number, slot)
            for number, song in enumerate(self.songs)
            for slot in range(max(song.num_samples // self.segment_samples, 1))
        ]
        order = counter_rng(0).permutation(len(places))
        self.places = np.array(places, np.int64).reshape(-1, 2)[order]
        self._weights: dict[tuple[int, int], np.ndarray] = {}
        self._scores: OrderedDict[int, Score] = OrderedDict()

    @property
    def num_songs(self) -> int:
        return len(self.songs)

    def __len__(self) -> int:
        return len(self.places)

    def example(
        self,
        index: int,
        *,
        num_frames: int,
        need_audio: bool = True,
        need_score: bool = True,
        rng: np.random.Generator | None = None,
    ) -> Example:
        """Segment `index`, `num_frames` long; see `data.sources.Source.example`."""
        number, slot = (int(value) for value in self.places[index])
        song, num_samples = self.songs[number], num_frames * FRAME_SAMPLES
        try:
            start = self._start(number, slot, num_samples, rng)
            example = Example(song.name, start / SAMPLE_RATE, song.present)
            example.tags = {**song.labels.get("tags", {}), **self.said.of(song.name)}
            end = example.start + num_samples / SAMPLE_RATE
            self.captions.add_to(example.tags, song.name, example.start, end)
            if need_audio:
                example.audio = _read(song.files, start, num_samples)
            if need_score and (song.folder / SCORE_NAME).is_file():
                self._add_score(example, number, num_samples)
        except UserError as error:
            raise SongError(song.name, str(error)) from None
        return example

    def _start(
        self, number: int, slot: int, num_samples: int, rng: np.random.Generator | None
    ) -> int:
        """First sample of a segment: its own slot, or drawn by where the instruments play."""
        latest = max(self.songs[number].num_samples - num_samples, 0)
        if rng is None:
            return min(slot * self.segment_samples, latest)
        weights = self._start_weights(number, num_samples, latest // SAMPLE_RATE + 1)
        second = int(rng.choice(len(weights), p=weights)) * SAMPLE_RATE
        return second + int(rng.random() * min(SAMPLE_RATE, latest - second + 1))

    def _start_weights(self, number: int, num_samples: int, count: int) -> np.ndarray:
        """`start_weights` of a song for segments of one length, computed once."""
        key = (number, num_samples)
        if key not in self._weights:
            song = self.songs[number]
            active = stem_activity(song.files)[song.present]
            self._weights[key] = start_weights(active, -(-num_samples // SAMPLE_RATE), count)
        return self._weights[key]

    def _add_score(self, example: Example, number: int, num_samples: int) -> None:
        """Adds the notes of the segment, and which stems they can be trusted for."""
        song, score = self.songs[number], self._score(number)
        end = example.start + num_samples / SAMPLE_RATE
        doubtful = song.labels.get("score_unknown", ())
        trusted = [bool(len(score.notes[stem])) and stem not in doubtful for stem in STEMS]
        example.score = score.excerpt(example.start, end)
        example.score_known = song.present & np.array(trusted)

    def _score(self, number: int) -> Score:
        """The whole song's score; the most recent ones are kept."""
        from data.midi import read_midi

        if number not in self._scores:
            self._scores[number] = read_midi(self.songs[number].folder / SCORE_NAME).score
            if len(self._scores) > SCORES_KEPT:
                self._scores.popitem(last=False)
        self._scores.move_to_end(number)
        return self._scores[number]


def _read(stems: Sequence[Sequence[Path]], start: int, num_samples: int) -> np.ndarray:
    """Every stem as the sum of its files, float32 (s, t); zeros for a stem without files."""
    audio = np.zeros((len(stems), num_samples), np.float32)
    for row, files in zip(audio, stems, strict=True):
        for path in files:
            row += read_crop(path, start, num_samples)
    return audio
