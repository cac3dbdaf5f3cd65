"""Agreement between stems: 1 for copies, about 0 for strangers; rhythm measures by hand."""

import numpy as np
import pytest

from data.score import Notes
from metrics.coherence import (
    BeatSynchrony,
    beat_dispersion,
    beat_share,
    beat_synchrony,
    chroma_agreement,
    chroma_agreement_of_notes,
    inter_beat_deviation,
    onset_agreement,
    onset_agreement_of_notes,
    shuffled,
    sounding_chroma,
    synchrony_of_beats,
)
from tests.metrics.band import DURATION, band, played
from utils import SAMPLE_RATE, STEMS


@pytest.fixture(scope="module")
def songs() -> list[dict[str, Notes]]:
    return [band(seed) for seed in range(6)]


@pytest.fixture(scope="module")
def recordings(songs) -> list[dict[str, np.ndarray]]:
    return [{stem: played(notes) for stem, notes in song.items()} for song in songs]


def test_copies_agree_perfectly(songs, recordings):
    same_notes = dict.fromkeys(STEMS, songs[0]["piano"])
    assert chroma_agreement_of_notes(same_notes, DURATION) == pytest.approx(1.0)
    assert onset_agreement_of_notes(same_notes, DURATION) == pytest.approx(1.0)
    same_sound = dict.fromkeys(STEMS, recordings[0]["piano"])
    assert chroma_agreement(same_sound) == pytest.approx(1.0, abs=1e-5)
    assert onset_agreement(same_sound) == pytest.approx(1.0, abs=1e-5)
    synchrony = beat_synchrony(same_sound)
    assert (synchrony.cbs_70ms, synchrony.cbs_150ms, synchrony.cbd) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("agreement", [chroma_agreement_of_notes, onset_agreement_of_notes])
def test_shuffled_scores_agree_less_than_real_ones(agreement, songs):
    real = np.mean([agreement(song, DURATION) for song in songs])
    floor = np.mean([agreement(song, DURATION) for song in shuffled(songs)])
    assert real > 0.9
    assert abs(floor) < 0.25


@pytest.mark.parametrize("agreement", [chroma_agreement, onset_agreement])
def test_shuffled_sound_agrees_less_than_real_sound(agreement, recordings):
    real = np.mean([agreement(song) for song in recordings])
    floor = np.mean([agreement(song) for song in shuffled(recordings)])
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


def test_fewer_than_two_stems_is_unknown(songs):
    silent = dict.fromkeys(STEMS, np.zeros(SAMPLE_RATE, np.float32))
    empty = dict.fromkeys(STEMS, Notes.empty())
    alone = {**empty, "bass": songs[0]["bass"]}
    assert np.isnan(chroma_agreement(silent)) and np.isnan(onset_agreement(silent))
    assert np.isnan(chroma_agreement_of_notes(alone, DURATION))
    assert np.isnan(onset_agreement_of_notes(empty, DURATION))
    assert np.isnan(beat_synchrony(silent).cbd)
    with pytest.raises(ValueError, match="NaN"):
        chroma_agreement(dict.fromkeys(STEMS, np.full(4_000, np.nan, np.float32)))


def test_sounding_chroma_counts_seconds():
    table = sounding_chroma(Notes.of([0.25, 0.0], [0.75, 0.1], [60, 64], [9, 9]), 1.0)
    assert table.shape == (12, 2)
    assert table[0].tolist() == [0.25, 0.25]
    assert table[4].tolist() == pytest.approx([0.1, 0.0])
    assert table.sum() == pytest.approx(0.6)


BEATS = np.arange(0.02, 8.0, 0.5)


def test_equal_beats_are_in_perfect_synchrony():
    assert synchrony_of_beats([BEATS] * 4) == BeatSynchrony(
        pytest.approx(0.0, abs=1e-12), 1.0, 1.0, 0.0
    )


def test_irs_is_the_standard_deviation_of_the_intervals():
    uneven = np.array([0.0, 0.4, 1.0, 1.4, 2.0])  # intervals 0.4 and 0.6: deviation 0.1
    assert inter_beat_deviation([BEATS, uneven]) == pytest.approx(0.05)
    assert np.isnan(inter_beat_deviation([BEATS[:2]]))


def test_cbs_of_two_stems_that_never_meet_is_one_half():
    assert beat_share([BEATS, BEATS + 0.25], 0.07) == 0.5
    assert beat_share([BEATS, np.zeros(0), BEATS], 0.07) == 1.0
    assert np.isnan(beat_share([BEATS, np.zeros(0)], 0.07))


def test_cbd_is_the_shift_in_half_beats():
    # 25 ms of a half beat of 250 ms, whichever stem is the reference
    assert beat_dispersion([BEATS, BEATS + 0.025]) == pytest.approx(0.1)
    assert np.isnan(beat_dispersion([BEATS]))


def test_malformed_beats_are_refused():
    with pytest.raises(ValueError, match="increase"):
        synchrony_of_beats([BEATS[::-1], BEATS])
