"""Four stems of a published track: exact sums, and the score of what sounds."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from data.slakh import read_track
from data.slakh_stems import merge_scores, mix_stems
from tests.data.published_slakh import BAND, Published, publish
from tests.data.songs import tone
from utils import SAMPLE_RATE, STEMS

EXAMPLE = Path(__file__).parents[3] / "shared/slakh/example/slakh2100_flac_redux/train/Track00001"


def track_of(tmp_path, name="Track00001", **changed):
    return read_track(publish(tmp_path / name, {**BAND, **changed}))


def test_each_family_is_summed(tmp_path):
    mixed = mix_stems(track_of(tmp_path, S06=Published(25, 660.0, seconds=1.0)))
    assert list(mixed.audio) == list(STEMS) and mixed.left_out == {} and mixed.seconds == 2.0
    assert mixed.sources["guitar"] == ["S03", "S06"]
    inner = slice(1_000, SAMPLE_RATE - 1_000)
    expected = tone(1, hertz=330.0, gain=0.1) + tone(1, hertz=660.0, gain=0.1)
    assert np.abs(mixed.audio["guitar"][inner] - expected[inner]).max() < 1e-3
    np.testing.assert_allclose(
        mixed.audio["bass"][inner], tone(1, hertz=110.0, gain=0.1)[inner], atol=1e-3
    )


def test_silence_and_missing_audio_are_absent(tmp_path):
    mixed = mix_stems(track_of(tmp_path, S00=Published(33, 0.0), S05=Published(0, None)))
    assert set(mixed.audio) == {"drums", "guitar"}
    assert mixed.left_out == {"S00": "silent", "S05": "no audio"}


def test_a_sum_beyond_full_scale_lowers_all_stems_alike(tmp_path):
    loud = Published(30, 330.0, gain=0.9)
    mixed = mix_stems(track_of(tmp_path, S03=loud, S04=loud))
    peaks = {stem: np.abs(audio).max() for stem, audio in mixed.audio.items()}
    assert abs(peaks["guitar"] - 0.999) < 1e-4
    assert abs(peaks["bass"] / peaks["guitar"] - 0.1 / 1.8) < 1e-3


def test_scores_are_merged_with_what_sounds(tmp_path):
    track = track_of(tmp_path, S06=Published(25, 660.0), S07=Published(1, None))
    score, unknown = merge_scores(track, mix_stems(track))
    assert unknown == [] and score.duration == 2.0 and score.name == "Track00001"
    assert [len(score.notes[s]) for s in STEMS] == [2, 2, 4, 2]
    np.testing.assert_allclose(score.notes["guitar"].onset, [0.5, 0.5, 1.0, 1.0], atol=1e-3)
    assert set(score.notes["guitar"].pitch.tolist()) == {46, 41}
    assert score.programs == {"bass": 33, "drums": 128, "guitar": 30, "piano": 0}
    np.testing.assert_allclose(score.beat_times, np.arange(5) * 0.5, atol=1e-3)
    assert score.beat_in_bar.tolist() == [0, 1, 2, 3, 0]


def test_notes_are_doubted_without_midi_or_with_a_known_fault(tmp_path):
    track = track_of(tmp_path, S00=dataclasses.replace(BAND["S00"], midi=False))
    (track.folder / "MIDI" / "S05.mid").write_bytes(b"damaged")
    score, unknown = merge_scores(track, mix_stems(track))
    assert unknown == ["bass", "piano"] and len(score.notes["bass"]) == 0
    faulty = track_of(tmp_path, "Track00404")
    score, unknown = merge_scores(faulty, mix_stems(faulty))
    assert unknown == ["guitar"] and len(score.notes["guitar"]) == 2
    bare = {name: dataclasses.replace(s, midi=False) for name, s in BAND.items()}
    track = read_track(publish(tmp_path / "Track00009", bare))
    assert merge_scores(track, mix_stems(track)) == (None, list(STEMS))


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason="the real example is not here")
def test_the_real_example_sounds_in_one_source():
    track = read_track(EXAMPLE)
    mixed = mix_stems(track)
    assert mixed.sources == {"guitar": ["S00"]} and len(mixed.audio["guitar"]) == 2 * SAMPLE_RATE
    assert 0.1 < np.abs(mixed.audio["guitar"]).max() < 0.13
    assert set(mixed.left_out.values()) == {"silent"} and len(mixed.left_out) == 5
    score, unknown = merge_scores(track, mixed)
    assert unknown == [] and score.programs["guitar"] == 30 and score.programs["bass"] is None
    assert abs(60 / np.diff(score.beat_times).mean() - 80.01) < 0.01
