"""Note matching against hand-made cases of mir_eval's definition."""

import math

import numpy as np
import pytest

from data.score import Notes
from metrics.notes import NoteCounts, NoteScores, compare_scores, match_notes
from utils import STEMS


def notes(*rows: tuple[float, float, int]) -> Notes:
    onset, offset, pitch = zip(*rows, strict=True) if rows else ((), (), ())
    return Notes.of(onset, offset, pitch, [100] * len(rows))


REFERENCE = notes((0.0, 1.0, 60), (1.0, 1.2, 62), (2.0, 2.5, 64))


def matched(estimated: Notes, reference: Notes = REFERENCE, **options) -> int:
    return match_notes(estimated, reference, **options).num_matched


def test_perfect_input_scores_1():
    for with_offset in (False, True):
        counts = match_notes(REFERENCE, REFERENCE, with_offset=with_offset)
        assert counts == NoteCounts(3, 3, 3)
        assert (counts.precision, counts.recall, counts.f1) == (1.0, 1.0, 1.0)


def test_precision_recall_and_f1_are_exact():
    counts = match_notes(notes((0.0, 1.0, 60), (3.0, 3.5, 60)), REFERENCE)
    assert counts == NoteCounts(1, 2, 3)
    assert (counts.precision, counts.recall) == (0.5, pytest.approx(1 / 3))
    assert counts.f1 == pytest.approx(2 * 0.5 * (1 / 3) / (0.5 + 1 / 3))


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(0.05, 1), (-0.05, 1), (0.05004, 1), (0.0501, 0), (-0.0501, 0), (0.06, 0)],
)
def test_the_onset_bound_is_50_ms_included_rounded_to_a_tenth(shift, expected):
    assert matched(notes((1.0 + shift, 2.0, 62))) == expected


@pytest.mark.parametrize("pitch", [61, 63, 50, 74])
def test_another_pitch_never_matches(pitch):
    assert matched(notes((1.0, 1.2, pitch))) == 0


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        ((0.0, 1.2, 60), 1),  # 20 % of one second
        ((0.0, 0.8, 60), 1),
        ((0.0, 1.2002, 60), 0),
        ((1.0, 1.25, 62), 1),  # 50 ms, as 20 % of 0.2 s would be 40 ms
        ((1.0, 1.2502, 62), 0),
        ((2.04, 2.6, 64), 1),  # 20 % of half a second, whatever the onset's shift
        ((2.06, 2.5, 64), 0),  # a good offset does not mend the onset
    ],
)
def test_the_offset_bound_is_the_larger_of_50_ms_and_20_percent(estimate, expected):
    assert matched(notes(estimate), with_offset=True) == expected


def test_each_note_is_matched_once():
    assert matched(notes((0.0, 1.0, 60), (0.01, 1.0, 60), (0.02, 1.0, 60))) == 1
    repeated = notes((0.0, 0.02, 60), (0.03, 0.05, 60))
    assert matched(notes((0.01, 0.04, 60)), repeated) == 1


def test_the_matching_is_a_largest_one():
    # the nearest pairing (0.04 with 0.05) would leave 0.09 and 0.00 alone
    reference = notes((0.00, 0.5, 60), (0.05, 0.5, 60))
    estimated = notes((0.04, 0.5, 60), (0.09, 0.5, 60))
    assert matched(estimated, reference) == 2
    chain = notes(*((0.04 * i, 1.0, 60) for i in range(10)))
    later = notes(*((0.04 * i + 0.04, 1.0, 60) for i in range(10)))
    assert matched(later, chain) == 10


def test_the_matching_equals_brute_force():
    from itertools import permutations

    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b = (
            notes(*((t, t + d, p) for t, d, p in zip(*draw, strict=True)))
            for draw in (
                (rng.uniform(0, 0.2, 5), rng.uniform(0.05, 0.3, 5), rng.integers(60, 62, 5))
                for _ in range(2)
            )
        )
        ok = (np.round(np.abs(a.onset[:, None] - b.onset), 4) <= 0.05) & (
            a.pitch[:, None] == b.pitch
        )
        best = max(sum(ok[i, j] for i, j in enumerate(order)) for order in permutations(range(5)))
        assert matched(a, b) == best


def test_empty_input_is_handled():
    empty = Notes.empty()
    assert match_notes(empty, REFERENCE) == NoteCounts(0, 0, 3)
    assert match_notes(REFERENCE, empty).f1 == 0.0
    assert match_notes(empty, REFERENCE).precision == 0.0
    assert math.isnan(match_notes(empty, empty).f1)


def test_malformed_input_is_refused():
    with pytest.raises(ValueError, match="ends at or before"):
        match_notes(notes((1.0, 1.0, 60)), REFERENCE)
    with pytest.raises(ValueError, match="finite"):
        match_notes(notes((np.nan, 1.0, 60)), REFERENCE)
    with pytest.raises(ValueError, match="Notes"):
        match_notes([(0, 1, 60)], REFERENCE)


def test_counts_of_segments_add_up_per_stem():
    song = {stem: REFERENCE for stem in STEMS}
    wrong = {**song, "drums": notes((0.0, 0.1, 36)), "piano": notes((0.0, 1.5, 60))}
    totals = compare_scores([(song, song), (wrong, song)])
    assert totals["bass"].onset == NoteCounts(6, 6, 6)
    assert totals["drums"].onset == NoteCounts(3, 4, 6)
    assert totals["piano"].onset == NoteCounts(4, 4, 6)
    assert totals["piano"].offset == NoteCounts(3, 4, 6)
    assert totals["pitched"].onset == NoteCounts(16, 16, 18)
    assert compare_scores([])["pitched"] == NoteScores()
