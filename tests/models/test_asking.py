"""Asking a model whose obedience is known: exact figures, batches that do not matter, files."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

import models.asking
from metrics.adherence import catalogue
from metrics.adherence.facts import Measured, facts_of_notes
from metrics.adherence.listeners import Listeners
from metrics.adherence.requests import Request
from metrics.report import read_rows
from models.asking import (
    Asking,
    Reality,
    lessons,
    measure_adherence,
    picture_requests,
    write_adherence,
)
from models.real_music import read_examples
from tests.metrics.adherence.songs import song
from utils import SAMPLE_RATE, STEMS, UserError

OBEDIENT = 7  # of ten seeds


@dataclass
class Songs:
    """Scores, and clicks as loud as the stem is there."""

    scores: list

    def score(self, index: int):
        return self.scores[index]

    def voiced(self, index: int, voice: str) -> np.ndarray:
        assert voice == "soundfont"
        clicks = np.zeros((4, SAMPLE_RATE), np.float32)
        for row, stem in enumerate(STEMS):
            if len(self.scores[index].notes[stem]):
                clicks[row, ::5_000] = 1.0
        return clicks


class Fake:
    """Plays country; leaves out the stems it is told to, with seven seeds of ten."""

    def __init__(self) -> None:
        self.calls: list[dict] = []

    def generate(
        self, text=None, audio=None, *, image=None, batch_size=1, seed=0, plays=None, steps=1
    ):
        if image is not None:
            raise UserError("this model cannot see")
        self.calls.append({"text": text, "plays": plays, "n": batch_size, "steps": steps})
        assert len(seed) == batch_size
        assert audio is None or audio.shape[:2] == (batch_size, 1) or audio.ndim == batch_size == 1
        texts = text or [""] * batch_size
        return Songs([self._song(s, t, plays) for s, t in zip(seed, texts, strict=True)])

    def _song(self, seed, text, plays):
        quiet = {stem for stem, on in (plays or {}).items() if not on}
        quiet |= {stem for stem in STEMS if f"no {stem}" in text}
        obeys = seed % 10 < OBEDIENT
        stems = tuple(s for s in STEMS if not (obeys and s in quiet))
        return song(seed % 3, style="country", stems=stems)


class Ears(Listeners):
    """Hears who plays, and reads the notes of every song once."""

    known: dict = {}

    def measure(self, score, stems):
        notes = self.known.setdefault(id(score), (score, facts_of_notes(score)))[1]
        if stems is None:
            return Measured(notes, None, score)
        plays = {f"plays.{s}": float(abs(a).max() > 0) for s, a in zip(STEMS, stems, strict=True)}
        return Measured(notes, plays, score, strokes=np.arange(0.0, 11.0, 0.5))


def asking(batch_size: int, options=None, model=None) -> Asking:
    return Asking(model or Fake(), Ears(), options or {}, batch_size, "soundfont")


def quiet(way: str, said: dict, seeds=range(10)):
    return [Request("silent stems", way, said, {"plays.drums": 0.0}, seed) for seed in seeds]


def test_seven_of_ten_in_any_batch_and_in_the_order_asked():
    requests = [
        *quiet("argument", {"plays": {"drums": False}}),
        *quiet("words", {"text": "no drums"}),
        *quiet("argument", {"plays": {"drums": False, "bass": False}}),
    ]
    fake = Fake()
    answers = asking(4, {"steps": 3}, fake).ask(requests).answers
    assert [a.request for a in answers] == requests
    silent = [a.song.sound["plays.drums"] == 0.0 for a in answers]
    assert silent == [r.seed % 10 < OBEDIENT for r in requests]
    assert [a.song.notes["plays.bass"] for a in answers[20:]] == [0.0] * 7 + [1.0] * 3
    assert [c["n"] for c in fake.calls] == [4, 4, 2] * 3 and fake.calls[0]["steps"] == 3
    alone = asking(1).ask(requests).answers
    assert repr([a.song.notes for a in alone]) == repr([a.song.notes for a in answers])


def test_songs_that_need_no_sound_are_not_performed(monkeypatch):
    monkeypatch.setattr(Songs, "voiced", lambda *_: pytest.fail("performed"))
    request = Request("meter", "words", {"text": "a waltz"}, {"meter": 3.0}, heard=False)
    (answer,) = asking(1).ask([request]).answers
    assert answer.song.sound is None and answer.song.notes["meter"] == 3.0


def test_what_the_model_refuses_is_named():
    pictures = picture_requests(1, 0)
    asked = asking(4).ask([*pictures, *quiet("words", {"text": "no drums"}, [1])])
    assert asked.refused == {"picture": "this model cannot see"}
    assert [a.request.condition for a in asked.answers] == ["silent stems"]


@pytest.fixture(scope="module")
def real():
    return list(read_examples("arranger", None, "validation", 3))


def test_lessons_come_with_notes_and_some_with_sound(monkeypatch):
    monkeypatch.setattr(models.asking, "LESSONS", 4)
    monkeypatch.setattr(models.asking, "LESSONS_WITH_SOUND", 2)
    found = lessons("arranger", None)
    assert len(found) == 4 and sum(x.stems is not None for x in found) == 2
    assert {x.labels["style"] for x in found} > {0}


def test_from_wishes_to_table_and_files(monkeypatch, tmp_path, real):
    monkeypatch.setattr(catalogue, "MAKERS", (catalogue._stems,))
    entry = {"text": "no drums", "expects": {"plays": {"drums": False}}, "kind": "synonym"}
    other = {"text": "drumless", "expects": {"plays": {"drums": False}}, "kind": "synonym"}
    monkeypatch.setattr(models.asking, "paraphrases", lambda: (entry, other))
    found = measure_adherence(asking(16), real, songs=10, seed=0)
    rows = {(row.group, row.name): row for row in found.rows}
    told = rows["silent stems", "drums silent, argument, sound"]
    assert told.value == 1.0 and told.floor == 0.0 and told.count == 5
    held_out = rows["held-out words", "expectations met, all, notes"]
    assert held_out.value == pytest.approx(0.5) and held_out.floor == 0.0
    plays = rows["reference recording", "stems that play or rest alike, waveform, notes"]
    assert plays.ceiling == 1.0 and 0.0 < plays.value <= 1.0
    write_adherence(tmp_path, found, {"seed": 0})
    assert repr(read_rows(tmp_path / "adherence.json")) == repr(found.rows)
    content = json.loads((tmp_path / "adherence.json").read_text())
    assert [m["text"] for m in content["misses"]] == ["drumless"] * 2
    assert len(content["songs"]) == len(found.answers)
    assert len(content["songs_asked_for_nothing"]) == 16
    assert "audio" not in content["songs"][-1]["said"]
    assert "drums silent, words, sound" in (tmp_path / "adherence.md").read_text()
    assert (tmp_path / "adherence.png").stat().st_size > 10_000


def test_a_reference_is_what_is_known_of_the_recording(monkeypatch, real):
    monkeypatch.setattr(catalogue, "MAKERS", ())
    monkeypatch.setattr(models.asking, "paraphrases", lambda: ())
    reality = Reality.of(real, Ears(), recordings=2)
    found = models.asking.requests_for(reality, songs=2, seed=5)
    assert [r.way for r in found] == ["waveform", "mel"] * 2 + ["picture"] * 2
    assert [r.seed for r in found] == [5, 5, 6, 6, 5, 6]
    assert [r.said["audio"].ndim for r in found[:4]] == [1, 2, 1, 2]
    assert found[1].said["audio"].shape[0] == 128
    assert sorted(models.asking._together(found[:4], 8)) == [[0], [1, 3], [2]]
    assert found[2].expects == found[3].expects == reality.songs[1].known
    assert np.isfinite(found[0].expects["loudness"])


def test_pictures_go_from_dark_to_bright_moods():
    found = picture_requests(5, 1)
    valence = [r.expects["valence"] for r in found]
    assert valence == sorted(valence) and valence[-1] - valence[0] > 0.5
    assert found[0].said["image"].shape[:2] == (1, 3)
    assert len(models.asking._together(found, 8)) == 5
