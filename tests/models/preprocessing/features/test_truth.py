"""Recordings whose truth is known: excerpts keep step with their beats and chords."""

import pytest

from data.midi import write_midi
from models.preprocessing.features.truth import composed_songs, notated_songs


@pytest.fixture(scope="module")
def truths():
    return list(composed_songs(2, 8.0))


def test_an_excerpt_has_its_own_beats_and_chords(truths):
    for truth in truths:
        assert truth.duration == pytest.approx(8.0, abs=1e-3)
        assert truth.chords[0].start == 0.0 and truth.chords[-1].end == pytest.approx(8.0)
        assert truth.beats[0] >= 0.0 and truth.beats[-1] < 8.0


def test_midi_files_are_their_own_truth(tmp_path, truths):
    for number, truth in enumerate(truths):
        write_midi(truth.score, tmp_path / "validation" / f"{number}.mid")
    songs = list(notated_songs(tmp_path, 2, 6.0, "validation"))
    assert len(songs) == 2
    wanted = {round(truth.tempo) for truth in truths}
    assert {round(song.tempo) for song in songs} == wanted
    assert songs[0].audio.shape == (4, round(6.0 * 22_050 / 1_024) * 1_024)
