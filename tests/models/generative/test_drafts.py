import numpy as np
import pytest

from data.brief import FACTS
from data.lead_sheet import LeadSheet
from data.plan_given import Given
from data.plan_tokens import (
    HEADER_TOKENS,
    LEVELS,
    NUM_TOKENS,
    PAD,
    SIZES,
    UNKNOWN,
    Kind,
    token_of,
)
from models.generative.drafts import (
    BAR_TEMPERATURE,
    HEADER_TEMPERATURE,
    LONGEST_REST_BARS,
    LONGEST_SAID_REST_BARS,
    Choice,
    Draft,
    Lean,
)
from models.generative.emotion import EmotionCurve
from utils import torch_rng

STEMS_PLAY = {"plays": np.ones(4, int)}


def draft_of(
    sheet: LeadSheet | None, labels: dict | None = None, *, duration=12.0, max_bars=4, **options
) -> Draft:
    return Draft(Given.of(sheet, duration, labels), torch_rng(0), max_bars, **options)


def write(draft: Draft, logits: np.ndarray | None = None, temperature: float = 1.0) -> Draft:
    """Finishes a draft with the same logits at every step."""
    logits = np.zeros(NUM_TOKENS) if logits is None else logits
    while not draft.finished:
        while draft.open:
            draft.add_drawn(logits, Choice(temperature))
        if not draft.finished:
            draft.begin_window()
    return draft


def test_choices_follow_shares_and_cut_the_tail():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    numbers = (np.arange(1_000) + 0.5) / 1_000
    counts = np.bincount([Choice(1.0, 1.0).draw(logits, u) for u in numbers], minlength=4)
    assert counts.tolist() == [500, 300, 150, 50]
    cut = np.bincount([Choice(1.0, 0.79).draw(logits, u) for u in numbers], minlength=4)
    assert cut.tolist() == [625, 375, 0, 0]
    assert {Choice(0.0).draw(logits, u) for u in numbers[::99]} == {0}
    assert Choice(1.0, 0.95).draw(np.array([-np.inf, 0.0]), 0.0) == 1
    assert Choice(1.0, 1e-9).draw(logits, 0.999) == 0


def test_facts_are_chosen_more_carefully_than_bars():
    choice = Choice(0.5, 0.8)
    assert choice.of(Kind.BRIGHTNESS) == Choice(0.5 * HEADER_TEMPERATURE, 0.8)
    assert choice.of(Kind.METER) == Choice(0.5 * BAR_TEMPERATURE, 0.8)
    assert choice.of(Kind.DRUMS) == Choice(0.5 * BAR_TEMPERATURE, 1.0)  # rests are rare


@pytest.mark.parametrize("share", [0.02, 0.04])
def test_stems_rest_as_rarely_as_the_logits_say(share):
    logits = np.full(len(LEVELS), -np.inf)
    logits[[0, 12]] = np.log([share, 1 - share])
    choice, numbers = Choice().of(Kind.BASS), (np.arange(1_000) + 0.5) / 1_000
    rests = [choice.draw(logits, u) == 0 for u in numbers]
    assert np.mean(rests) == pytest.approx(share)


def test_what_is_given_in_full_needs_no_draw():
    sheet = LeadSheet.parse(bpm=101.5, chords="Am F C G", key="Am", duration=15.0, stems=())
    facts = {name: 1 for name in ("style", "genre", "emotion")} | dict.fromkeys(
        ("valence", "arousal", "swing", "dynamics"), 0.5
    )
    facts |= {"register": 60.0, "loudness": -20.0, "brightness": 0.0}
    facts["program"] = np.array([33, 128, 25, 4])
    draft = write(draft_of(sheet, facts, duration=12.0))
    assert draft.finished and not draft.open
    brief, written = draft.result()
    assert written.chords == sheet.chords[:22] and brief.dynamics == 0.5
    assert np.array_equal(written.beat_times, sheet.beat_times[:22])
    assert (draft.generator.get_state() == torch_rng(0).get_state()).all()


