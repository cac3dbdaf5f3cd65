"""A master on disk: 24 bit, dithered, tagged, with its settings beside it."""

import numpy as np
import soundfile

from models.postprocessing.mixing import Mixed, MixSettings
from models.postprocessing.mixing.files import loudness_of, save_master


def test_a_master_and_its_settings(tmp_path):
    audio = np.zeros((2, 4_410), np.float32)
    audio[:, 1_000:] = 0.3 * 2.0**-23  # below one step: rounding alone would leave nothing
    mixed = Mixed(audio, MixSettings(target_lufs=-16.0), -16.04, -1.2)
    save_master(tmp_path / "master.wav", mixed, 44_100, title="a song")
    with soundfile.SoundFile(tmp_path / "master.wav") as file:
        assert (file.samplerate, file.channels, file.subtype) == (44_100, 2, "PCM_24")
        assert file.title == "a song" and file.comment == "-16.0 LUFS, true peak -1.2 dBTP"
        found = file.read().T
    assert not found[:, :1_000].any() and found[:, 1_000:].any()
    assert MixSettings.from_json(tmp_path / "mix.json") == mixed.settings
    assert loudness_of(Mixed(audio, MixSettings(), -np.inf, -np.inf)).startswith("-inf LUFS")
