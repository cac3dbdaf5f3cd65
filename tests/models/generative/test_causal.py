import pytest
import torch

from models.generative.causal import CausalTransformer, Memory, Reach
from utils import torch_rng


@pytest.fixture
def transformer():
    torch.manual_seed(0)
    return CausalTransformer(24, 16, depth=2, heads=3).eval()


@pytest.fixture
def inputs():
    rng = torch_rng(1)
    known = torch.tensor([[True] * 5, [True, True, False, False, False]])
    return torch.randn(2, 9, 24, generator=rng), torch.randn(2, 5, 16, generator=rng), known


@pytest.mark.parametrize("cuts", [(1, 2, 3, 4, 5, 6, 7, 8), (4,), (3, 4, 8)])
def test_going_on_from_memory_equals_reading_at_once(transformer, inputs, cuts):
    x, context, known = inputs
    whole = transformer(x, context, known, Memory())
    memory = Memory()
    parts = [transformer(part, context, known, memory) for part in x.tensor_split(cuts, 1)]
    assert memory.length == 9
    torch.testing.assert_close(torch.cat(parts, 1), whole)


def test_the_past_does_not_see_the_future(transformer, inputs):
    x, context, known = inputs
    changed = x.clone()
    changed[:, 5:] = x[:, 5:].flip(-1)
    a, b = (transformer(y, context, known, Memory()) for y in (x, changed))
    torch.testing.assert_close(a[:, :5], b[:, :5])
    assert not torch.allclose(a[:, 5:], b[:, 5:])


def test_only_known_context_is_read(transformer, inputs):
    x, context, known = inputs
    a = transformer(x, context, known, Memory())
    b = transformer(x, torch.where(known[..., None], context, 9.0), known, Memory())
    c = transformer(x, context + known[..., None], known, Memory())
    torch.testing.assert_close(a, b)
    assert not torch.allclose(a, c)


def test_rotation_keeps_length_and_depends_on_distance_only():
    x = torch.randn(1, 1, 6, 8, generator=torch_rng(2))
    near, far = (Reach.of(first, torch.zeros(1, 6, 8), 8).rotate(x) for first in (0, 100))
    torch.testing.assert_close(near.norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(near @ near.mT, far @ far.mT, atol=1e-4, rtol=1e-4)


def test_gradients_reach_every_parameter(transformer, inputs):
    transformer(*inputs, Memory()).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in transformer.parameters())
