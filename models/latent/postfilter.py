"""The post-filter: the levels of decoded sound, brought to those of recordings.

A decoder that draws what is likely draws too little contrast: pauses and tails are too loud, the
loudest moments too soft, instruments too alike. What is missing is the same from song to song, so
it can be counted: how loud a band of the spectrum is in recordings of an instrument at its p-th
percentile over time, and in what the decoder makes of the same notes. The difference is a gain that
depends on the band, on the instrument and on how loud the band is at the moment (histogram
equalisation; for statistical speech synthesis Toda and Tokuda 2007, Takamichi et al. 2016).

Two maps act one after the other: of mel bands every 12 ms, and of single bins every 23 ms, whose
maps eight wide bands share, so that the gaps between partials deepen too. Before they are fitted
(`python -m training.postfilter`) both leave everything as it is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import nn

from data.brief import FAMILIES
from data.loudness import loudness
from models.latent.blocks import in_pieces
from utils import FRAME_SAMPLES, NUM_STEMS, SAMPLE_RATE, STEMS, mel_filterbank

PER_STEM = 9  # eight programs of a stem's family, then any
NUM_INSTRUMENTS = NUM_STEMS * PER_STEM
PERCENTILES = (0.5, 2, 3.5, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90)
PERCENTILES += (95, 97, 98, 99, 99.5, 99.9)
QUIETEST_DB, LOUDEST_DB = -90.0, 40.0  # over the loudness of the stem
STEP_DB = 0.1  # at which gains are looked up
NEPERS = math.log(10.0) / 20.0  # per dB
WIDE_HZ = (0.0, 100.0, 200.0, 400.0, 800.0, 1_600.0, 3_200.0, 6_400.0, SAMPLE_RATE / 2 + 1.0)
PIECE_FRAMES, CONTEXT_FRAMES = 512, 4


def instrument(stem: int, program: int) -> int:
    """Row of a stem's General MIDI program; -1, and drums, are any."""
    first = FAMILIES.get(STEMS[stem])
    known = first is not None and first <= program < first + PER_STEM - 1
    return stem * PER_STEM + (program - first if known else PER_STEM - 1)


class LevelMap(nn.Module):
    """Gains (i c p) in dB at levels (i c p) in dB, of instruments, bands and percentiles.

    Args:
        n_fft: samples of a Hann window; a frame every quarter of it.
        num_mels: mel bands whose levels count, with gains between their centres; None: every bin's
            own level counts, by the map of its wide band.
        most_db: the largest gain.
    """

    def __init__(self, n_fft: int, *, num_mels: int | None, most_db: float) -> None:
        super().__init__()
        self.n_fft, self.most_db = n_fft, most_db
        bins = np.arange(n_fft // 2 + 1)
        self.mels, self.between = None, None
        if num_mels is None:
            hertz = bins * SAMPLE_RATE / n_fft
            band_of = np.searchsorted(WIDE_HZ, hertz, side="right") - 1
            num_bands = len(WIDE_HZ) - 1
        else:
            band_of, num_bands = np.arange(num_mels), num_mels
            filters = mel_filterbank(SAMPLE_RATE, n_fft, num_mels)
            filters = filters / filters.sum(1, keepdims=True)
            rows = [np.interp(bins, filters @ bins, row) for row in np.eye(num_mels)]
            self.mels = torch.from_numpy(filters)
            self.between = torch.from_numpy(np.stack(rows, 1)).float()
        self.band_of = torch.from_numpy(band_of)
        shape = (NUM_INSTRUMENTS, num_bands, len(PERCENTILES))
        self.register_buffer("level", torch.zeros(shape))
        self.register_buffer("gain", torch.zeros(shape))

    @property
    def num_bands(self) -> int:
        return self.level.shape[1]

    def spectrum(self, audio: torch.Tensor) -> torch.Tensor:
        """Complex spectrum (f m) of audio (t,)."""
        return torch.stft(audio, **self._frames, return_complex=True)

    @property
    def _frames(self) -> dict[str, Any]:
        window = torch.hann_window(self.n_fft)
        return {"n_fft": self.n_fft, "hop_length": self.n_fft // 4, "window": window}

    def levels(self, spectrum: torch.Tensor, lufs: float) -> torch.Tensor:
        """Level in dB over a loudness of each band, or bin, and frame: (c m) or (f m)."""
        power = (spectrum.real.square() + spectrum.imag.square()) / (0.375 * self.n_fft)
        power = power if self.mels is None else self.mels @ power
        return (10.0 * power.clamp_min(1e-15).log10() - lufs).clamp_min(QUIETEST_DB)

    def forward(self, audio: torch.Tensor, row: int, lufs: float) -> torch.Tensor:
        """Audio (t,) of a stem of an instrument's row and of a loudness, at the levels of
        recordings.
        """
        spectrum = self.spectrum(audio)
        gains = self._gains(self.levels(spectrum, lufs), row)
        return torch.istft(
            spectrum * (gains * NEPERS).exp(), **self._frames, length=audio.shape[-1]
        )

    def _gains(self, levels: torch.Tensor, row: int) -> torch.Tensor:
        """Gain in dB of each bin and frame (f m) at levels (c m) or (f m)."""
        steps = np.arange(QUIETEST_DB, LOUDEST_DB, STEP_DB)
        curves = torch.stack([self.level[row], self.gain[row]], 1).numpy(force=True)
        table = np.stack([np.interp(steps, *curve) for curve in curves]).astype(np.float32)
        nearest = ((levels - QUIETEST_DB) / STEP_DB).round().clamp(0, len(steps) - 1).long()
        gains = torch.from_numpy(table).take(nearest + len(steps) * self.band_of[:, None])
        return gains if self.between is None else self.between @ gains


class PostFilter(nn.Module):
    """Both maps, for stems of known instruments."""

    def __init__(self) -> None:
        super().__init__()
        self.bands = LevelMap(1_024, num_mels=40, most_db=15.0)
        self.bins = LevelMap(2_048, num_mels=None, most_db=20.0)

    def reset(self) -> None:
        """Leaves everything as it is: performer or decoder are no longer those it was fitted to."""
        for level_map in self.maps:
            level_map.gain.zero_()

    @property
    def maps(self) -> tuple[LevelMap, LevelMap]:
        """In the order in which they act."""
        return self.bands, self.bins

    @torch.no_grad()
    def forward(self, stems: torch.Tensor, programs: torch.Tensor) -> torch.Tensor:
        """Stems (s t) at the levels of recordings; t is a multiple of 1,024.

        Args:
            programs: (s,) General MIDI programs, -1 where open.
        """
        filtered = [
            self.through(stem, instrument(i, int(program)), self.maps)
            for i, (stem, program) in enumerate(zip(stems, programs, strict=True))
        ]
        return torch.stack(filtered)

    def through(self, stem: torch.Tensor, row: int, maps: tuple[LevelMap, ...]) -> torch.Tensor:
        """A stem (t,) of an instrument's row through some of the maps; silence stays silence."""
        for level_map in maps:
            lufs = loudness(stem.numpy(), SAMPLE_RATE)
            if not np.isfinite(lufs) or not level_map.gain[row].any():
                continue
            with torch.autocast("cpu", enabled=False):  # a level in half precision is none
                pieces = in_pieces(
                    lambda x, level_map=level_map, lufs=lufs: level_map(x[0], row, lufs)[None],
                    stem[None],
                    frames=PIECE_FRAMES,
                    context=CONTEXT_FRAMES,
                    rates=(FRAME_SAMPLES, FRAME_SAMPLES),
                )
                stem = torch.cat(list(pieces), 1)[0]
        return stem
