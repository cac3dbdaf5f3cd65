from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from data.batch import Batch
from data.chords import KEYS
from data.lead_sheet import LeadSheet
from data.movement import STYLES
from data.plan_tokens import (
    HEADER_TOKENS,
    NUM_FACTS,
    NUM_TOKENS,
    PAD,
    PLAN_TOKENS,
    UNKNOWN,
    Kind,
    encode_sheet,
    kinds_of,
    token_of,
)
from models.encoders.conditions import ConditionConfig, Conditions
from models.generative.planner import Planner, PlannerConfig
from models.objectives import CachedObjective, build_objective
from models.objectives.planner import PlannerObjective, sheet_picture
from utils import STEMS, UserError, counter_rng, torch_rng

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


def facts(sheet: LeadSheet) -> dict:
    """Fast songs have drums."""
    return {"plays": np.array([1, int(sheet.bpm > 100), 1, 1])}


def batch_of(sheets: list[LeadSheet], text: list[str] | None = None) -> Batch:
    size = len(sheets)
    return Batch(
        present=torch.ones(size, 4, dtype=torch.bool),
        score_known=torch.ones(size, 4, dtype=torch.bool),
        song=["song"] * size,
        start=[0.0] * size,
        plan=torch.from_numpy(np.stack([encode_sheet(s, facts(s)) for s in sheets])),
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
    planner = objective.model.planner
    made = planner.plan(conditions, duration=6.0, generators=generators, **options)
    return [plan.sheet for plan in made]


@pytest.mark.parametrize("bpm", [80.0, 160.0])
def test_a_tempo_asked_for_is_written_and_suits_what_follows(trained, bpm):
    sheets = plan(trained, Conditions(tempo=torch.tensor([bpm])), 20)
    assert all(sheet.bpm == pytest.approx(bpm) for sheet in sheets)
    drums = [bool(sheet.density[:, 1].any()) for sheet in sheets]
    assert drums.count(bpm > 100) >= 18


def test_who_plays_is_said_late_and_suits_the_tempo_that_comes_before(trained):
    asked = Conditions(plays=torch.tensor([[-1, 0, -1, -1], [-1, 1, -1, -1]]))
    without, with_drums = plan(trained, asked, 2, temperature=0.0)
    assert without.bpm < 100 < with_drums.bpm


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
    choices["drums_plays"] = 2
    for name, count in choices.items():
        assert parts[name].item() == pytest.approx(np.log(count), rel=1e-5)
    scored = ("tempo", "key", *(f"{stem}_plays" for stem in STEMS), "meter", "chord", *STEMS)
    total = objective.losses(logits, tokens).total.item()
    assert total == pytest.approx(np.mean([parts[name].item() for name in scored]), rel=1e-5)


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


def test_to_be_of_no_style_is_learned_where_notes_were_read_and_an_unknown_genre_is_not(objective):
    sheet = song(counter_rng(0))
    tokens = torch.from_numpy(encode_sheet(sheet, facts(sheet) | {"dynamics": 0.7}))[None]
    logits = torch.zeros(1, PLAN_TOKENS - 1, NUM_TOKENS)
    chance = objective.losses(logits, tokens).parts["style"].item()
    assert chance == pytest.approx(np.log(len(STYLES) + 1), rel=1e-5)
    total = lambda: objective.losses(logits, tokens).total.item()
    before = total()
    logits[0, Kind.GENRE, token_of(Kind.GENRE, UNKNOWN)] = 10.0
    assert total() == before
    logits[0, Kind.STYLE, token_of(Kind.STYLE, UNKNOWN)] = 10.0
    assert total() < before - 0.1
    unread = torch.from_numpy(encode_sheet(sheet, facts(sheet)))[None]
    assert objective.losses(logits, unread).parts["style"] == 0.0


def test_padding_and_segments_without_a_plan_do_not_count(objective):
    objective.eval()
    known, unknown = song(counter_rng(0)), LeadSheet()
    alone, both = batch_of([known]), batch_of([known, known])
    both.plan[1] = PAD
    quiet = lambda batch: objective(batch, torch_rng(3)).total
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


def test_a_random_part_of_the_known_facts_is_said(objective):
    tokens = batch_of([song(counter_rng(i)) for i in range(4)] * 100).plan
    said = objective.said(tokens, torch_rng(0))
    header = tokens[:, 1:HEADER_TOKENS]
    known = header > objective.unknown
    assert said.shape == (400, NUM_FACTS) and ((said == PAD) | (said == header)).all()
    assert not (said != PAD)[~known].any()
    assert (said != PAD)[known].float().mean().item() == pytest.approx(0.18, abs=0.03)
    assert (said == PAD).all(1).float().mean().item() == pytest.approx(0.4 + 0.6 * 0.7**6, abs=0.08)
    assert (objective.said(torch.zeros(2, 2, dtype=torch.long), torch_rng(0)) == PAD).all()


def test_labels_of_a_batch_are_not_read_but_words_are(objective):
    objective.eval()
    plain, labelled = batch_of([song(counter_rng(0))]), batch_of([song(counter_rng(0))])
    labelled.labels = {"key": torch.tensor([5]), "tempo": torch.tensor([300.0])}
    losses = [objective(batch, torch_rng(0)).total.item() for batch in (plain, labelled)]
    assert losses[0] == losses[1]
    assert {"plan", "captions", "mel"} <= objective.fields


def test_the_planner_takes_note_of_how_far_instruments_and_keys_are_varied(monkeypatch):
    monkeypatch.setattr(CachedObjective, "prepare_data", classmethod(lambda *_: "the cache"))
    model, rows = Band(), {"bass": 1.0, "guitar": -2.0, "piano": 0.5}
    odds = lambda: {stem: np.full(8, value) for stem, value in rows.items()}
    keys = lambda: np.arange(24.0)
    varied = SimpleNamespace(source=SimpleNamespace(program_odds=odds, key_odds=keys), augment=True)
    plain = SimpleNamespace(source=SimpleNamespace(), augment=True)
    validation = SimpleNamespace(source=varied.source, augment=False)
    prepare = lambda dataset: PlannerObjective.prepare_data(model, dataset, None)
    assert prepare(validation) == "the cache" and not model.planner.odds.any()
    assert prepare(varied) == "the cache"
    assert model.planner.odds[:, 0].tolist() == [1.0, -2.0, 0.5]
    assert model.planner.key_odds.tolist() == list(range(24))
    assert prepare(validation) == "the cache" and model.planner.odds.all()
    assert prepare(plain) == "the cache" and not model.planner.odds.any()
    assert not model.planner.key_odds.any()
