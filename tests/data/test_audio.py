"""Reading and writing audio: exact numbers, equivalences, every kind of bad file."""

import os
import warnings

import numpy as np
import pytest
import soundfile

from data.audio import (
    audio_info,
    audio_writer,
    load_audio,
    read_blocks,
    read_crop,
    save_audio,
)
from utils import SAMPLE_RATE, UserError, counter_rng


def tone(seconds: float, rate: int, hertz: float = 440.0, gain: float = 0.5) -> np.ndarray:
    return (gain * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype("f4")


@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        (".wav", "PCM_16", 2**-15),
        (".wav", "PCM_24", 2**-22),
        (".wav", "FLOAT", 0.0),
        (".wav", "PCM_U8", 2**-6),
        (".flac", "PCM_16", 2**-15),
        (".flac", "PCM_24", 2**-22),
    ],
)
def test_round_trip_of_every_subtype(tmp_path, suffix, subtype, tolerance):
    audio = counter_rng(1).uniform(-1, 1, 5_000).astype("f4")
    path = tmp_path / f"a b{suffix}"
    if subtype == "PCM_U8":
        soundfile.write(path, audio, SAMPLE_RATE, subtype=subtype)
    else:
        save_audio(path, audio, subtype=subtype)
    back = load_audio(path)
    assert back.dtype == np.float32 and back.shape == audio.shape
    assert np.abs(back - audio).max() <= tolerance
    assert os.listdir(tmp_path) == [path.name]


def test_info_and_channels(tmp_path):
    left, right = tone(0.5, 44_100), tone(0.5, 44_100, 880.0)
    path = tmp_path / "stereo.wav"
    save_audio(path, np.stack([left, right]), 44_100, "FLOAT")
    info = audio_info(path)
    assert (info.sample_rate, info.num_samples, info.num_channels) == (44_100, 22_050, 2)
    assert info.seconds == 0.5 and info.subtype == "FLOAT"
    mono = load_audio(path, sample_rate=44_100)
    np.testing.assert_allclose(mono, (left + right) / 2, atol=1e-7)
    np.testing.assert_array_equal(
        load_audio(path, sample_rate=44_100, mono=False), np.stack([left, right])
    )


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000, 192_000])
def test_resampling_keeps_pitch_phase_and_length(tmp_path, rate):
    path = tmp_path / "tone.wav"
    save_audio(path, tone(2.0, rate), rate, "FLOAT")
    audio = load_audio(path)
    assert len(audio) == 2 * SAMPLE_RATE
    inner = slice(2_000, -2_000)
    assert np.abs(audio[inner] - tone(2.0, SAMPLE_RATE)[inner]).max() < 1e-3


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 16_000, 44_100, 48_000, 44_099])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_crop_equals_part_of_whole(tmp_path, rate, suffix):
    rng = counter_rng(2)
    path = tmp_path / f"noise{suffix}"
    save_audio(path, rng.uniform(-0.3, 0.3, 3 * rate).astype("f4"), rate, "PCM_16")
    whole = load_audio(path)
    padded = np.concatenate([np.zeros(9_000, "f4"), whole, np.zeros(9_000, "f4")])
    for start in (-5_000, 0, 1, 1_023, 30_001, len(whole) - 3_000):
        crop = read_crop(path, start, 6_000)
        expected = padded[9_000 + start : 15_000 + start]
        tolerance = 0 if rate == SAMPLE_RATE else 2e-3
        assert crop.shape == (6_000,) and np.abs(crop - expected).max() <= tolerance
    assert not read_crop(path, len(whole) + 10, 100).any()
    assert not read_crop(path, -500, 100).any()
    assert read_crop(path, 10, 0).shape == (0,)


def test_empty_file_is_empty_audio(tmp_path):
    save_audio(tmp_path / "empty.wav", np.zeros(0, "f4"))
    assert load_audio(tmp_path / "empty.wav").shape == (0,)
    assert not read_crop(tmp_path / "empty.wav", 0, 5).any()


