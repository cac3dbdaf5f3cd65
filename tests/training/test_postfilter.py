"""Fitting the post-filter: a command that counts takes of a trained model and writes it anew."""

import sys

import numpy as np
import pytest
import torch

from data.loudness import loudness
from models.harmonicflow import HarmonicFlow
from models.latent.postfilter import PostFilter, instrument
from models.presets import tiny
from training.postfilter import Take, fit, main
from utils import SAMPLE_RATE, UserError

LENGTH = 24 * 1_024


@pytest.fixture
def command(monkeypatch, tmp_path):
    def run(model: HarmonicFlow, *options: str) -> HarmonicFlow:
        model.save_pretrained(tmp_path / "model")
        paths = ("--weights", tmp_path / "model", "--out", tmp_path / "out")
        data = ("--data_dir", tmp_path, "--source", "arranger", "--threads", "1")
        monkeypatch.setattr(sys, "argv", ["postfilter", *map(str, paths + data), *options])
        main()
        return HarmonicFlow.from_pretrained(tmp_path / "out")

    return run


def untaught(*trained: str) -> HarmonicFlow:
    torch.manual_seed(0)
    model = HarmonicFlow(tiny()).eval()
    model.trained = set(trained)
    return model


def test_each_map_is_fitted_to_what_the_one_before_leaves():
    time = torch.arange(LENGTH) / SAMPLE_RATE
    swelling = 10.0 ** (0.5 * torch.sin(2 * torch.pi * 4.0 * time))
    takes = []
    for i in range(3):
        noise = 0.02 * torch.randn(LENGTH, generator=torch.Generator().manual_seed(i))
        takes.append(Take(instrument(3, 0), (noise * swelling).half(), noise.half()))
    both, first = PostFilter(), PostFilter()
    fit(both, takes)
    fit(first, takes)
    first.bins.gain.zero_()
    assert torch.equal(both.bands.gain, first.bands.gain) and both.bins.gain.any()
    error = lambda found: levels_off(found, takes)
    assert error(both) < error(first) < error(PostFilter())


def own_levels(found: PostFilter, audio: torch.Tensor) -> np.ndarray:
    audio = audio.float()
    return found.bins.levels(
        found.bins.spectrum(audio), loudness(audio.numpy(), SAMPLE_RATE)
    ).numpy()


def levels_off(found: PostFilter, takes: list[Take]) -> float:
    """Mean difference in dB between levels of bins, recorded and decoded, each sorted."""
    total = 0.0
    for take in takes:
        decoded = found.through(take.decoded.float(), take.row, found.maps)
        ours, theirs = (np.sort(own_levels(found, x), None) for x in (take.recorded, decoded))
        total += float(np.abs(ours - theirs).mean())
    return total


def test_the_model_is_written_with_its_filter(command):
    model = untaught("codec", "score_codec", "performer")
    made = command(model, "--segments", "2")
    assert made.postfilter.bands.gain.any() and made.postfilter.bins.gain.any()
    assert torch.equal(made.postfilter.bands.gain[17], made.postfilter.bands.gain[9])  # drums
    assert made.trained == model.trained and not model.postfilter.bands.gain.any()


def test_what_is_missing_is_said(command):
    with pytest.raises(UserError, match=r"not trained yet: codec, score_codec; finish `train.py`"):
        command(untaught("performer"))
    with pytest.raises(UserError, match=r"--segments is 0: choose at least 1"):
        command(untaught("codec", "score_codec", "performer"), "--segments", "0")
