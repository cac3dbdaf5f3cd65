"""Flags that both commands share: values, tables, weights, devices."""

import argparse

import pytest

from models.options import (
    TABLES,
    add_label_flags,
    add_machine_flags,
    add_sampling_flags,
    generate_options,
    label,
    load_model,
    number,
    weight,
)
from utils import Parser, UserError


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="song.py")
    add_label_flags(parser)
    add_sampling_flags(parser)
    add_machine_flags(parser)
    return parser


def test_only_what_was_given_is_passed_on(parser):
    assert generate_options(parser.parse([])) == {}
    line = "--style jazz --genre 5 --duration 4 --steps 8 --guidance 2 text=3"
    assert generate_options(parser.parse(line.split())) == {
        "style_idx": 3,
        "genre_idx": 5,
        "duration": 4.0,
        "steps": 8,
        "guidance": {"all": 2.0, "text": 3.0},
    }


def test_labels_go_by_id_or_name():
    assert label("style")("3") == label("style")("Jazz") == 3
    assert label("emotion")("calm") == 2 and label("genre")("rock") == 5
    for wrong in ("10", "-1", "polka", "1.5"):
        with pytest.raises(argparse.ArgumentTypeError, match="choose from 0 pop"):
            label("style")(wrong)


def test_the_tables_are_those_of_the_model():
    from models.encoders.labels import ID_NAMES

    assert all(ID_NAMES[name] == table for name, table in TABLES.items())


def test_numbers_have_ranges_and_kinds():
    assert number(0, 1)("0.5") == 0.5 and number(1, 9, int)("9") == 9
    for kind, text in ((float, "x"), (float, "nan"), (int, "1.5"), (float, "2")):
        with pytest.raises(argparse.ArgumentTypeError, match="expected"):
            number(0, 1, kind)(text)


def test_guidance_is_for_all_or_for_one():
    assert weight("2") == ("all", 2.0)
    assert weight("text=0.5") == ("text", 0.5)


def test_an_unknown_flag_names_the_nearest(parser):
    with pytest.raises(UserError, match="did you mean '--steps'"):
        parser.parse(["--step", "3"])
    with pytest.raises(UserError, match="song.py --help"):
        parser.parse(["--seed"])


def test_weights_and_devices_that_are_not_there(parser, tmp_path, monkeypatch):
    import models.options

    with pytest.raises(UserError, match="no checkpoint at"):
        load_model(parser.parse(["--checkpoint", str(tmp_path / "best.pt")]))
    (tmp_path / "best.pt").write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"there are .*best\.pt"):
        load_model(parser.parse(["--checkpoint", str(tmp_path / "last.pt")]))
    with pytest.raises(UserError, match=r"--checkpoint .*best\.pt"):
        load_model(parser.parse(["--checkpoint", str(tmp_path)]))
    with pytest.raises(UserError, match=r"best\.pt"):
        load_model(parser.parse(["--checkpoint", str(tmp_path / "best.pt"), "--device", "cpu"]))
    monkeypatch.setattr(models.options, "RELEASE", tmp_path / "release")
    with pytest.raises(UserError, match=r"train\.py"):
        load_model(parser.parse([]))


def test_a_device_that_is_not_there_is_refused(parser, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="no cuda device"):
        load_model(parser.parse(["--checkpoint", str(tmp_path), "--device", "cuda"]))
