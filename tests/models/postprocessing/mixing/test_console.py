"""Rendering: what training computes, exactly and in blocks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from data.meter import measured
from models.postprocessing.mixing import console
from models.postprocessing.mixing.console import channels, render, render_channel
from models.postprocessing.mixing.limiter import true_peak_db
from models.postprocessing.mixing.network import Controls
from models.postprocessing.mixing.settings import Channel, Compressor, MixSettings
from models.postprocessing.mixing.translate import settings_of
from tests.models.postprocessing.mixing.band import band
from utils import STEMS

RATE = 22_050


def controls() -> Controls:
    return Controls(
        gain_db=torch.tensor([[6.0, -3.0, 9.0, 12.0]]),
        level_lufs=torch.full((1, 4), -23.0),
        eq_db=torch.tensor([[[3.0, -6.0, 0.0, 4.0, -2.0]] * 4]),
        threshold_db=torch.full((1, 4), -40.0),
        ratio=torch.tensor([[1.0, 1.0, 1.0, 2.0]]),
        bus_threshold_db=torch.tensor([-20.0]),
        bus_ratio=torch.tensor([1.5]),
        sounds=torch.ones(1, 4, dtype=torch.bool),
    )


def test_channels_as_trained_and_as_rendered_agree():
    stems = band()
    trained = channels(torch.from_numpy(stems)[None], RATE, controls())[0].numpy()
    settings = settings_of(controls(), 0)
    for name, stem, ours in zip(STEMS, stems, trained, strict=True):
        exact = render_channel(stem, RATE, settings.channels[name])
        # only the piano is compressed, by two ways of attack and release
        error = (exact - ours)[RATE:-RATE]
        limit = 0.15 if name == "piano" else 0.02
        assert np.sqrt(np.square(error).mean() / np.square(exact).mean()) < limit


def test_a_neutral_channel_is_a_gain():
    stem = band()[0]
    out = render_channel(stem, RATE, Channel(gain_db=-6.0206))
    assert np.allclose(out, 0.5 * stem, atol=1e-6)


def test_the_mix_is_as_loud_and_as_low_as_asked():
    for settings in (MixSettings(), MixSettings(target_lufs=-18.0, true_peak_dbtp=-3.0)):
        mix = render(band(), RATE, settings)
        assert mix.shape == (2, band().shape[1]) and mix.dtype == np.float32
        lufs = measured(mix, RATE).loudness
        assert lufs == pytest.approx(settings.target_lufs, abs=0.5)
        assert true_peak_db(torch.from_numpy(mix)) <= settings.true_peak_dbtp + 1e-3


def test_pan_and_room():
    left = MixSettings()
    left.channels.update({stem: Channel(pan=-1.0) for stem in STEMS})
    mix = render(band(), RATE, left)
    assert np.abs(mix[1]).max() < 1e-6 * np.abs(mix[0]).max() + 1e-7
    dry, wet = np.zeros((4, RATE), np.float32), MixSettings()
    dry[2, :200] = 0.5
    wet.channels["guitar"] = replace(Channel(), send_db=0.0)
    energy = lambda settings: np.square(render(dry, RATE, settings)[:, 2_000:]).sum()
    assert energy(wet) > 100 * energy(MixSettings())


def test_silence_stays_silence_and_nearly_nothing_is_not_raised():
    assert not render(np.zeros((4, RATE), np.float32), RATE, MixSettings()).any()
    tick = np.zeros((4, RATE), np.float32)
    tick[1, 5_000] = 0.9
    mix = render(tick, RATE, MixSettings())
    assert true_peak_db(torch.from_numpy(mix)) <= -0.99


def test_blocks_do_not_show(monkeypatch):
    settings = settings_of(controls(), 0)
    whole = render(band(2.0), RATE, settings)
    monkeypatch.setattr(console, "BLOCK_SAMPLES", 8_192)
    assert np.allclose(render(band(2.0), RATE, settings), whole, atol=2e-4)


def test_bus_compression_acts_on_both_sides_alike():
    x = np.stack([np.full(RATE, 0.5), np.full(RATE, 0.05)]).astype(np.float32)
    out = console._compressed(x.copy(), RATE, Compressor(-26.0, 4.0))
    assert np.allclose(out[1], 0.1 * out[0], atol=1e-6)
    wanted = 0.5 * 10 ** (-0.75 * (20 * np.log10(0.5) + 26.0) / 20)
    assert out[0, -1] == pytest.approx(wanted, rel=0.01)
