"""The condition encoder: null is null to the bit, everything said acts, every parameter trains."""

import dataclasses

import pytest
import torch

from data.labels import LABEL_SPECS
from data.lead_sheet import NUM_SHEET_COLUMNS
from models.encoders.conditions import NAMES, ConditionConfig, ConditionEncoder, Conditions
from models.encoders.given import SONG_LABELS
from models.encoders.labels import NUMBER_RANGES
from tests.models.encoders.test_given import everything
from utils import UserError

FRAMES = 10
NUM_LABELS = len(SONG_LABELS)
STEM_NAMES = ("program", "plays", "density")


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    config = ConditionConfig(width=32, sheet_width=16, audio_tokens=3, audio_width=24)
    return ConditionEncoder(config).requires_grad_(False)


def attended(context, row: int) -> torch.Tensor:
    return context.tokens[row, context.mask[row]]


def test_shapes_and_an_empty_context(encoder):
    context = encoder(Conditions(), 2, FRAMES, "cpu")
    num_tokens = NUM_LABELS + 4 + 3 + 1
    assert context.tokens.shape == (2, num_tokens, 32) and context.mask.all()
    assert context.pooled.shape == (2, 32) and context.stems.shape == (2, 4, 32)
    assert torch.equal(context.sheet, encoder.sheet.null.expand(2, FRAMES, 16))
    context = encoder(everything(), 2, FRAMES, "cpu")
    assert context.tokens.shape == (2, num_tokens + 2, 32)
    assert context.sheet.shape == (2, FRAMES, 16)
    assert torch.equal(context.tokens[:, NUM_LABELS : NUM_LABELS + 4], context.stems)


def test_null_items_equal_none_to_the_bit(encoder):
    nulls = everything().dropped(torch.Generator(), {"all": 1.0})
    assert {name for name, _ in nulls.said()} == {f.name for f in dataclasses.fields(Conditions)}
    none, null = encoder(Conditions(), 2, FRAMES, "cpu"), encoder(nulls, 2, FRAMES, "cpu")
    for row in range(2):
        assert torch.equal(attended(none, row), attended(null, row))
        assert not null.tokens[row, ~null.mask[row]].any()
    for name in ("pooled", "stems", "sheet"):
        assert torch.equal(getattr(none, name), getattr(null, name)), name


@pytest.mark.parametrize("name", NAMES)
def test_dropping_one_equals_never_saying_it(encoder, name):
    dropped = everything().dropped(torch.Generator(), {name: 1.0})
    a = encoder(dropped, 2, FRAMES, "cpu")
    b = encoder(everything().without(name), 2, FRAMES, "cpu")
    assert torch.equal(attended(a, 1), attended(b, 1)) and torch.equal(a.pooled, b.pooled)
    assert torch.equal(a.sheet, b.sheet)


@pytest.mark.parametrize("name", NAMES)
def test_everything_said_changes_the_context(encoder, name):
    empty = encoder(Conditions(), 2, FRAMES, "cpu")
    said = encoder(everything().only(name), 2, FRAMES, "cpu")
    if name == "sheet":
        assert (said.sheet - empty.sheet).abs().max() > 0.05
        assert torch.equal(said.tokens, empty.tokens)
        return
    assert (said.pooled - empty.pooled).abs().max() > 1e-3
    changed = (said.tokens[:, : empty.tokens.shape[1]] != empty.tokens).any(-1)[0]
    assert changed.any() and not changed.all()
    assert torch.equal(said.stems, empty.stems) == (name not in STEM_NAMES)


@pytest.mark.parametrize("name", SONG_LABELS)
def test_other_values_give_other_tokens(encoder, name):
    low, high, _ = NUMBER_RANGES.get(name, (0, 7, ""))
    values = [round(low + share * (high - low), 2) for share in (0.1, 0.45, 0.5, 0.95)]
    values = values if LABEL_SPECS[name].dtype == "float32" else [0, 3, 4, 7]
    context = encoder(Conditions(**{name: torch.tensor(values)}), 4, FRAMES, "cpu")
    assert len({tuple(row.tolist()) for row in context.tokens.flatten(1)}) == 4


def test_batch_equals_single(encoder):
    mixed = Conditions.stack(everything(1), everything(1).only("tempo", "program"))
    both = encoder(mixed, 2, FRAMES, "cpu")
    for row in range(2):
        alone = encoder(mixed.item(row), 1, FRAMES, "cpu")
        close = lambda x, y: torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-5)
        close(attended(both, row), attended(alone, 0))
        close(both.pooled[row], alone.pooled[0])
        close(both.sheet[row], alone.sheet[0])


@pytest.mark.parametrize("said", ["everything", "nothing", "half"])
def test_every_parameter_is_in_the_graph(said):
    torch.manual_seed(0)
    encoder = ConditionEncoder(ConditionConfig(width=16, sheet_width=8, audio_width=8))
    conditions = {
        "everything": everything(),
        "nothing": Conditions(),
        "half": everything().only("text", "density"),
    }[said]
    context = encoder(conditions, 2, FRAMES, "cpu")
    total = sum(
        (v * torch.randn(v.shape)).sum() for v in vars(context).values() if v.is_floating_point()
    )
    total.backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_gradients_reach_every_parameter_of_a_mixed_batch():
    torch.manual_seed(0)
    encoder = ConditionEncoder(ConditionConfig(width=16, sheet_width=8, audio_width=8))
    mixed = Conditions.stack(everything(), Conditions())
    context = encoder(mixed, 4, FRAMES, "cpu")
    total = sum(
        (v * torch.randn(v.shape)).sum() for v in vars(context).values() if v.is_floating_point()
    )
    total.backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad.any() or name == "audio.keys.bias", name


def test_half_precision_runs_and_is_near(encoder):
    full = encoder(everything(), 2, FRAMES, "cpu")
    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(everything(), 2, FRAMES, "cpu")
    for name in ("tokens", "pooled", "stems", "sheet"):
        difference = getattr(half, name).float() - getattr(full, name)
        assert difference.abs().max() < 0.1, name


def test_mismatches_are_named(encoder):
    with pytest.raises(UserError, match="conditions for 2 songs, not for 3"):
        encoder(everything(), 3, FRAMES, "cpu")
    with pytest.raises(ValueError, match="a sheet of 10 frames for 20"):
        encoder(everything(), 2, 20, "cpu")
    with pytest.raises(UserError, match="text_tokens has width 768, these weights .* with 384"):
        encoder(Conditions(text_tokens=torch.zeros(1, 2, 768)), 1, FRAMES, "cpu")
    with pytest.raises(UserError, match="sheet has width 3"):
        encoder(Conditions(sheet=torch.zeros(1, FRAMES, 3)), 1, FRAMES, "cpu")
    assert ConditionConfig().sheet_columns == NUM_SHEET_COLUMNS
