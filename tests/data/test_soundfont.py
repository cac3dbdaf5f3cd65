from dataclasses import replace

import numpy as np
import pytest

from data.midi import VOLUME, MidiSong, read_midi
from data.score import Notes, Score
from data.smf import PITCH_BEND
from data.soundfont import in_tune, render_score, render_song
from tests.data import midi_files as files
from tests.data.rendering import level_db, pitch_of, track
from utils import SAMPLE_RATE, STEMS, UserError

SECOND = SAMPLE_RATE


def test_a_program_that_sounds_elsewhere_is_replaced():
    song = song_of([track("guitar", 31), track("drums", 31)])
    assert [t.program for t in in_tune(song).tracks] == [27, 31]


def song_of(tracks, seconds=4.0):
    beats = np.arange(int(seconds * 2) + 1)
    return MidiSong("song", tuple(tracks), seconds, beats * 0.5, beats % 4)


def test_a_stretch_of_a_song_sounds_as_in_the_whole(tmp_path):
    song = read_midi(files.band_song(tmp_path / "a.mid", bars=6))
    _, whole = render_song(song, 0.0, 10.0, levelled=False)
    _, part = render_song(song, 6.0, 8.0, levelled=False)
    reference = whole[:, 6 * SECOND : 8 * SECOND]
    assert level_db(part - reference) < level_db(reference) - 25


def test_controllers_and_programs_from_before_the_start_still_hold():
    note = Notes.of([3.0], [3.5], [60], [100])
    quiet = [(0.1, VOLUME, 30), (0.2, PITCH_BEND, 8191)]
    _, audio = render_song(song_of([track(notes=note, controls=quiet)]), 2.9, 3.6, levelled=False)
    _, plain = render_song(song_of([track(notes=note)]), 2.9, 3.6, levelled=False)
    assert level_db(plain[3]) - level_db(audio[3]) == pytest.approx(
        40 * np.log10(100 / 30), abs=1.5
    )
    assert pitch_of(audio[3, 5_000:12_000], SAMPLE_RATE) == pytest.approx(62, abs=0.2)


@pytest.mark.parametrize(("semitones", "factor"), [(0, 1.0), (5, 1.0), (-3, 0.9), (0, 1.1)])
def test_audio_and_score_stay_in_step(semitones, factor):
    notes = Notes.of([1.0, 2.0, 3.0], [1.6, 2.6, 3.6], [48, 55, 52], [100] * 3)
    song = song_of([track("guitar", 25, notes)])
    score, audio = render_song(song, 0.5, 4.0, semitones=semitones, tempo_factor=factor)
    played = score.notes["guitar"]
    np.testing.assert_allclose(played.onset, (notes.onset - 0.5) / factor)
    np.testing.assert_array_equal(played.pitch, notes.pitch + semitones)
    np.testing.assert_allclose(np.diff(score.beat_times), 0.5 / factor)
    assert audio.shape == (4, round(3.5 / factor * SAMPLE_RATE))
    for onset, pitch in zip(played.onset, played.pitch, strict=True):
        at = int(onset * SAMPLE_RATE)
        before, after = audio[2, at - 200 : at - 10], audio[2, at : at + 220]
        assert np.abs(after).max() > 3 * np.abs(before).max()
        assert pitch_of(audio[2, at + 2_000 : at + 9_000], SAMPLE_RATE) == pytest.approx(
            pitch, abs=0.3
        )


def test_drums_keep_their_keys_when_the_song_is_transposed():
    song = song_of([track("drums", 0, Notes.of([0.5], [0.6], [38], [100]))])
    here, there = (render_song(song, 0.0, 2.0, semitones=s) for s in (0, 4))
    np.testing.assert_array_equal(here[1], there[1])
    assert there[0].notes["drums"].pitch.tolist() == [38]


def test_another_program_is_rendered_and_written_in_the_score():
    song = song_of([track("bass", 33, Notes.of([0.5], [1.5], [40], [100]))])
    score, synth_bass = render_song(song, 0.0, 2.0, programs={"bass": 38})
    _, finger_bass = render_song(song, 0.0, 2.0)
    assert score.programs["bass"] == 38
    correlation = np.corrcoef(synth_bass[0], finger_bass[0])[0, 1]
    assert correlation < 0.9


def test_a_drum_hit_from_before_the_start_is_not_an_onset():
    song = song_of([track("drums", 0, Notes.of([0.9, 1.5], [1.3, 1.6], [49, 38], [100, 100]))])
    score, _ = render_song(song, 1.0, 3.0, need_audio=False)
    assert score.notes["drums"].pitch.tolist() == [38]


def test_the_length_is_as_asked():
    song = song_of([track()])
    assert render_song(song, 3.0, 9.0, num_samples=12_345)[1].shape == (4, 12_345)
    assert render_song(song, 0.0, 1.0, need_audio=False)[1] is None


def test_levels_follow_the_recipe():
    tracks = [track("piano"), track("bass", 33, Notes.of([0.0], [2.0], [36], [60]))]
    _, audio = render_song(song_of(tracks), 0.0, 2.0)
    assert 20 * np.log10(np.abs(audio.sum(0)).max()) == pytest.approx(-1.0, abs=0.01)
    assert not audio[[1, 2]].any()


def test_a_score_is_rendered_with_its_programs():
    notes = dict.fromkeys(STEMS, Notes.empty()) | {"bass": Notes.of([0.0], [1.0], [40], [100])}
    score = Score(notes, 1.5, programs={"bass": 38, "drums": 128, "guitar": None, "piano": None})
    audio = render_score(score)
    assert audio.shape == (4, round(1.5 * SAMPLE_RATE)) and audio.dtype == np.float32
    assert [bool(stem.any()) for stem in audio] == [True, False, False, False]
    unknown = render_score(replace(score, programs=dict.fromkeys(STEMS)))
    assert not np.array_equal(audio, unknown)
    assert render_score(score, sample_rate=44_100, num_samples=1_000).shape == (4, 1_000)


def test_a_soundfont_that_is_none(tmp_path):
    (tmp_path / "bad.sf2").write_bytes(b"RIFF" + bytes(100))
    score = Score(dict.fromkeys(STEMS, Notes.of([0.0], [1.0], [40], [90])), 1.0)
    for name in ("bad.sf2", "none.sf2"):
        with pytest.raises(UserError, match=name):
            render_score(score, soundfont=tmp_path / name)
