from dataclasses import replace

import pytest
import torch

from training.runtime import Verdict, agree, build_accelerator, on_main, step_rng
from training.settings import TrainSettings
from utils import UserError

CPU = TrainSettings(device="cpu")


def test_step_rng_is_a_function_of_its_place():
    first = torch.randn(4, generator=step_rng(1, "codec", 5, 0, 0)), torch.rand(4)
    again = torch.randn(4, generator=step_rng(1, "codec", 5, 0, 0)), torch.rand(4)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    for place in [
        (2, "codec", 5, 0, 0),
        (1, "flow", 5, 0, 0),
        (1, "codec", 5, 1, 0),
        (1, "codec", 5, 0, 1),
    ]:
        assert not torch.equal(first[0], torch.randn(4, generator=step_rng(*place)))
        assert not torch.equal(first[1], torch.rand(4))


def test_noise_and_dropout_do_not_share_their_numbers():
    generator = step_rng(1, "codec", 5)
    assert not torch.equal(torch.rand(4, generator=generator), torch.rand(4))


def test_one_process_agrees_with_itself():
    accelerator = build_accelerator(CPU)
    verdict = Verdict(0.5, True, 15, False)
    assert agree(accelerator, verdict) is verdict
    assert on_main(accelerator, lambda: "done") == "done"
    with pytest.raises(UserError, match="disk"):
        on_main(accelerator, lambda: (_ for _ in ()).throw(UserError("disk")))


def test_exact_kernels_are_the_default_on_a_cpu():
    build_accelerator(replace(CPU, threads=1))
    assert torch.are_deterministic_algorithms_enabled() and torch.get_num_threads() == 1
    build_accelerator(replace(CPU, deterministic=False))
    assert not torch.are_deterministic_algorithms_enabled()


def test_devices_and_precisions_that_are_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for changes, expected in [
        ({"device": "cuda"}, "no CUDA GPU"),
        ({"device": "mps"}, "no Apple GPU"),
        ({"mixed_precision": "fp16"}, "needs a CUDA GPU"),
    ]:
        with pytest.raises(UserError, match=expected):
            build_accelerator(replace(TrainSettings(), **changes))