def bad_files(folder):
    """Name -> path of files that must be refused."""
    good = folder / "good.wav"
    save_audio(good, tone(1.0, SAMPLE_RATE), subtype="PCM_16")
    nan = tone(1.0, SAMPLE_RATE)
    nan[100] = np.nan
    soundfile.write(folder / "nan.wav", nan, SAMPLE_RATE, subtype="FLOAT")
    (folder / "text.wav").write_text("not audio at all")
    (folder / "nothing.wav").write_bytes(b"")
    (folder / "head.wav").write_bytes(good.read_bytes()[:20])
    rate = bytearray(good.read_bytes())
    rate[24:28] = (2_000_000_000).to_bytes(4, "little")
    (folder / "rate.wav").write_bytes(rate)
    flac = folder / "whole.flac"
    save_audio(flac, counter_rng(3).uniform(-1, 1, 60_000).astype("f4"), subtype="PCM_16")
    (folder / "cut.flac").write_bytes(flac.read_bytes()[:40_000])
    (folder / "folder.wav").mkdir()
    names = ("nan.wav", "text.wav", "nothing.wav", "head.wav", "rate.wav", "cut.flac")
    return [folder / name for name in (*names, "folder.wav", "missing.wav")]


def test_bad_files_are_user_errors_that_name_the_file(tmp_path):
    for path in bad_files(tmp_path):
        with pytest.raises(UserError, match=path.name) as caught:
            load_audio(path)
        assert "\n" not in str(caught.value)
        with pytest.raises(UserError, match=path.name):
            read_crop(path, 0, 60_000)


def test_mutated_files_are_finite_audio_or_user_errors(tmp_path):
    rng = counter_rng(4)
    for suffix in (".wav", ".flac"):
        save_audio(tmp_path / f"seed{suffix}", tone(0.1, SAMPLE_RATE), subtype="PCM_16")
        seed = (tmp_path / f"seed{suffix}").read_bytes()
        path = tmp_path / f"mutant{suffix}"
        for _ in range(300):
            mutant = bytearray(seed)
            for place in rng.integers(4, 120, 3):
                mutant[place] = rng.integers(256)
            path.write_bytes(mutant)
            try:
                assert np.isfinite(load_audio(path)).all()
            except UserError:
                pass


def test_save_refuses_nonfinite_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.wav"
    save_audio(path, tone(0.1, SAMPLE_RATE))
    before = path.read_bytes()
    with pytest.raises(UserError, match="NaN"):
        save_audio(path, np.array([0.0, np.inf]))
    with pytest.raises(UserError, match="cannot write"):
        save_audio(path, np.zeros(5), subtype="NO_SUCH")
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a.wav"]
    with pytest.raises(UserError, match="cannot write"):
        save_audio(tmp_path / "a.xyz", np.zeros(5))


def test_clipping_warns_and_float_keeps_peaks(tmp_path):
    loud = np.array([0.0, 2.0, -3.0], "f4")
    with pytest.warns(UserWarning, match="3.00"):
        save_audio(tmp_path / "loud.wav", loud, subtype="PCM_16")
    np.testing.assert_allclose(load_audio(tmp_path / "loud.wav"), [0, 1, -1], atol=1e-4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_audio(tmp_path / "float.wav", loud, subtype="FLOAT")
    np.testing.assert_array_equal(load_audio(tmp_path / "float.wav"), loud)


@pytest.mark.parametrize("suffix", ["aiff", "ogg", "mp3"])
def test_other_formats_are_read(tmp_path, suffix):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(1.0, 44_100), 44_100)
    audio = load_audio(path)
    inner = slice(4_000, 18_000)
    assert abs(len(audio) - SAMPLE_RATE) <= 2_304
    assert abs(np.abs(audio[inner]).max() - 0.5) < 0.05


