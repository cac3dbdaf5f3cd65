"""Walks from noise to songs: windows, and what guides."""

from dataclasses import replace

import pytest
import torch

from data.lead_sheet import NUM_SHEET_COLUMNS, SHEET_COLUMNS
from models.encoders.conditions import SHEET_PARTS, Conditions
from models.generative.sampling import Sampling, _contexts, compose, perform, windows
from models.generative.starts import Start
from utils import FRAME_SAMPLES, UserError, torch_rng


def sampling(**changed) -> Sampling:
    plain = {"steps": 1, "sound_steps": 1, "sampler": "euler", "guidance": 1.0}
    return Sampling(**plain | changed)


def walked(model, start: Start, **changed) -> tuple[torch.Tensor, torch.Tensor]:
    """Score and sound latents, both (b s l d)."""
    seeds = list(range(len(start.notes)))
    said, asked = Conditions(), sampling(**changed)
    notes = compose(model.composer, said, start, seeds, asked, None)
    return notes, perform(model.performer, said, start, notes, seeds, asked)


@pytest.mark.parametrize(
    ("num_frames", "expected"),
    [
        (16, [(0, 16)]),
        (256, [(0, 256)]),
        (272, [(0, 272)]),  # 11.9 s, as a user says it, is one segment
        (288, [(0, 256), (32, 288)]),
        (448, [(0, 256), (192, 448)]),
        (464, [(0, 256), (192, 464)]),
        (480, [(0, 256), (192, 448), (224, 480)]),
    ],
)
def test_windows(num_frames, expected):
    assert [(w.start, w.stop) for w in windows(num_frames)] == expected


def test_windows_of_any_song_overlap_and_are_whole():
    for num_frames in range(288, 3_000, 16):
        spans = windows(num_frames)
        assert spans[0].start == 0 and spans[-1].stop == num_frames
        assert all(256 <= w.stop - w.start <= 272 for w in spans)
        assert all(b.start <= a.stop - 64 < b.stop for a, b in zip(spans, spans[1:], strict=False))


def test_later_windows_leave_earlier_ones_as_they_are(model):
    start = Start.of(model, 1, 288 * FRAME_SAMPLES)
    shorter = walked(model, Start.of(model, 1, 256 * FRAME_SAMPLES))
    for made, alone in zip(walked(model, start), shorter, strict=True):
        assert torch.equal(made[:, :, :256], alone) and made[:, :, 256:].any()


def test_the_sound_follows_the_notes(model):
    start = Start.of(model, 1, 32 * FRAME_SAMPLES)
    draw = lambda notes: perform(model.performer, Conditions(), start, notes, [0], sampling())
    notes = torch.randn(1, 4, 32, 16, generator=torch_rng(0))
    other = notes.clone()
    other[:, 2] += 1.0
    difference = (draw(notes) - draw(other)).abs().amax((0, 2, 3))
    assert difference[2] > 1e-4 and difference[[0, 1, 3]].max() == 0.0


def test_the_sound_is_pulled_towards_its_notes(model):
    start, notes = Start.of(model, 1, 16 * FRAME_SAMPLES), torch.zeros(1, 4, 16, 16)
    draw = lambda weight: perform(
        model.performer, Conditions(), start, notes, [0], sampling(sound_guidance=weight)
    )
    none, one, two = draw(0.0), draw(1.0), draw(2.0)
    assert (one - none).abs().max() > 1e-4
    assert torch.allclose(two - one, one - none, atol=1e-5)  # one step, so a straight line


def test_only_what_is_said_pulls():
    said = Conditions(style=torch.tensor([3]))
    both = sampling(guidance={"all": 2.0, "text": 3.0, "style": 1.0})
    assert both.pulling(said, negative=False) == {"all": 2.0}
    assert both.pulling(said, negative=True) == {"all": 2.0, "text": 3.0}
    assert both.pulling(Conditions(), negative=False) == {}


