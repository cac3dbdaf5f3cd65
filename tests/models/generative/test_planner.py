import copy

import numpy as np
import pytest
import torch

from data.brief import FAMILIES, tempo_bin, tempo_of
from data.chords import CHORDS
from data.lead_sheet import LeadSheet
from data.plan_tokens import (
    FIRST,
    HEADER_TOKENS,
    NUM_FACTS,
    PAD,
    START,
    Kind,
    bins_of,
    encode_sheet,
    kinds_of,
)
from models.encoders.conditions import ConditionConfig, Conditions
from models.generative.causal import Memory
from models.generative.emotion import offsets
from models.generative.planner import Planner, PlannerConfig, places_of
from utils import UserError, counter_rng, torch_rng

CONFIG = PlannerConfig(
    width=32,
    depth=2,
    heads=2,
    max_bars=4,
    conditions=ConditionConfig(width=24, sheet_width=1, audio_tokens=2, audio_width=8),
)


@pytest.fixture(scope="module")
def planner() -> Planner:
    torch.manual_seed(0)
    return Planner(CONFIG).eval()


def plans(planner: Planner, seeds=(0,), conditions: Conditions | None = None, **options):
    options = {"duration": 12.0, **options}
    generators = [torch_rng(seed) for seed in seeds]
    return planner.plan(conditions or Conditions(), generators=generators, **options)


def plan(planner: Planner, *args, **options) -> list[LeadSheet]:
    return [plan.sheet for plan in plans(planner, *args, **options)]


def assert_same(a: LeadSheet, b: LeadSheet) -> None:
    assert a.to_dict() == b.to_dict()


def random_tokens(seed: int, meter: int) -> torch.Tensor:
    rng = counter_rng(seed)
    beats = np.arange(12 * meter)
    sheet = LeadSheet(
        beats * 0.5,
        beats % meter,
        tuple(CHORDS[i] for i in rng.integers(0, len(CHORDS), len(beats))),
        "C major",
        rng.random((len(beats), 4)),
        len(beats) * 0.5,
    )
    labels = {"style": seed % 10, "register": 60.0, "plays": np.array([1, 0, -1, 1])}
    return torch.from_numpy(encode_sheet(sheet, labels))


@pytest.mark.parametrize("meter", [1, 3, 4, 12])
def test_the_kind_that_follows_is_known(meter):
    tokens = random_tokens(0, meter)[None]
    place, following = places_of(tokens)
    kinds = kinds_of(tokens.numpy())[0]
    length = int((tokens != PAD).sum())
    assert following[0, : length - 1].tolist() == kinds[1:length].tolist()
    assert following[0, length - 1] == Kind.METER
    first_bar = place[0, HEADER_TOKENS : HEADER_TOKENS + meter + 5]
    assert first_bar.tolist() == list(range(meter + 5))


def test_sheets_cover_the_song_and_start_on_a_downbeat(planner):
    for sheet in plan(planner, range(6), duration=9.0):
        assert sheet.duration == 9.0 and sheet.beat_times[0] == 0.0 and sheet.beat_in_bar[0] == 0
        assert sheet.beat_times[-1] >= 9.0 > sheet.beat_times[-2]
        assert None not in sheet.chords and sheet.key is not None
        assert np.isfinite(sheet.density).all()
        assert sheet.bpm == pytest.approx(tempo_of(tempo_bin(sheet.bpm)))


def test_a_seed_gives_the_same_sheet_in_any_batch(planner):
    conditions = Conditions(
        tempo=torch.tensor([70.0, 110.0, 180.0, float("nan")]), key=torch.tensor([3, 20, -1, 0])
    )
    together = plan(planner, (5, 6, 7, 8), conditions, duration=20.0)
    for i, sheet in enumerate(together):
        assert_same(sheet, plan(planner, (5 + i,), conditions.item(i), duration=20.0)[0])
    assert len({sheet.chart() for sheet in together}) == 4


def test_the_generator_decides_and_temperature_zero_does_not_need_it(planner):
    a, b, c = plan(planner, (1, 2, 1))
    assert_same(a, c)
    assert a.chart() != b.chart()
    cold = plan(planner, (1, 2), temperature=0.0)
    assert_same(*cold)


