"""Batches: the same with any number of workers, ranks and interruptions."""

import multiprocessing
import os
import signal

import pytest
import torch

from data.dataset import SegmentDataset
from data.loader import CounterSampler, build_loader
from data.sources import build_source
from tests.data.songs import write_corpus
from utils import FRAME_SAMPLES, UserError

FRAMES = 10


@pytest.fixture
def dataset(tmp_path):
    root = write_corpus(tmp_path / "data", num_train=3)
    source = build_source("slakh", root, "train", segment_frames=FRAMES)
    return SegmentDataset(source, seed=7, num_frames=FRAMES, quarantine=tmp_path / "bad.jsonl")


def flat(loader):
    """(song, start) of every segment, and the audio, in order."""
    batches = list(loader)
    places = [p for b in batches for p in zip(b.song, b.start, strict=True)]
    return places, torch.cat([b.audio for b in batches])


def test_counter_sampler_divides_exactly():
    assert list(CounterSampler(3, 8)) == [3, 4, 5, 6, 7]
    for stop in range(5, 30):
        ranks = [CounterSampler(5, stop, block=3, rank=r, world_size=2) for r in range(2)]
        taken = [list(r) for r in ranks]
        assert [len(r) for r in ranks] == [len(t) for t in taken]
        assert sorted(taken[0] + taken[1]) == list(range(5, stop))
    assert taken[0][:6] == [5, 6, 7, 11, 12, 13]


def test_any_number_of_workers_gives_the_same_batches(dataset):
    places, audio = flat(build_loader(dataset, 4, num_batches=9))
    other_places, other_audio = flat(build_loader(dataset, 4, num_batches=9, num_workers=2))
    assert places == other_places and torch.equal(audio, other_audio)
    assert len(places) == 36 and len(dataset) == 24 and audio.shape[2] == FRAMES * FRAME_SAMPLES


def test_resuming_continues_where_it_stopped(dataset):
    whole, _ = flat(build_loader(dataset, 2, num_batches=6))
    first, _ = flat(build_loader(dataset, 2, num_batches=2))
    rest, _ = flat(build_loader(dataset, 2, num_batches=4, start_index=4))
    assert whole == first + rest


def test_ranks_share_the_work(dataset):
    whole, _ = flat(build_loader(dataset, 4, num_batches=3))
    ranks = [list(build_loader(dataset, 2, num_batches=3, rank=r, world_size=2)) for r in range(2)]
    merged = [song for pair in zip(*ranks, strict=True) for batch in pair for song in batch.song]
    assert merged == [song for song, _ in whole]


def test_an_epoch_by_default_with_a_smaller_last_batch(dataset):
    batches = list(build_loader(dataset, 5))
    assert [len(b) for b in batches] == [5, 5, 5, 5, 4]
    assert batches[0].present.shape == (5, 4) and batches[0].present.dtype == torch.bool
    assert batches[0].labels == {} and batches[0].roll is None and batches[0].text is None


def test_all_fields_are_stacked(dataset):
    dataset.fields = frozenset({"audio", "roll", "sheet", "labels", "text"})
    (batch,) = build_loader(dataset, 3, num_batches=1)
    assert batch.roll.shape[:3] == (3, 4, FRAMES) and batch.sheet.shape[:2] == (3, FRAMES)
    assert len(batch.text) == 3 and all(isinstance(v, torch.Tensor) for v in batch.labels.values())
    assert batch.to("cpu").labels.keys() == batch.labels.keys()


@pytest.mark.filterwarnings("ignore:skipped")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stopped_run_says_one_line(tmp_path, num_workers):
    root = write_corpus(tmp_path / "data", num_train=4)
    for number in range(1, 4):
        (root / "train" / f"Track0000{number}" / "bass.wav").write_bytes(b"RIFF" + bytes(100))
    source = build_source("slakh", root, "train", segment_frames=FRAMES)
    dataset = SegmentDataset(source, num_frames=FRAMES, quarantine=tmp_path / "bad")
    with pytest.raises(UserError) as caught:
        list(build_loader(dataset, 4, num_workers=num_workers))
    assert "3 of 4 songs" in str(caught.value) and "\n" not in str(caught.value)
    assert set(dataset.quarantine.songs()) == {f"Track0000{n}" for n in range(1, 4)}


def test_signals_do_not_end_the_workers(dataset):
    batches = iter(build_loader(dataset, 2, num_batches=30, num_workers=2))
    next(batches)
    workers = multiprocessing.active_children()
    assert len(workers) == 2, "an earlier test left its workers behind"
    for worker in workers:
        os.kill(worker.pid, signal.SIGINT)
        os.kill(worker.pid, signal.SIGTERM)
    assert len(list(batches)) == 29
