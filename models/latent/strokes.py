"""How every drum rings: its levels since it was struck, in recordings and as the decoder draws it.

A drummer's snare is bright at once and gone in 0.2 s, a ride rings for two. The decoder hears one
burst of noise for all of them and draws drums that are too alike. But what is struck when is known,
so what each drum sounds like by itself can be counted: the spectrogram of a recording is about the
sum of one fixed spectrogram per kind of drum, put where it is struck (non-negative matrix
deconvolution, Smaragdis 2004, with the score known: Ewert and Mueller 2012). The same is done with
what the decoder makes of these strokes, and the quotient of both sums is a gain by band and moment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from data.score import Notes
from models.latent.spectral_gains import Bands
from utils import SAMPLE_RATE

N_FFT, NUM_MELS = 1_024, 40
HOP = N_FFT // 4
FRAMES_PER_SECOND = SAMPLE_RATE / HOP
# Frames since the stroke; the first hear it coming, since a window reaches two frames ahead
AGES = np.array([-2, -1, 0, 1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 86, 115, 155])
NUM_AGES = len(AGES) - 1
NUM_DRUMS = 128
OPEN_HAT, HATS = 46, (42, 44, 46)  # any stroke on the hats damps an open one
VELOCITY_POWER = 2.0  # of the power of a stroke
MOST_DB = 15.0
LEAST = 1e-12  # of a power


@dataclass(frozen=True)
class Ringing:
    """A stroke's part of a spectrogram: the frames (n,) in which it rings, the step of `AGES` of
    each, its drum (MIDI pitch) and its power.
    """

    frames: np.ndarray
    ages: np.ndarray
    drum: int
    power: float


def ringing(drums: Notes, first: int, count: int) -> Iterator[Ringing]:
    """What rings in `count` frames from frame `first` of a song on; frames count from the first."""
    at = drums.onset * FRAMES_PER_SECOND
    hats = np.sort(at[np.isin(drums.pitch, HATS)])
    for struck, pitch, velocity in zip(at, drums.pitch, drums.velocity, strict=True):
        end = struck + AGES[-1]
        if pitch == OPEN_HAT:
            end = min([end, *hats[np.searchsorted(hats, struck + 0.5) :][:1]])
        begin = max(math.ceil(struck + AGES[0]), first)
        frames = np.arange(begin, min(math.ceil(end), first + count))
        if len(frames):
            ages = np.searchsorted(AGES, frames - struck, side="right") - 1
            power = (velocity / 127.0) ** VELOCITY_POWER
            yield Ringing(frames - first, ages.clip(0, NUM_AGES - 1), int(pitch), float(power))


class StrokeMap(nn.Module):
    """Levels in dB (d a c) of drums, ages and bands, recorded and decoded, and of what is left
    where nothing rings (c,). Before they are fitted nothing changes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.bands = Bands(N_FFT, NUM_MELS)
        for name in ("recorded", "decoded"):
            self.register_buffer(name, torch.zeros(NUM_DRUMS, NUM_AGES, NUM_MELS))
            self.register_buffer(f"{name}_rest", torch.zeros(NUM_MELS))

    @property
    def fitted(self) -> bool:
        return not torch.equal(self.recorded, self.decoded)

    def reset(self) -> None:
        """Leaves everything as it is."""
        for levels in self.buffers(recurse=False):
            levels.zero_()

    def write(self, name: str, levels: np.ndarray, rest: np.ndarray) -> None:
        """Keeps powers (d a c) and (c,) of the "recorded" or the "decoded" ones."""
        for buffer, power in ((name, levels), (f"{name}_rest", rest)):
            decibels = 10.0 * np.log10(np.maximum(power, LEAST))
            getattr(self, buffer).copy_(torch.from_numpy(decibels))

    def gains(self, drums: Notes, first: int, count: int) -> torch.Tensor:
        """Gains in dB (c m) of a song's strokes in `count` frames from frame `first` on."""
        kinds = ("recorded", "decoded")
        powers = [self._powers(getattr(self, kind)) for kind in kinds]
        made = [
            np.tile(self._powers(getattr(self, f"{kind}_rest"))[:, None], (1, count))
            for kind in kinds
        ]
        for stroke in ringing(drums, first, count):
            for sums, power in zip(made, powers, strict=True):
                sums[:, stroke.frames] += stroke.power * power[stroke.drum, stroke.ages].T
        gains = 10.0 * np.log10(made[0] / made[1])
        return torch.from_numpy(gains.clip(-MOST_DB, MOST_DB).astype(np.float32))

    @staticmethod
    def _powers(levels: torch.Tensor) -> np.ndarray:
        return 10.0 ** (levels.double().numpy(force=True) / 10.0)

    def forward(self, audio: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
        """Audio (t,) of drums with the gains (c m) of its frames, m = t / 256 + 1."""
        return self.bands.with_gains(self.bands.spectrum(audio), gains, audio.shape[-1])
