"""What is remembered of audio: enough to pair stems anew, and halves without a common song."""

import numpy as np
import pytest

from metrics.analysis import chroma_curve, onset_strength
from metrics.beats import track_beats
from metrics.segment import Segment, describe, halves, shuffled_mixes
from metrics.spectrum import FEATURE_NAMES, WINDOW_SAMPLES, features
from tests.metrics.band import band, played
from utils import SAMPLE_RATE, STEMS


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    song = band(0)
    stems = np.stack([played(song[stem]) for stem in STEMS])
    stems[2] = 0.0
    return stems


@pytest.fixture(scope="module")
def segment(audio) -> Segment:
    return describe(audio, song="a", notes=band(0))


def test_a_stem_is_remembered_as_the_analyses_hear_it(segment, audio):
    assert segment.duration == audio.shape[1] / SAMPLE_RATE
    piano = segment.sound["piano"]
    np.testing.assert_array_equal(piano.onsets, onset_strength(audio[3]))
    np.testing.assert_array_equal(piano.chroma, chroma_curve(audio[3]))
    np.testing.assert_array_equal(piano.beats, track_beats(audio[3]))
    np.testing.assert_array_equal(piano.features[0], features(audio[3, :WINDOW_SAMPLES]))
    np.testing.assert_array_equal(segment.mix[0], features(audio.sum(0)[:WINDOW_SAMPLES]))


def test_silence_and_drums_know_less(segment):
    assert segment.sound["guitar"].silent and not segment.sound["drums"].silent
    assert segment.sound["guitar"].features.shape == (0, len(FEATURE_NAMES))
    assert segment.sound["drums"].chroma is None and segment.sound["guitar"].beats is None


def test_audio_of_another_shape_is_refused(audio):
    with pytest.raises(ValueError, match="expected audio"):
        describe(audio[:3])
    with pytest.raises(ValueError, match="NaN"):
        describe(np.full_like(audio, np.nan))


def test_shuffled_mixes_take_every_stem_from_another_segment():
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((4, 4, WINDOW_SAMPLES)).astype(np.float32)
    rows = shuffled_mixes(audio)
    assert len(rows) == 4
    expected = sum(audio[(1 + i) % 4, i] for i in range(4))
    np.testing.assert_allclose(rows[1], features(expected), atol=1e-4)
    assert shuffled_mixes(audio[:3]).shape == (0, len(FEATURE_NAMES))


def test_halves_share_no_song():
    of = lambda song: Segment({}, np.zeros((0, 1)), 1.0, song)
    first, second = halves([of(name) for name in "abcab"])
    assert [s.song for s in first] == ["a", "c", "a"]
    assert [s.song for s in second] == ["b", "b"]
    assert [len(half) for half in halves([of("")] * 5)] == [3, 2]
