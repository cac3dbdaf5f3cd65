"""The decoder's loss: nothing else of the codec moves, and its critic has no say in itself."""

import math

import pytest
import torch

from models.objectives import build_objective
from models.objectives.decoder import DecoderObjective, MovementLoss, detail_error, peak_error
from utils import torch_rng


def test_a_perfect_copy_lacks_no_detail():
    audio = torch.randn(2, 8_192, generator=torch_rng(0))
    assert detail_error(audio, audio) == 0.0
    assert detail_error(0.5 * audio, audio).item() == pytest.approx(math.log(2.0), abs=0.01)


def test_haze_in_a_gap_is_an_error():
    tone = 0.3 * torch.sin(torch.arange(16_384) * 0.2)[None]
    haze = 1e-3 * torch.randn(tone.shape, generator=torch_rng(1))
    assert detail_error(tone + haze, tone) > 1.0


def test_what_moves_too_little_is_an_error_however_it_is_shifted():
    place = torch.arange(22_050)
    noise = 0.1 * torch.randn(1, 22_050, generator=torch_rng(2))
    swell = lambda depth: noise * (1.0 + depth * torch.sin(place * 2e-3))
    loss = MovementLoss()
    assert loss(swell(0.8), swell(0.8)) == 0.0
    assert loss(swell(0.0), swell(0.8)) > 2 * loss(swell(0.6), swell(0.8)) > 0.0
    assert loss(0.5 * noise, noise) == pytest.approx(math.log(2.0), abs=0.1)
    later = torch.roll(swell(0.8), 512, -1)
    assert loss(later, swell(0.8)) < 0.3 * loss(swell(0.0), swell(0.8))


def test_clicks_are_not_noise_though_their_magnitudes_agree():
    noise = 0.1 * torch.randn(2, 8_192, generator=torch_rng(3))
    other = 0.1 * torch.randn(2, 8_192, generator=torch_rng(4))
    clicks = torch.zeros(2, 8_192)
    clicks[:, 128::256] = 1.6
    assert peak_error(noise, noise) == 0.0
    assert peak_error(0.3 * other, noise) < 0.1 < 0.5 < peak_error(clicks, noise)
    ends = torch.cat([noise[:, :4_096], torch.zeros(2, 4_096)], -1)
    assert torch.isfinite(peak_error(ends, noise))
    silent = torch.zeros(2, 8_192, requires_grad=True)
    peak_error(silent, ends).backward()
    assert silent.grad.isfinite().all()
    assert peak_error(1e-4 * noise, torch.zeros(2, 8_192)) == 0.0
    faint = torch.cat([noise[:, :4_096], 1e-4 * clicks[:, 4_096:]], -1)
    assert peak_error(faint, ends) < 0.05


def test_the_total_is_the_weighted_sum(model, batch):
    losses = build_objective("decoder", model).train()(batch, torch_rng(0))
    weights = DecoderObjective.weights
    assert losses.parts.keys() == weights.keys()
    total = sum(weights[name] * value for name, value in losses.parts.items())
    assert losses.total.item() == pytest.approx(total.item(), rel=1e-5)


def test_a_validation_does_not_ask_the_critic(model, batch):
    objective = DecoderObjective(model).eval()
    total = objective(batch, torch_rng(0)).total
    for parameter in objective.critic.parameters():
        parameter.data.mul_(1.5)
    assert torch.equal(objective(batch, torch_rng(0)).total, total)


def test_only_decoder_and_critic_learn(model, batch):
    objective = DecoderObjective(model).train()
    objective(batch, torch_rng(0)).total.backward()
    moved = {n.split(".")[0] for n, p in model.codec.named_parameters() if p.grad is not None}
    assert moved and all(name.startswith("decoder_") for name in moved)
    assert "decoder_gate" in moved
    assert all(p.grad is not None for p in objective.critic.parameters())
    assert not model.codec.norm.seen.any()


def test_half_of_the_stems_are_heard_as_performed_once_the_performer_can(model, batch):
    objective = DecoderObjective(model)
    share = lambda which: (
        sum(objective._played(batch, torch_rng(i))[which].float().mean() for i in range(50))
        / (50 * batch.score_known.float().mean())
    )
    assert share(0) == 0.0 and 0.6 < share(1) < 0.8
    model.trained.add("performer")
    assert 0.4 < share(0) < 0.6 < share(1) < 0.8
    performed, voiced = objective._played(batch, torch_rng(0))
    assert not (performed & ~voiced).any()
    batch.score_known[:] = False
    assert not any(flags.any() for flags in objective._played(batch, torch_rng(0)))