@pytest.mark.parametrize("kind", list(Kind)[: Kind.METER])
def test_every_fact_that_is_said_is_written_whatever_the_logits(kind):
    fact, value = FACTS[kind], FACTS[kind].values[-1]
    row = np.full(4, -1)
    if fact.stem is not None:
        row[fact.stem] = value
    draft = draft_of(None, {fact.label: value.item() if fact.stem is None else row})
    assert draft.said[kind] == token_of(kind, SIZES[kind] - 1)
    assert sum(token != PAD for token in draft.said) == 1
    brief, _ = write(draft).result()
    written = getattr(brief, fact.label)
    assert (written if fact.stem is None else written[fact.stem]) == value
    assert None not in brief.plays and brief.swing is not None


def test_facts_the_planner_does_not_know_stay_unknown_unless_said():
    mute = {Kind.LOUDNESS, Kind.BRIGHTNESS}
    brief, _ = write(draft_of(None, {"loudness": -19.4}, mute=mute)).result()
    assert brief.brightness is None and brief.loudness == -19.4 and brief.register is not None


def test_a_song_may_be_of_no_style_but_not_without_a_key():
    logits = np.zeros(NUM_TOKENS)
    logits[[token_of(kind, UNKNOWN) for kind in (Kind.STYLE, Kind.KEY)]] = 50.0
    brief, _ = write(draft_of(None), logits).result()
    assert brief.style is None and brief.key is not None
    logits[token_of(Kind.STYLE, 3)] = 100.0
    assert write(draft_of(None), logits).result()[0].style == 3
    muted = write(draft_of(None, mute={Kind.STYLE}), logits).result()[0]
    assert muted.style is None


def test_as_many_songs_are_of_no_style_as_the_logits_say():
    logits = np.zeros(NUM_TOKENS)
    sizes = SIZES[Kind.STYLE]
    logits[token_of(Kind.STYLE, UNKNOWN)] = np.log(3 * sizes)  # three to one
    logits[token_of(Kind.STYLE, 2)] = np.log(8 * sizes)
    drawn = []
    for seed in range(200):
        draft = Draft(Given.of(None, 12.0, None), torch_rng(seed), 4)
        draft.add_drawn(logits, Choice())
        drawn.append(draft.tokens[1] - token_of(Kind.STYLE, 0))
    none = drawn.count(UNKNOWN) / 200
    assert none == pytest.approx(3 / 12, abs=0.1)
    assert drawn.count(2) == 200 - drawn.count(UNKNOWN)  # a style is chosen more carefully
    coldest = draft_of(None)
    coldest.add_drawn(logits, Choice(0.0))
    assert coldest.tokens[1] == token_of(Kind.STYLE, 2)
    logits[token_of(Kind.STYLE, UNKNOWN)] = np.log(9 * sizes)
    coldest = draft_of(None)
    coldest.add_drawn(logits, Choice(0.0))
    assert coldest.tokens[1] == token_of(Kind.STYLE, UNKNOWN)


def test_what_is_said_stays_exact_and_the_sheet_tells_the_rest():
    said = {"tempo": 93.37, "meter": 5, "valence": 0.33, "program": np.array([-1, -1, 104, -1])}
    brief, sheet = write(draft_of(None, said)).result()
    assert (brief.tempo, brief.valence, brief.meter) == (93.37, 0.33, 5)
    assert brief.program[2] == 104 and sheet.bpm == pytest.approx(93.37)
    assert sheet.beats_per_bar == 5 and brief.key == sheet.key_index
    played = sheet.density.mean(0) * 93.37 / 60
    assert brief.density == pytest.approx(tuple(played))


def test_windows_begin_with_the_header_and_the_last_bars():
    draft = draft_of(LeadSheet.parse(bpm=120, duration=30.0), duration=30.0)
    while draft.open:
        draft.add_drawn(np.zeros(NUM_TOKENS), Choice())
    bar = 1 + 4 + 4
    assert len(draft.window) == HEADER_TOKENS + 4 * bar
    before = draft.window
    draft.begin_window()
    assert draft.window[:HEADER_TOKENS] == before[:HEADER_TOKENS]
    assert draft.window[HEADER_TOKENS : HEADER_TOKENS + 2 * bar] == before[-2 * bar :]
    assert draft.bars_left == 2
    _, sheet = write(draft).result()
    assert sheet.duration == 30.0 and len(sheet) == 61
    assert max(len(draft.window), len(before)) == HEADER_TOKENS + 4 * bar


