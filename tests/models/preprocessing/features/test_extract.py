"""From arrays and files to features: exact on made sounds, the same whatever the file."""

import numpy as np
import pytest
import soundfile
import soxr

from data.audio import save_audio
from models.preprocessing.features import Chord, extract_features, read_features
from models.preprocessing.features.extract import chords_of, read_stems
from tests.data.listening.sounds import band, placed, snare
from tests.models.preprocessing.features.songs import sine
from utils import SAMPLE_RATE, STEMS, UserError


@pytest.fixture(scope="module")
def stems():
    return band(120.0, 16.0)


@pytest.fixture(scope="module")
def found(stems):
    return extract_features(stems, name="band")


def test_clicks_have_their_tempo_and_beats():
    clicks = placed([(0.5 * i, snare()) for i in range(32)], 16.0)
    features = extract_features({"drums": clicks})
    assert features.tempo == pytest.approx(120.0, abs=0.5)
    assert len(features.beats) == 32
    assert np.abs(features.beats - 0.5 * np.arange(32)).max() < 0.03
    assert features.onset_density["drums"] == pytest.approx(2.0, abs=0.07)


def test_a_band_is_read_in_full(found):
    assert found.kind == "stems" and found.duration == 16.0
    assert found.tempo == pytest.approx(120.0, abs=0.5) and found.meter == 4
    assert np.abs(found.downbeats - 2.0 * np.arange(8)).max() < 0.05
    names = [chord.name for chord in found.chords]
    assert names == ["A", "F", "C", "G"] * 2
    assert [c.start for c in found.chords] == pytest.approx(2.0 * np.arange(8), abs=0.05)
    assert found.chords[-1].end == 16.0


def test_who_plays_is_known_of_stems(found):
    assert found.activity["guitar"] == () and found.share_active("bass") > 0.97
    assert found.onset_density["drums"] == pytest.approx(2.0, abs=0.07)
    assert found.onset_density["bass"] == pytest.approx(0.5, abs=0.07)
    assert set(found.notes.values()) == {None}


def test_a_mix_says_unknown_per_stem(stems):
    features = extract_features(stems.sum(0))
    assert features.kind == "mix" and list(features.onsets) == ["mix"]
    assert features.activity == dict.fromkeys(STEMS) and features.notes == dict.fromkeys(STEMS)


def test_stems_that_are_not_given_are_unknown(stems):
    features = extract_features({"drums": stems[1], "piano": stems[3]})
    assert features.activity["bass"] is None and set(features.onsets) == {"drums", "piano"}


def test_loudness_counts_both_channels():
    features = extract_features(sine(-23.0, 4.0), 48_000)
    assert features.loudness == pytest.approx(-23.0, abs=0.05)
    assert features.loudness_range == pytest.approx(0.0, abs=0.1)
    assert features.brightness == pytest.approx(0.0, abs=0.05)
    left = extract_features(sine(-23.0, 4.0)[:1], 48_000)
    assert left.loudness == pytest.approx(-26.01, abs=0.05)


def test_silence_is_no_music():
    features = extract_features(np.zeros(2 * SAMPLE_RATE))
    assert features.tempo is features.key is features.loudness is features.brightness is None
    assert features.chords == () and len(features.beats) == 0
    assert "no beat, no key" in features.described()


def test_a_stereo_file_of_another_rate_is_its_mix(tmp_path, stems):
    mix = soxr.resample(stems.sum(0), SAMPLE_RATE, 44_100)
    soundfile.write(tmp_path / "song.mp3", np.stack([mix, mix], 1), 44_100, format="MP3")
    soundfile.write(tmp_path / "song.flac", np.stack([mix, mix], 1), 44_100)
    plain = extract_features(np.stack([mix, mix]), 44_100)
    for name in ("song.mp3", "song.flac"):
        features = read_features(tmp_path / name)
        assert features.name == "song" and features.kind == "mix"
        assert features.tempo == pytest.approx(plain.tempo, abs=0.2)
        assert features.loudness == pytest.approx(plain.loudness, abs=0.1)
        assert [c.name for c in features.chords] == [c.name for c in plain.chords]


def test_a_folder_is_its_stems(tmp_path, stems, found):
    for stem, audio in zip(STEMS, stems, strict=True):
        if stem != "guitar":
            save_audio(tmp_path / f"{stem}.wav", audio)
    save_audio(tmp_path / "mix.wav", stems.sum(0))
    features = read_features(tmp_path)
    assert features.activity["guitar"] is None
    assert features.beats.tolist() == pytest.approx(found.beats.tolist(), abs=0.002)
    assert features.loudness == pytest.approx(found.loudness, abs=0.01)


def test_files_of_one_stem_are_summed_unless_one_is_called_like_it(tmp_path):
    ones = np.full(SAMPLE_RATE, 0.25, np.float32)
    save_audio(tmp_path / "01 kick drum.wav", ones)
    save_audio(tmp_path / "02 drum room.wav", ones[: SAMPLE_RATE // 2])
    save_audio(tmp_path / "bass.wav", ones)
    save_audio(tmp_path / "bass di.wav", ones)
    audio, present = read_stems(tmp_path)
    assert present.tolist() == [True, True, False, False]
    assert audio[1, 0] == pytest.approx(0.5) and audio[1, -1] == pytest.approx(0.25)
    assert audio[0, 0] == pytest.approx(0.25)


def test_chords_with_times_from_beats():
    beats = np.array([-0.5, 0.0, 0.5, 1.0, 1.5])
    chords = chords_of(beats, ("G", "C", "C", "F", "N"), 1.75)
    assert chords == (Chord(0.0, 1.0, "C"), Chord(1.0, 1.5, "F"), Chord(1.5, 1.75, "N"))
    assert chords_of(np.zeros(0), (), 2.0) == ()


@pytest.mark.parametrize(
    ("audio", "said"),
    [
        (np.zeros((3, 22_050)), "expected a mix"),
        (np.full(22_050, np.nan), "nan or infinity"),
        (np.zeros(100), "0.5 s or more"),
        ({"voice": np.zeros(22_050)}, "expected stems of"),
        ({}, "expected stems of"),
    ],
)
def test_what_cannot_be_heard_is_named(audio, said):
    with pytest.raises(ValueError, match=said):
        extract_features(audio)


def test_paths_without_music_are_named(tmp_path):
    with pytest.raises(UserError, match="no stem of 0.5 s"):
        read_features(tmp_path)
    save_audio(tmp_path / "short.wav", np.zeros(100, np.float32))
    with pytest.raises(UserError, match="expected 0.5 s"):
        read_features(tmp_path / "short.wav")