@pytest.mark.parametrize("bpm", [20.0, 47.3, 92.0, 133.33, 399.0])
def test_a_given_tempo_and_meter_are_kept_exactly(planner, bpm):
    given = LeadSheet.parse(bpm=bpm, duration=12.0, beats_per_bar=5)
    sheet = plan(planner, given=given)[0]
    assert np.array_equal(sheet.beat_times, given.beat_times)
    assert np.array_equal(sheet.beat_in_bar, given.beat_in_bar)


def test_given_chords_and_key_come_back_exactly(planner):
    given = LeadSheet.parse(bpm=92, chords="Am F | C | G7sus4", key="A minor", duration=12.0)
    timed = plan(planner, given=given)[0]
    assert timed.chords == given.chords and timed.key == "A minor"
    untimed = LeadSheet.parse(chords="Am F | C | G7sus4 | Bdim", beats_per_bar=3)
    sheet = plan(planner, given=untimed)[0]
    assert sheet.chords == tuple(untimed.chords[i % 12] for i in range(len(sheet)))
    assert sheet.beat_in_bar.tolist() == [i % 3 for i in range(len(sheet))]


def test_a_sheet_with_gaps_keeps_what_is_there(planner):
    known = LeadSheet.parse(bpm=110, chords="Dm G", duration=6.0)
    density = known.density.copy()
    density[:4] = [1.1, 2.2, 0.0, 3.3]
    known = LeadSheet(known.beat_times, known.beat_in_bar, known.chords, None, density, 6.0)
    sheet = plan(planner, given=known, duration=14.0)[0]
    assert np.array_equal(sheet.beat_times[: len(known)], known.beat_times)
    assert sheet.chords[: len(known)] == known.chords
    assert np.array_equal(sheet.density[:4], density[:4]) and np.isfinite(sheet.density).all()
    assert sheet.bpm == pytest.approx(110) and sheet.beat_times[-1] >= 14.0


def test_each_song_may_have_its_own_given_part(planner):
    sheets = plan(planner, (0, 1), given=[LeadSheet.parse(bpm=77), None])
    assert sheets[0].bpm == pytest.approx(77)
    assert_same(sheets[1], plan(planner, (1,))[0])


def test_stems_rest_or_play_as_asked(planner):
    conditions = Conditions(plays=torch.tensor([[1, 0, -1, 1]]))
    for made in plans(planner, range(4), conditions, duration=20.0):
        sheet = made.sheet
        assert (sheet.density[:, 1] == 0).all() and made.brief.plays[:2] == (1, 0)
        assert sheet.density[:, 0].any() and sheet.density[:, 3].any()
    silent = plan(planner, given=LeadSheet.parse(bpm=100, stems=("piano",)))[0]
    assert (silent.density[:, :3] == 0).all()


def test_long_songs_are_written_in_windows_that_do_not_grow(planner, monkeypatch):
    lengths = []
    read = Planner._logits
    monkeypatch.setattr(
        Planner, "_logits", lambda self, t, *a: (lengths.append(t.shape[1]), read(self, t, *a))[1]
    )
    sheet = plan(planner, given=LeadSheet.parse(bpm=120, duration=100.0), duration=100.0)[0]
    assert len(sheet) == 201 and None not in sheet.chords
    assert max(lengths) < HEADER_TOKENS + CONFIG.max_bars * (1 + 4 + 4)


def test_logits_step_by_step_equal_those_at_once(planner):
    tokens = torch.stack([random_tokens(1, 4), random_tokens(2, 4)])[:, :60]
    said = tokens[:, 1:HEADER_TOKENS]
    whole = planner(tokens, Conditions(), said)
    part = planner(tokens[:, :31], Conditions(), said)
    torch.testing.assert_close(whole[:, :31], part)
    reading, memory = planner._read(Conditions(), said), Memory()
    with torch.no_grad():
        steps = [planner._logits(tokens[:, :n], reading, memory)[:, -1] for n in range(1, 61)]
    torch.testing.assert_close(torch.stack(steps, 1), whole, atol=1e-4, rtol=1e-4)


def test_what_was_never_heard_in_training_is_not_read():
    torch.manual_seed(0)
    planner = Planner(CONFIG)
    tokens = random_tokens(1, 4)[None, :40]
    mel = Conditions(mel=torch.rand(1, 128, 20))
    same = lambda: torch.allclose(planner(tokens, mel), planner(tokens, Conditions()))
    planner.eval()
    assert same()
    planner.train()(tokens, mel)
    assert not same()
    labels = Conditions(style=torch.tensor([2]), tempo=torch.tensor([80.0]))
    assert torch.equal(planner(tokens, labels), planner(tokens, Conditions()))
    sheet = Conditions(sheet=torch.rand(1, 30, CONFIG.conditions.sheet_columns))
    assert torch.equal(planner(tokens, sheet), planner(tokens, Conditions()))


