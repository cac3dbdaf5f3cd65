from dataclasses import replace

import numpy as np
import pytest

from data.brief import UNKNOWN, tempo_bin
from data.chords import CHORD_INDEX, KEYS
from data.lead_sheet import LeadSheet
from data.plan_given import Given, covering
from data.plan_tokens import Cursor, Kind, decode, tokens_of


def test_nothing_given_leaves_everything_free():
    for sheet in (None, LeadSheet()):
        bins = Given.of(sheet, 12.0).bins
        assert (bins.facts == UNKNOWN).all()
        assert len(bins.meters) == len(bins.chords) == len(bins.levels) == 0


def test_a_tempo_fixes_the_beats_and_no_chord():
    given = Given.of(LeadSheet.parse(bpm=92.3, duration=10.0, beats_per_bar=3), 10.0)
    assert given.bins.facts[Kind.TEMPO] == tempo_bin(92.3)
    assert (given.bins.chords == UNKNOWN).all() and (given.bins.meters == 2).all()
    assert given.num_beats(1.0) == 1 + int(np.ceil(10.0 * 92.3 / 60))


def test_chords_without_a_tempo_repeat_to_the_end_and_bring_their_key():
    given = Given.of(LeadSheet.parse(chords="Am F | Dm | E7"), 20.0)
    assert given.num_beats(120.0) == 41 and len(given.bins.chords) >= 20 * 400 / 60
    names = ["Am", "Am", "F", "F"] + ["Dm"] * 4 + ["E7"] * 4
    assert given.bins.chords[:24].tolist() == [CHORD_INDEX[n] for n in names * 2]
    assert given.bins.facts[Kind.TEMPO] == UNKNOWN
    assert KEYS[given.bins.facts[Kind.KEY]] == "A minor"
    assert Given.of(LeadSheet.parse(chords="Am", key="G"), 20.0).bins.facts[Kind.KEY] == KEYS.index(
        "G major"
    )


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
    _, planned = decode(np.array(tokens_of(replace(free, levels=free.levels * 0 + 4), 5)))
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


def test_facts_that_are_said_are_fixed():
    labels = {
        "style": 3,
        "tempo": 88.0,
        "key": 7,
        "meter": 3,
        "program": np.array([-1, -1, 104, 2]),
    }
    given = Given.of(None, 10.0, labels)
    assert given.bins.facts[Kind.STYLE] == 3 and given.bins.facts[Kind.KEY] == 7
    assert given.bins.facts[Kind.TEMPO] == tempo_bin(88.0) and given.said.tempo == 88.0
    assert given.bins.facts[Kind.GUITAR_PROGRAM] == UNKNOWN and given.said.program[2] == 104
    assert given.bins.facts[Kind.PIANO_PROGRAM] == 2
    assert given.value(Cursor(Kind.METER)) == 2 and given.value(Cursor(Kind.CHORD)) == UNKNOWN
    sheet = LeadSheet.parse(bpm=120, key="D minor", beats_per_bar=5)
    both = Given.of(sheet, 10.0, labels)
    assert both.bins.facts[Kind.TEMPO] == tempo_bin(120.0) and both.value(Cursor(Kind.METER)) == 4
    assert both.bins.facts[Kind.KEY] == KEYS.index("D minor")


def test_a_key_that_is_said_goes_before_the_one_that_chords_suggest():
    sheet = LeadSheet.parse(chords="Am F | Dm | E7")
    assert Given.of(sheet, 20.0, {"key": 3}).bins.facts[Kind.KEY] == 3


def test_who_plays_follows_words_densities_and_bars_in_this_order():
    plays = lambda *args: Given.of(*args).bins.facts[Kind.BASS_PLAYS : Kind.METER].tolist()
    sheet = LeadSheet.parse(bpm=100, stems=("bass", "piano"))
    assert plays(sheet, 11.9) == [-1, 0, 0, -1]
    density = {"density": np.array([0.0, np.nan, np.nan, 2.0])}
    assert plays(sheet, 11.9, density) == [0, 0, 0, 1]
    assert plays(sheet, 11.9, density | {"plays": np.array([1, -1, -1, 0])}) == [1, 0, 0, 0]
    heard = replace(sheet, density=np.tile([1.0, np.nan, 0.5, 0.0], (len(sheet), 1)))
    assert plays(heard, sheet.duration) == [1, -1, 1, 0]
    assert plays(heard, 60.0) == [1, -1, 1, -1]


def test_a_stem_that_rests_is_silent_in_a_given_sheet_too():
    sheet = LeadSheet.parse(bpm=100, duration=9.0)
    sheet = replace(sheet, density=np.full((len(sheet), 4), 2.0))
    given = Given.of(sheet, 9.0, {"plays": np.array([-1, 0, 1, -1])})
    assert (given.bins.levels[:, 1] == 0).all() and (given.bins.levels[:, [0, 2, 3]] > 0).all()
    done = given.completed(decode(np.array(tokens_of(given.bins, len(given.bins.meters))))[1])
    assert (done.density[:, 1] == 0).all() and (done.density[:, 0] == 2.0).all()