@pytest.mark.parametrize("bpm", [40.0, 60.0, 120.0, 200.0])
def test_stems_that_must_play_do_and_those_that_must_not_rest(bpm):
    silence = np.zeros(NUM_TOKENS)
    silence[[token_of(Kind(k), 0) for k in range(Kind.BASS, Kind.PIANO + 1)]] = 50.0
    sheet = LeadSheet.parse(bpm=bpm, duration=12.0)
    draft = write(draft_of(sheet, {"plays": np.array([1, 0, 0, 1])}), silence, temperature=0.0)
    density = draft.result()[1].density[:-1]
    assert (density[:, 1:3] == 0).all()
    for stem in (0, 3):
        bars = density[::4, stem]
        assert bars.any()
        rests = "".join("." if d == 0 else "x" for d in bars).split("x")
        assert max(map(len, rests)) <= LONGEST_SAID_REST_BARS
        assert bars[bars > 0].min() >= 0.5


def test_a_stem_that_is_planned_to_play_rests_longer_than_one_that_was_told():
    silence = np.zeros(NUM_TOKENS)
    silence[[token_of(Kind(k), 0) for k in range(Kind.BASS, Kind.PIANO + 1)]] = 50.0
    silence[token_of(Kind.BASS_PLAYS, 1)] = 50.0
    draft = write(draft_of(LeadSheet.parse(bpm=120, duration=40.0)), silence, temperature=0.0)
    bars = draft.result()[1].density[:-1:4, 0]
    rests = "".join("." if d == 0 else "x" for d in bars).split("x")
    assert max(map(len, rests)) == LONGEST_REST_BARS


def test_the_given_tempo_is_exact_and_a_drawn_one_is_its_bin():
    assert draft_of(LeadSheet.parse(bpm=93.37)).bpm == pytest.approx(93.37, abs=1e-9)
    logits = np.zeros(NUM_TOKENS)
    logits[token_of(Kind.TEMPO, 90)] = 90.0
    assert write(draft_of(None), logits).result()[1].bpm == pytest.approx(20 * 2 ** (90 / 36))


def test_a_stem_that_the_brief_lets_rest_is_silent():
    logits = np.zeros(NUM_TOKENS)
    logits[token_of(Kind.DRUMS_PLAYS, 0)] = logits[token_of(Kind.BASS_PLAYS, 1)] = 90.0
    brief, sheet = write(draft_of(LeadSheet.parse(bpm=120), duration=20.0), logits).result()
    assert (sheet.density[:, 1] == 0).all() and sheet.density[:, 0].any()
    assert brief.plays[:2] == (1, 0)


@pytest.mark.parametrize("bpm", [70.0, 120.0, 190.0])
def test_asked_densities_are_reached_on_the_mean(bpm):
    found = []
    asked = np.geomspace(0.3, 8.0, 9)
    for density in asked:
        labels = {"density": np.array([np.nan, density, 0.0, np.nan]), "tempo": bpm}
        brief, sheet = write(draft_of(None, labels, duration=24.0)).result()
        found.append(brief.density[1])
        assert brief.plays[1:3] == (1, 0) and (sheet.density[:, 2] == 0).all()
    reachable = np.clip(asked, 0, LEVELS[-1] * bpm / 60)
    assert np.abs(np.log2(np.array(found) / reachable)).max() < 0.35
    rising = asked < LEVELS[-1] * bpm / 60
    assert (np.diff(np.array(found)[rising]) > 0).all()


def test_tilts_lean_on_draws_and_a_curve_on_bars():
    tilt = np.zeros(24)
    tilt[12:] = 50.0
    drafts = [draft_of(None, {"style": s}, lean=Lean({Kind.KEY: tilt})) for s in range(4)]
    assert all(write(d).result()[0].key >= 12 for d in drafts)
    curve = EmotionCurve([0.0, 60.0], [0.0, 0.0], [-1.0, 1.0])
    labels = {"tempo": 120.0, "meter": 4, **STEMS_PLAY}
    rising = write(draft_of(None, labels, duration=60.0, lean=Lean(curve=curve, strength=2.0)))
    flat = write(draft_of(None, labels, duration=60.0))
    halves = [np.array_split(d.result()[1].density, 2) for d in (rising, flat)]
    rise, level = (np.log2(late.mean() / early.mean()) for early, late in halves)
    assert rise > 0.3 > abs(level)
