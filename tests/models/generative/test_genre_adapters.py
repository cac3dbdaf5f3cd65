"""Adapters: nothing without them, linear in their shares, per song, kept in small files."""

from dataclasses import replace

import pytest
import torch

from models.encoders.conditions import Conditions
from models.generative import genre_adapters
from models.generative.genre_adapters import (
    AdaptedComposer,
    GenreAdapter,
    adaptable,
    adapted,
    fingerprint,
    load_adapter,
    save_adapter,
)
from models.generative.sampling import Sampling, compose
from models.generative.starts import Start
from models.generative.transformer import Block
from tests.commands import error_of, run_command
from utils import FRAME_SAMPLES, UserError, torch_rng

WAY = Sampling(steps=2, sound_steps=1, sampler="ancestral", guidance=2.0)
FRAMES = 32


def learned(composer, seed: int = 1) -> GenreAdapter:
    """An adapter with something in it."""
    adapter = GenreAdapter.beside(composer, "rock", seed=seed).requires_grad_(False)
    for i, pair in enumerate(adapter.pairs.values()):
        pair.up.normal_(std=0.2, generator=torch_rng(seed, 9, i))
    return adapter


def velocity(composer, rows: int = 2) -> torch.Tensor:
    """What a composer makes of the same noise and words."""
    noise = torch.randn(rows, 4, FRAMES, 16, generator=torch_rng(3))
    said = Conditions(genre=torch.arange(rows), tempo=torch.full((rows,), 120.0))
    context = composer.context(said, noise)
    known = torch.zeros(rows, 4, FRAMES, dtype=torch.bool)
    tau, present = torch.full((rows,), 0.5), torch.ones(rows, 4, dtype=torch.bool)
    with torch.no_grad():
        return composer.transformer(noise, tau, known, present, context)


def test_it_stands_beside_every_linear_layer_of_every_block(model):
    layers = adaptable(model.composer.transformer)
    blocks = [m for m in model.composer.transformer.modules() if isinstance(m, Block)]
    crossed = sum(block.cross is not None for block in blocks)
    assert len(layers) == 5 * len(blocks) + 3 * crossed
    assert GenreAdapter.beside(model.composer).pairs.keys() == {
        name.replace(".", "/") for name in layers
    }


def test_the_composer_is_what_it_was_before_within_at_zero_and_after(model):
    composer, names = model.composer, list(model.state_dict())
    before = velocity(composer)
    new, full = GenreAdapter.beside(composer), learned(composer)
    with adapted(composer.transformer, [new], torch.ones(1, 1)):
        assert torch.equal(velocity(composer), before)
        assert list(model.state_dict()) == names
    with adapted(composer.transformer, [full], torch.zeros(2, 1)):
        assert not any(m._forward_hooks for m in composer.modules())
        assert torch.equal(velocity(composer), before)
    with adapted(composer.transformer, [full], torch.ones(1, 1)):
        assert not torch.allclose(velocity(composer), before, atol=1e-3)
    assert torch.equal(velocity(composer), before)
    assert not any(m._forward_hooks for m in composer.modules())


def test_a_layer_gets_its_weights_plus_the_scaled_product(model):
    name, layer = next(iter(adaptable(model.composer.transformer).items()))
    one, other = learned(model.composer, 1), learned(model.composer, 2)
    x = torch.randn(6, 5, layer.in_features, generator=torch_rng(0))
    product = lambda a: a.scale * a.pair(name).up @ a.pair(name).down
    with torch.no_grad():
        with adapted(model.composer.transformer, [one, other], torch.tensor([[0.7, 0.3]])):
            blended = layer(x)
        weight = layer.weight + 0.7 * product(one) + 0.3 * product(other)
        expected = torch.nn.functional.linear(x, weight, layer.bias)
    assert one.scale == 2.0
    torch.testing.assert_close(blended, expected, atol=1e-5, rtol=1e-5)


def test_a_song_has_its_own_shares_in_every_window_and_version(model):
    composer, adapters = model.composer, [learned(model.composer, 1), learned(model.composer, 2)]
    shares = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.2, 0.5]])
    songs = velocity(AdaptedComposer(composer, adapters, shares), 3)
    assert torch.equal(songs[1], velocity(composer, 3)[1])
    for i, row in enumerate(shares):
        alike = AdaptedComposer(composer, adapters, row.expand(3, -1))
        torch.testing.assert_close(songs[i], velocity(alike, 3)[i], atol=1e-5, rtol=1e-5)
    versions = AdaptedComposer(composer, adapters, shares[:2])
    tiled = velocity(AdaptedComposer(composer, adapters, shares[[0, 1, 0, 1]]), 4)
    assert torch.equal(velocity(versions, 4), tiled)
    assert torch.equal(versions.item(1).shares, shares[1:2])


def test_songs_composed_together_are_those_composed_alone(model):
    start = Start.of(model, 2, FRAMES * FRAME_SAMPLES)
    alone = Start.of(model, 1, FRAMES * FRAME_SAMPLES)
    said = Conditions(genre=torch.tensor([5, 3]))
    shares = torch.tensor([[1.0], [0.0]])
    composer = AdaptedComposer(model.composer, [learned(model.composer)], shares)
    both = compose(composer, said, start, [4, 5], WAY, None)
    for i in range(2):
        one = compose(composer.item(i), said.item(i), alone, [4 + i], WAY, None)
        torch.testing.assert_close(both[i], one[0], atol=1e-4, rtol=1e-4)
    plain = compose(model.composer, said, start, [4, 5], WAY, None)
    assert torch.equal(both[1], plain[1]) and not torch.allclose(both[0], plain[0], atol=1e-2)


def test_a_file_holds_it_in_half_precision_with_what_it_is(model, tmp_path):
    adapter = learned(model.composer)
    adapter.about = replace(adapter.about, songs=12, steps=300)
    path = save_adapter(adapter, tmp_path / "rock.safetensors")
    back = load_adapter(path)
    assert back.about == adapter.about and back.about.base == fingerprint(model.composer)
    for name, value in adapter.named_parameters():
        assert torch.equal(back.state_dict()[name], value.half().float())
    again = save_adapter(back, tmp_path / "again.safetensors")
    assert again.read_bytes() == path.read_bytes()


def test_the_fingerprint_is_that_of_the_released_half_precision_weights(model):
    before = fingerprint(model.composer)
    for parameter in model.composer.parameters():
        parameter.data = parameter.data.half().float()
    assert fingerprint(model.composer) == before
    next(model.composer.parameters()).data += 1.0
    assert fingerprint(model.composer) != before


def test_what_is_no_adapter_is_refused_in_one_line(model, tmp_path, monkeypatch, capsys):
    with pytest.raises(UserError, match=r"no adapter at .*nowhere.safetensors"):
        load_adapter(tmp_path / "nowhere.safetensors")
    weights = model.save_pretrained(tmp_path) / "model.safetensors"
    torch.save({"model": {}}, tmp_path / "best.pt")
    for path in (weights, tmp_path / "best.pt", __file__):
        with pytest.raises(UserError, match="holds no genre adapter"):
            load_adapter(path)
    path = save_adapter(learned(model.composer), tmp_path / "rock.safetensors")
    command = (monkeypatch, capsys, genre_adapters.main, path)
    assert "must end with .safetensors" in error_of(*command, "--output", tmp_path / "rock")
    run_command(monkeypatch, genre_adapters.main, path, "--output", tmp_path / "a.safetensors")
    assert "rock, 0 songs" in capsys.readouterr().out
    assert (tmp_path / "a.safetensors").read_bytes() == path.read_bytes()
