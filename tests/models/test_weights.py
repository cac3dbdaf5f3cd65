"""Weights from a folder or a checkpoint; everything else is refused in one line."""

import json

import pytest
import torch

from models.harmonicflow import HarmonicFlow
from models.weights import averaged_state, read_weights
from utils import UserError


@pytest.fixture
def checkpoint(model) -> dict:
    model.trained = {"codec"}
    return {"model": dict(model.state_dict())}


def test_a_folder_holds_half_weights_and_whole_statistics(model, tmp_path):
    model.trained, model.codec.norm.seen = {"codec"}, torch.full((4,), 70_001.0)
    config, trained, state = read_weights(model.save_pretrained(tmp_path))
    assert config == model.config.to_dict() and trained == ["codec"]
    assert torch.equal(state["codec.norm.seen"], model.codec.norm.seen)
    name = "codec.encoder_in.weight"
    assert torch.equal(state[name], model.state_dict()[name].half().float())
    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.float32}


def test_a_checkpoint_gives_its_average(model, checkpoint, tmp_path):
    name = "codec.encoder_in.weight"
    checkpoint["ema"] = {name: torch.ones_like(model.state_dict()[name])}
    torch.save(checkpoint, tmp_path / "best.pt")
    config, trained, state = read_weights(tmp_path / "best.pt")
    assert trained == ["codec"] and "_extra_state" not in state and state[name].eq(1).all()
    loaded = HarmonicFlow.from_pretrained(tmp_path / "best.pt")
    assert loaded.trained == {"codec"} and not loaded.training
    assert loaded.codec.encoder_in.weight.eq(1).all()


def test_averaged_state_prefers_the_average_and_holds_tensors_only():
    plain = {"model": {"a": torch.zeros(1), "b": torch.zeros(1), "_extra_state": {}}}
    assert averaged_state(plain).keys() == {"a", "b"}
    found = averaged_state({**plain, "ema": {"b": torch.ones(1)}})
    assert (float(found["a"]), float(found["b"])) == (0.0, 1.0)


@pytest.mark.parametrize(
    "content", [b"", b"no weights", torch.tensor(2.0), [1, 2], {"model": {}}, {"model": None}, None]
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "best.pt"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(UserError, match=r"best\.pt is not a checkpoint of this project"):
        read_weights(path)


def test_a_checkpoint_without_a_configuration_is_refused(checkpoint, tmp_path):
    checkpoint["model"]["_extra_state"] = {"trained": []}
    torch.save(checkpoint, tmp_path / "best.pt")
    with pytest.raises(UserError, match="not a checkpoint"):
        read_weights(tmp_path / "best.pt")


def test_other_folders_are_refused(model, tmp_path):
    with pytest.raises(UserError, match="no weights at"):
        read_weights(tmp_path / "absent")
    with pytest.raises(UserError, match="holds no model"):
        read_weights(tmp_path)
    model.save_pretrained(tmp_path)
    for described in ("{", "[]", json.dumps({"config": {}})):
        (tmp_path / "config.json").write_text(described)
        with pytest.raises(UserError, match="holds no model"):
            read_weights(tmp_path)
