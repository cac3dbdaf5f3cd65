from dataclasses import replace

import numpy as np
import pytest

from data.chords import CHORD_INDEX, KEYS
from data.lead_sheet import LeadSheet
from data.plan_given import Given, covering
from data.plan_tokens import UNKNOWN, decode, tempo_bin, tokens_of


def test_nothing_given_leaves_everything_free():
    for sheet in (None, LeadSheet()):
        bins = Given.of(sheet, 12.0).bins
        assert (bins.tempo, bins.key) == (UNKNOWN, UNKNOWN)
        assert len(bins.meters) == len(bins.chords) == len(bins.levels) == 0


def test_a_tempo_fixes_the_beats_and_no_chord():
    given = Given.of(LeadSheet.parse(bpm=92.3, duration=10.0, beats_per_bar=3), 10.0)
    assert given.bins.tempo == tempo_bin(92.3)
    assert (given.bins.chords == UNKNOWN).all() and (given.bins.meters == 2).all()
    assert given.num_beats(1.0) == 1 + int(np.ceil(10.0 * 92.3 / 60))


def test_chords_without_a_tempo_repeat_to_the_end_and_bring_their_key():
    given = Given.of(LeadSheet.parse(chords="Am F | Dm | E7"), 20.0)
    assert given.num_beats(120.0) == 41 and len(given.bins.chords) >= 20 * 400 / 60
    names = ["Am", "Am", "F", "F"] + ["Dm"] * 4 + ["E7"] * 4
    assert given.bins.chords[:24].tolist() == [CHORD_INDEX[n] for n in names * 2]
    assert given.bins.tempo == UNKNOWN
    assert KEYS[given.bins.key] == "A minor"
    assert Given.of(LeadSheet.parse(chords="Am", key="G"), 20.0).bins.key == KEYS.index("G major")


def test_silent_stems_are_fixed_and_the_others_free():
    bins = Given.of(LeadSheet.parse(bpm=100, stems=("bass", "piano")), 11.9).bins
    assert (bins.levels == [UNKNOWN, 0, 0, UNKNOWN]).all()


def test_a_cut_sheet_is_continued_both_ways_on_its_own_grid():
    sheet = LeadSheet.parse(bpm=120, chords="C G", duration=6.0, beats_per_bar=3)
    cut = sheet.excerpt(2.0, 5.0)
    late = replace(cut, beat_times=cut.beat_times + 4.0)
    whole = covering(late, 12.0)
    assert whole.beat_times == pytest.approx(np.arange(len(whole)) * 0.5 + whole.beat_times[0])
    assert whole.beat_times[0] <= 0 < whole.beat_times[3] and whole.beat_times[-1] >= 12.0
    assert whole.beat_in_bar.tolist() == (np.arange(len(whole)) % 3).tolist()
    known = [i for i, chord in enumerate(whole.chords) if chord]
    assert [whole.chords[i] for i in known] == list(cut.chords)
    assert whole.beat_times[known] == pytest.approx(late.beat_times)


def test_a_sheet_that_covers_the_song_is_left_alone():
    sheet = LeadSheet.parse(bpm=90, chords="C G", duration=8.0)
    whole = covering(sheet, 8.0)
    assert np.array_equal(whole.beat_times, sheet.beat_times) and whole.chords == sheet.chords


def test_completed_keeps_what_was_given_to_the_bit():
    sheet = LeadSheet.parse(bpm=87.65, key="D minor", duration=7.0, stems=("bass",))
    chords = ("Dm", None, None, "Gm") + sheet.chords[4:]
    density = sheet.density.copy()
    density[0, 0] = 1.2345
    sheet = replace(sheet, chords=chords, density=density)
    given = Given.of(sheet, 7.0)
    free = Given.of(LeadSheet.parse(bpm=60, chords="C", key="C", duration=7.0), 20.0).bins
    planned = decode(np.array(tokens_of(replace(free, levels=free.levels * 0 + 4), 5)))
    done = given.completed(planned)
    assert np.array_equal(done.beat_times, sheet.beat_times)
    assert done.chords[:4] == ("Dm", "C", "C", "Gm") and done.key == "D minor"
    assert done.density[0, 0] == 1.2345 and done.density[1, 0] == 0.25
    assert (done.density[:, 1:] == 0).all() and done.duration == 7.0


def test_an_untimed_pickup_or_a_single_beat_does_not_bind_the_time():
    untimed = replace(
        LeadSheet.parse(chords="C D", beats_per_bar=3), beat_in_bar=np.array([2, 0, 1, 2, 0, 1])
    )
    given = Given.of(untimed, 10.0)
    assert not given.sheet.timed and len(given.sheet) == 5
    assert given.bins.chords[:2].tolist() == [CHORD_INDEX["C"]] * 2
    one = LeadSheet(np.zeros(1), np.zeros(1, int), ("C",), None, np.full((1, 4), np.nan), 1.0)
    assert not Given.of(one, 10.0).sheet.timed
