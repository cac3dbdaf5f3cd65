"""Latents on disk: filled once, gone on with after a cut, refused when of something else."""

import copy
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from data.batch import Example
from data.dataset import SegmentDataset
from data.latent_cache import SONGS_NAME, LatentCache, fingerprint
from data.loader import build_loader
from data.score import Notes, Score
from models.harmonicflow import HarmonicFlow
from models.presets import tiny
from training.run import Preparation
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, UserError, counter_rng

FRAMES = 16
KIND = "performances"
FIELDS = ("audio", "roll", "sheet", "labels", "captions", "plan")
ROWS = ("sound", "notes", "sheet", "labels", "captions", "mel", "plan")


class Noises:
    """A source of songs that are noise under one note; the last stem is absent."""

    def __init__(self, num_songs: int = 5) -> None:
        self.num_songs = num_songs

    def __len__(self) -> int:
        return self.num_songs

    def example(self, index, *, num_frames, need_audio=True, need_score=True, rng=None) -> Example:
        rng = counter_rng(9, index) if rng is None else rng
        present = np.array([True, True, True, False])
        audio = 0.1 * rng.standard_normal((4, num_frames * FRAME_SAMPLES), np.float32)
        notes = {stem: Notes.of([0.1], [0.5], [60], [90]) for stem in STEMS}
        seconds = num_frames * FRAME_SAMPLES / SAMPLE_RATE
        score = Score(notes, seconds, np.array([0.0, 0.5, 1.0]), np.arange(3))
        tags = {"caption": f"song {index} of noise", "style": 3}
        audio *= present[:, None]
        return Example(f"noise \n {index}", 1.5, present, audio, score, present.copy(), tags)


class Stop(Exception):
    """A signal that came while the cache was filled."""


@pytest.fixture(scope="module")
def model() -> HarmonicFlow:
    torch.manual_seed(0)
    return HarmonicFlow(tiny()).eval()


def dataset(num_songs: int = 5, **changed) -> SegmentDataset:
    return SegmentDataset(Noises(num_songs), fields=FIELDS, num_frames=FRAMES, **changed)


def build(model, folder: Path, data=None, *, polls: int = 1_000, **changed) -> LatentCache:
    """A cache in `folder`; a signal comes at batch number `polls`."""
    left = iter(range(polls))

    def poll():
        if next(left, None) is None:
            raise Stop

    settings = Preparation(
        cache_dir=folder, cache_segments=0, batch_size=2, num_workers=0, seed=3,
        device=torch.device("cpu"), poll=poll,
    )  # fmt: skip
    data = dataset() if data is None else data
    fields = changed.pop("fields", ROWS)
    return LatentCache.build(model, data, dataclasses.replace(settings, **changed), fields)


def rows(folder: Path) -> dict[str, np.ndarray]:
    return {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}


def test_rows_are_what_encoding_gives(model, tmp_path):
    cache, data = build(model, tmp_path), dataset()
    segments = {segment.song: segment for segment in (data[i] for i in range(5))}
    batch = next(iter(build_loader(cache, 5)))
    assert len(cache) == 5 and batch.song and batch.sound.shape == (5, 4, FRAMES, 8)
    for i, song in enumerate(batch.song):
        expected = next(s for name, s in segments.items() if " ".join(name.split()) == song)
        latents = model.encode(expected.audio[None], expected.roll[None])
        torch.testing.assert_close(batch.sound[i].float(), latents.sound[0], atol=2e-2, rtol=1e-2)
        torch.testing.assert_close(batch.notes[i].float(), latents.score[0], atol=2e-2, rtol=1e-2)
        assert torch.equal(batch.sheet[i], expected.sheet.half().float())
        assert torch.equal(batch.present[i], expected.present)
    assert batch.labels["style"].tolist() == [3] * 5 and batch.start == [1.5] * 5
    assert batch.mel.shape == (5, 128, 128) and (batch.mel > 0).any()


def test_captions_are_tokens_of_the_sentence_encoder(model, tmp_path):
    cache = build(model, tmp_path, cache_segments=2)
    for i in range(2):
        segment = cache[i]
        tokens, mask = model.text.encode([f"song {segment.song.split()[-1]} of noise"])
        assert segment.text_mask.sum() == mask.sum()
        found = segment.text_tokens[segment.text_mask]
        torch.testing.assert_close(found, tokens[0], atol=2e-2, rtol=1e-2)
        assert not segment.text_tokens[~segment.text_mask].any()


def test_a_stage_keeps_what_it_reads_and_no_more(model, tmp_path):
    cache = build(model, tmp_path, fields=("notes", "labels"))
    assert (tmp_path / "scores" / "notes.npy").is_file() and cache[0].notes is not None
    assert cache[0].sound is None and cache[0].text_tokens is None and cache[0].mel is None
    assert cache[0].labels["style"] == 3 and not (tmp_path / KIND).exists()


