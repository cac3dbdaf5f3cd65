import torch

from data.loader import build_loader
from tests.training.fakes import FakeDataset, command
from training.runtime import build_accelerator
from training.stage_data import StageData


def songs(tmp_path, num_workers: int, **where) -> list[list[str]]:
    accelerator = build_accelerator(command(tmp_path).settings)
    data = StageData(FakeDataset(), None, build_loader, 2, num_workers)
    return [b.song for b in data.batches(data.train, accelerator, **where)]


def test_batches_begin_anywhere_whatever_the_number_of_workers(tmp_path):
    expected = [["song 18", "song 19"], ["song 20", "song 21"]]
    assert songs(tmp_path, 0, start_index=18, num_batches=2) == expected
    assert songs(tmp_path, 2, start_index=18, num_batches=2) == expected


def test_the_second_epoch_is_not_the_first(tmp_path):
    data = FakeDataset()
    assert not torch.equal(data[0].audio, data[20].audio)


def test_closing_early_ends_the_workers(tmp_path):
    import multiprocessing

    accelerator = build_accelerator(command(tmp_path).settings)
    data = StageData(FakeDataset(), None, build_loader, 2, 2)
    batches = data.batches(data.train, accelerator, start_index=0, num_batches=50)
    next(batches)
    assert len(multiprocessing.active_children()) == 2
    batches.close()
    assert not multiprocessing.active_children()
