"""The command: fast help, one-line mistakes, a short run of the real model, Ctrl-C."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import train
from tests.commands import error_of, run_command
from utils import SAMPLE_RATE, STEMS

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def fresh_accelerate():
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    """Two songs of thirteen seconds in the four-stem layout, one of them for validation."""
    root, rng = tmp_path_factory.mktemp("songs"), np.random.default_rng(0)
    for split in ("train", "validation"):
        folder = root / split / "Track00001"
        folder.mkdir(parents=True)
        for stem in STEMS:
            soundfile.write(
                folder / f"{stem}.wav", 0.1 * rng.standard_normal(13 * SAMPLE_RATE), SAMPLE_RATE
            )
    return root


def small_run(songs: Path, out: Path, *more: object) -> list[object]:
    places = ["--data_dir", songs, "--checkpoint_dir", out / "c", "--log_dir", out / "l"]
    sizes = ["--preset", "tiny", "--stage", "codec", "--batch_size", 1, "--grad_accum_steps", 1]
    return [*places, *sizes, "--num_workers", 0, "--device", "cpu", "--val_batches", 1, *more]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--data_dir", "{out}/absent"], "absent"),
        (["--data_dir", "{out}"], "nothing to train on"),
        (["--learning_rate", "3"], "unknown argument '--learning_rate'"),
        (["--steps", "-1"], "at least 1, got -1"),
        (["--resume", "--source", "arranger"], "--resume: there is no usable checkpoint"),
        (["--init_from", "{out}/absent.pt", "--source", "arranger"], "absent.pt"),
        (["--config", "{out}/absent.json"], "cannot read the settings"),
        (["--mixed_precision", "fp16", "--device", "cpu"], "fp16 needs a CUDA GPU"),
        (["--preset", "tiny", "--hidden_dim", "33", "--source", "arranger"], "hidden_dim 33"),
        (["--stage", "genre", "--source", "arranger"], "needs the genre of the songs: add --genre"),
        (["--genre", "rock", "--source", "arranger"], "belongs to --stage genre"),
        (["--stage", "genre", "--genre", "Rock!", "--source", "arranger"], "use small letters"),
    ],
)
def test_mistakes_are_one_line(monkeypatch, capsys, tmp_path, arguments, expected):
    (tmp_path / "notes.txt").write_text("no music")
    arguments = [a.format(out=tmp_path) for a in arguments]
    places = ["--checkpoint_dir", tmp_path / "c", "--log_dir", tmp_path / "l"]
    assert expected in error_of(monkeypatch, capsys, train.main, *arguments, *places)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["notes.txt"]


def test_train_resume_and_load(monkeypatch, capsys, songs, tmp_path):
    run_command(monkeypatch, train.main, *small_run(songs, tmp_path, "--steps", 1))
    run_command(
        monkeypatch, train.main, "--resume", "--checkpoint_dir", tmp_path / "c", "--steps", 2
    )
    assert "step 1 of 2" in capsys.readouterr().out
    import torch

    from models.harmonicflow import HarmonicFlow

    checkpoint = torch.load(tmp_path / "c" / "best.pt", weights_only=True)
    assert checkpoint["stage"] == "codec" and checkpoint["step"] in (1, 2)
    model = HarmonicFlow.from_pretrained(tmp_path / "c" / "best.pt")
    assert model.config.preset == "tiny" and model.trained == {"codec"}
    name, tensor = next(iter(checkpoint["ema"].items()))
    assert torch.equal(model.state_dict()[name], tensor)
    assert "holds a run already" in error_of(
        monkeypatch, capsys, train.main, *small_run(songs, tmp_path)
    )


def test_an_adapter_is_trained_resumed_written_and_used(monkeypatch, capsys, tmp_path):
    import torch

    from models.generative import genre_adapters
    from models.generative.genre_adapters import fingerprint, load_adapter
    from models.harmonicflow import HarmonicFlow
    from models.presets import tiny
    from training.project import GenreProject

    monkeypatch.setattr(GenreProject, "dataset", _few_songs(GenreProject.dataset))
    base = HarmonicFlow(tiny())
    base.composer.transformer.out.weight.data.fill_(0.01)
    weights = base.save_pretrained(tmp_path / "base")
    places = ["--checkpoint_dir", tmp_path / "c", "--log_dir", tmp_path / "l"]
    flags = "--stage genre --genre rok --source arranger --batch_size 1 --grad_accum_steps 1"
    flags += " --num_workers 0 --device cpu --val_batches 1 --warmup_steps 1 --lr 1e-3"
    run = (monkeypatch, train.main, *flags.split(), "--init_from", weights, *places)
    run_command(*run, "--steps", 1)
    assert "did you mean 'rock'" in capsys.readouterr().out
    again = (monkeypatch, train.main, "--resume", *places, "--steps", 2)
    run_command(*again)
    assert "step 1 of 2" in capsys.readouterr().out
    best, file = tmp_path / "c" / "best.pt", tmp_path / "rok.safetensors"
    assert all(n.startswith("adapter.") for n in torch.load(best, weights_only=True)["model"])
    run_command(monkeypatch, genre_adapters.main, best, "--output", file)
    adapter, model = load_adapter(file), HarmonicFlow.from_pretrained(weights)
    about = adapter.about
    assert (about.genre, about.songs, about.base) == ("rok", 2, fingerprint(model.composer))
    assert about.steps in (1, 2) and any(pair.up.any() for pair in adapter.pairs.values())
    refused = error_of(monkeypatch, capsys, *again[1:], "--genre", "jazz")
    assert "this run is of rok, not of jazz" in refused
    base.composer.transformer.out.bias.data += 1.0
    base.save_pretrained(weights)
    assert "holds other weights" in error_of(monkeypatch, capsys, *again[1:])


def _few_songs(whole):
    """`Project.dataset` with two songs of one second."""
    from dataclasses import replace

    def dataset(self, settings, split, objective):
        from data.sources.arranger import ArrangerSource

        objective.num_frames = 32
        found = whole(self, settings, split, objective)
        found.source.source = ArrangerSource(None, split, num_songs=2, segments_per_song=1)
        if split == "train":
            adapter = objective.model.adapter
            adapter.about = replace(adapter.about, songs=2)
        return found

    return dataset
