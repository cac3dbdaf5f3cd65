"""Names of song folders, the SoundFont voice, and what is said of a song."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from data.lead_sheet import LeadSheet
from data.score import Notes, Score
from models.song_folder import described, new_folder, revoice
from utils import SAMPLE_RATE, STEMS


def test_a_folder_is_named_by_prompt_and_seed_and_never_reused(tmp_path):
    first = new_folder(tmp_path, "Slow Jazz, trio / (live)!", 7)
    assert first == tmp_path / "slow-jazz-trio-live-7"
    first.mkdir()
    assert new_folder(tmp_path, "slow jazz trio live", 7).name == "slow-jazz-trio-live-7-2"
    assert new_folder(tmp_path, None, 3).name == "song-3"
    assert new_folder(tmp_path, "../..", 3).parent == tmp_path
    assert len(new_folder(tmp_path, "word " * 100, 3).name) <= 42


@pytest.fixture
def song() -> SimpleNamespace:
    """One second in which the piano plays a note and the guitar is asleep."""
    notes = dict.fromkeys(STEMS, Notes.empty())
    notes["piano"] = Notes.of([0.1], [0.8], [60], [100])
    programs = {"bass": None, "drums": None, "guitar": None, "piano": 0}
    audio = torch.zeros(1, len(STEMS), SAMPLE_RATE)
    audio[0, 3] = 0.1
    return SimpleNamespace(
        scores=[Score(notes, 1.0, programs=programs)],
        audio=audio,
        num_samples=SAMPLE_RATE,
        duration=1.0,
        seeds=[5],
        plays=torch.tensor([[True, False, True, True]]),
        lead_sheets=[LeadSheet.parse(bpm=90, key="Am", chords="Am F", duration=1.0)],
    )


def test_the_soundfont_voice_plays_the_notes(tmp_path, song):
    revoice(tmp_path, song, 0, "wav")
    piano, bass, mix = (soundfile.read(tmp_path / f"{n}.wav")[0] for n in ("piano", "bass", "mix"))
    assert len(piano) == SAMPLE_RATE and np.abs(piano).max() > 0.01
    assert not bass.any() and np.allclose(mix, piano, atol=1e-6)


def test_a_description_names_the_plan_and_who_sleeps(tmp_path, song):
    lines = described(tmp_path / "song-5", song, 0).splitlines()
    assert lines[0].endswith("song-5: 1.0 s, seed 5, 90 bpm, A minor")
    assert lines[1].startswith("  | Am")
    assert "silent" in lines[2] and "silent" in lines[4]
    assert "silent" not in lines[3]  # drums were asked to rest
    assert lines[5].split() == ["piano", "-20.0", "dB", "1", "notes"]
    song.lead_sheets = [None]
    assert "bpm" not in described(tmp_path, song, 0)