def all_voiced(objective, *, performed=True):
    everyone = torch.ones(8, dtype=torch.bool)
    objective._played = lambda batch, generator: (everyone & performed, everyone)
    return objective


def test_what_is_performed_follows_the_notes_and_its_phases_do_not_count(model, batch):
    model.trained.add("performer")
    objective = all_voiced(DecoderObjective(model).eval())
    made = objective._performances(batch, torch_rng(0))
    assert made.shape == (2, 4, 32, model.config.codec.latent_dim)
    batch.roll = batch.roll.flip(-1)
    assert not torch.equal(made, objective._performances(batch, torch_rng(0)))
    losses = objective(batch, torch_rng(0))
    assert losses.parts["complex"] == 0.0 and losses.parts["wave"] == 0.0
    batch.roll = batch.roll.flip(-1)
    other = objective(batch, torch_rng(0))
    assert losses.parts["mel"] != other.parts["mel"] and losses.total.isfinite()


def test_what_was_performed_before_is_not_performed_again(model, batch):
    batch.performed = torch.randn(2, 4, 32, model.config.codec.latent_dim, generator=torch_rng(0))
    assert DecoderObjective(model)._performances(batch, torch_rng(1)) is batch.performed


def test_a_note_struck_before_a_stretch_goes_on_in_it(model, batch):
    """Its partials have begun to die away: nothing is struck anew where the stretch begins."""
    objective = DecoderObjective(model)
    whole = objective._excited(batch, [0, 0], 32)
    later = objective._excited(batch, [7, 3], 20)
    pieces = [whole[i, f * 1_024 : (f + 20) * 1_024] for i, f in enumerate([7] * 4 + [3] * 4)]
    assert torch.equal(later, torch.stack(pieces)) and later.any()


def test_each_song_gives_a_stretch_of_its_own(model, batch):
    objective = DecoderObjective(model).train()
    objective.crop_frames = 16
    places = [objective._stretches(batch, torch_rng(i)) for i in range(20)]
    assert {length for _, length in places} == {16}
    assert all(0 <= first <= 16 for firsts, _ in places for first in firsts)
    assert any(len(set(firsts)) == 2 for firsts, _ in places)
    assert objective.eval()._stretches(batch, torch_rng(0)) == ([8, 8], 16)
    assert objective.train()(batch, torch_rng(0)).total.isfinite()


def test_voiced_recordings_are_heard_with_what_their_notes_excite(model, batch):
    objective = all_voiced(DecoderObjective(model).eval(), performed=False)
    mel = objective(batch, torch_rng(0)).parts["mel"]
    batch.roll = torch.zeros_like(batch.roll)
    silent = objective(batch, torch_rng(0)).parts["mel"]
    assert mel != silent
    objective._played = lambda batch, generator: (torch.zeros(8, dtype=torch.bool),) * 2
    assert torch.equal(objective(batch, torch_rng(0)).parts["mel"], silent)


def test_copies_and_performances_are_learned_from_together(model, batch):
    model.trained.add("performer")
    objective = DecoderObjective(model).train()
    objective._played = lambda batch, generator: (torch.arange(8) % 2 == 0,) * 2
    for module in (model.codec.decoder_excited, model.codec.decoder_filter[1]):
        module.weight.data.normal_(0.0, 0.01)
    objective(batch, torch_rng(0)).total.backward()
    moved = [p.grad for p in model.codec.decoder()]
    assert all(grad.isfinite().all() and grad.any() for grad in moved)
    assert all(p.grad is None for p in model.performer.parameters())


def test_decoder_and_critic_pull_apart(model, batch):
    objective = DecoderObjective(model)
    rows = [torch.randn(2, 20_000, generator=torch_rng(i)) for i in range(2)]
    rows[0].requires_grad_(True)
    parts = objective._judged(*rows, torch.tensor([0, 3]), torch_rng(3))
    critic = list(objective.critic.parameters())
    assert torch.autograd.grad(parts["critic"], rows[0], allow_unused=True, retain_graph=True) == (
        None,
    )
    for name in ("deceive", "unlike"):
        found = torch.autograd.grad(parts[name], critic, allow_unused=True, retain_graph=True)
        assert found == (None,) * len(critic)
        assert torch.autograd.grad(parts[name], rows[0], retain_graph=True)[0].abs().sum() > 0


def test_media_are_the_codecs(model, batch):
    media = DecoderObjective(model).eval().media(batch, torch_rng(0))
    assert torch.equal(media.audio["bass/original"], batch.audio[0, 0])
    assert len(media.audio) == 8 and len(media.images) == 4