def test_gradients_reach_every_parameter():
    torch.manual_seed(0)
    planner = Planner(CONFIG)
    conditions = [
        Conditions(),
        Conditions(
            text_tokens=torch.randn(2, 3, 384),
            mel=torch.rand(2, 128, 20),
        ),
    ]
    tokens = torch.stack([random_tokens(1, 4), random_tokens(2, 4)])
    sum(planner(tokens, c).square().sum() for c in conditions).backward()
    assert planner.said.weight.grad is not None
    assert not [n for n, p in planner.named_parameters() if p.grad is None]


def test_mistakes_are_explained(planner):
    with pytest.raises(UserError, match="duration is 0"):
        plan(planner, duration=0)
    with pytest.raises(UserError, match="2 lead sheets for 1 songs"):
        plan(planner, given=[None, None])


def test_the_default_size_plans_a_segment_at_once():
    planner = Planner().eval()
    sheet = plan(planner, given=LeadSheet.parse(bpm=120))[0]
    assert bins_of(sheet).meters.tolist() == [3] * 7


def test_tokens_of_a_plan_are_of_the_kinds_they_should_be(planner):
    (made,) = plans(planner, (3,), given=LeadSheet.parse(bpm=150, duration=12))
    tokens = encode_sheet(made.sheet, made.brief.labels())
    assert tokens[0] == START
    tokens = tokens[tokens != PAD]
    kinds = kinds_of(tokens)
    bar = [Kind.METER] + [Kind.CHORD] * 4 + list(range(Kind.BASS, Kind.PIANO + 1))
    assert kinds[1:HEADER_TOKENS].tolist() == list(range(NUM_FACTS))
    assert kinds[HEADER_TOKENS:].tolist() == bar * ((len(kinds) - HEADER_TOKENS) // 9)
    assert (tokens != FIRST[kinds]).all()


TEXT = torch.randn(2, 3, 384, generator=torch_rng(3))


def test_facts_are_forced_for_each_song_and_the_rest_is_drawn(planner):
    nan = float("nan")
    said = Conditions(
        style=torch.tensor([3, -1]),
        tempo=torch.tensor([nan, 91.3]),
        brightness=torch.tensor([0.7, nan]),
        program=torch.tensor([[-1, -1, 27, 104], [38, -1, -1, -1]]),
    )
    for seed in range(3):
        a, b = (made.brief for made in plans(planner, (seed, seed + 9), said))
        assert a.style == 3 and a.brightness == pytest.approx(0.7) and a.program[2:] == (27, 104)
        assert b.tempo == pytest.approx(91.3) and b.program[0] == 38
        for brief in (a, b):
            known = [v for v in vars(brief).values() if not isinstance(v, tuple)]
            assert None not in known and None not in brief.plays + brief.density
            assert brief.program[1] is None and None not in brief.program[2:]


def test_guidance_one_is_plain_and_more_of_it_pulls_away_from_silence(planner):
    said = Conditions(text_tokens=TEXT[:1])
    plain = plans(planner, (1,), said)[0]
    assert_same(plain.sheet, plans(planner, (1,), said, guidance={"all": 1.0})[0].sheet)
    assert plain.brief == plans(planner, (1,), said, guidance={"text": 1.0})[0].brief
    none = plans(planner, (1,), said, guidance=0.0)[0]
    assert none.brief == plans(planner, (1,), Conditions())[0].brief != plain.brief
    strong = plans(planner, (1,), said, guidance=30.0)[0]
    assert strong.brief != plain.brief
    negative = (TEXT[1:], torch.ones(1, 3, dtype=torch.bool))
    assert plans(planner, (1,), said, guidance=30.0, negative=negative)[0].brief != strong.brief


def test_guided_songs_are_the_same_alone_and_in_a_batch(planner):
    said = Conditions(text_tokens=TEXT, key=torch.tensor([3, -1]))
    together = plans(planner, (5, 6), said, guidance={"all": 2.0, "text": 3.0})
    for i, made in enumerate(together):
        alone = plans(planner, (5 + i,), said.item(i), guidance={"all": 2.0, "text": 3.0})[0]
        assert made.brief.to_dict() == alone.brief.to_dict()
        assert_same(made.sheet, alone.sheet)


def test_an_asked_emotion_leans_on_what_is_open_and_is_reported(planner):
    count = 24
    mean = lambda values: float(np.mean(list(values)))
    briefs = {}
    for arousal in (-1.0, 1.0):
        said = Conditions(valence=torch.tensor([0.0]), arousal=torch.tensor([arousal]))
        made = plans(planner, range(count), said, duration=4.0, emotion_strength=2.0)
        assert made[0].offsets == offsets(0.0, arousal, 2.0)
        briefs[arousal] = [plan.brief for plan in made]
    for name in ("tempo", "dynamics", "loudness", "brightness"):
        calm, wild = (mean(getattr(b, name) for b in briefs[a]) for a in (-1.0, 1.0))
        assert wild > calm
    sad = Conditions(emotion=torch.tensor([1]), tempo=torch.tensor([100.0]))
    made = plans(planner, range(count), sad, duration=4.0)
    assert made[0].offsets.tempo_octaves == 0.0 and made[0].offsets.minor_log_odds > 0
    assert mean(plan.brief.key >= 12 for plan in made) > 0.6
    assert plans(planner)[0].offsets is None


def test_odds_lean_on_the_instruments_that_nobody_asked_for(planner):
    planner = copy.deepcopy(planner)
    piano = sorted(FAMILIES).index("piano")
    planner.odds[piano, 5] = 20.0
    made = plans(planner, range(6), duration=2.0)
    assert {plan.brief.program[3] for plan in made} == {5}
    assert len({plan.brief.program[2] for plan in made}) > 1
    asked = Conditions(program=torch.tensor([[-1, -1, -1, 2]]))
    assert plans(planner, (0,), asked, duration=2.0)[0].brief.program[3] == 2


def test_odds_lean_on_the_key_unless_one_is_asked_and_leave_the_mode_to_the_mood(planner):
    planner = copy.deepcopy(planner)
    planner.key_odds[[7, 16]] = 20.0  # G major and E minor
    keys = lambda said: {plan.brief.key for plan in plans(planner, range(6), said, duration=2.0)}
    assert keys(Conditions()) <= {7, 16}
    assert keys(Conditions(valence=torch.tensor([-1.0]))) == {16}
    assert keys(Conditions(key=torch.tensor([3]))) == {3}


def test_facts_that_training_never_showed_are_not_drawn():
    torch.manual_seed(0)
    planner = Planner(CONFIG)
    assert planner.mute == frozenset()
    planner.train()(random_tokens(1, 4)[None, :40], Conditions())
    planner.eval()
    shown = {Kind.STYLE, Kind.REGISTER, Kind.TEMPO, Kind.KEY}
    shown |= {Kind.BASS_PLAYS, Kind.DRUMS_PLAYS, Kind.PIANO_PLAYS}
    assert planner.mute == set(list(Kind)[:NUM_FACTS]) - shown
    brief = plans(planner, (2,), Conditions(genre=torch.tensor([4])))[0].brief
    assert brief.loudness is None and brief.plays[2] is None and brief.style is not None
    assert brief.genre == 4
    assert planner.state_dict()["shown"].sum() == len(shown)


def test_a_fact_said_changes_what_comes_before_it_after_a_little_training():
    """Bright songs are funk, dark ones jazz; brightness comes long after the style."""
    torch.manual_seed(0)
    planner = Planner(CONFIG)
    rows = [encode_sheet(None, {"style": 2 + i, "brightness": 1.6 * i}) for i in (0, 1)]
    tokens = torch.from_numpy(np.stack(rows * 4)).long()[:, : HEADER_TOKENS + 1]
    said = torch.zeros_like(tokens[:, 1:HEADER_TOKENS])
    said[:, Kind.BRIGHTNESS] = tokens[:, 1 + Kind.BRIGHTNESS]
    optimiser = torch.optim.AdamW(planner.parameters(), 0.01)
    for _ in range(40):
        logits = planner(tokens[:, :2], Conditions(), said)[:, 0]
        loss = torch.nn.functional.cross_entropy(logits, tokens[:, 1])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    bright = Conditions(brightness=torch.tensor([1.6, 0.0]))
    styles = [made.brief.style for made in plans(planner, (0, 1), bright, temperature=0.0)]
    assert styles == [3, 2]
