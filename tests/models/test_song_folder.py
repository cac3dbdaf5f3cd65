"""Names of song folders, and what is said of a song."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from data.audio import save_audio
from data.lead_sheet import LeadSheet
from models.song_folder import described, new_folder
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
    """A song whose drums were asked to rest."""
    return SimpleNamespace(
        duration=1.0,
        seeds=[5],
        start=SimpleNamespace(plays=torch.tensor([[True, False, True, True]])),
        lead_sheets=[LeadSheet.parse(bpm=90, key="Am", chords="Am F", duration=1.0)],
    )


def test_a_description_names_the_plan_and_who_sleeps(tmp_path, song):
    folder = tmp_path / "song-5"
    for i, stem in enumerate(STEMS):
        save_audio(folder / f"{stem}.wav", np.full(SAMPLE_RATE, 0.1 * (i == 3), np.float32))
    (folder / "song.json").write_text(json.dumps({"notes": dict.fromkeys(STEMS, 1)}))
    lines = described(folder, song, 0).splitlines()
    assert lines[0].endswith("song-5: 1.0 s, seed 5, 90 bpm, A minor")
    assert lines[1].startswith("  | Am")
    assert "silent" in lines[2] and "silent" in lines[4]
    assert "silent" not in lines[3]
    assert lines[5].split() == ["piano", "-20.0", "dB", "1", "notes"]
    said = {"mix": {"lufs": -14.04}, "space": {"scene": "studio", "outputs": ["binaural", "5.1"]}}
    (folder / "song.json").write_text(json.dumps({"notes": dict.fromkeys(STEMS, 1)} | said))
    lines = described(folder, song, 0).splitlines()
    assert lines[6:] == ["  master   -14.0 LUFS", "  binaural, 5.1: studio"]
    said["mix"]["lufs"] = None
    (folder / "song.json").write_text(json.dumps({"notes": dict.fromkeys(STEMS, 1)} | said))
    assert "master  silent" in described(folder, song, 0)
    song.lead_sheets = [None]
    assert "bpm" not in described(folder, song, 0)
