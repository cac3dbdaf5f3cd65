"""The command: fast help, one-line mistakes, samples and metrics of a tiny model."""

import json
from pathlib import Path

import pytest

import evaluate
import metrics.pictures
from tests.commands import error_of, run_command
from utils import STEMS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A tiny random model without a planner."""
    import torch

    from models.harmonicflow import HarmonicFlow
    from models.presets import tiny

    torch.manual_seed(0)
    return HarmonicFlow(tiny()).save_pretrained(tmp_path_factory.mktemp("weights"), half=False)


@pytest.fixture
def run(monkeypatch, tmp_path, weights):
    """Runs the command on the tiny model; returns the output folder."""

    def call(*arguments: object) -> Path:
        fixed = ["--checkpoint", weights, "--output_dir", tmp_path / "out", "--device", "cpu"]
        run_command(monkeypatch, evaluate.main, *fixed, "--steps", 1, *arguments)
        return tmp_path / "out"

    return call


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--style", "99"], "there is no style '99'; choose from 0 pop"),
        (["--genre", "rok"], "5 rock"),
        (["--compute_metrics"], "add --data_dir"),
        (["--adherence"], "--adherence needs songs"),
        (["--adherence", "--source", "arranger", "--adherence_songs", "1"], "from 3 to"),
        (["--compute_metrics", "--source", "slak", "--data_dir", "x"], "did you mean 'slakh'"),
        (["--compute_metrics", "--data_dir", __file__], "is a file: expected a folder"),
        (["--compute_metrics", "--source", "arranger", "--duration", "4"], "leave --duration"),
        (["--split", "train"], "invalid choice"),
        (["--num_samples", "0"], "from 1 to"),
        (["--output_dir", __file__], "choose a folder"),
        (["--promt", "x"], "unknown argument '--promt'"),
        (["--checkpoint", "nowhere.pt"], "no checkpoint"),
    ],
)
def test_mistakes_are_one_line_that_says_what_to_do(monkeypatch, capsys, arguments, words):
    assert words in error_of(monkeypatch, capsys, evaluate.main, *arguments)


def test_wrong_data_is_one_line(monkeypatch, capsys, weights, tmp_path):
    found = ["--checkpoint", weights, "--device", "cpu", "--compute_metrics", "--data_dir"]
    assert "does not exist" in error_of(
        monkeypatch, capsys, evaluate.main, *found, tmp_path / "nowhere"
    )
    assert "nothing to train on" in error_of(monkeypatch, capsys, evaluate.main, *found, tmp_path)


@pytest.mark.filterwarnings("ignore:untrained parts")
def test_prompts_and_labels_make_samples(run, monkeypatch):
    monkeypatch.setattr(metrics.pictures, "save_song_picture", lambda *_: None)
    out = run("--use_text", "--text_prompt", "slow jazz", "--style", 2, "--emotion", 1,
              "--num_samples", 2, "--batch_size", 2, "--duration", 1)  # fmt: skip
    assert sorted(p.name for p in (out / "samples").iterdir()) == ["sample_0", "sample_1"]
    settings = json.loads((out / "samples" / "sample_1" / "song.json").read_text())
    assert settings["seed"] == 43 and settings["settings"]["style_idx"] == 2
    assert {f"{stem}.wav" for stem in STEMS} < {
        p.name for p in (out / "samples/sample_0").iterdir()
    }


def test_use_text_alone_asks_for_ten_songs():
    prompts = lambda line: evaluate.prompts_of(evaluate.build_parser().parse(line.split()))
    assert len(prompts("--use_text")) == 10 and len(set(evaluate.PROMPTS)) == 10
    assert prompts("--text_prompt a --text_prompt b --num_samples 2") == ["a", "a", "b", "b"]
    assert prompts("--style 3 --num_samples 3") == [None] * 3


@pytest.mark.filterwarnings("ignore:untrained parts")
def test_metrics_stand_beside_floor_and_ceiling(run, capsys):
    out = run("--source", "arranger", "--compute_metrics", "--num_segments", 4, "--batch_size", 4,
              "--novelty_songs", 4)  # fmt: skip
    report = json.loads((out / "metrics.json").read_text())
    rows = {(row["group"], row["name"]): row for row in report["metrics"]}
    assert rows["codec", "SI-SDR dB, bass"]["ceiling"] == "inf"
    assert rows["score codec", "onset F1, pitched"]["ceiling"] > 0.95
    assert rows["coherence", "chroma, sound"]["ceiling"] > 0.2
    assert rows["coherence", "chroma, sound"]["floor"] is not None
    assert rows["activity", "silent sound, share, bass"]["count"] == 4
    assert report["settings"]["seed"] == 42 and report["settings"]["trained"] == []
    assert {p.name for p in out.iterdir()} == {
        "metrics.json",
        "spectrograms.png",
        "piano_rolls.png",
    }
    assert rows["novelty", "copies, share, pitched stems"]["floor"] == 1.0
    assert rows["identity", "accuracy, bass"]["ceiling"] is not None
    judged = {verdict["name"]: verdict for verdict in report["summary"]}
    assert judged["identity, the worst stem"]["must"] == 0.95
    printed = capsys.readouterr().out
    assert "chroma, sound" in printed and "identity, the worst stem" in printed


@pytest.mark.filterwarnings("ignore:untrained parts")
def test_what_was_asked_stands_beside_what_came(run, monkeypatch, capsys):
    import models.asking
    from metrics.adherence import catalogue

    wish = ({"dynamics": 0.5}, {"dynamics": 0.5})
    ask = lambda asked: asked.each("dynamics", "number", [wish])
    monkeypatch.setattr(catalogue, "MAKERS", (ask,))
    monkeypatch.setattr(models.asking, "LESSONS", 2)
    monkeypatch.setattr(models.asking, "FEWEST_UNASKED", 3)
    monkeypatch.setattr(models.asking, "paraphrases", lambda: ())
    out = run("--source", "arranger", "--adherence", "--adherence_songs", 3, "--num_segments", 3,
              "--batch_size", 3)  # fmt: skip
    assert {p.name for p in out.iterdir()} == {"adherence.json", "adherence.md", "adherence.png"}
    report = json.loads((out / "adherence.json").read_text())
    groups = [song["condition"] for song in report["songs"]]
    assert groups == ["dynamics"] * 3 + ["reference recording"] * 6
    assert list(report["refused"]) == ["picture"] and report["settings"]["adherence_songs"] == 3
    assert "stems that play or rest alike, waveform, notes" in capsys.readouterr().out
