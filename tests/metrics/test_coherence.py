"""Agreement between stems: 1 for copies, about 0 for strangers; rhythm measures by hand."""

import numpy as np
import pytest

from data.score import Notes
from metrics.analysis import chroma_curve, onset_strength
from metrics.coherence import (
    BeatSynchrony,
    beat_dispersion,
    beat_share,
    beat_synchrony,
    chroma_agreement,
    inter_beat_deviation,
    note_chroma,
    note_onsets,
    onset_agreement,
    shuffled,
    sounding_chroma,
)
from tests.metrics.band import DURATION, band, played
from utils import STEMS


@pytest.fixture(scope="module")
def songs() -> list[dict[str, Notes]]:
    return [band(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def recordings(songs) -> list[dict[str, np.ndarray]]:
    return [{stem: played(notes) for stem, notes in song.items()} for song in songs]


# a measure, its curves of a score, its curve of a stem's sound
CHROMA = (chroma_agreement, note_chroma, chroma_curve)
ONSETS = (onset_agreement, note_onsets, onset_strength)


@pytest.mark.parametrize(("agreement", "of_notes", "of_sound"), [CHROMA, ONSETS])
def test_copies_agree_perfectly(agreement, of_notes, of_sound, songs, recordings):
    same_notes = dict.fromkeys(STEMS, songs[0]["piano"])
    assert agreement(of_notes(same_notes, DURATION)) == pytest.approx(1.0)
    same_sound = dict.fromkeys(STEMS, of_sound(recordings[0]["piano"]))
    assert agreement(same_sound) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("agreement", "of_notes"), [CHROMA[:2], ONSETS[:2]])
def test_shuffled_scores_agree_less_than_real_ones(agreement, of_notes, songs):
    curves = [of_notes(song, DURATION) for song in songs]
    assert np.mean([agreement(song) for song in curves]) > 0.9
    assert abs(np.mean([agreement(song) for song in shuffled(curves)])) < 0.25


@pytest.mark.parametrize(("agreement", "of_sound"), [CHROMA[::2], ONSETS[::2]])
def test_shuffled_sound_agrees_less_than_real_sound(agreement, of_sound, recordings):
    curves = [
        {stem: of_sound(audio) for stem, audio in song.items() if stem != "drums"}
        for song in recordings
    ]
    real = np.mean([agreement(song) for song in curves])
    floor = np.mean([agreement(song) for song in shuffled(curves)])
    assert real > 0.5
    assert floor < 0.5 * real


def test_shuffling_keeps_the_stems_and_separates_the_songs(songs):
    mixed = shuffled(songs)
    for stem in STEMS:
        assert {id(song[stem]) for song in mixed} == {id(song[stem]) for song in songs}
    home = {id(song[stem]): n for n, song in enumerate(songs) for stem in STEMS}
    assert all(len({home[id(song[stem])] for stem in STEMS}) == len(STEMS) for song in mixed)
    with pytest.raises(ValueError, match="at least 4"):
        shuffled(songs[:3])


def test_what_a_segment_does_not_know_stays_unknown_in_other_company(songs):
    known = [{"bass": n, "drums": n} for n in range(3)] + [{"bass": 3}]
    assert shuffled(known) == [
        {"bass": 0, "drums": 1},
        {"bass": 1, "drums": 2},
        {"bass": 2},
        {"bass": 3, "drums": 0},
    ]


def test_fewer_than_two_stems_is_unknown(songs):
    alone = {**dict.fromkeys(STEMS, Notes.empty()), "bass": songs[0]["bass"]}
    assert list(note_onsets(alone, DURATION)) == ["bass"]
    assert np.isnan(chroma_agreement(note_chroma(alone, DURATION)))
    assert np.isnan(onset_agreement(note_onsets(alone, DURATION)))
    assert np.isnan(onset_agreement({})) and np.isnan(beat_synchrony([{}]).cbd)


def test_sounding_chroma_counts_seconds():
    table = sounding_chroma(Notes.of([0.25, 0.0], [0.75, 0.1], [60, 64], [9, 9]), 1.0)
    assert table.shape == (12, 2)
    assert table[0].tolist() == [0.25, 0.25]
    assert table[4].tolist() == pytest.approx([0.1, 0.0])
    assert table.sum() == pytest.approx(0.6)


BEATS = np.arange(0.02, 8.0, 0.5)


def test_equal_beats_are_in_perfect_synchrony():
    assert beat_synchrony([dict.fromkeys(STEMS, BEATS)] * 2) == BeatSynchrony(
        pytest.approx(0.0, abs=1e-12), 1.0, 1.0, 0.0
    )


def test_irs_is_the_standard_deviation_of_the_intervals():
    uneven = np.array([0.0, 0.4, 1.0, 1.4, 2.0])  # intervals 0.4 and 0.6: deviation 0.1
    assert inter_beat_deviation([{"bass": BEATS, "drums": uneven}]) == pytest.approx(0.05)
    assert np.isnan(inter_beat_deviation([{"bass": BEATS[:1]}]))


def test_irs_averages_songs_first_and_stems_then():
    uneven = np.array([0.0, 0.4, 1.0, 1.4, 2.0])
    songs = [{"bass": BEATS, "drums": uneven}, {"bass": BEATS}, {"bass": uneven}]
    # bass (0 + 0 + 0.1) / 3, drums 0.1
    assert inter_beat_deviation(songs) == pytest.approx((0.1 / 3 + 0.1) / 2)


def test_cbs_of_two_stems_that_never_meet_is_one_half():
    assert beat_share([BEATS, BEATS + 0.25], 0.07) == 0.5
    assert beat_share([BEATS, np.zeros(0), BEATS], 0.07) == 1.0
    assert np.isnan(beat_share([BEATS, np.zeros(0)], 0.07))


def test_cbd_is_the_shift_in_half_beats():
    # 25 ms of a half beat of 250 ms, whichever stem is the reference
    assert beat_dispersion([BEATS, BEATS + 0.025]) == pytest.approx(0.1)
    assert np.isnan(beat_dispersion([BEATS]))


def test_a_beat_is_paired_from_half_an_interval_before_to_less_than_half_after():
    reference = np.array([0.0, 1.0, 2.0])
    before, after = np.array([0.5, 9.0]), np.array([1.5, 9.0])
    # 0.5: excluded after 0.0, included before 1.0; 2.0 is 1.5 away: the mean is one error of 1
    assert beat_dispersion([reference, before]) == pytest.approx(
        np.mean([1.0, np.nanmean([0.5 / 4.25])])
    )
    assert beat_dispersion([reference, after]) == pytest.approx(np.mean([1.0, 0.5 / 3.75]))


def test_malformed_beats_are_refused():
    with pytest.raises(ValueError, match="increase"):
        beat_synchrony([{"bass": BEATS[::-1], "drums": BEATS}])