def test_what_does_nothing_is_said():
    said = Conditions(style=torch.tensor([3]))
    with pytest.warns(UserWarning, match="guidance for 'text' does nothing"):
        sampling(guidance={"text": 3.0}).warn_of_idle(said, negative=False)
    with pytest.warns(UserWarning, match="negative_text pulls nothing"):
        sampling(guidance=1.0).warn_of_idle(said, negative=True)


def test_what_acts_is_not_warned_of(recwarn):
    said = Conditions(style=torch.tensor([3]))
    sampling(guidance={"all": 2.0, "style": 3.0}).warn_of_idle(said, negative=True)
    sampling(guidance={"text": 2.0}).warn_of_idle(said, negative=True)
    assert not recwarn.list


def test_a_negative_is_only_ever_pulled_away_from(model):
    said = Conditions(style=torch.tensor([3]))
    start = Start.of(model, 1, 16 * FRAME_SAMPLES)
    tokens = torch.randn(1, 3, 384, generator=torch_rng(0)), torch.ones(1, 3, dtype=torch.bool)
    draw = lambda guidance, negative: compose(
        model.composer, said, start, [0], sampling(guidance=guidance), negative
    )
    assert torch.allclose(draw(0.5, tokens), draw(0.5, None), atol=1e-5)
    assert (draw(2.0, tokens) - draw(2.0, None)).abs().max() > 1e-5


@pytest.mark.parametrize(
    ("weight", "tau", "rows"),
    [(2.0, 0.0, [2, 2, 2, 1]), (0.0, 0.0, [2] * 4), (1.0, 0.0, [1] * 4), (2.0, 0.4, [2, 2, 2])],
)
def test_stress_acts_near_noise_and_doubt_throughout(model, monkeypatch, weight, tau, rows):
    said, count = Conditions(style=torch.tensor([3])), []
    start = replace(Start.of(model, 1, 16 * FRAME_SAMPLES), tau=(0.0, tau))
    forward = model.composer.transformer.forward
    spy = lambda x, *rest: count.append(len(x)) or forward(x, *rest)
    monkeypatch.setattr(model.composer.transformer, "forward", spy)
    compose(model.composer, said, start, [0], sampling(guidance=weight, steps=4), None)
    assert count[: len(rows)] == rows and len(count) == 4


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": 1.5}, "whole number"),
        ({"sound_steps": 0}, "sound_steps is 0"),
        ({"sound_guidance": -1.0}, "sound_guidance is -1"),
        ({"guidance": float("nan")}, "guidance for all is nan"),
        ({"guidance": {"text": -1.0}}, "from 0 to 100"),
    ],
)
def test_values_out_of_range(changed, words):
    with pytest.raises(UserError, match=words):
        sampling(**changed).checked()


def test_stress_leaves_densities_out(model):
    sheet = torch.rand(1, 32, NUM_SHEET_COLUMNS)
    said = Conditions(tempo=torch.tensor([90.0]), plays=torch.tensor([[1, 0, 1, 1]]), sheet=sheet)
    start = Start.of(model, 1, 32 * FRAME_SAMPLES)
    rows = lambda w: _contexts(model.composer, said, {"all": w}, start.notes, None).stem_facts
    full, less = rows(2.0)
    assert torch.equal(full, less) and full.any()
    assert not rows(0.5)[1].any()
    columns = [c for part in SHEET_PARTS["sheet_density"] for c in range(*_span(part))]
    kept = said.densities()
    assert torch.equal(kept.sheet[..., columns], sheet[..., columns]) and kept.tempo is None
    assert kept.sheet.count_nonzero() == sheet[..., columns].count_nonzero()


def _span(part: str) -> tuple[int, int]:
    span = SHEET_COLUMNS[part]
    return span.start, span.stop


@pytest.mark.parametrize(("weight", "pulls"), [(2.0, {}), (0.5, {"all": 0.5})])
def test_densities_alone_are_not_stressed(weight, pulls):
    said = Conditions(density=torch.full((1, 4), 2.0))
    assert sampling(guidance=weight).pulling(said, negative=False) == pulls
