"""Stage "mixing": nothing to gain on what is right, gradients to both sides, a way to learn."""

import torch
from torch import nn

from models.objectives.mixing import Listener, MixingObjective, nominal, spectra, stem_distances
from models.postprocessing.mixing.listening import gate, hear, loudness
from models.postprocessing.mixing.network import NOMINAL_LUFS, Mixer
from tests.models.postprocessing.mixing.band import band
from utils import torch_rng


class Room(nn.Module):
    """A model with a mixer."""

    def __init__(self) -> None:
        super().__init__()
        self.mixer = Mixer(16)


class Songs:
    audio = torch.stack([torch.from_numpy(band(1.5, seed=i)) for i in range(2)])


def objective() -> MixingObjective:
    torch.manual_seed(0)
    found = MixingObjective(Room())
    found.damages = 2
    return found


def test_the_total_is_the_weighted_sum_and_the_same_for_the_same_numbers():
    one = objective().eval()
    losses, again = (one(Songs, torch_rng(0)) for _ in range(2))
    total = sum(one.weights[name] * value for name, value in losses.parts.items())
    assert losses.parts.keys() == one.weights.keys()
    assert torch.allclose(losses.total, total) and torch.equal(losses.total, again.total)


def test_the_same_is_at_no_distance():
    heard = hear(Songs.audio)
    assert all(value == 0.0 for value in stem_distances(heard, heard).values())


def test_gradients_reach_the_mixer_and_the_listener_each_by_its_own():
    one = objective()
    losses = one(Songs, torch_rng(0))
    losses.total.backward()
    assert one.model.mixer.heads.weight.grad.abs().sum() > 0
    assert one.listener.judge.weight.grad.abs().sum() > 0
    one.zero_grad()
    wanted = hear(Songs.audio)
    mix = hear(Songs.audio.sum(1))
    ours = spectra(wanted, mix).requires_grad_()
    one._judged(ours, ours.detach())["deceive"].backward()
    assert ours.grad.abs().sum() > 0
    assert one.listener.judge.weight.grad is None or not one.listener.judge.weight.grad.any()


def test_silent_stems_count_for_nothing():
    one, songs = objective().eval(), Songs()
    songs.audio = Songs.audio.clone()
    songs.audio[:, 3] = 0.0
    losses = one(songs, torch_rng(0))
    assert torch.isfinite(losses.total)
    songs.audio[:] = 0.0
    silent = one(songs, torch_rng(0))
    assert torch.isfinite(silent.total) and silent.parts["tone"] == 0.0


def test_references_are_at_one_loudness():
    heard = hear(nominal(Songs.audio))
    assert torch.allclose(loudness(heard, gate(heard)), torch.tensor(NOMINAL_LUFS), atol=0.05)
    assert not nominal(torch.zeros(1, 4, 30_000)).any()


def test_a_few_steps_bring_it_nearer():
    one = objective()
    optimiser = torch.optim.Adam(one.parameters(), 5e-3)
    losses = []
    for step in range(8):
        loss = one(Songs, torch_rng(1, step % 2))
        optimiser.zero_grad()
        loss.total.backward()
        optimiser.step()
        losses.append(float(loss.parts["tone"] + loss.parts["level"]))
    assert sum(losses[-3:]) < 0.97 * sum(losses[:3])


def test_the_listener_hears_patches():
    listener = Listener()
    assert listener(torch.zeros(2, 5, 40, 64)).shape[0] == 2


def test_media_are_three_mixes():
    media = objective().eval().media(Songs, torch_rng(0))
    assert set(media.audio) == {"reference", "damaged", "restored"}
    assert media.audio["restored"].shape == (Songs.audio.shape[-1],)
