"""The arranger: arguments kept exactly, a truth that is true, songs that differ and can be
played.
"""

import numpy as np
import pytest

from data.arranger import compose
from data.band.styles import STYLE_BOOK
from data.chords import chord_root, chord_tones
from data.emotion import EMOTIONS
from data.labels import GENRES
from data.movement import STYLES
from data.score import Score
from utils import STEMS, UserError

PITCHED = ("bass", "guitar", "piano")


def same(a: Score, b: Score) -> bool:
    return a.tags == b.tags and all(
        np.array_equal(getattr(a.notes[s], f), getattr(b.notes[s], f))
        for s in STEMS
        for f in ("onset", "offset", "pitch", "velocity")
    )


def test_a_song_is_a_function_of_its_seed():
    assert same(compose(11), compose(11))
    assert not same(compose(11), compose(12))


@pytest.mark.parametrize("style", STYLES)
def test_given_arguments_are_kept_exactly(style):
    song = compose(
        4, style=style, bpm=101.5, key="F# minor", num_bars=7, stems=("bass", "piano", "drums")
    )
    beats = len(song.beat_times) - 1
    assert song.tags["style"] == style and song.key == 18
    assert np.allclose(np.diff(song.beat_times), 60 / 101.5, atol=1e-12)
    assert song.beat_times[0] == 0.0 and song.beat_times[-1] == song.duration
    assert beats == 7 * (song.beat_in_bar.max() + 1)
    assert len(song.notes["guitar"]) == 0 and song.programs["guitar"] is None
    assert song.programs["drums"] == 128
    assert all(len(song.notes[s]) for s in ("bass", "piano", "drums"))


def test_given_chords_programs_and_meter():
    song = compose(2, style="ballad", chords="C | Am F | G", num_bars=6, meter="3/4")
    assert song.tags["chords"][:9] == ["C"] * 3 + ["Am", "Am", "F"] + ["G"] * 3
    assert song.key == 0 and song.beat_in_bar.max() == 2
    asked = {"bass": 37, "guitar": 30, "piano": 6}
    song = compose(2, programs=asked, num_bars=4)
    assert song.programs == {**asked, "drums": 128}
    assert compose(2, chords=["Dm", "G7"], num_bars=4).tags["chords"][4] in ("Dm", "G7")


def test_one_argument_leaves_the_rest_as_it_was():
    plain, fast = compose(7, num_bars=8), compose(7, num_bars=8, bpm=180)
    assert plain.tags["chords"] == fast.tags["chords"] and plain.key == fast.key
    assert [len(plain.notes[s]) for s in STEMS] == [len(fast.notes[s]) for s in STEMS]


@pytest.mark.parametrize(
    "wrong",
    [
        {"style": "polka"},
        {"style": 99},
        {"bpm": 0},
        {"key": "H"},
        {"chords": "C Zz"},
        {"chords": []},
        {"num_bars": 0},
        {"stems": ("flute",)},
        {"style": "funk", "meter": "3/4"},
        {"emotion": "hungry"},
    ],
)
def test_wrong_arguments_are_explained(wrong):
    with pytest.raises(UserError):
        compose(0, **wrong)


@pytest.mark.parametrize("seed", range(20))
def test_songs_are_playable_and_their_tags_are_complete(seed):
    song = compose(seed, style=seed % 10)
    assert len(song.tags["chords"]) == len(song.beat_times) == len(song.beat_in_bar)
    assert song.tags["genre"] in GENRES and song.tags["emotion"] in (None, *EMOTIONS)
    sections = song.tags["sections"]
    assert (
        sections[0][1] == 0 and [s[1] for s in sections[1:]] == [s[1] + s[2] for s in sections][:-1]
    )
    for stem in STEMS:
        n = song.notes[stem]
        assert (n.onset >= 0).all() and (n.offset <= song.duration + 1e-9).all()
        assert (n.offset - n.onset > 0.015).all()
        assert (n.velocity >= 8).all() and (n.velocity <= 127).all()
        for pitch in np.unique(n.pitch):
            alike = n.where(n.pitch == pitch)
            assert (alike.onset[1:] > alike.offset[:-1]).all()
    assert song.notes["bass"].pitch.min() >= 28 and song.notes["bass"].pitch.max() <= 53
    assert song.notes["guitar"].pitch.min(initial=60) >= 40
    low, high = STYLE_BOOK[song.tags["style"]].bpm
    assert low - 1 <= 60 / song.beat_times[1] <= high + 1


def test_timing_errors_are_small():
    song = compose(1, style="rock", meter="4/4", num_bars=16)
    step = song.beat_times[1] / 4
    for stem in ("bass", "drums"):
        onset = song.notes[stem].onset
        assert np.abs(onset / step - np.round(onset / step)).max() * step <= 0.0125


def test_the_notes_fit_the_chords():
    """Guitar and piano play chord notes, the bass the root on the downbeat."""
    fitting, roots = [], []
    for seed in range(10):
        song = compose(seed, style=seed, num_bars=12)
        truth = song.tags["chords"]
        for stem in ("guitar", "piano"):
            n = song.notes[stem]
            beat = np.searchsorted(song.beat_times, n.onset + 0.03, side="right") - 1
            tones = [chord_tones(truth[b]) for b in beat]
            fitting += [p % 12 in t for p, t in zip(n.pitch, tones, strict=True)]
        bass = song.notes["bass"]
        beat = np.searchsorted(song.beat_times, bass.onset + 0.03, side="right") - 1
        early = np.abs(bass.onset - song.beat_times[beat]) < 0.03
        for b, pitch in zip(beat[early], bass.pitch[early], strict=True):
            if song.beat_in_bar[b] == 0:
                roots.append(pitch % 12 == chord_root(truth[b]))
    assert np.mean(fitting) > 0.85 and np.mean(roots) > 0.9


def test_stems_rest_somewhere_in_the_corpus():
    resting = 0
    for seed in range(12):
        song = compose(seed)
        edges = np.arange(0.0, song.duration - 8.0, 4.0)
        for stem in STEMS:
            onsets = song.notes[stem].onset
            resting += any(not ((onsets >= e) & (onsets < e + 4.0)).any() for e in edges)
    assert resting >= 6


def test_songs_vary():
    songs = [compose(seed) for seed in range(30)]
    assert len({s.tags["style"] for s in songs}) >= 8
    assert len({s.key for s in songs}) >= 12
    assert len({s.beat_times[1] for s in songs}) >= 20
    assert len({tuple(s.programs.values()) for s in songs}) >= 24
    assert len({s.tags["emotion"] for s in songs}) >= 5
