import numpy as np
import pytest

from data.lead_sheet import LeadSheet
from data.plan_given import Given
from data.plan_tokens import HEADER_TOKENS, NUM_TOKENS, Kind, token_of
from models.generative.drafts import LONGEST_REST_BARS, Choice, Draft
from utils import torch_rng

OPEN = np.full(4, -1)


def draft_of(sheet: LeadSheet | None, *, plays=OPEN, duration=12.0, max_bars=4) -> Draft:
    return Draft(Given.of(sheet, duration), plays, torch_rng(0), max_bars)


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


def test_a_sheet_given_in_full_needs_no_draw():
    sheet = LeadSheet.parse(bpm=101.5, chords="Am F C G", key="Am", duration=15.0, stems=())
    draft = write(draft_of(sheet))
    assert draft.finished and not draft.open
    assert draft.sheet().chords == sheet.chords[:22]
    assert np.array_equal(draft.sheet().beat_times, sheet.beat_times[:22])
    assert (draft.generator.get_state() == torch_rng(0).get_state()).all()


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
    sheet = write(draft).sheet()
    assert sheet.duration == 30.0 and len(sheet) == 61
    assert max(len(draft.window), len(before)) == HEADER_TOKENS + 4 * bar


@pytest.mark.parametrize("bpm", [40.0, 60.0, 120.0, 200.0])
def test_stems_that_must_play_do_and_those_that_must_not_rest(bpm):
    silence = np.zeros(NUM_TOKENS)
    silence[[token_of(Kind(k), 0) for k in range(Kind.BASS, Kind.PIANO + 1)]] = 50.0
    sheet = LeadSheet.parse(bpm=bpm, duration=12.0)
    draft = write(draft_of(sheet, plays=np.array([1, 0, -1, 1])), silence, temperature=0.0)
    density = draft.sheet().density[:-1]
    assert (density[:, 1:3] == 0).all()
    for stem in (0, 3):
        bars = density[::4, stem]
        assert bars.any()
        rests = "".join("." if d == 0 else "x" for d in bars).split("x")
        assert max(map(len, rests)) <= LONGEST_REST_BARS


def test_the_given_tempo_is_exact_and_a_drawn_one_is_its_bin():
    assert draft_of(LeadSheet.parse(bpm=93.37)).bpm == pytest.approx(93.37, abs=1e-9)
    logits = np.zeros(NUM_TOKENS)
    logits[token_of(Kind.TEMPO, 90)] = 90.0
    assert write(draft_of(None), logits).sheet().bpm == pytest.approx(20 * 2 ** (90 / 36))
