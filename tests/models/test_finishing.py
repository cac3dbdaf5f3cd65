"""A master and rooms: what was asked for, at 44,100 Hz, and the stems as they were."""

import json

import numpy as np
import pytest
import soundfile

from models.finishing import FINISHED_RATE, Finish, in_room, mix_settings, mixed, write_finish
from models.postprocessing.mixing import MixSettings, mix
from models.postprocessing.mixing.settings import Channel
from models.postprocessing.spatial import Place, Scene, Source, render_scene
from tests.models.postprocessing.mixing.band import band
from utils import STEMS, UserError

STEMS_HEARD = 0.2 * band(1.5)
OPEN_AIR = Scene("air", {stem: Source(Place(20.0 * i)) for i, stem in enumerate(STEMS)})


@pytest.fixture(autouse=True)
def _levels_only(monkeypatch, tmp_path):
    """No weights: the mixer brings all stems to one loudness, and says so."""
    monkeypatch.setattr("models.postprocessing.mixing.WEIGHTS", tmp_path / "none.safetensors")


@pytest.mark.filterwarnings("ignore:no trained mixer")
def test_a_master_is_the_consoles_mix_at_twice_the_rate():
    found = mixed(STEMS_HEARD)
    assert found.audio.shape == (2, 2 * STEMS_HEARD.shape[1])
    assert found.lufs == pytest.approx(-14.0, abs=0.5) and found.true_peak_dbtp <= -0.95
    again = mixed(STEMS_HEARD, found.settings)
    assert np.array_equal(found.audio, again.audio)


def test_settings_come_from_a_file_or_as_they_are(tmp_path):
    settings = MixSettings(target_lufs=-18.0)
    settings.to_json(tmp_path / "mix.json")
    assert mix_settings(tmp_path / "mix.json") == mix_settings(settings) == settings
    assert (mix_settings("auto"), mix_settings("none")) == ("auto", "none")
    assert mixed(STEMS_HEARD, str(tmp_path / "mix.json")).lufs == pytest.approx(-18.0, abs=0.5)


def test_without_a_console_a_room_hears_the_stems():
    rendered = in_room(STEMS_HEARD, OPEN_AIR, output="stereo")
    assert rendered.sample_rate == FINISHED_RATE and len(rendered.audio) == 2
    import soxr

    stems = soxr.resample(STEMS_HEARD.T, 22_050, FINISHED_RATE).T
    direct = render_scene(stems, FINISHED_RATE, OPEN_AIR, output="stereo")
    np.testing.assert_allclose(rendered.audio, direct.audio, atol=1e-6)


def test_a_room_hears_what_leaves_the_channels_and_no_more():
    """Half as loud on the console is half as loud in the room; panning there changes nothing."""
    channel = Channel(gain_db=20 * np.log10(0.5), pan=-1.0, send_db=0.0)
    settings = MixSettings(channels=dict.fromkeys(STEMS, channel))
    plain = in_room(STEMS_HEARD, OPEN_AIR, output="stereo")
    through = in_room(STEMS_HEARD, OPEN_AIR, output="stereo", mix=settings)
    assert plain.gain == through.gain == 1.0
    np.testing.assert_allclose(through.audio, 0.5 * plain.audio, atol=1e-5)


@pytest.mark.filterwarnings("ignore:no trained mixer")
def test_files_are_24_bit_tagged_and_described(tmp_path):
    before = STEMS_HEARD.copy()
    finish = Finish("auto", OPEN_AIR, ("stereo", "5.1"))
    said = write_finish(tmp_path, STEMS_HEARD, finish, audio_format="flac")
    assert np.array_equal(STEMS_HEARD, before)
    names = {"master.flac", "mix.json", "stereo.flac", "5.1.flac", "scene.json"}
    assert {p.name for p in tmp_path.iterdir()} == names
    for name, channels in {"master": 2, "stereo": 2, "5.1": 6}.items():
        with soundfile.SoundFile(tmp_path / f"{name}.flac") as file:
            found = (file.samplerate, file.channels, file.subtype, file.title)
        assert found == (44_100, channels, "PCM_24", tmp_path.name)
    assert said["mix"] == {"by": "mixer", "lufs": pytest.approx(-14.0, abs=0.5)}
    assert said["space"] == {"scene": "air", "outputs": ["stereo", "5.1"]}
    assert Scene.from_json(tmp_path / "scene.json") == OPEN_AIR
    master = soundfile.read(tmp_path / "master.flac", dtype="float32")[0].T
    again = mixed(STEMS_HEARD, tmp_path / "mix.json").audio
    np.testing.assert_allclose(master, again, atol=1e-4)


def test_nothing_asked_is_nothing_written(tmp_path):
    assert write_finish(tmp_path, STEMS_HEARD, Finish()) == {} and not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:no trained mixer")
def test_silence_stays_silence(tmp_path):
    said = write_finish(tmp_path, np.zeros((4, 30_000), np.float32), Finish("auto", "headphones"))
    json.dumps(said, allow_nan=False)
    for name in ("master.wav", "binaural.wav"):
        assert not soundfile.read(tmp_path / name)[0].any()


@pytest.mark.parametrize(
    ("finish", "words"),
    [
        (Finish("aut"), "did you mean 'auto'"),
        (Finish("nowhere.json"), "nowhere.json"),
        (Finish("none", "studo"), "did you mean 'studio'"),
        (Finish("none", "nowhere.json"), "nowhere.json"),
        (Finish("none", Scene("s", {"bass": Source()})), "has no place for 'drums'"),
        (Finish(outputs=("stero",)), "did you mean 'stereo'"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(finish, words):
    with pytest.raises(UserError, match=words):
        finish.checked()


def test_a_plain_sum_is_no_master():
    with pytest.raises(UserError, match="choose 'auto'"):
        mixed(STEMS_HEARD, "none")
    assert mix(STEMS_HEARD, 22_050, MixSettings()).lufs == pytest.approx(-14.0, abs=0.5)
