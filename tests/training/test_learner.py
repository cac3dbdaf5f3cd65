from copy import deepcopy

import pytest
import torch

from data.loader import collate
from tests.training.fakes import FakeDataset, FakeModel, command, objective_class
from training.learner import Learner
from training.runtime import build_accelerator, step_rng


@pytest.fixture
def make(tmp_path):
    def build(**changes) -> Learner:
        settings = command(tmp_path, **changes).settings
        torch.manual_seed(0)
        return Learner(
            objective_class("codec")(FakeModel()), settings, build_accelerator(settings), 10
        )

    return build


def batches(*sizes: int):
    data, start, made = FakeDataset(), 0, []
    for size in sizes:
        made.append(collate([data[i] for i in range(start, start + size)]))
        start += size
    return iter(made)


def rng(_: int) -> torch.Generator:
    return step_rng(0, "codec", 0)


def quiet(learner: Learner) -> Learner:
    """No dropout and no noise: the loss depends on the segments alone."""
    learner.model.codec.dropout.p = learner.objective.noise = 0.0
    return learner


def weights(learner: Learner) -> list[torch.Tensor]:
    return [t.clone() for t in learner.model.state_dict().values()]


def test_only_the_trained_part_learns_and_it_is_recorded(make):
    learner = make()
    before = learner.model.state_dict()
    before = {k: v.clone() for k, v in before.items()}
    learner.gradient(batches(2, 2), rng)
    learner.apply()
    changed = {k for k, v in learner.model.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {"codec.mean", "codec.linear.weight", "codec.linear.bias"}
    assert learner.model.trained == {"codec"}
    assert not learner.model.score_codec.training and learner.model.codec.training


def test_accumulated_batches_equal_one_large_batch(make):
    one = quiet(make(grad_accum_steps=1, clip_grad_norm=0.0))
    whole = one.gradient(batches(4), rng)
    two = quiet(make(grad_accum_steps=2, clip_grad_norm=0.0))
    parts = two.gradient(batches(2, 2), rng)
    assert parts.loss == pytest.approx(whole.loss, rel=1e-6)
    assert parts.norm == pytest.approx(whole.norm, rel=1e-5)
    assert parts.songs == whole.songs == [f"song {i}" for i in range(4)]
    for p, q in zip(one.parameters, two.parameters, strict=True):
        assert torch.allclose(p.grad, q.grad, atol=1e-6)


def test_gradient_is_clipped_and_its_norm_is_the_one_before(make):
    learner = make(clip_grad_norm=0.01)
    found = learner.gradient(batches(2, 2), rng)
    clipped = torch.cat([p.grad.flatten() for p in learner.parameters]).norm()
    assert found.norm > 0.1 and float(clipped) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_skip_leaves_everything_as_it_was(make, bad):
    learner = make()
    spoilt = batches(2, 2)
    learner.gradient(batches(2, 2), rng)
    learner.apply()
    before, average = weights(learner), [t.clone() for t in learner.ema.state_dict().values()]
    schedule = dict(learner.schedule.state_dict())
    batch = next(spoilt)
    batch.audio[0, 0, 0] = bad
    assert not learner.gradient(iter([batch, next(spoilt)]), rng).finite
    learner.skip()
    assert all(torch.equal(a, b) for a, b in zip(before, weights(learner), strict=True))
    assert all(
        torch.equal(a, b) for a, b in zip(average, learner.ema.state_dict().values(), strict=True)
    )
    assert learner.schedule.state_dict() == schedule
    assert all(p.grad is None for p in learner.parameters)


def test_state_round_trip_goes_on_with_the_same_bits(make):
    first = make()
    for _ in range(2):
        first.gradient(batches(2, 2), rng)
        first.apply()
    second = make(seed=1)
    second.load_state_dict(deepcopy(first.state_dict()))
    for learner in (first, second):
        learner.gradient(batches(2, 2), rng)
        learner.apply()
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))
    assert torch.equal(first.objective.gain, second.objective.gain)
    assert first.learning_rate == second.learning_rate


def test_a_new_rate_on_resume_is_in_force_at_once(make):
    first = make(warmup_steps=0, lr_schedule="constant")
    first.gradient(batches(2, 2), rng)
    first.apply()
    second = make(warmup_steps=0, lr_schedule="constant", lr=0.5, weight_decay=0.25)
    second.load_state_dict(first.state_dict())
    group = second.optimiser.param_groups[0]
    assert (group["lr"], group["weight_decay"], second.learning_rate) == (0.5, 0.25, 0.5)


def test_what_is_quick_takes_larger_steps_and_resumes_with_them(tmp_path):
    class Quick(objective_class("codec")):
        @staticmethod
        def quick(model):
            return model.codec.linear

    def learner(**changes):
        settings = command(tmp_path, warmup_steps=0, lr_schedule="constant", **changes).settings
        return Learner(Quick(FakeModel()), settings, build_accelerator(settings), 10)

    first, second = learner(), learner(lr=0.5)
    first.gradient(batches(2, 2), rng)
    first.apply()
    second.load_state_dict(first.state_dict())
    for _ in range(2):
        usual, quick = second.optimiser.param_groups
        assert (usual["lr"], quick["lr"]) == (0.5, 5.0)
        second.gradient(batches(2, 2), rng)
        second.apply()
    assert set(quick["params"]) == set(second.model.codec.linear.parameters())
    assert len(usual["params"]) + len(quick["params"]) == len(second.parameters)


def test_bf16_computes_in_bf16_and_learns_in_float32(make):
    learner = make(mixed_precision="bf16")
    seen = []
    learner.model.codec.linear.register_forward_hook(lambda m, i, out: seen.append(out.dtype))
    found = learner.gradient(batches(2, 2), rng)
    learner.apply()
    assert seen[0] == torch.bfloat16 and found.finite
    assert {p.dtype for p in learner.parameters} == {torch.float32}


@pytest.mark.filterwarnings("ignore:Seems like")
def test_fp16_overflow_is_skipped_and_the_scale_falls(tmp_path):
    """The scaler's bookkeeping, with its CPU version in place of a GPU's."""
    settings = command(tmp_path).settings
    accelerator = build_accelerator(settings)
    accelerator.native_amp, accelerator.state._mixed_precision = True, "fp16"
    accelerator.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    torch.manual_seed(0)
    learner = Learner(objective_class("codec")(FakeModel()), settings, accelerator, 10)
    before = weights(learner)
    assert learner.gradient(batches(2, 2), rng).finite
    learner.apply()
    assert accelerator.scaler.get_scale() == 1024.0 and not torch.equal(
        before[1], weights(learner)[1]
    )
    before = weights(learner)
    type(learner.objective).on_call = lambda batch: 1e8
    assert not learner.gradient(batches(2, 2), rng).finite
    learner.skip()
    assert accelerator.scaler.get_scale() == 512.0
    assert all(torch.equal(a, b) for a, b in zip(before, weights(learner), strict=True))
    type(learner.objective).on_call = None
    assert learner.gradient(batches(2, 2), rng).finite
    learner.apply()
    assert learner.state_dict()["scaler"]["scale"] == 512.0
