"""What is kept of folders, of stems in memory, of scores; what is refused."""

import numpy as np
import pytest
import torch

from data.audio import save_audio
from data.lead_sheet import LeadSheet
from data.midi import write_midi
from data.score import Notes, Score
from models.given_music import GivenSong
from models.preprocessing.separation import whole
from models.style_transfer.content import Content
from tests.models.preprocessing.separation.sounds import opinionated
from utils import SAMPLE_RATE, STEMS, UserError


def test_of_a_score_all_notes_are_given_and_the_harmony_is_held(score):
    content, sheet = Content.of(score), LeadSheet.from_score(score)
    assert content.keep.known[..., 1].all() and not content.keep.known[..., 0].any()
    held = content.held_sheet
    assert np.array_equal(held.beat_times, sheet.beat_times)
    assert np.array_equal(held.beat_in_bar, sheet.beat_in_bar)
    assert held.chords == sheet.chords and held.key == sheet.key
    assert np.isnan(held.density).all() and not np.isnan(sheet.density).any()
    assert content.plays.tolist() == [len(score.notes[stem]) > 0 for stem in STEMS]
    assert content.programs == {s: p for s, p in score.programs.items() if s != "drums"}
    assert content.seconds == pytest.approx(5.0)


def test_a_midi_file_is_its_score_and_a_folder_has_its_sound(tmp_path, score):
    write_midi(score, tmp_path / "song.mid")
    assert Content.of(tmp_path / "song.mid").keep.audio is None
    save_audio(tmp_path / "bass.wav", np.full(6 * SAMPLE_RATE, 0.1, np.float32))
    content = Content.of(str(tmp_path))
    assert content.keep.known[..., 0].all() and content.keep.audio[0, 0].any()
    assert content.seconds == pytest.approx(6.0)
    assert content.sheet.bpm == pytest.approx(LeadSheet.from_score(score).bpm, rel=1e-3)


def test_who_sounds_plays_and_who_is_silent_rests():
    audio = torch.zeros(4, 2 * SAMPLE_RATE)
    audio[2] = 0.1 * torch.sin(torch.arange(2 * SAMPLE_RATE) * 0.1)
    content = Content.of(GivenSong(audio, None, None))
    assert content.plays.tolist() == [False, False, True, False]
    assert content.held_sheet is None and np.isnan(content.swing)


def test_what_has_no_sound_or_no_notes_is_refused(tmp_path, monkeypatch):
    save_audio(tmp_path / "mix.wav", np.zeros(SAMPLE_RATE, np.float32), SAMPLE_RATE)
    monkeypatch.setattr(whole, "released_separator", opinionated)
    with pytest.raises(UserError, match="all stems are silent"):
        Content.of(tmp_path / "mix.wav")
    with pytest.raises(UserError, match="there is no song folder"):
        Content.of(tmp_path / "none")
    with pytest.raises(UserError, match="no note for bass"):
        Content.of(Score(dict.fromkeys(STEMS, Notes.empty()), 4.0))
    with pytest.raises(UserError, match="all stems are silent"):
        Content.of(GivenSong(torch.zeros(4, 2 * SAMPLE_RATE), None, None))
    with pytest.raises(UserError, match=r"lasts 0\.5 s"):
        Content.of(GivenSong(torch.ones(4, SAMPLE_RATE // 2), None, None))
