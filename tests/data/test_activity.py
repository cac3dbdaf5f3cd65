"""Where instruments play: exact seconds, memory that survives, weights that favour music."""

import numpy as np
import pytest

from data.activity import cache_folder, start_weights, stem_activity
from data.audio import save_audio
from tests.data.songs import tone
from utils import SAMPLE_RATE, UserError


def half_silent(path, *, rate=SAMPLE_RATE):
    """Two seconds of tone, then three of silence."""
    save_audio(path, np.concatenate([tone(2, rate=rate), np.zeros(3 * rate, "f4")]), rate)
    return path


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_active_seconds_are_exact(tmp_path, rate):
    path = half_silent(tmp_path / "a.wav", rate=rate)
    other = tmp_path / "b.wav"
    save_audio(other, tone(1, gain=10 ** (-56 / 20)))
    active = stem_activity([(path,), (), (other,), (other, path)])
    expected = [[1, 1, 0, 0, 0], [0] * 5, [0] * 5, [1, 1, 0, 0, 0]]
    np.testing.assert_array_equal(active, np.array(expected, bool))


def test_measured_once_until_the_file_changes(tmp_path, monkeypatch):
    path = half_silent(tmp_path / "a.wav")
    first = stem_activity([(path,)])
    assert len(list((cache_folder() / "activity").iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr("data.activity.read_blocks", lambda path: pytest.fail("measured again"))
        np.testing.assert_array_equal(stem_activity([(path,)]), first)
    save_audio(path, tone(3))
    np.testing.assert_array_equal(stem_activity([(path,)]), np.ones((1, 3), bool))


def test_a_damaged_or_unwritable_memory_does_not_matter(tmp_path, monkeypatch):
    path = half_silent(tmp_path / "a.wav")
    first = stem_activity([(path,)])
    next((cache_folder() / "activity").iterdir()).write_bytes(b"\x93NUMPY broken")
    np.testing.assert_array_equal(stem_activity([(path,)]), first)
    monkeypatch.setenv("HARMONICFLOW_CACHE", str(path / "not a folder"))
    np.testing.assert_array_equal(stem_activity([(path,)]), first)


def test_unreadable_audio_is_a_user_error(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(UserError, match="a.wav"):
        stem_activity([(tmp_path / "a.wav",)])


def test_cache_folder_follows_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("HARMONICFLOW_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "harmonicflow"


def test_weights_favour_playing_and_never_vanish():
    active = np.zeros((4, 10), bool)
    active[:, 5:] = True
    weights = start_weights(active, 2, 9)
    assert weights.shape == (9,) and abs(weights.sum() - 1) < 1e-12
    assert weights.argmax() == 5 and weights.min() > 0
    assert abs(weights[5] / weights[0] - 51) < 1e-9
    np.testing.assert_allclose(start_weights(np.ones((2, 3), bool), 12, 1), [1.0])
    np.testing.assert_allclose(start_weights(np.zeros((4, 6), bool), 3, 4), np.full(4, 0.25))
