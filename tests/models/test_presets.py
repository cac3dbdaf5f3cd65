"""Configurations: complete, plain as JSON, widened by one dial."""

import json

import pytest

from models.presets import PRESETS, HarmonicFlowConfig, base, build, small, tiny
from utils import PRESET_NAMES, UserError


def test_names_are_those_of_the_commands():
    assert tuple(PRESETS) == PRESET_NAMES
    assert all(PRESETS[name]().preset == name for name in PRESETS)


@pytest.mark.parametrize("preset", PRESETS.values())
def test_a_configuration_survives_json(preset):
    config = preset()
    again = HarmonicFlowConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and isinstance(again.transformer.widths, tuple)


@pytest.mark.parametrize("preset", PRESETS.values())
def test_parts_fit_together(preset):
    config = preset()
    assert config.transformer.context_width == config.conditions.width
    assert config.transformer.sheet_width == config.conditions.sheet_width
    assert all(w % config.transformer.head_dim == 0 for w in config.transformer.widths)


def test_the_dial_sets_the_generators_widths():
    assert small(hidden_dim=512).transformer.widths == (256, 512, 768)
    assert base().transformer.widths == (512, 1_024, 1_536) and base().codec.latent_dim == 256
    assert build("tiny", hidden_dim=64, latent_dim=4) == tiny(64, 4)
    assert build("small") == small()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: build("smal"), "did you mean 'small'"),
        (lambda: build("tiny", hidden_dim=40), "hidden_dim 40 must be a multiple of 32"),
        (lambda: build("tiny", hidden_dim=0), "hidden_dim 0 must be"),
        (lambda: HarmonicFlowConfig.from_dict({"codek": {}}), "did you mean 'codec'"),
        (lambda: HarmonicFlowConfig.from_dict({"codec": {"width": 3}}), r"'config\.codec\.width'"),
        (lambda: HarmonicFlowConfig.from_dict({"codec": 3}), r"'config\.codec' .* is 3"),
        (lambda: HarmonicFlowConfig.from_dict(None), "'config' .* is None"),
    ],
)
def test_mistakes_are_answered(call, words):
    with pytest.raises(UserError, match=words):
        call()