def test_blocks_are_the_whole_file(tmp_path):
    audio = tone(2.5, 16_000)
    save_audio(tmp_path / "a.wav", np.stack([audio, audio]), 16_000, "FLOAT")
    blocks = list(read_blocks(tmp_path / "a.wav"))
    assert [len(block) for block in blocks] == [16_000, 16_000, 8_000]
    np.testing.assert_allclose(np.concatenate(blocks), audio, atol=1e-7)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_blocks_at_another_rate_are_the_whole_file(tmp_path, rate):
    audio = np.stack([tone(2.3, rate), tone(2.3, rate, 880.0)])
    save_audio(tmp_path / "a.wav", audio, rate, "FLOAT")
    for mono in (True, False):
        options = {"mono": mono, "sample_rate": SAMPLE_RATE}
        blocks = list(read_blocks(tmp_path / "a.wav", seconds=0.5, **options))
        whole = load_audio(tmp_path / "a.wav", mono=mono)
        joined = np.concatenate(blocks, axis=-1)
        assert len(blocks) == 5 and joined.shape == whole.shape
        assert np.abs(joined - whole)[..., 2_000:-2_000].max() < 1e-3


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_dithered_24_bit_keeps_tags_channels_and_samples(tmp_path, suffix, channels):
    audio = counter_rng(7).uniform(-0.9, 0.9, (channels, 5_000)).astype("f4")
    audio[:, 1_000:2_000] = 0.0
    path, tags = (
        tmp_path / f"song{suffix}",
        {"title": "Höhenflug", "artist": "Band", "date": "2026"},
    )
    save_audio(path, audio, 44_100, dither=True, tags=tags)
    back = load_audio(path, sample_rate=44_100, mono=False)
    assert np.abs(back - audio).max() <= 1.51 / 2**23
    assert not back[:, 1_000:2_000].any()
    with soundfile.SoundFile(path) as file:
        assert (file.title, file.artist, file.date) == ("Höhenflug", "Band", "2026")
        assert file.subtype == "PCM_24" and file.channels == channels


def test_six_channels_are_labelled_as_surround(tmp_path):
    save_audio(tmp_path / "a.wav", np.zeros((6, 10)), 44_100)
    head = (tmp_path / "a.wav").read_bytes()
    place = head.index(b"fmt ") + 8
    assert int.from_bytes(head[place : place + 2], "little") == 0xFFFE
    assert int.from_bytes(head[place + 20 : place + 24], "little") == 0x3F


def test_a_writer_takes_blocks_and_fails_whole(tmp_path):
    audio = counter_rng(8).uniform(-0.5, 0.5, (2, 3_000)).astype("f4")
    with audio_writer(tmp_path / "a.wav", SAMPLE_RATE, 2) as write:
        for first in range(0, 3_000, 700):
            write(audio[:, first : first + 700])
    assert np.abs(load_audio(tmp_path / "a.wav", mono=False) - audio).max() <= 2**-22
    with pytest.raises(RuntimeError), audio_writer(tmp_path / "b.wav", SAMPLE_RATE, 2) as write:
        write(audio)
        raise RuntimeError
    assert os.listdir(tmp_path) == ["a.wav"]


def test_more_than_a_wav_holds_is_refused(tmp_path):
    huge = np.broadcast_to(np.float32(0.0), (6, 2**28))
    with pytest.raises(UserError, match="4 GB"):
        with audio_writer(tmp_path / "a.wav", SAMPLE_RATE, 6) as write:
            write(huge)
    assert not os.listdir(tmp_path)


def test_dither_of_floats_and_unknown_tags_are_our_own_mistakes(tmp_path):
    with pytest.raises(ValueError, match="dither"):
        save_audio(tmp_path / "a.wav", np.zeros(5), subtype="FLOAT", dither=True)
    with pytest.raises(ValueError, match="unknown tag"):
        save_audio(tmp_path / "a.wav", np.zeros(5), tags={"titel": "x"})
