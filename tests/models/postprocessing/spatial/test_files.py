"""Files: song folders and recordings, streamed equal to rendered, tagged, in bounded memory."""

import numpy as np
import pytest
import soundfile

from data.audio import audio_info, load_audio, save_audio
from models.postprocessing.spatial.files import find_input, render_file, save_rendered
from models.postprocessing.spatial.measure import noise_stems
from models.postprocessing.spatial.presets import find_scene
from models.postprocessing.spatial.render import render_scene
from utils import STEMS, UserError

RATE = 22_050


@pytest.fixture
def song(tmp_path):
    """A folder whose stems differ in length."""
    stems = noise_stems(4.0, RATE)
    for i, stem in enumerate(STEMS):
        save_audio(tmp_path / "song" / f"{stem}.wav", stems[i, : len(stems[i]) - 9_000 * i], RATE)
    save_audio(tmp_path / "song" / "mix.wav", stems.sum(0), RATE)
    return tmp_path / "song"


@pytest.mark.parametrize("output", ["binaural", "5.1"])
def test_a_streamed_file_is_the_rendered_scene(song, output):
    scene, source = find_scene("studio"), find_input(song)
    assert source.stems == list(STEMS) and source.title == "song"
    path = song / f"{output}.wav"
    gain = render_file(source, path, scene, output=output, sample_rate=RATE)
    stems = {stem: load_audio(song / f"{stem}.wav") for stem in STEMS}
    whole = render_scene(stems, RATE, scene, output=output)
    assert gain == pytest.approx(whole.gain)
    back = load_audio(path, sample_rate=RATE, mono=False)
    assert back.shape == whole.audio.shape
    assert np.abs(back - whole.audio).max() < 2 / 2**23
    save_rendered(song / "again.wav", whole, title="song")
    np.testing.assert_array_equal(load_audio(song / "again.wav", mono=False), back)


def test_recordings_of_one_two_and_more_channels(tmp_path):
    stems = noise_stems(1.0, RATE)
    for channels, expected in ((1, ["mono"]), (2, ["left", "right"]), (4, ["mono"])):
        save_audio(tmp_path / f"{channels}.wav", stems[:channels], RATE)
        source = find_input(tmp_path / f"{channels}.wav")
        assert source.stems == expected
        blocks = np.concatenate(list(source.blocks(44_100)), axis=1)
        assert blocks.shape == (len(expected), 44_100)
    np.testing.assert_allclose(blocks[0, ::2], stems.mean(0), atol=0.01)


def test_a_stereo_mp3_comes_out_at_44100_with_tags(tmp_path):
    soundfile.write(tmp_path / "my song.mp3", noise_stems(2.0, RATE)[:2].T, RATE)
    source = find_input(tmp_path / "my song.mp3")
    path = tmp_path / "ambisonics.flac"
    render_file(source, path, find_scene("stage"), output="ambisonics")
    info = audio_info(path)
    assert (info.sample_rate, info.num_channels, info.subtype) == (44_100, 4, "PCM_24")
    assert info.seconds > 2.5
    with soundfile.SoundFile(path) as file:
        assert file.title == "my song" and "AmbiX" in file.comment and "stage" in file.comment
        assert file.software.startswith("HarmonicFlow")


def test_what_is_no_song(tmp_path):
    with pytest.raises(UserError, match="no stems"):
        find_input(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        find_input(tmp_path / "none.wav")
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(UserError, match="not audio"):
        find_input(tmp_path / "a.wav")


def test_nothing_is_left_when_writing_fails(song):
    source = find_input(song)
    with pytest.raises(UserError, match="cannot write"):
        render_file(source, song / "out.xyz", find_scene("studio"), sample_rate=RATE)
    assert not list(song.glob("*out*"))
