"""Asks a model for music and measures what comes: the part of `metrics.adherence` that generates.

Songs that are asked for nothing are made once and are the floor of every condition; real segments
are measured once and are the ceiling.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm import tqdm

from data.batch import Example
from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.paraphrases import paraphrases
from data.pictures.synthetic import example
from data.sources import Source, build_source, guess_source
from metrics.adherence.catalogue import Catalogue
from metrics.adherence.facts import Measured, flat
from metrics.adherence.figure import adherence_figure
from metrics.adherence.listeners import Lesson, Listeners
from metrics.adherence.requests import Request, held_out_requests
from metrics.adherence.rows import Answer, RealSong, adherence_rows, misses
from metrics.pictures import save_figure
from metrics.report import Row, markdown, write_json
from models.real_music import notes_known
from utils import (
    SEGMENT_FRAMES,
    UserError,
    compute_mel_spectrogram,
    counter_rng,
    write_atomically,
)

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

LESSONS = 1_200
LESSONS_WITH_SOUND = 100
SHOWN = ("audio", "image")  # arguments too large for a report
FEWEST_UNASKED = 16
PICTURES_DRAWN = 6  # for each that is shown
LISTED = ("text", "style_idx", "emotion_idx", "genre_idx", "audio")  # a value per song in one call


@dataclass(frozen=True)
class Adherence:
    """What an evaluation of adherence found: the table, and every song behind it.

    `refused`: conditions that the model cannot be asked for, with the reason.
    """

    rows: list[Row]
    answers: list[Answer]
    unasked: list[Measured]
    refused: dict[str, str]


def lessons(source: str | None, data_dir: str | None) -> list[Lesson]:
    """Training segments spread evenly over the training songs; those without notes are left out.

    About a hundred of them come with their sound.
    """
    songs = build_source(source or guess_source(data_dir), data_dir, "train")
    places = np.unique(np.linspace(0, len(songs) - 1, LESSONS).astype(int)) if len(songs) else []
    heard = set(places[:: max(1, len(places) // LESSONS_WITH_SOUND)])
    read = (
        _lesson(songs, int(i), i in heard) for i in tqdm(places, desc="lessons", unit="segment")
    )
    return [lesson for lesson in read if lesson is not None]


def _lesson(songs: Source, place: int, need_audio: bool) -> Lesson | None:
    try:
        example = songs.example(place, num_frames=SEGMENT_FRAMES, need_audio=need_audio, rng=None)
    except UserError:
        return None
    if not notes_known(example):
        return None
    labels = labels_of(example.score, example.tags, example.present)
    return Lesson(example.score, labels, example.audio if need_audio else None)


@dataclass(frozen=True)
class Reality:
    """Real songs as they were measured, and recordings (t,) of the first ones as references."""

    songs: list[RealSong]
    recordings: list[torch.Tensor]

    @classmethod
    def of(cls, examples: Iterable[Example], listeners: Listeners, *, recordings: int) -> Reality:
        """Segments measured one by one; their audio is not kept."""
        songs, heard = [], []
        for segment in examples:
            score = segment.score if notes_known(segment) else None
            labels = labels_of(score, segment.tags, segment.present, audio=segment.audio)
            song = listeners.measure(score, segment.audio)
            sheet = None if score is None else LeadSheet.from_score(score)
            songs.append(RealSong(flat(labels), song, sheet))
            if len(heard) < recordings:
                heard.append(torch.from_numpy(segment.audio.sum(0)))
        return cls(songs, heard)


def requests_for(real: Reality, *, songs: int, seed: int) -> list[Request]:
    """Everything that is asked: words, numbers, held-out words, recordings, pictures."""
    known = [song.known for song in real.songs]
    found = Catalogue(songs, seed, known).requests()
    found += held_out_requests(paraphrases(), songs=max(1, songs // 8), seed=seed)
    for index, recording in enumerate(real.recordings):
        mel = compute_mel_spectrogram(recording)
        for way, audio in (("waveform", recording), ("mel", mel)):
            said, expects = {"audio": audio}, known[index]
            found.append(Request("reference recording", way, said, expects, seed + index))
    return found + picture_requests(songs, seed)


def picture_requests(songs: int, seed: int) -> list[Request]:
    """Drawn pictures (1 3 h w) of known valence and arousal, spread over the valences there are."""
    drawn = [example(counter_rng(seed, i), num_frames=1) for i in range(PICTURES_DRAWN * songs)]
    drawn.sort(key=lambda picture: float(picture.valence[0]))
    chosen = drawn[PICTURES_DRAWN // 2 :: PICTURES_DRAWN]
    return [
        Request(
            "picture",
            "picture",
            {"image": torch.from_numpy(picture.frames)},
            {"valence": float(picture.valence[0]), "arousal": float(picture.arousal[0])},
            seed + i,
        )
        for i, picture in enumerate(chosen)
    ]


@dataclass(frozen=True)
class Asked:
    """Answers, and the conditions that the model refused, with the reason that it gave."""

    answers: list[Answer]
    refused: dict[str, str]


@dataclass(frozen=True)
class Asking:
    """How a model is asked and listened to.

    Attributes:
        options: further arguments of `generate`, the same for every song.
        batch_size: songs generated together.
        voice: whose sound is heard, as in `Generation.voiced`.
    """

    model: HarmonicFlow
    listeners: Listeners
    options: Mapping[str, Any]
    batch_size: int
    voice: str = "neural"

    def ask(self, requests: Sequence[Request], *, title: str = "asking") -> Asked:
        """One song per request, in the order of the requests; alike ones are made together."""
        songs: dict[int, Measured] = {}
        refused: dict[str, str] = {}
        with tqdm(total=len(requests), desc=title, unit="song") as progress:
            for group in _together(requests, self.batch_size):
                try:
                    songs |= self._measured({i: requests[i] for i in group})
                except UserError as error:
                    refused |= {requests[i].condition: str(error) for i in group}
                progress.update(len(group))
        return Asked([Answer(requests[i], songs[i]) for i in sorted(songs)], refused)

    def _measured(self, requests: Mapping[int, Request]) -> dict[int, Measured]:
        """The songs of one call."""
        made = self.model.generate(**{**self.options, **_merged(list(requests.values()))})
        return {
            index: self.listeners.measure(
                made.score(place), made.voiced(place, self.voice) if request.heard else None
            )
            for place, (index, request) in enumerate(requests.items())
        }


def _together(requests: Sequence[Request], batch_size: int) -> list[list[int]]:
    """Places of requests that one call can make: equal in what has one value for all songs, and
    all or none of them heard, because songs of one call are performed together.
    """
    groups: dict[str, list[int]] = {}
    for index, request in enumerate(requests):
        fixed = {k: None if _listed(k, v) else v for k, v in request.said.items()}
        alike = json.dumps([request.heard, fixed], sort_keys=True, default=id)
        groups.setdefault(alike, []).append(index)
    return [
        group[first : first + batch_size]
        for group in groups.values()
        for first in range(0, len(group), batch_size)
    ]


def _listed(name: str, value: Any) -> bool:
    """Whether one call takes a value per song of it; a waveform (t,) is for all its songs."""
    return name in LISTED and getattr(value, "ndim", 0) != 1


def _merged(requests: Sequence[Request]) -> dict[str, Any]:
    """Arguments of one call for requests that differ only in what can be listed."""
    said = dict(requests[0].said)
    for name in LISTED:
        if name in said and _listed(name, said[name]):
            values = [request.said[name] for request in requests]
            said[name] = values if name == "text" else _stacked(name, values)
    return said | {"batch_size": len(requests), "seed": [r.seed for r in requests]}


def _stacked(name: str, values: Sequence[Any]) -> torch.Tensor:
    return torch.stack(list(values))[:, None] if name == "audio" else torch.tensor(values)


def measure_adherence(
    asking: Asking, examples: Iterable[Example], *, songs: int, seed: int
) -> Adherence:
    """Asks for everything, `songs` times per condition, and compares with floor and ceiling.

    Args:
        examples: real segments with their audio.
        seed: of the first song of every condition; the others count on from it.

    Raises:
        UserError: the model makes no music at all with these options.
    """
    real = Reality.of(examples, asking.listeners, recordings=songs)
    blank = [Request("nothing", "", {}, {}, seed + i) for i in range(max(songs, FEWEST_UNASKED))]
    unasked = asking.ask(blank, title="asking for nothing")
    if unasked.refused:
        raise UserError(unasked.refused["nothing"])
    others = [answer.song for answer in unasked.answers]
    asked = asking.ask(requests_for(real, songs=songs, seed=seed))
    rows = adherence_rows(asked.answers, others, real.songs)
    return Adherence(rows, asked.answers, others, asked.refused)


def write_adherence(folder: str | Path, found: Adherence, settings: Mapping[str, Any]) -> None:
    """Writes adherence.json (rows, misses, every song), adherence.md and adherence.png."""
    folder = Path(folder)
    songs = [
        {
            "condition": a.request.condition,
            "way": a.request.way,
            "seed": a.request.seed,
            "said": {k: v for k, v in a.request.said.items() if k not in SHOWN},
            "asked": dict(a.request.expects),
            "notes": a.song.notes,
            "sound": a.song.sound,
        }
        for a in found.answers
    ]
    unasked = [{"notes": song.notes, "sound": song.sound} for song in found.unasked]
    content = {
        "settings": settings,
        "metrics": [vars(row) for row in found.rows],
        "refused": found.refused,
        "misses": misses(found.answers, found.unasked),
        "songs": songs,
        "songs_asked_for_nothing": unasked,
    }
    write_json(folder / "adherence.json", content)
    with write_atomically(folder / "adherence.md") as partial:
        partial.write_text(markdown(found.rows) + "\n", encoding="utf-8")
    save_figure(adherence_figure(found.rows), folder / "adherence.png")
