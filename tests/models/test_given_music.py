"""Files and folders that a user gives, read as they are."""

import numpy as np
import pytest
import soundfile
import torch

from data.lead_sheet import LeadSheet
from data.midi import write_midi
from data.score import Notes, Score
from models.given_music import heard_sheet, read_reference, read_song, read_stems
from models.preprocessing.separation import whole
from tests.models.preprocessing.separation.sounds import band, opinionated
from utils import SAMPLE_RATE, STEMS, UserError


@pytest.fixture
def tone() -> np.ndarray:
    return (0.1 * np.sin(np.arange(SAMPLE_RATE) * 0.05)).astype(np.float32)


def write(path, audio, rate=SAMPLE_RATE):
    soundfile.write(path, audio, rate, subtype="FLOAT")


def test_a_song_folder_with_two_stems_of_other_lengths(tmp_path, tone):
    write(tmp_path / "bass.wav", tone)
    write(tmp_path / "piano.wav", tone[:5_000])
    song = read_song(tmp_path)
    assert song.audio.shape == (len(STEMS), SAMPLE_RATE)
    assert torch.equal(song.audio[0], torch.from_numpy(tone))
    assert not song.audio[3, 5_000:].any() and not song.audio[1].any()
    assert song.score is None and song.sheet is None


def test_the_score_and_the_sheet_beside_the_stems_are_read(tmp_path, tone):
    write(tmp_path / "bass.wav", tone)
    notes = dict.fromkeys(STEMS, Notes.empty())
    score = Score(notes, 2.0, np.arange(5) * 0.5, np.arange(5) % 4)
    write_midi(score, tmp_path / "song.mid")
    assert read_song(tmp_path).score is None  # a file without notes says nothing
    notes["bass"] = Notes.of([0.5], [1.0], [40], [90])
    programs = {**dict.fromkeys(STEMS), "bass": 33}
    write_midi(
        Score(notes, 2.0, score.beat_times, score.beat_in_bar, programs), tmp_path / "song.mid"
    )
    song = read_song(tmp_path)
    assert song.score.notes["bass"].pitch.tolist() == [40]
    assert song.sheet.bpm == pytest.approx(120, abs=0.1)
    LeadSheet.parse(bpm=90, duration=2.0).to_json(tmp_path / "lead_sheet.json")
    assert read_song(tmp_path).sheet.bpm == pytest.approx(90)


def test_a_reference_is_a_waveform_at_our_rate(tmp_path, tone):
    write(tmp_path / "loop.wav", tone[::2], SAMPLE_RATE // 2)
    assert read_reference(tmp_path / "loop.wav").shape == (SAMPLE_RATE,)


def test_beats_are_heard_where_no_score_tells_them(tmp_path):
    time = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
    strokes = (np.sin(2 * np.pi * 200 * time) * np.exp(-30 * (time % 0.6))).astype(np.float32)
    write(tmp_path / "drums.wav", 0.5 * strokes)
    sheet = read_song(tmp_path).sheet
    assert sheet.bpm == pytest.approx(100, rel=0.02)
    assert np.isnan(sheet.density[:, [0, 2, 3]]).all() and (sheet.density[:, 1] > 0).any()
    assert heard_sheet(np.zeros((4, SAMPLE_RATE), np.float32), [True] * 4) is None


def test_drums_alone_say_nothing_of_harmony():
    time = np.arange(8 * SAMPLE_RATE) / SAMPLE_RATE
    strokes = np.sin(2 * np.pi * 200 * time) * np.exp(-30 * (time % 0.6))
    stems = np.zeros((4, len(time)), np.float32)
    stems[1] = 0.5 * strokes
    alone = heard_sheet(stems, [False, True, False, False])
    assert alone.timed and alone.key is None and set(alone.chords) == {None}
    stems[0] = 0.3 * np.sin(2 * np.pi * 110 * time)
    assert None not in heard_sheet(stems, [True, True, False, False]).chords


def test_a_mix_is_taken_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "released_separator", opinionated)
    mix = band(4.0).sum(0)
    write(tmp_path / "mix.wav", mix)
    song = read_song(tmp_path / "mix.wav")
    assert song.score is None and song.audio.shape == (4, len(mix))
    np.testing.assert_allclose(song.audio.sum(0).numpy(), mix, atol=1e-4)


def test_what_is_not_a_song_is_refused(tmp_path, tone):
    with pytest.raises(UserError, match="no song folder"):
        read_song(tmp_path / "nowhere")
    with pytest.raises(UserError, match="no stem in .*found nothing"):
        read_song(tmp_path)
    write(tmp_path / "mix.wav", tone)
    with pytest.raises(UserError, match=r"found mix\.wav"):
        read_song(tmp_path)
    write(tmp_path / "empty.wav", tone[:0])
    with pytest.raises(UserError, match="no samples"):
        read_song(tmp_path / "empty.wav")
    with pytest.raises(UserError, match="no samples"):
        read_stems({"bass": tmp_path / "empty.wav"})