def test_takes_hold_the_recording_its_notes_and_how_they_are_performed(model, tmp_path):
    cache, data = build(model, tmp_path, fields=("audio", "roll", "performed")), dataset()
    segments = {" ".join(segment.song.split()): segment for segment in (data[i] for i in range(5))}
    batch = next(iter(build_loader(cache, 5)))
    assert (tmp_path / "takes").is_dir() and batch.sound is None
    assert batch.performed.shape == (5, 4, FRAMES, 8) and batch.performed.isfinite().all()
    assert not torch.equal(batch.performed[0], batch.performed[1])
    for i, song in enumerate(batch.song):
        torch.testing.assert_close(batch.audio[i], segments[song].audio, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(batch.roll[i], segments[song].roll, atol=1e-3, rtol=1e-3)


def test_performances_of_another_performer_are_refused(model, tmp_path):
    build(model, tmp_path, fields=("performed",), cache_segments=1)
    build(model, tmp_path, fields=("notes",), cache_segments=1)
    changed = copy.deepcopy(model)
    changed.performer.out.bias.data.add_(1.0)
    build(changed, tmp_path, fields=("notes",), cache_segments=1)
    with pytest.raises(UserError, match="remove the folder"):
        build(changed, tmp_path, fields=("performed",), cache_segments=1)


def test_a_stage_that_needs_few_segments_says_so(model, tmp_path):
    settings = Preparation(
        cache_dir=tmp_path, cache_segments=0, batch_size=2, num_workers=0, seed=3,
        device=torch.device("cpu"), poll=lambda: None,
    )  # fmt: skip
    rows = lambda **how: len(LatentCache.build(model, dataset(), settings, ("notes",), **how))
    assert rows(at_most=3) == 3 and rows(at_most=9) == 5
    settings = dataclasses.replace(settings, cache_segments=4)
    assert rows(at_most=3) == 4


def test_a_cut_build_goes_on_to_the_same_rows(model, tmp_path):
    build(model, tmp_path / "whole")
    with pytest.raises(Stop):
        build(model, tmp_path / "cut", polls=1)
    assert json.loads((tmp_path / "cut" / KIND / "cache.json").read_text())["filled"] == 2
    with open(tmp_path / "cut" / KIND / SONGS_NAME, "a") as file:
        file.write("a song written just before the cut\n")
    build(model, tmp_path / "cut")
    whole, cut = rows(tmp_path / "whole" / KIND), rows(tmp_path / "cut" / KIND)
    assert all(np.allclose(whole[name], cut[name], atol=2e-2, equal_nan=True) for name in whole)
    names = [(tmp_path / folder / KIND / SONGS_NAME).read_text() for folder in ("whole", "cut")]
    assert names[0] == names[1] and len(names[0].splitlines()) == 5


def test_a_filled_cache_is_opened_without_encoding(model, tmp_path):
    build(model, tmp_path)
    assert len(build(model, tmp_path, polls=0)) == 5
    assert len(build(model, tmp_path, polls=0, cache_segments=3)) == 3


def test_growing_keeps_what_is_there_even_when_cut(model, tmp_path, monkeypatch):
    build(model, tmp_path, cache_segments=2)
    before = rows(tmp_path / KIND)
    monkeypatch.setattr("os.replace", lambda *paths: (_ for _ in ()).throw(Stop))
    with pytest.raises(Stop):
        build(model, tmp_path, cache_segments=7)
    monkeypatch.undo()
    assert all(
        np.array_equal(a, rows(tmp_path / KIND)[n], equal_nan=True) for n, a in before.items()
    )
    assert len(build(model, tmp_path, cache_segments=7)) == 7
    grown = rows(tmp_path / KIND)
    assert all(np.array_equal(a, grown[n][:2], equal_nan=True) for n, a in before.items())
    assert not np.array_equal(grown["sound"][0], grown["sound"][5])  # the second epoch is another


@pytest.mark.parametrize("other", ["codec", "seed", "songs", "frames"])
def test_latents_of_something_else_are_refused(model, tmp_path, other):
    build(model, tmp_path, cache_segments=1)
    changed = {
        "codec": lambda: (HarmonicFlow(tiny()), dataset()),
        "seed": lambda: (model, dataset(seed=4)),
        "songs": lambda: (model, dataset(6)),
        "frames": lambda: (model, SegmentDataset(Noises(), fields=FIELDS, num_frames=8)),
    }
    with pytest.raises(UserError, match="other data or another seed: remove the folder"):
        build(*[changed[other]()[0], tmp_path, changed[other]()[1]])


def test_a_cache_survives_the_decoder_and_no_encoder(model):
    changed, before = copy.deepcopy(model), fingerprint(model)
    for parameter in changed.codec.decoder():
        parameter.data.add_(1.0)
    assert fingerprint(changed) == before
    changed.codec.encoder_in.bias.data.add_(1.0)
    assert fingerprint(changed) != before


def test_a_full_disk_is_noticed_before(model, tmp_path, monkeypatch):
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")(10, 9, 1_000)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(UserError, match=r"5 segments .* need 0\.0 GB .* --cache_dir"):
        build(model, tmp_path)
    assert not list(tmp_path.rglob("*.npy"))


def test_every_epoch_has_its_own_order_and_validation_the_same(model, tmp_path):
    cache = build(model, tmp_path / "train")
    songs = lambda cache, epoch: [cache[epoch * 5 + i].song for i in range(5)]
    assert sorted(songs(cache, 0)) == sorted(songs(cache, 1)) and len(set(songs(cache, 0))) == 5
    assert len({tuple(songs(cache, epoch)) for epoch in range(6)}) > 1
    assert songs(cache, 1) == songs(
        LatentCache(tmp_path / "train" / KIND, 5, seed=3, augment=True), 1
    )
    fixed = build(model, tmp_path / "validation", dataset(augment=False), cache_segments=9)
    assert len(fixed) == 5
    assert songs(fixed, 0) == songs(fixed, 1) == [f"noise {i}" for i in range(5)]
