"""The post-filter: the levels of decoded sound, brought to those of recordings.

A decoder that draws what is likely draws too little contrast: pauses and tails are too loud, the
loudest moments too soft, instruments too alike. What is missing is the same from song to song, so
it can be counted: how loud a band of the spectrum is in recordings of an instrument at its p-th
percentile over time, and in what the decoder makes of the same notes. The difference is a gain that
depends on the band, on the instrument and on how loud the band is at the moment (histogram
equalisation; for statistical speech synthesis Toda and Tokuda 2007, Takamichi et al. 2016).

Two maps act one after the other: of mel bands every 12 ms, and of single bins every 23 ms, whose
maps eight wide bands share, so that the gaps between partials deepen too. Before them each drum is
made to ring as it does in recordings (`models.latent.strokes`). Until they are fitted
(`python -m training.postfilter`) all leave everything as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import nn

from data.brief import FAMILIES
from data.loudness import loudness
from data.score import Notes
from models.latent.blocks import in_pieces
from models.latent.spectral_gains import QUIETEST_DB, Bands
from models.latent.strokes import HOP, StrokeMap
from utils import FRAME_SAMPLES, NUM_STEMS, SAMPLE_RATE, STEMS

PER_STEM = 9  # eight programs of a stem's family, then any
NUM_INSTRUMENTS = NUM_STEMS * PER_STEM
PERCENTILES = (0.5, 2, 3.5, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90)
PERCENTILES += (95, 97, 98, 99, 99.5, 99.9)
LOUDEST_DB = 40.0  # over the loudness of the stem
STEP_DB = 0.1  # at which gains are looked up
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
        self.bands, self.most_db = Bands(n_fft, num_mels), most_db
        if num_mels is None:
            hertz = np.arange(n_fft // 2 + 1) * SAMPLE_RATE / n_fft
            band_of = np.searchsorted(WIDE_HZ, hertz, side="right") - 1
        else:
            band_of = np.arange(num_mels)
        self.band_of = torch.from_numpy(band_of)
        shape = (NUM_INSTRUMENTS, int(band_of.max()) + 1, len(PERCENTILES))
        self.register_buffer("level", torch.zeros(shape))
        self.register_buffer("gain", torch.zeros(shape))

    @property
    def num_bands(self) -> int:
        return self.level.shape[1]

    def forward(self, audio: torch.Tensor, row: int, lufs: float) -> torch.Tensor:
        """Audio (t,) of a stem of an instrument's row and of a loudness, at the levels of
        recordings.
        """
        spectrum = self.bands.spectrum(audio)
        gains = self._gains(self.bands.levels_of(spectrum, lufs), row)
        return self.bands.with_gains(spectrum, gains, audio.shape[-1])

    def _gains(self, levels: torch.Tensor, row: int) -> torch.Tensor:
        """Gains in dB (c m) at levels of bands, or bins (c m)."""
        steps = np.arange(QUIETEST_DB, LOUDEST_DB, STEP_DB)
        curves = torch.stack([self.level[row], self.gain[row]], 1).numpy(force=True)
        table = np.stack([np.interp(steps, *curve) for curve in curves]).astype(np.float32)
        nearest = ((levels - QUIETEST_DB) / STEP_DB).round().clamp(0, len(steps) - 1).long()
        return torch.from_numpy(table).take(nearest + len(steps) * self.band_of[:, None])


class PostFilter(nn.Module):
    """The strokes of drums, then both maps, for stems of known instruments and notes."""

    def __init__(self) -> None:
        super().__init__()
        self.strokes = StrokeMap()
        self.bands = LevelMap(1_024, num_mels=40, most_db=15.0)
        self.bins = LevelMap(2_048, num_mels=None, most_db=20.0)

    def reset(self) -> None:
        """Leaves everything as it is: performer or decoder are no longer those it was fitted to."""
        self.strokes.reset()
        for level_map in self.maps:
            level_map.gain.zero_()

    @property
    def maps(self) -> tuple[LevelMap, LevelMap]:
        """In the order in which they act."""
        return self.bands, self.bins

    @torch.no_grad()
    def forward(
        self, stems: torch.Tensor, programs: torch.Tensor, notes: Mapping[str, Notes]
    ) -> torch.Tensor:
        """Stems (s t) at the levels of recordings; t is a multiple of 1,024.

        Args:
            programs: (s,) General MIDI programs, -1 where open.
            notes: what the stems play.
        """
        filtered = []
        for i, (name, stem, program) in enumerate(zip(STEMS, stems, programs, strict=True)):
            struck = self.struck(stem, notes[name]) if name == "drums" else stem
            filtered.append(self.through(struck, instrument(i, int(program)), self.maps))
        return torch.stack(filtered)

    def struck(self, stem: torch.Tensor, drums: Notes) -> torch.Tensor:
        """A stem (t,) of drums, each ringing as it does in recordings."""
        if not self.strokes.fitted or not len(drums):
            return stem
        a_frame = FRAME_SAMPLES // HOP
        gains = lambda first, last: self.strokes.gains(
            drums, first * a_frame, (last - first) * a_frame + 1
        )
        return _piece_by_piece(self.strokes, stem, beside=gains)

    def through(self, stem: torch.Tensor, row: int, maps: tuple[LevelMap, ...]) -> torch.Tensor:
        """A stem (t,) of an instrument's row through some of the maps; silence stays silence."""
        for level_map in maps:
            lufs = loudness(stem.numpy(), SAMPLE_RATE)
            if not np.isfinite(lufs) or not level_map.gain[row].any():
                continue
            of_row = lambda x, level_map=level_map, lufs=lufs: level_map(x, row, lufs)
            stem = _piece_by_piece(of_row, stem)
        return stem


def _piece_by_piece(
    network: Callable[..., torch.Tensor],
    stem: torch.Tensor,
    beside: Callable[[int, int], torch.Tensor] | None = None,
) -> torch.Tensor:
    """What a network makes of a long stem (t,), in single precision: a level in half is none."""
    with torch.autocast("cpu", enabled=False):
        pieces = in_pieces(
            lambda x, *also: network(x[0], *also)[None],
            stem[None],
            frames=PIECE_FRAMES,
            context=CONTEXT_FRAMES,
            rates=(FRAME_SAMPLES, FRAME_SAMPLES),
            beside=beside,
        )
        return torch.cat(list(pieces), 1)[0]
