from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from data.batch import Batch
from data.chords import KEYS
from data.lead_sheet import LeadSheet
from data.plan_tokens import NUM_TOKENS, PAD, PLAN_TOKENS, Kind, encode_sheet, kinds_of
from models.encoders.conditions import ConditionConfig, Conditions
from models.generative.planner import Planner, PlannerConfig
from models.objectives import build_objective
from models.objectives.planner import PlannerObjective, sheet_picture
from utils import UserError, counter_rng, torch_rng

CONFIG = PlannerConfig(
    width=64,
    depth=2,
    heads=4,
    conditions=ConditionConfig(width=48, sheet_width=1, audio_tokens=2, audio_width=8),
)
PROGRESSIONS = {"major": ("C F G C", "C Am F G"), "minor": ("Cm Fm Gm Cm", "Cm Ab Eb Bb")}


class Band(nn.Module):
    """A model of which nothing but the planner exists."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.planner = Planner(CONFIG)
        self.codec = nn.Linear(2, 2)
        self.text = SimpleNamespace(encode=self._encode)

    @staticmethod
    def _encode(captions: list[str]):
        rows = torch.zeros(len(captions), 1, 384)
        for row, caption in zip(rows, captions, strict=True):
            row[0, len(caption) % 384] = 20.0
        return rows, torch.ones(len(captions), 1, dtype=torch.bool)


def song(rng: np.random.Generator) -> LeadSheet:
    """Four bars in C: the progression tells the mode, drums play when it is fast."""
    mode = ("major", "minor")[rng.integers(2)]
    bpm = float(rng.choice([60.0, 80.0, 110.0, 160.0]) * rng.uniform(0.98, 1.02))
    sheet = LeadSheet.parse(
        bpm=bpm, key=f"C {mode}", chords=PROGRESSIONS[mode][rng.integers(2)], duration=16 * 60 / bpm
    )
    density = np.tile([1.0, 4.0 * (bpm > 100), 2.0, 0.5], (len(sheet), 1))
    return LeadSheet(
        sheet.beat_times, sheet.beat_in_bar, sheet.chords, sheet.key, density, sheet.duration
    )


def batch_of(sheets: list[LeadSheet], text: list[str] | None = None) -> Batch:
    size = len(sheets)
    return Batch(
        present=torch.ones(size, 4, dtype=torch.bool),
        score_known=torch.ones(size, 4, dtype=torch.bool),
        song=["song"] * size,
        start=[0.0] * size,
        plan=torch.from_numpy(np.stack([encode_sheet(sheet) for sheet in sheets])),
        labels={
            "tempo": torch.tensor([sheet.bpm for sheet in sheets]),
            "key": torch.tensor([KEYS.index(sheet.key) for sheet in sheets]),
        },
        text=text,
    )


@pytest.fixture(scope="module")
def trained() -> PlannerObjective:
    """A tiny planner after some seconds of songs in C."""
    objective = build_objective("planner", Band())
    rng, generator = counter_rng(0), torch_rng(0)
    songs, steps = [song(rng) for _ in range(128)], 140
    batches = [batch_of(songs[i : i + 16]) for i in range(0, 128, 16)]
    optimiser = torch.optim.AdamW(objective.model.planner.parameters(), fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.01, total_steps=steps)
    for step in range(steps):
        loss = objective(batches[step % len(batches)], generator).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return objective


def plan(objective: PlannerObjective, conditions: Conditions, count: int, **options):
    generators = [torch_rng(seed) for seed in range(count)]
    return objective.model.planner.plan(conditions, duration=6.0, generators=generators, **options)


@pytest.mark.parametrize("bpm", [80.0, 160.0])
def test_a_tempo_asked_for_is_written(trained, bpm):
    asked = Conditions(tempo=torch.tensor([bpm]))
    sheets = plan(trained, asked, 20)
    obeying = [sheet for sheet in sheets if abs(sheet.bpm / bpm - 1) < 0.06]
    assert len(obeying) >= 16
    assert {bool(sheet.density[:, 1].any()) for sheet in obeying} == {bpm > 100}
    (likeliest,) = plan(trained, asked, 1, temperature=0.0)
    assert likeliest.bpm == pytest.approx(bpm, rel=0.03)


@pytest.mark.parametrize("mode", ["major", "minor"])
def test_a_mode_asked_for_is_written(trained, mode):
    key = KEYS.index(f"C {mode}")
    sheets = plan(trained, Conditions(key=torch.tensor([key])), 8)
    assert [sheet.key for sheet in sheets] == [f"C {mode}"] * 8
    assert {sheet.chords[0] for sheet in sheets} == {"C" if mode == "major" else "Cm"}


def test_without_a_word_both_modes_and_several_tempi_are_written(trained):
    sheets = plan(trained, Conditions(), 24)
    assert {sheet.key for sheet in sheets} == {"C major", "C minor"}
    assert max(s.bpm for s in sheets) > 1.5 * min(s.bpm for s in sheets)


def test_given_chords_come_back_and_the_rest_is_in_style(trained):
    given = LeadSheet.parse(bpm=160, chords="Cm Fm Gm Cm", key="C minor", duration=6.0)
    for sheet in plan(trained, Conditions(), 4, given=given):
        assert sheet.chords == given.chords and np.array_equal(sheet.beat_times, given.beat_times)
        assert np.median(sheet.density, axis=0) == pytest.approx([1, 4, 2, 0.5], rel=0.02)


def test_it_learned_the_grammar_of_its_songs(trained):
    losses = trained(batch_of([song(counter_rng(9, i)) for i in range(16)]), torch_rng(1))
    for name in ("meter", "bass", "drums", "guitar", "piano"):
        assert losses.parts[f"{name}_accuracy"] > 0.99
    assert losses.parts["chord_accuracy"] > 0.9
    picture = trained.media(batch_of([song(counter_rng(5))]), torch_rng(0)).images["sheet"]
    assert picture.dtype == np.uint8 and picture.shape[2] == 3 and picture.any()


@pytest.fixture
def objective() -> PlannerObjective:
    return PlannerObjective(Band())


def test_uniform_logits_cost_the_logarithm_of_the_choices(objective):
    tokens = batch_of([song(counter_rng(0))]).plan
    logits = torch.zeros(1, PLAN_TOKENS - 1, NUM_TOKENS)
    parts = objective.losses(logits, tokens).parts
    choices = {"tempo": 157, "key": 24, "meter": 12, "chord": 85, "bass": 19, "piano": 19}
    for name, count in choices.items():
        assert parts[name].item() == pytest.approx(np.log(count), rel=1e-5)


def test_the_right_answer_costs_nothing_and_the_unknown_is_not_scored(objective):
    sheet = song(counter_rng(0))
    chords = tuple(None if i < 5 else c for i, c in enumerate(sheet.chords))
    density = sheet.density.copy()
    density[:, 2] = np.nan
    gaps = LeadSheet(sheet.beat_times, sheet.beat_in_bar, chords, None, density, sheet.duration)
    tokens = torch.from_numpy(encode_sheet(gaps))[None]
    logits = 100.0 * nn.functional.one_hot(tokens[:, 1:], NUM_TOKENS).float()
    losses = objective.losses(logits, tokens)
    assert losses.total.item() == pytest.approx(0.0, abs=1e-6)
    assert losses.parts["key_accuracy"] == losses.parts["guitar_accuracy"] == 0
    assert losses.parts["chord_accuracy"] == losses.parts["bass_accuracy"] == 1
    kinds = kinds_of(tokens.numpy())
    for kind in (Kind.KEY, Kind.GUITAR):
        changed = logits.clone()
        changed[0, np.flatnonzero(kinds[0] == kind) - 1] += torch.randn(NUM_TOKENS)
        assert objective.losses(changed, tokens).total.item() == losses.total.item()


def test_padding_and_segments_without_a_plan_do_not_count(objective):
    objective.eval()
    known, unknown = song(counter_rng(0)), LeadSheet()
    alone, both = batch_of([known]), batch_of([known, known])
    both.plan[1] = PAD
    quiet = lambda batch: objective(batch, torch_rng(3)).total
    for batch in (alone, both):
        batch.labels = {}
    torch.testing.assert_close(quiet(alone), quiet(both))
    nothing = batch_of([known])
    nothing.plan = torch.from_numpy(encode_sheet(unknown))[None]
    loss = quiet(nothing)
    loss.backward()
    assert loss.item() == 0.0 and objective.media(nothing, torch_rng(0)).images == {}


def test_only_the_planner_trains_and_captions_are_read(objective):
    trains = {n.split(".")[0] for n, p in objective.model.named_parameters() if p.requires_grad}
    assert trains == {"planner"}
    sheets = [song(counter_rng(i)) for i in range(2)]
    losses = [
        objective(batch_of(sheets, text), torch_rng(18)).total.item()
        for text in (["slow", "slow"], ["fast song", "a fast song"], ["slow", "slow"])
    ]
    assert losses[0] == losses[2] != losses[1]


def test_pictures_put_sheets_one_above_the_other():
    sheet = song(counter_rng(1))
    one, two = sheet_picture([sheet]), sheet_picture([sheet, sheet])
    assert two.shape == (2 * one.shape[0], one.shape[1], 3)


def test_an_unknown_stage_is_explained():
    with pytest.raises(UserError, match="did you mean 'planner'"):
        build_objective("planer", Band())
