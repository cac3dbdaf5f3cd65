import pytest
import torch
from torch import nn

from training.ema import EMA


def model_with_frozen_part() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    model[1].requires_grad_(False)
    return model


def test_follows_only_what_trains():
    assert set(EMA(model_with_frozen_part(), 0.9).state_dict()) == {"0.weight", "0.bias"}


def test_first_updates_are_exact():
    model = model_with_frozen_part()
    nn.init.zeros_(model[0].weight)
    ema = EMA(model, 0.9)
    nn.init.ones_(model[0].weight)
    ema.update()
    assert ema.state_dict()["0.weight"].flatten().tolist() == pytest.approx([0.9] * 4)
    ema.update()
    expected = 0.9 + (1 - 2 / 11) * 0.1
    assert ema.state_dict()["0.weight"].flatten().tolist() == pytest.approx([expected] * 4)
    assert ema.updates == 2


def test_decay_is_reached_after_many_updates():
    model = model_with_frozen_part()
    nn.init.zeros_(model[0].weight)
    ema = EMA(model, 0.5)
    ema.updates = 1000
    nn.init.ones_(model[0].weight)
    ema.update()
    assert torch.equal(ema.state_dict()["0.weight"], torch.full((2, 2), 0.5))


def test_swapped_computes_with_the_average_and_leaves_live_weights_alone():
    model = model_with_frozen_part()
    ema = EMA(model, 0.9)
    average = ema.state_dict()["0.weight"].clone()
    with torch.no_grad():
        model[0].weight.add_(1.0)
    live, pointer = model[0].weight.detach().clone(), model[0].weight.data_ptr()
    with pytest.raises(RuntimeError), ema.swapped():
        assert torch.equal(model[0].weight, average)
        raise RuntimeError
    assert torch.equal(model[0].weight, live) and model[0].weight.data_ptr() == pointer


def test_fold_copies_and_does_not_share():
    model = model_with_frozen_part()
    ema = EMA(model, 0.9)
    average = ema.state_dict()["0.bias"].clone()
    nn.init.ones_(model[0].bias)
    ema.fold()
    assert torch.equal(model[0].bias, average)
    nn.init.ones_(model[0].bias)
    assert torch.equal(ema.state_dict()["0.bias"], average)


def test_state_round_trip():
    torch.manual_seed(0)
    first, second = EMA(model_with_frozen_part(), 0.9), EMA(model_with_frozen_part(), 0.9)
    second.load_state_dict(first.state_dict(), updates=7)
    assert all(torch.equal(t, second.state_dict()[n]) for n, t in first.state_dict().items())
    assert second.updates == 7
    with pytest.raises(AssertionError, match="differ"):
        second.load_state_dict({"0.weight": torch.zeros(2, 2)}, updates=0)
