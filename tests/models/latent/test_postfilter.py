"""Post-filter: counts what recordings have more of, gives it back, and leaves the rest alone."""

import numpy as np
import pytest
import torch

from data.score import Notes
from models.latent import postfilter as module
from models.latent.postfilter import PERCENTILES, LevelMap, PostFilter, instrument
from models.latent.spectral_gains import QUIETEST_DB
from training.postfilter import CELL_DB, FEWEST_TAKES, LevelCounts, percentiles
from utils import SAMPLE_RATE, STEMS

PIANO, BASS = 3, 0
LENGTH = 64 * 1_024


def noise(seed: int, *, contrast: float) -> torch.Tensor:
    """Noise (t,) that swells and fades four times a second, by 20 dB x contrast either way."""
    rng = np.random.default_rng(seed)
    time = np.arange(LENGTH) / SAMPLE_RATE
    envelope = 10.0 ** (contrast * np.sin(2 * np.pi * 4.0 * time))
    audio = rng.standard_normal(LENGTH) * envelope
    return torch.from_numpy(0.1 * audio / np.sqrt(np.mean(audio**2))).float()


def range_db(audio: torch.Tensor) -> float:
    """From the softest to the loudest tenth of blocks of 46 ms."""
    blocks = 10.0 * torch.log10(audio.unfold(-1, 1_024, 1_024).square().mean(-1))
    low, high = torch.quantile(blocks, torch.tensor([0.1, 0.9])).tolist()
    return high - low


def fitted(row: int, *, takes: int = FEWEST_TAKES) -> PostFilter:
    """A filter whose recordings of one instrument swell twice as far as what is decoded."""
    found = PostFilter()
    pairs = [(noise(i, contrast=0.8), noise(100 + i, contrast=0.4)) for i in range(takes)]
    for i, level_map in enumerate(found.maps):
        counts = LevelCounts(level_map)
        for recorded, decoded in pairs:
            counts.add(recorded, found.through(decoded, row, found.maps[:i]), row)
        counts.fit()
    return found


def test_rows_are_programs_of_the_stems_family_and_one_for_any():
    assert [instrument(PIANO, p) - instrument(PIANO, 0) for p in (0, 7, 8, -1, 24)] == [
        *(0, 7, 8, 8, 8)
    ]
    assert instrument(BASS, 32) == 0 and instrument(1, 0) == instrument(1, -1) == 17


def test_before_it_is_fitted_nothing_changes():
    stems = torch.stack([noise(i, contrast=0.5) for i in range(4)])
    notes = dict.fromkeys(STEMS, Notes([0.5], [0.6], [38], [100]))
    assert torch.equal(PostFilter()(stems, torch.tensor([33, -1, 25, 0]), notes), stems)


def test_what_is_decoded_too_flatly_swells_as_recordings_do():
    row = instrument(PIANO, 4)
    heard, wanted = noise(500, contrast=0.4), range_db(noise(501, contrast=0.8))
    filtered = fitted(row).through(heard, row, fitted(row).maps)
    assert range_db(heard) < wanted - 8.0
    assert range_db(filtered) == pytest.approx(wanted, abs=2.0)


def test_the_other_instruments_of_the_stem_learn_from_it_the_other_stems_do_not():
    found = fitted(instrument(PIANO, 4))
    gains = found.bands.gain
    assert gains[instrument(PIANO, 4)].abs().max() > 1.0
    assert torch.equal(gains[instrument(PIANO, 0)], gains[instrument(PIANO, -1)])
    assert gains[instrument(PIANO, 0)].any() and not gains[: instrument(PIANO, 0)].any()


def test_a_program_with_few_takes_shares_the_map_of_its_stem():
    counts = LevelCounts(LevelMap(1_024, num_mels=8, most_db=15.0))
    for i in range(FEWEST_TAKES):
        counts.add(noise(i, contrast=0.8), noise(i, contrast=0.4), instrument(PIANO, 0))
    counts.add(noise(50, contrast=0.1), noise(50, contrast=0.1), instrument(PIANO, 6))
    counts.fit()
    own, rare, whole = (counts.map.gain[instrument(PIANO, p)] for p in (0, 6, -1))
    assert torch.equal(rare, whole) and not torch.equal(own, whole)


def test_gains_end_at_the_largest_one():
    row, level_map = instrument(PIANO, 0), LevelMap(1_024, num_mels=8, most_db=3.0)
    counts = LevelCounts(level_map)
    counts.add(noise(0, contrast=1.0), noise(1, contrast=0.0), row)
    counts.fit()
    assert level_map.gain.abs().max() == 3.0


def test_reset_leaves_everything_as_it_is():
    row, heard = instrument(PIANO, 0), noise(3, contrast=0.4)
    found = fitted(row)
    assert not torch.equal(found.through(heard, row, found.maps), heard)
    found.reset()
    assert torch.equal(found.through(heard, row, found.maps), heard)


def test_silence_and_what_is_never_heard_are_left_alone():
    row = instrument(PIANO, 0)
    found, silence = fitted(row), torch.zeros(LENGTH)
    assert torch.equal(found.through(silence, row, found.maps), silence)
    counts = LevelCounts(LevelMap(1_024, num_mels=8, most_db=15.0))
    counts.add(silence, noise(0, contrast=0.5), row)
    counts.fit()
    assert not counts.takes.any() and not counts.map.gain.any()


def test_pieces_make_the_whole(monkeypatch):
    row = instrument(PIANO, 0)
    found, heard = fitted(row), noise(7, contrast=0.4)
    whole = found.through(heard, row, found.maps)
    monkeypatch.setattr(module, "PIECE_FRAMES", 16)
    assert torch.allclose(found.through(heard, row, found.maps), whole, atol=1e-5)


def test_percentiles_are_those_of_what_was_counted():
    levels = np.random.default_rng(0).normal(-30.0, 10.0, 200_000)
    counts = np.bincount(((levels - QUIETEST_DB) / CELL_DB).astype(int).clip(0), minlength=520)
    assert np.allclose(percentiles(counts), np.percentile(levels, PERCENTILES), atol=0.3)


def test_loudness_does_not_matter():
    row = instrument(PIANO, 0)
    found, heard = fitted(row), noise(9, contrast=0.4)
    filtered = found.through(heard, row, found.maps)
    assert torch.allclose(found.through(0.1 * heard, row, found.maps), 0.1 * filtered, atol=1e-4)
