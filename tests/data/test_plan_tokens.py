import numpy as np
import pytest

from data.arranger import compose
from data.batch import Example
from data.brief import FACTS, UNKNOWN, tempo_of
from data.chords import CHORDS
from data.dataset import to_segment
from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.loader import collate
from data.plan_tokens import (
    FIRST,
    HEADER_TOKENS,
    LEVELS,
    NUM_FACTS,
    NUM_TOKENS,
    PAD,
    PLAN_TOKENS,
    SIZES,
    START,
    Bins,
    Cursor,
    Kind,
    bar_starts,
    bins_of,
    complete_bars,
    decode,
    encode_sheet,
    kinds_of,
    level_of,
    parse,
    token_of,
    tokens_of,
    value_of,
)
from utils import NUM_STEMS, STEMS, counter_rng


def random_bins(seed: int, num_bars: int = 6) -> Bins:
    """Anything that tokens can say, with some unknowns."""
    rng = counter_rng(seed)
    meters = rng.integers(0, 12, num_bars)
    chords = rng.integers(UNKNOWN, len(CHORDS), meters.sum() + num_bars)
    levels = rng.integers(UNKNOWN, len(LEVELS), (num_bars, NUM_STEMS))
    facts = np.array([rng.integers(UNKNOWN, size) for size in SIZES[:NUM_FACTS]])
    facts[Kind.TEMPO] = rng.integers(SIZES[Kind.TEMPO])
    return Bins(facts, meters, chords, levels)


def same(a: Bins, b: Bins) -> bool:
    names = ("facts", "meters", "chords", "levels")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def sheet_at(bpm: float, meter: int = 4, *, first: int = 0, duration: float = 12.0) -> LeadSheet:
    """An excerpt as a source gives it: one beat before 0 and one after the end, changing chords."""
    beats = np.arange(int(duration * bpm / 60) + 3)
    return LeadSheet(
        beat_times=(beats - 0.4) * 60 / bpm,
        beat_in_bar=(beats + first) % meter,
        chords=tuple(CHORDS[1 + b % 80] for b in beats),
        key="E minor",
        density=np.tile([1.0, 2.5, 0.0, np.nan], (len(beats), 1)),
        duration=duration,
    )


def test_every_token_means_one_thing():
    tokens = [token_of(k, v) for k in Kind for v in range(UNKNOWN, SIZES[k])]
    assert tokens == list(range(START + 1, NUM_TOKENS))
    for kind in Kind:
        assert value_of(kind, token_of(kind, 3)) == 3
        assert (
            kinds_of(np.array([token_of(kind, UNKNOWN), token_of(kind, 0)])).tolist() == [kind] * 2
        )
    assert kinds_of(np.array([PAD, START])).tolist() == [-1, -1]
    facts = [(f.label if f.stem is None else f"{STEMS[f.stem]}_{f.label}") for f in FACTS]
    assert [k.name.lower() for k in list(Kind)[:NUM_FACTS]] == facts
    assert [k.name.lower() for k in list(Kind)[Kind.BASS :]] == list(STEMS)


@pytest.mark.parametrize("seed", range(5))
def test_tokens_and_bins_round_trip(seed):
    bins = random_bins(seed)
    tokens = tokens_of(bins, len(bins.meters))
    assert same(parse(np.array(tokens + [PAD, PAD])), bins)
    assert len(tokens) == HEADER_TOKENS + len(bins.chords) + len(bins.meters) * (1 + NUM_STEMS)


@pytest.mark.parametrize("seed", range(5))
def test_plans_and_sheets_round_trip(seed):
    bins = random_bins(seed)
    tokens = np.array(tokens_of(bins, len(bins.meters)))
    brief, sheet = decode(tokens)
    again = encode_sheet(sheet, brief.labels())
    assert np.array_equal(again[: len(tokens)], tokens) and (again[len(tokens) :] == PAD).all()
    assert bins_of(sheet).facts[Kind.KEY] == bins.facts[Kind.KEY]
    assert np.array_equal(parse(encode_sheet(sheet)).chords, bins.chords)
    assert sheet.duration == pytest.approx(len(sheet) * 60 / tempo_of(bins.facts[Kind.TEMPO]))


def test_an_unfinished_bar_is_left_out():
    bins = random_bins(1, 3)
    tokens = tokens_of(bins, 3)
    cut = parse(np.array(tokens[:-1]))
    assert len(cut.meters) == 2 and np.array_equal(cut.levels, bins.levels[:2])
    assert len(cut.chords) == (bins.meters[:2] + 1).sum()


def test_levels_keep_silence_apart():
    assert level_of(np.array([0.0, 1e-3, 0.125, 1.0, 100.0, np.nan])).tolist() == [
        0,
        1,
        1,
        10,
        18,
        -1,
    ]
    assert level_of(LEVELS).tolist() == list(range(len(LEVELS)))


