import json
from dataclasses import asdict, fields, replace

import pytest

from training.settings import TrainSettings, build_parser, parse_arguments, save_settings
from utils import UserError


def error_of(*arguments: str) -> str:
    with pytest.raises(UserError) as caught:
        parse_arguments(arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write(path, content) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_defaults_are_the_documents():
    settings = parse_arguments([]).settings
    expected = {"data_dir": "data/slakh2100", "batch_size": 16, "epochs": 100, "lr": 5e-5}
    expected |= {"weight_decay": 1e-6, "grad_accum_steps": 2, "clip_grad_norm": 1.0, "seed": 42}
    expected |= {"warmup_steps": 1000, "checkpoint_dir": "checkpoints", "preset": "base"}
    expected |= {"log_every": 100, "save_every": 1000, "val_check_interval": 0.25, "keep_last": 3}
    assert expected.items() <= asdict(settings).items()
    assert settings.stages() == [
        "codec",
        "score",
        "transcriber",
        "planner",
        "composer",
        "performer",
        "decoder",
    ]
    assert replace(settings, stage="composer").stages() == ["composer"]


def test_every_setting_is_a_flag_with_help_and_default():
    text = build_parser().format_help()
    for f in fields(TrainSettings):
        assert f"--{f.name}" in text and f.metadata["help"].split()[0] in text
        assert f.metadata["help"]
    assert text.count("(default") == len(fields(TrainSettings))


def test_documents_command_line():
    line = "--data_dir d --batch_size 8 --epochs 3 --lr 1e-4 --hidden_dim 512 --latent_dim 128"
    command = parse_arguments(f"{line} --checkpoint_dir c --resume --seed 7".split())
    s = command.settings
    assert (s.batch_size, s.epochs, s.lr, s.hidden_dim, s.latent_dim) == (8, 3.0, 1e-4, 512, 128)
    assert s.resume and s.seed == 7 and "preset" not in command.given and "lr" in command.given


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--batchsize", "3"], "did you mean '--batch_size'"),
        (["--checkpoint", "x"], "did you mean '--checkpoint_dir'"),
        (["--batch_size", "0"], "at least 1, got 0"),
        (["--batch_size", "many"], "whole number value: 'many'"),
        (["--lr", "-1"], "above 0, got -1"),
        (["--lr", "nan"], "got nan"),
        (["--ema_decay", "1"], "at most 0.999999, got 1"),
        (["--stage", "codek"], "choose from"),
        (["--preset", "huge"], "choose from"),
        (["--mixed_precision", "fp8"], "choose from"),
        (["--time_limit", "0"], "above 0"),
        (["--lr"], "expected one argument"),
        (["song.mp3"], "unknown argument 'song.mp3'"),
    ],
)
def test_mistakes_teach(arguments, expected):
    assert expected in error_of(*arguments)


def test_config_file_is_overridden_by_flags(tmp_path):
    path = write(
        tmp_path / "c.json", {"lr": 1e-3, "batch_size": 4, "deterministic": False, "steps": None}
    )
    command = parse_arguments(["--config", path, "--batch_size", "2"])
    s = command.settings
    assert (s.lr, s.batch_size, s.deterministic, s.steps) == (1e-3, 2, False, None)
    assert command.given == {"lr", "batch_size", "deterministic"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"learning": 1}, "unknown setting 'learning'"),
        ({"batchsize": 1}, "did you mean 'batch_size'"),
        ({"batch_size": 2.5}, "whole number"),
        ({"batch_size": True}, "must be a number or a text"),
        ({"resume": "yes"}, "must be true or false"),
        ({"lr": [1]}, "must be a number or a text"),
        ({"stage": "all of them"}, "choose from"),
        ("{", "is not JSON"),
        ("[]", "JSON object"),
    ],
)
def test_config_mistakes_teach(tmp_path, content, expected):
    assert expected in error_of("--config", write(tmp_path / "c.json", content))


def test_config_that_is_not_there(tmp_path):
    assert "cannot read" in error_of("--config", str(tmp_path / "absent.json"))


def test_resume_takes_the_runs_settings_unless_told_otherwise(tmp_path):
    saved = TrainSettings(checkpoint_dir=str(tmp_path), preset="small", lr=3e-4, deterministic=True)
    save_settings(saved)
    command = parse_arguments(["--resume", "--checkpoint_dir", str(tmp_path), "--lr", "1e-3"])
    assert command.settings == replace(saved, lr=1e-3, resume=True)
    assert "preset" not in command.given
    save_settings(replace(saved, steps=100))
    longer = parse_arguments(["--resume", "--checkpoint_dir", str(tmp_path), "--epochs", "9"])
    assert (longer.settings.steps, longer.settings.epochs) == (None, 9)
    fresh = parse_arguments(["--checkpoint_dir", str(tmp_path)])
    assert fresh.settings.preset == "base"
