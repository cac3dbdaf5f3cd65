"""`mix` and its command: any length, any rate, settings that can be edited."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from data.audio import load_audio, save_audio
from data.meter import measured
from models.postprocessing.mixing import MixSettings, mix, propose
from models.postprocessing.mixing.__main__ import main, stem_files
from models.postprocessing.mixing.network import Mixer, save_mixer
from models.postprocessing.mixing.translate import POSITIONS
from tests.models.postprocessing.mixing.band import band
from utils import STEMS, UserError


@pytest.fixture
def mixer() -> Mixer:
    return Mixer(16).eval()


@pytest.mark.parametrize("rate, seconds", [(22_050, 3.0), (44_100, 2.0), (22_050, 0.05)])
def test_delivers_loudness_and_true_peak(mixer, rate, seconds):
    mixed = mix(band(seconds, rate), rate, mixer=mixer)
    assert mixed.audio.shape == (2, round(seconds * rate))
    assert measured(mixed.audio, rate).loudness == pytest.approx(-14.0, abs=0.5)
    assert mixed.lufs == pytest.approx(-14.0, abs=0.5) and mixed.true_peak_dbtp <= -0.999


def test_silence_stays_silence(mixer):
    mixed = mix(torch.zeros(4, 30_000), 22_050, mixer=mixer)
    assert not mixed.audio.any() and mixed.lufs == -np.inf


def test_its_settings_make_the_same_mix_again(mixer, tmp_path):
    mixed = mix(band(2.0), 22_050, mixer=mixer)
    mixed.settings.to_json(tmp_path / "mix.json")
    again = mix(band(2.0), 22_050, MixSettings.from_json(tmp_path / "mix.json"))
    assert np.allclose(again.audio, mixed.audio, atol=1e-5)


def test_an_edit_is_heard(mixer):
    settings = propose(band(2.0), 22_050, mixer=mixer)
    settings.channels["drums"] = replace(settings.channels["drums"], gain_db=-60.0)
    without = mix(band(2.0), 22_050, settings).audio
    assert np.abs(without - mix(band(2.0), 22_050, mixer=mixer).audio).max() > 0.05


def test_a_stem_without_counterpart_stands_in_the_middle(mixer):
    stems = band(2.0)
    both = propose(stems, 22_050, mixer=mixer).channels
    assert {stem: both[stem].pan for stem in STEMS} == POSITIONS
    stems[3] = 0.0
    assert propose(stems, 22_050, mixer=mixer).channels["guitar"].pan == 0.0


@pytest.mark.parametrize(
    "stems, rate, words",
    [
        (np.zeros((3, 100)), 22_050, "bass, drums, guitar, piano"),
        (np.zeros((4, 2, 100)), 22_050, "mono"),
        (np.full((4, 100), np.nan), 22_050, "NaN"),
        (np.zeros((4, 100)), 8_000, "resample"),
    ],
)
def test_what_cannot_be_mixed_is_named(stems, rate, words):
    with pytest.raises(UserError, match=words):
        mix(stems, rate, MixSettings())


def test_command(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "song"
    for name, stem in zip(STEMS[:3], band(2.0), strict=False):
        save_audio(folder / f"{name}.wav", stem)
    save_mixer(Mixer(16), tmp_path / "mixing.safetensors")
    weights = ["--weights", str(tmp_path / "mixing.safetensors")]
    monkeypatch.setattr(sys, "argv", ["mixing", str(folder), *weights])
    main()
    assert "LUFS" in capsys.readouterr().out
    first = load_audio(folder / "master.wav", mono=False)
    assert first.shape[0] == 2
    output = str(tmp_path / "again.flac")
    settings = ["--settings", str(folder / "mix.json"), "--output", output]
    monkeypatch.setattr(sys, "argv", ["mixing", str(folder), *settings])
    main()
    assert np.allclose(load_audio(output, mono=False), first, atol=1e-4)


def test_files_are_known_by_their_names(tmp_path):
    for name in ("bass.wav", "piano.flac", "mix.wav"):
        (tmp_path / name).touch()
    assert set(stem_files([str(tmp_path)])) == {"bass", "piano"}
    assert set(stem_files([str(tmp_path / "bass.wav")])) == {"bass"}
    for given in (["x/base.wav"], ["a/bass.wav", "b/bass.wav"], [str(tmp_path.parent)]):
        with pytest.raises(UserError):
            stem_files(given)
