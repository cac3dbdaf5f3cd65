"""Fitting the post-filter: a command that counts takes of a trained model and writes it anew."""

import re

import numpy as np
import pytest
import torch

from data.audio import save_audio
from data.loudness import loudness
from data.score import Notes
from models.harmonicflow import HarmonicFlow
from models.latent.postfilter import PostFilter, instrument
from models.objectives import build_objective
from models.presets import tiny
from training.postfilter import Take, fit, main
from utils import SAMPLE_RATE, UserError

LENGTH = 24 * 1_024


@pytest.fixture
def command(tmp_path):
    def run(model: HarmonicFlow, *options: str) -> HarmonicFlow:
        model.save_pretrained(tmp_path / "model")
        paths = ("--weights", tmp_path / "model", "--out", tmp_path / "out")
        data = ("--data_dir", tmp_path, "--source", "arranger", "--threads", "1")
        main([*map(str, paths + data), *options])
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
        takes.append(Take(instrument(3, 0), (noise * swelling).half(), noise.half(), Notes.empty()))
    both, first = PostFilter(), PostFilter()
    fit(both, takes)
    fit(first, takes)
    first.bins.gain.zero_()
    assert torch.equal(both.bands.gain, first.bands.gain) and both.bins.gain.any()
    error = lambda found: levels_off(found, takes)
    assert error(both) < error(first) < error(PostFilter())


def own_levels(found: PostFilter, audio: torch.Tensor) -> np.ndarray:
    audio = audio.float()
    return found.bins.bands.levels(audio, loudness(audio.numpy(), SAMPLE_RATE)).numpy()


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


def test_songs_without_notes_leave_nothing_to_count(command, tmp_path):
    hiss = 0.1 * np.random.default_rng(0).standard_normal(13 * SAMPLE_RATE)
    save_audio(tmp_path / "songs" / "train" / "one" / "bass.wav", hiss, SAMPLE_RATE)
    own = ("--data_dir", str(tmp_path / "songs"), "--source", "slakh", "--segments", "1")
    with pytest.raises(UserError, match="no segment of .*songs has both sound and notes"):
        command(untaught("codec", "score_codec", "performer"), *own)
    assert not (tmp_path / "out" / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("flag", "value", "said"),
    [
        ("--segments", "0", "'0' is not possible: expected a whole number from 1"),
        ("--threads", "0", "'0' is not possible: expected a whole number from 1"),
        ("--source", "nowhere", "invalid choice: 'nowhere'"),
        ("--segment", "3", "unknown argument '--segment': did you mean '--segments'"),
    ],
)
def test_wrong_flags_are_said_in_one_line(command, flag, value, said):
    with pytest.raises(UserError, match=re.escape(said)):
        command(untaught(), flag, value)


def test_a_place_that_cannot_be_written_is_said_before_the_counting(command, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("training.postfilter.takes_of", lambda *_: pytest.fail("counted"))
    with pytest.raises(UserError, match="cannot write to .*file.*: choose another --out"):
        command(
            untaught("codec", "score_codec", "performer"), "--out", str(tmp_path / "file" / "model")
        )


def test_earlier_weights_have_no_filter_and_more_training_takes_it_away():
    model = untaught()
    earlier = {n: v for n, v in model.state_dict().items() if not n.startswith("postfilter.")}
    model.postfilter.bands.gain.fill_(3.0)
    model.load_state_dict(earlier)
    assert not model.postfilter.bands.gain.any()
    stays = {"composer": True, "codec": False, "performer": False, "decoder": False}
    for stage, kept in stays.items():
        model.postfilter.bins.gain.fill_(3.0)
        build_objective(stage, model)
        assert bool(model.postfilter.bins.gain.any()) == kept, stage
