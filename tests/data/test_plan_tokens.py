import numpy as np
import pytest

from data.arranger import compose
from data.batch import Example
from data.chords import CHORDS
from data.dataset import to_segment
from data.lead_sheet import LeadSheet
from data.loader import collate
from data.plan_tokens import (
    FIRST,
    HEADER_TOKENS,
    LEVELS,
    NUM_TEMPI,
    NUM_TOKENS,
    PAD,
    PLAN_TOKENS,
    SIZES,
    START,
    UNKNOWN,
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
    tempo_bin,
    tempo_of,
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
    tempo, key = int(rng.integers(NUM_TEMPI)), int(rng.integers(UNKNOWN, 24))
    return Bins(tempo, key, meters, chords, levels)


def same(a: Bins, b: Bins) -> bool:
    arrays = zip((a.meters, a.chords, a.levels), (b.meters, b.chords, b.levels), strict=True)
    return (a.tempo, a.key) == (b.tempo, b.key) and all(np.array_equal(x, y) for x, y in arrays)


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
    sheet = decode(np.array(tokens_of(bins, len(bins.meters))))
    again = bins_of(sheet)
    assert same(again, bins)
    assert np.array_equal(parse(encode_sheet(sheet)).chords, bins.chords)
    assert sheet.duration == pytest.approx(len(sheet) * 60 / tempo_of(bins.tempo))


def test_an_unfinished_bar_is_left_out():
    bins = random_bins(1, 3)
    tokens = tokens_of(bins, 3)
    cut = parse(np.array(tokens[:-1]))
    assert len(cut.meters) == 2 and np.array_equal(cut.levels, bins.levels[:2])
    assert len(cut.chords) == (bins.meters[:2] + 1).sum()


def test_tempo_is_resolved_to_two_percent_and_bounded():
    for bpm in np.geomspace(20, 400, 200):
        assert abs(tempo_of(tempo_bin(bpm)) / bpm - 1) < 0.0101
    assert tempo_of(1) / tempo_of(0) < 1.02
    assert tempo_bin(5) == 0 and tempo_bin(1_000) == NUM_TEMPI - 1 and tempo_bin(None) == UNKNOWN


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
    for value in (0, 0, 2, 5, 5, 5, 1, 1, 1, 1, 0, 7):
        seen.append((cursor.kind, cursor.bar, cursor.first_beat + cursor.beat))
        cursor.advance(value)
    chords = [(Kind.CHORD, 0, 0), (Kind.CHORD, 0, 1), (Kind.CHORD, 0, 2)]
    assert seen[3:6] == chords
    assert [k for k, *_ in seen[6:10]] == [Kind.BASS, Kind.DRUMS, Kind.GUITAR, Kind.PIANO]
    assert seen[10][:2] == (Kind.METER, 1) and seen[11] == (Kind.CHORD, 1, 3)


def test_an_excerpt_starts_at_its_first_downbeat_and_holds_complete_bars():
    sheet = sheet_at(100, first=2)
    kept = complete_bars(sheet)
    assert kept.beat_in_bar.tolist() == [0, 1, 2, 3] * 4
    assert kept.beat_times[0] == pytest.approx(1.6 * 0.6)
    bins = parse(encode_sheet(sheet))
    assert bins.meters.tolist() == [3] * 4 and bins.chords.tolist() == list(range(3, 19))
    assert bins.levels[0].tolist() == [10, 14, 0, UNKNOWN]
    assert tempo_of(bins.tempo) == pytest.approx(100, rel=0.01)


def test_a_bar_that_begins_before_the_excerpt_does_not_count():
    sheet = sheet_at(60, duration=9.0)
    assert complete_bars(sheet).beat_times[0] == pytest.approx(3.6)


def test_meter_changes_and_endless_bars():
    assert bar_starts(np.array([1, 2, 0, 1, 2, 0, 1])).tolist() == [2, 5]
    assert bar_starts(np.arange(30)).tolist() == [0, 12, 24]
    assert bar_starts(np.array([0] + [5] * 30)).tolist() == [0, 12, 24]
    sheet = decode(np.array(tokens_of(random_bins(3, 4), 4)))
    assert encode_sheet(sheet)[0] == START


def test_nothing_known_is_all_padding():
    for sheet in (None, LeadSheet(), LeadSheet.parse(chords="Am F"), sheet_at(20, duration=3.0)):
        assert encode_sheet(sheet).tolist() == [PAD] * PLAN_TOKENS


def test_a_long_sheet_is_cut_after_a_whole_bar():
    tokens = encode_sheet(sheet_at(120, duration=300.0), length=50)
    assert len(tokens) == 50 and (tokens[-2:] == PAD).all()
    assert len(parse(tokens).meters) == 5 and np.array_equal(FIRST, np.sort(FIRST))


def composed(seed: int, start: float) -> Example:
    """Twelve seconds of a composed song, from any place."""
    score = compose(seed, num_bars=16).excerpt(start, start + 12.0)
    return Example("song", start, np.ones(4, bool), score=score, score_known=np.ones(4, bool))


@pytest.mark.parametrize("seed", range(4))
def test_composed_songs_round_trip_from_any_place(seed):
    sheet = LeadSheet.from_score(composed(seed, 2.345 + seed).score)
    tokens = encode_sheet(sheet)
    again = decode(tokens, bpm=sheet.bpm)
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
    expected = encode_sheet(LeadSheet.from_score(example.score))
    assert np.array_equal(segment.plan.numpy(), expected)
    batch = collate([segment, segment])
    assert batch.plan.shape == (2, PLAN_TOKENS) and batch.to("cpu").plan is not None
