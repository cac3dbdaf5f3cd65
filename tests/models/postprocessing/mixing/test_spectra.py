"""The console on spectra hears what the console on audio makes."""

from dataclasses import replace

import torch

from models.postprocessing.mixing.console import channels
from models.postprocessing.mixing.damage import Damage
from models.postprocessing.mixing.listening import dynamics, gate, hear, loudness, tone
from models.postprocessing.mixing.network import Controls
from models.postprocessing.mixing.spectra import restored_spectra, sum_spectra
from tests.models.postprocessing.mixing.band import band
from utils import SAMPLE_RATE, torch_rng


def stems() -> torch.Tensor:
    return torch.from_numpy(band())[None]


def controls(ratio: float) -> Controls:
    return Controls(
        gain_db=torch.tensor([[3.0, -6.0, 0.0, 9.0]]),
        level_lufs=torch.full((1, 4), -23.0),
        eq_db=6.0 * torch.randn(1, 4, 5, generator=torch_rng(1)).clamp(-1, 1),
        threshold_db=torch.full((1, 4), -30.0),
        ratio=torch.full((1, 4), ratio),
        bus_threshold_db=torch.zeros(1),
        bus_ratio=torch.ones(1),
        sounds=torch.ones(1, 4, dtype=torch.bool),
    )


def test_gain_and_equaliser_agree():
    cheap = restored_spectra(hear(stems()), controls(1.0))
    real = hear(channels(stems(), SAMPLE_RATE, controls(1.0)))
    assert (loudness(cheap, gate(cheap)) - loudness(real, gate(real))).abs().max() < 0.5
    difference = tone(cheap, gate(cheap)) - tone(real, gate(real))
    loud = tone(real, gate(real)) > -30.0
    assert difference[loud].abs().mean() < 0.5


def test_compression_brings_loud_and_soft_nearer_in_both():
    plain, *both = (
        restored_spectra(hear(stems()), controls(1.0)),
        restored_spectra(hear(stems()), controls(3.0)),
        hear(channels(stems(), SAMPLE_RATE, controls(3.0))),
    )
    spread = lambda heard: (dynamics(heard, gate(heard))[..., -1] - heard_low(heard))[0, [0, 2]]
    for heard in both:
        assert (spread(heard) < spread(plain) - 1.0).all()


def heard_low(heard):
    return dynamics(heard, gate(heard))[..., 0]


def test_damage_to_spectra_is_damage_to_audio():
    damage = replace(Damage.draw(1, 4, torch_rng(3)), ratio=torch.ones(1, 4))
    cheap = damage.apply_to_spectra(hear(stems()))
    real = hear(damage.apply(stems(), SAMPLE_RATE))
    assert (loudness(cheap, gate(cheap)) - loudness(real, gate(real))).abs().max() < 1.0


def test_damage_spares_silence_and_is_drawn_once_per_seed():
    damage = Damage.draw(2, 4, torch_rng(3))
    assert torch.equal(damage.eq_db, Damage.draw(2, 4, torch_rng(3)).eq_db)
    assert (damage.eq_db == 0).any() and (damage.eq_db != 0).any()
    assert not damage.apply(torch.zeros(2, 4, 9_000), SAMPLE_RATE).any()


def test_powers_add():
    heard = hear(stems())
    assert torch.allclose(sum_spectra(heard).power, heard.power.sum(1))
