"""Stage "separation": no error for what is right, the same for the same numbers, it learns."""

import numpy as np
import torch

from metrics.waveform import si_sdr
from models.objectives.separation import SeparationObjective
from models.preprocessing.separation.network import Separator, SeparatorAlone
from models.preprocessing.separation.spectra import ideal_masks, masked, spectra
from tests.models.preprocessing.separation.sounds import TINY, band
from utils import torch_rng


class Songs:
    audio = torch.stack([torch.from_numpy(band(0.75, seed=i)) for i in range(3)])


def objective() -> SeparationObjective:
    torch.manual_seed(0)
    return SeparationObjective(SeparatorAlone(Separator(TINY)))


def test_the_total_is_the_weighted_sum_and_the_same_for_the_same_numbers():
    one = objective()
    first, again, other = (one(Songs, torch_rng(i)) for i in (0, 0, 1))
    assert torch.allclose(first.total, sum(first.parts.values()))
    assert torch.equal(first.total, again.total) and not torch.equal(first.total, other.total)


def test_validation_hears_songs_as_they_are():
    one = objective().eval()
    assert torch.equal(one(Songs, torch_rng(0)).total, one(Songs, torch_rng(1)).total)


def test_one_stem_alone_is_no_error_when_it_is_given_everything():
    class Alone:
        audio = torch.zeros(1, 4, 16_384)

    Alone.audio[0, 1] = 0.1 * torch.randn(16_384, generator=torch_rng(0))
    one = objective().eval()
    for group, bias in enumerate(one.model.separator.write.biases):
        size = bias.shape[1] // 12
        with torch.no_grad():
            bias.view(len(bias), size, 12)[..., 1] = 50.0
        assert group < 5
    losses = one(Alone, torch_rng(0))
    assert losses.total < 1e-4


def test_silence_is_finite():
    class Silence:
        audio = torch.zeros(2, 4, 8_192)

    one = objective()
    losses = one(Silence, torch_rng(0))
    losses.total.backward()
    assert losses.total < 1e-3
    assert all(torch.isfinite(p.grad).all() for p in one.parameters() if p.grad is not None)


def test_it_learns_to_tell_a_low_sine_from_noise_in_a_few_steps():
    one = objective()
    optimiser = torch.optim.Adam(one.model.separator.parameters(), 1e-2)
    for step in range(25):
        loss = one(Songs, torch_rng(0, step)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    held = torch.from_numpy(band(0.75, seed=9) * np.array([[1], [1], [0], [0]], np.float32))
    mixture = held.sum(0, keepdim=True)
    gain = mixture.square().mean().rsqrt()
    with torch.no_grad():
        found = masked(one.model.separator(spectra(mixture * gain)), mixture)[0]
    before = si_sdr(mixture.repeat(2, 1).numpy(), held[:2].numpy())
    after = si_sdr(found[:2].numpy(), held[:2].numpy())
    assert (after - before).min() > 5.0
    ceiling = masked(ideal_masks(held[None]), mixture)[0, :2].numpy()
    assert (si_sdr(ceiling, held[:2].numpy()) > after - 3.0).all()


def test_media_are_the_mixture_and_what_was_found_in_it():
    media = objective().eval().media(Songs, torch_rng(0))
    assert set(media.audio) == {
        "mixture",
        *(f"found {stem}" for stem in ("bass", "drums", "guitar", "piano")),
    }
    total = sum(audio for name, audio in media.audio.items() if name != "mixture")
    assert torch.allclose(total, media.audio["mixture"], atol=1e-5)
