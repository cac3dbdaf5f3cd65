"""Stems that sum to the mixture at any rate and length, in pieces that equal the whole."""

import numpy as np
import pytest

from data.audio import load_audio, save_audio
from metrics.waveform import si_sdr
from models.preprocessing.separation import whole
from models.preprocessing.separation.spectra import ideal_masks
from models.preprocessing.separation.whole import released_separator, separate, separate_file
from tests.models.preprocessing.separation.sounds import band, opinionated
from utils import STEMS, UserError

MODEL = opinionated()


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_stems_sum_to_the_mixture_at_any_rate(rate):
    mixture = np.random.default_rng(0).standard_normal(rate + 77).astype(np.float32) * 0.2
    stems = separate(mixture, rate, MODEL)
    assert stems.shape == (4, rate + 77) and stems.dtype == np.float32
    assert np.abs(stems.sum(0) - mixture).max() < 2e-6
    assert np.abs(stems - mixture / 4).max() > 0.02


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_a_long_song_in_pieces_equals_the_whole(rate, monkeypatch):
    mixture = band(6.0, rate).sum(0)
    at_once = separate(mixture, rate, MODEL)
    monkeypatch.setattr(whole, "PIECE_SECONDS", 1.5)
    in_pieces = separate(mixture, rate, MODEL)
    assert np.abs(in_pieces - at_once).max() < (1e-5 if rate == 22_050 else 1e-4)


def test_the_beginning_does_not_depend_on_what_comes_much_later():
    """Up to the level of the whole, which is the same here."""
    song = band(4.0).sum(0)
    twice = np.concatenate([song, song])
    short, long = separate(song, 22_050, MODEL), separate(twice, 22_050, MODEL)
    assert np.abs(short[:, :44_100] - long[:, :44_100]).max() < 1e-5


def test_stereo_keeps_its_image():
    mono = band(1.0).sum(0)
    left_only = separate(np.stack([mono, 0.5 * mono]), 22_050, MODEL)
    assert left_only.shape == (4, 2, len(mono))
    assert np.allclose(left_only[:, 1], 0.5 * left_only[:, 0], atol=1e-6)
    assert np.allclose(left_only[:, 0], separate(mono, 22_050, MODEL), atol=1e-5)
    wide = band(1.0)[[0, 3]]
    assert np.abs(separate(wide, 22_050, MODEL).sum(0) - wide).max() < 2e-6
    assert separate(mono[None], 22_050, MODEL).shape == (4, 1, len(mono))


def test_loudness_changes_nothing_but_loudness():
    mixture = band(1.0).sum(0)
    loud, quiet = (separate(g * mixture, 22_050, MODEL) for g in (1.0, 0.01))
    assert np.allclose(0.01 * loud, quiet, atol=1e-6)


def test_silence_and_moments_are_possible():
    assert not separate(np.zeros(5_000), 44_100, MODEL).any()
    assert separate(np.ones(1), 22_050, MODEL).sum() == pytest.approx(1.0, abs=1e-6)


def test_what_the_network_cannot_hear_goes_where_the_highs_are():
    """A tone of 15 kHz that plays with the noise of one stem is found in that stem."""
    rate = 44_100
    stems = band(1.0, rate) * np.array([1.0, 0.0, 0.0, 0.0])[:, None]
    stems[1] = 0.1 * np.random.default_rng(0).standard_normal(rate)

    class Knowing(type(MODEL)):
        def forward(self, spectrum):
            import torch

            known = np.stack([np.asarray(load(x)) for x in stems])
            masks = ideal_masks(torch.from_numpy(known)[None], power=2.0)
            return masks[..., : spectrum.shape[-1]]

    def load(x):
        padded = np.pad(whole._resampled(x[None].astype(np.float32), rate, 22_050)[0], (0, 1_024))
        return padded

    knowing = Knowing(MODEL.config)
    found = separate(stems.sum(0), rate, knowing)
    assert si_sdr(found[1], stems[1].astype(np.float32)) > 15.0
    assert np.abs(spectra_above(found[0])).max() < 0.01 * np.abs(spectra_above(found[1])).max()


def spectra_above(x):
    """Spectrum of a second at 44.1 kHz above 11.5 kHz."""
    return np.fft.rfft(x)[11_500:]


def test_files_sum_to_the_song(tmp_path, monkeypatch):
    monkeypatch.setattr(whole, "PIECE_SECONDS", 1.5)
    song = np.stack([band(4.0, 44_100).sum(0), band(4.0, 44_100, seed=1).sum(0)])
    save_audio(tmp_path / "song.wav", song, 44_100)
    paths = separate_file(tmp_path / "song.wav", tmp_path / "out", MODEL)
    assert [path.name for path in paths] == [f"{stem}.wav" for stem in STEMS]
    read = lambda path: load_audio(path, sample_rate=44_100, mono=False)
    total = sum(read(path) for path in paths)
    assert total.shape == song.shape
    assert np.abs(total - read(tmp_path / "song.wav")).max() < 2e-6
    expected = separate(read(tmp_path / "song.wav"), 44_100, MODEL)
    assert np.abs(read(paths[1]) - expected[1]).max() < 1e-6


def test_what_cannot_be_separated_is_refused(tmp_path):
    for wrong in (np.zeros((3, 9)), np.zeros(0), np.zeros((1, 2, 9))):
        with pytest.raises(UserError, match="has shape"):
            separate(wrong, 22_050, MODEL)
    with pytest.raises(UserError, match="sample_rate is 100"):
        separate(np.zeros(9), 100, MODEL)
    with pytest.raises(UserError, match="NaN"):
        separate(np.full(9, np.nan), 22_050, MODEL)
    save_audio(tmp_path / "six.wav", np.zeros((6, 900)))
    with pytest.raises(UserError, match="6 channels"):
        separate_file(tmp_path / "six.wav", tmp_path, MODEL)
    with pytest.raises(UserError, match="train.py --stage separation"):
        released_separator(tmp_path / "none.safetensors")
