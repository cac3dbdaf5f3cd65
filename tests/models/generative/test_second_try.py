"""A stem that should play and does not is composed anew; the others stay."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from data.sheet_features import DENSITY_SCALE, NUM_SHEET_COLUMNS, SHEET_COLUMNS
from models.encoders.conditions import Conditions
from models.generative import second_try
from models.generative.sampling import Sampling
from models.generative.second_try import OTHER_NOISE, TRIES, tried_again
from models.generative.starts import Start
from utils import FRAME_SAMPLES, SAMPLE_RATE

WAY = Sampling(steps=1, sound_steps=1, sampler="euler", guidance=1.0)
FRAMES = 16


@pytest.fixture
def stage(model, monkeypatch):
    """A model whose score latents are their own onsets, and a record of what is composed."""
    calls = []

    def compose(composer, said, start, seeds, sampling, negative):
        calls.append((start.notes_known.clone(), seeds, negative, said))
        fresh = torch.ones_like(start.notes) if len(calls) > 1 else torch.zeros_like(start.notes)
        return torch.where(start.notes_known[..., None], start.notes, fresh)

    monkeypatch.setattr(second_try, "compose", compose)
    decoder = SimpleNamespace(decode=lambda notes: notes)
    start = Start.of(model, 1, FRAMES * FRAME_SAMPLES)
    return SimpleNamespace(score_codec=decoder, composer=None), start, calls


def tried(stage, notes, plays, start=None, negative=None, **said):
    model, free, _ = stage
    said = Conditions(plays=torch.tensor([plays]), **said)
    size = FRAMES * FRAME_SAMPLES
    start = start or free
    return tried_again(model, notes, said, start, [7], WAY, negative, num_samples=size)


def test_only_the_missing_stem_is_composed_until_it_plays(stage):
    notes = torch.ones_like(stage[1].notes)
    notes[:, 2:] = 0.0
    found = tried(stage, notes, [1, 1, 1, 0])
    assert [seeds for _, seeds, *_ in stage[2]] == [[7 + OTHER_NOISE], [7 + 2 * OTHER_NOISE]]
    assert stage[2][0][0].all(-1)[0].tolist() == [True, True, False, True]
    assert found[0, 2].all() and not found[0, 3].any() and torch.equal(found[:, :2], notes[:, :2])
    assert not notes[:, 2].any()


def test_it_gives_up_after_some_tries(stage, monkeypatch):
    seeds = []

    def silence(composer, said, start, seed, *rest):
        seeds.append(seed)
        return start.notes

    monkeypatch.setattr(second_try, "compose", silence)
    notes = torch.zeros_like(stage[1].notes)
    assert torch.equal(tried(stage, notes, [1, -1, -1, 0]), notes)
    assert seeds == [[7 + turn * OTHER_NOISE] for turn in range(1, TRIES + 1)]


def test_who_plays_rests_or_is_given_is_left_alone(stage):
    notes = torch.zeros_like(stage[1].notes)
    notes[:, 0, 3, 0] = 1.0
    given = stage[1].notes_known.clone()
    given[:, 1] = True
    start = replace(stage[1], notes_known=given)
    assert tried(stage, notes, [1, 1, 0, -1], start) is not notes and not stage[2]
    varied = replace(stage[1], tau=(0.0, 0.5))
    assert not tried(stage, torch.zeros_like(notes), [1, 1, 1, 1], varied).any()
    assert not stage[2]


def test_who_plays_far_less_than_planned_tries_again_with_more_planned(stage, monkeypatch):
    monkeypatch.setattr(second_try, "MOST_PER_SECOND", 40.0)
    notes = torch.zeros_like(stage[1].notes)
    notes[:, 0, ::8, 0] = 1.0  # two strokes
    notes[:, 1, ::4, 0] = 1.0  # four
    seconds = FRAMES * FRAME_SAMPLES / SAMPLE_RATE
    density = torch.tensor([[12.0, 12.0, 12.0, torch.nan]]) / seconds
    sheet = torch.zeros(1, FRAMES, NUM_SHEET_COLUMNS)
    beats = torch.tensor([0.5, 1.0, 8.0, 1.0]).log1p() / DENSITY_SCALE
    sheet[..., SHEET_COLUMNS["density"]] = beats
    sheet[:, -1:, SHEET_COLUMNS["density"].start] = 0.0  # the bass rests in the last frame
    sheet[..., SHEET_COLUMNS["density_known"]] = 1.0
    found = tried(stage, notes, [1, 1, 0, 1], density=density, sheet=sheet)
    first, second = stage[2][0][3], stage[2][1][3]
    assert stage[2][0][0].all(-1)[0].tolist() == [False, True, True, False]
    assert torch.equal(found[:, 1], notes[:, 1]) and found[0, 0].all() and found[0, 3].all()
    assert (first.density[0, :2] * seconds).tolist() == pytest.approx([24.0, 12.0])
    planned = torch.expm1(first.sheet[0, :, SHEET_COLUMNS["density"]] * DENSITY_SCALE)
    assert planned[0].tolist() == pytest.approx([1.0, 1.0, 8.0, 2.0])
    assert planned[-1].tolist() == pytest.approx([0.0, 1.0, 8.0, 2.0])  # a rest stays a rest
    assert second.density[0, 0] == 40.0  # twice as many again would be too many


def test_a_try_never_asks_for_less_than_was_planned():
    sheet = torch.zeros(1, 2, NUM_SHEET_COLUMNS)
    sheet[..., SHEET_COLUMNS["density"]] = torch.tensor(6.0).log1p() / DENSITY_SCALE
    said = Conditions(sheet=sheet, density=torch.full((1, 4), 20.0))
    more = second_try._denser(said, torch.tensor([True, False, False, False]), 8.0)
    assert torch.allclose(more.sheet, sheet, atol=1e-6) and torch.equal(more.density, said.density)


@pytest.mark.parametrize(
    ("played", "taken"), [(0, False), (1, True), (3, True), (10, True), (16, False)]
)
def test_only_a_try_that_comes_nearer_to_the_plan_is_taken(stage, monkeypatch, played, taken):
    notes = torch.zeros_like(stage[1].notes)

    def compose(composer, said, start, *rest):
        made = torch.zeros_like(start.notes)
        made[:, 0, :played, 0] = 1.0
        return made

    monkeypatch.setattr(second_try, "compose", compose)
    seconds = FRAMES * FRAME_SAMPLES / SAMPLE_RATE
    found = tried(stage, notes, [1, 0, 0, 0], density=torch.full((1, 4), 3.0 / seconds))
    assert torch.equal(found, notes) == (not taken)


def test_what_is_composed_in_a_planned_rest_does_not_count_as_played(stage):
    sheet = torch.zeros(1, FRAMES, NUM_SHEET_COLUMNS)
    sheet[..., SHEET_COLUMNS["density"]] = 1.0
    sheet[:, : FRAMES // 2, SHEET_COLUMNS["density"].start] = 0.0
    notes = torch.zeros_like(stage[1].notes)
    notes[:, 0, : FRAMES // 2] = 1.0
    seconds = FRAMES * FRAME_SAMPLES / SAMPLE_RATE
    asked = {"density": torch.full((1, 4), 8.0 / seconds), "sheet": sheet}
    assert torch.equal(tried(stage, notes, [1, 0, 0, 0], **asked), notes) and not stage[2]
    sheet[..., SHEET_COLUMNS["density_known"]] = 1.0
    found = tried(stage, notes, [1, 0, 0, 0], **asked)
    assert stage[2] and found[0, 0, FRAMES // 2 :].any()


def test_what_is_given_does_not_count_as_played(stage):
    known = stage[1].notes_known.clone()
    known[:, 0, : FRAMES // 2] = True
    notes = torch.zeros_like(stage[1].notes)
    notes[:, 0, : FRAMES // 2] = 1.0
    start = replace(stage[1], notes=notes, notes_known=known)
    found = tried(stage, notes, [1, 0, 0, 0], start, density=torch.full((1, 4), 8.0))
    assert stage[2] and found[0, 0, FRAMES // 2 :].any()


def test_the_negative_prompt_goes_along(stage):
    negative = (torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool))
    tried(stage, torch.zeros_like(stage[1].notes), [1, 0, 0, 0], negative=negative)
    assert torch.equal(stage[2][0][2][0], negative[0])
