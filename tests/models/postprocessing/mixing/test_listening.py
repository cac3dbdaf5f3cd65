"""What the mixer hears: levels as the meter has them, tone and dynamics free of level."""

import numpy as np
import pytest
import torch

from data.loudness import loudness as metered
from models.postprocessing.mixing.listening import (
    NUM_FEATURES,
    dynamics,
    gate,
    hear,
    hear_long,
    loudness,
    statistics,
    tone,
)
from tests.models.postprocessing.mixing.band import band

RATE = 22_050


def test_loudness_is_near_the_meters():
    stems = band(6.0)
    heard = hear(torch.from_numpy(stems))
    ours = loudness(heard, gate(heard))
    for value, stem in zip(ours, stems, strict=True):
        assert float(value) == pytest.approx(metered(stem, RATE), abs=0.6)


def test_level_moves_loudness_and_nothing_else():
    quiet, loud = (hear(torch.from_numpy(k * band())) for k in (0.5, 1.0))
    assert torch.allclose(
        loudness(loud, gate(loud)) - loudness(quiet, gate(quiet)), torch.tensor(6.0206), atol=1e-3
    )
    for measure in (tone, dynamics):
        assert torch.allclose(measure(loud, gate(loud)), measure(quiet, gate(quiet)), atol=1e-3)
    assert torch.allclose(statistics(loud)[0], statistics(quiet)[0], atol=1e-3)


def test_silence_between_notes_does_not_count():
    stem = band()[2]
    gap = np.concatenate([stem, np.zeros(20 * RATE, np.float32)])
    whole, part = (hear(torch.from_numpy(x)) for x in (gap, stem))
    assert loudness(whole, gate(whole)) == pytest.approx(float(loudness(part, gate(part))), abs=0.3)


def test_silence_has_no_features():
    features, lufs, _ = statistics(hear(torch.zeros(2, 4, 30_000)))
    assert features.shape == (2, 4, NUM_FEATURES) and not features.any()
    assert (lufs < -100).all()


def test_long_audio_in_blocks_is_the_same(monkeypatch):
    from models.postprocessing.mixing import listening

    x = band(5.0)[1]
    monkeypatch.setattr(listening, "BLOCK_FRAMES", 16)
    whole, blocks = hear(torch.from_numpy(x)), hear_long(x)
    assert torch.allclose(whole.mel, blocks.mel[..., : whole.mel.shape[-1]], atol=1e-7)
    assert abs(whole.mel.shape[-1] - blocks.mel.shape[-1]) <= 8
    assert hear_long(np.zeros(10, np.float32)).power.shape[-1] >= 8