def test_a_cursor_walks_a_bar():
    cursor, seen = Cursor(), []
    for kind in list(Kind)[: Kind.TEMPO]:
        assert cursor.kind == kind
        cursor.advance(0)
    for _ in range(Kind.TEMPO, Kind.METER):
        cursor.advance(0)
    for value in (2, 5, 5, 5, 1, 1, 1, 1, 0, 7):
        seen.append((cursor.kind, cursor.bar, cursor.first_beat + cursor.beat))
        cursor.advance(value)
    chords = [(Kind.CHORD, 0, 0), (Kind.CHORD, 0, 1), (Kind.CHORD, 0, 2)]
    assert seen[1:4] == chords
    assert [k for k, *_ in seen[4:8]] == [Kind.BASS, Kind.DRUMS, Kind.GUITAR, Kind.PIANO]
    assert seen[8][:2] == (Kind.METER, 1) and seen[9] == (Kind.CHORD, 1, 3)


def test_an_excerpt_starts_at_its_first_downbeat_and_holds_complete_bars():
    sheet = sheet_at(100, first=2)
    kept = complete_bars(sheet)
    assert kept.beat_in_bar.tolist() == [0, 1, 2, 3] * 4
    assert kept.beat_times[0] == pytest.approx(1.6 * 0.6)
    bins = parse(encode_sheet(sheet))
    assert bins.meters.tolist() == [3] * 4 and bins.chords.tolist() == list(range(3, 19))
    assert bins.levels[0].tolist() == [10, 14, 0, UNKNOWN]
    assert tempo_of(bins.facts[Kind.TEMPO]) == pytest.approx(100, rel=0.01)


def test_a_bar_that_begins_before_the_excerpt_does_not_count():
    sheet = sheet_at(60, duration=9.0)
    assert complete_bars(sheet).beat_times[0] == pytest.approx(3.6)


def test_meter_changes_and_endless_bars():
    assert bar_starts(np.array([1, 2, 0, 1, 2, 0, 1])).tolist() == [2, 5]
    assert bar_starts(np.arange(30)).tolist() == [0, 12, 24]
    assert bar_starts(np.array([0] + [5] * 30)).tolist() == [0, 12, 24]
    _, sheet = decode(np.array(tokens_of(random_bins(3, 4), 4)))
    assert encode_sheet(sheet)[0] == START


def test_nothing_known_is_all_padding():
    for sheet in (None, LeadSheet(), LeadSheet.parse(chords="Am F"), sheet_at(20, duration=3.0)):
        assert encode_sheet(sheet).tolist() == [PAD] * PLAN_TOKENS


def test_labels_alone_make_a_header_and_a_sheet_goes_before_them():
    tokens = encode_sheet(None, {"style": 3, "tempo": 90.0})
    assert (tokens[HEADER_TOKENS:] == PAD).all() and (tokens[:HEADER_TOKENS] != PAD).all()
    brief, sheet = decode(tokens)
    assert brief.style == 3 and brief.tempo == pytest.approx(90, rel=0.01) and len(sheet) == 0
    assert decode(encode_sheet(None, {"key": 3}))[1].key == "Eb major"
    both = decode(encode_sheet(sheet_at(120), {"tempo": 60.0, "key": 0, "genre": 2}))[0]
    assert (both.genre, both.key) == (2, 16) and both.tempo == pytest.approx(120, rel=0.01)


def test_a_brief_tells_the_meter_and_densities_of_its_bars():
    brief, _ = decode(encode_sheet(sheet_at(120, meter=3)), bpm=120.0)
    assert brief.meter == 3 and brief.density[:3] == pytest.approx((2.0, LEVELS[14] * 2, 0.0))
    assert brief.density[3] is None


def test_a_long_sheet_is_cut_after_a_whole_bar():
    tokens = encode_sheet(sheet_at(120, duration=300.0), length=67)
    assert len(tokens) == 67 and (tokens[-2:] == PAD).all()
    assert len(parse(tokens).meters) == 5 and np.array_equal(FIRST, np.sort(FIRST))


def composed(seed: int, start: float) -> Example:
    """Twelve seconds of a composed song, from any place."""
    score = compose(seed, num_bars=16).excerpt(start, start + 12.0)
    return Example("song", start, np.ones(4, bool), score=score, score_known=np.ones(4, bool))


@pytest.mark.parametrize("seed", range(4))
def test_composed_songs_round_trip_from_any_place(seed):
    sheet = LeadSheet.from_score(composed(seed, 2.345 + seed).score)
    tokens = encode_sheet(sheet)
    _, again = decode(tokens, bpm=sheet.bpm)
    assert np.array_equal(encode_sheet(again), tokens)
    first = int(np.flatnonzero((sheet.beat_in_bar == 0) & (sheet.beat_times > -0.1))[0])
    kept = slice(first, first + len(again))
    assert again.chords == sheet.chords[kept] and again.key == sheet.key and len(again) >= 6
    assert again.beat_times == pytest.approx(sheet.beat_times[kept] - sheet.beat_times[first])
    assert again.density == pytest.approx(sheet.density[kept], rel=0.13)


def test_a_data_set_delivers_plans():
    example = composed(0, 3.0)
    segment = to_segment(example, {"plan"}, 258, counter_rng(0))
    assert segment.sheet is None and segment.text is None
    sheet = LeadSheet.from_score(example.score)
    labels = labels_of(example.score, {}, example.present, sheet)
    expected = encode_sheet(sheet, labels)
    assert parse(expected).facts[Kind.AROUSAL] >= 0
    assert np.array_equal(segment.plan.numpy(), expected)
    batch = collate([segment, segment])
    assert batch.plan.shape == (2, PLAN_TOKENS) and batch.to("cpu").plan is not None
