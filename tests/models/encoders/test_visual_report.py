"""The report's numbers: explicit regressions set the ceiling, and extremes lie where they must."""

import numpy as np
import pytest
import torch

from data.pictures.files import Clip, read_picture
from models.encoders.visual import POINT, VisualConfig, VisualEncoder
from models.encoders.visual_report import (
    correlations,
    describe,
    emotion_name,
    extremes,
    report,
    save_figure,
)

TINY = VisualConfig(size=16, channels=(6, 8), width=16, num_tokens=2, memory_frames=3)


@pytest.fixture(scope="module")
def encoder() -> VisualEncoder:
    torch.manual_seed(1)
    return VisualEncoder(TINY)


def test_known_values_of_the_extremes():
    made = {name: [getattr(e, n).mean() for n in POINT] for name, e in extremes().items()}
    assert emotion_name(*made["dark blue"][:2]) == "sad"
    assert emotion_name(*made["spring meadow"][:2]) == "happy"
    assert emotion_name(*made["bright red, fast"][:2]) == "energetic"
    assert [made[n][2] for n in ("black", "dark blue", "grey fog", "pale sky")] == [0.0] * 4
    assert 0 < made["slow hills"][2] < 0.2 < made["bright red, fast"][2]
    assert made["pale sky"][1] < made["slow hills"][1] < made["flashing cuts"][1]


def test_correlations_between_floor_and_ceiling(encoder):
    state = torch.random.get_rng_state()
    found = correlations(encoder, count=16)
    assert torch.equal(state, torch.random.get_rng_state())
    assert list(found) == ["floor", "seen", "explicit"]
    assert found["explicit"]["valence"] > 0.98 and found["explicit"]["arousal"] > 0.8
    assert found["explicit"]["pace"] > 0.6
    assert all(abs(rho) < 0.9 for rho in found["floor"].values())


def test_the_report_names_everything(encoder, monkeypatch):
    rows = {"floor": 0.1, "seen": 0.9, "explicit": 1.0}
    monkeypatch.setattr(
        "models.encoders.visual_report.correlations",
        lambda e: {name: dict.fromkeys(POINT, value) for name, value in rows.items()},
    )
    text = report(encoder)
    assert "seen                           0.900" in text
    assert all(name in text for name in extremes())


def test_a_file_is_described_second_by_second(encoder):
    frames = np.random.default_rng(0).random((9, 3, 16, 16), np.float32)
    lines = describe(encoder, Clip(frames, np.arange(9) / 4)).splitlines()
    assert len(lines) == 3 and lines[0].startswith("valence") and lines[2].startswith("    1 s")
    assert len(describe(encoder, Clip(frames[:1], np.zeros(1))).splitlines()) == 1


def test_the_figure_is_small(encoder, tmp_path):
    save_figure(encoder, tmp_path / "extremes.png")
    assert read_picture(tmp_path / "extremes.png", max_side=2_000).shape == (3, 184, 896)
    assert (tmp_path / "extremes.png").stat().st_size < 60_000
