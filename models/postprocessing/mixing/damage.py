"""Takes a good balance apart: what the mixer learns to put right again.

Every stem gets another level, another tone (the console's own bands, turned either way) and other
dynamics: peaks stand further out than they did, or less far. Each kind strikes some stems only, and
the mixer must leave the rest alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from models.postprocessing.mixing.dynamics import compress, control_level
from models.postprocessing.mixing.equaliser import equalise
from models.postprocessing.mixing.listening import Heard, decibels
from models.postprocessing.mixing.settings import BANDS
from models.postprocessing.mixing.spectra import channel_spectra

GAIN_DB, EQ_DB, RATIO = 12.0, 9.0, 1.7
CHANCES = {"gain": 0.9, "eq": 0.5, "dynamics": 0.5}  # of a stem; "eq" of a band
UNDER_PEAK_DB = 12.0


@dataclass(frozen=True)
class Damage:
    """gain_db, ratio (b s) and eq_db (b s k) of a damaged mix; 0 dB and ratio 1 are none."""

    gain_db: torch.Tensor
    eq_db: torch.Tensor
    ratio: torch.Tensor

    @staticmethod
    def draw(num_songs: int, num_stems: int, generator: torch.Generator) -> Damage:
        """Random damage, on the generator's device."""
        shape = (num_songs, num_stems)
        between = lambda size: 2.0 * torch.rand(size, generator=generator) - 1.0
        struck = lambda kind, size: torch.rand(size, generator=generator) < CHANCES[kind]
        bands = (*shape, len(BANDS))
        return Damage(
            GAIN_DB * between(shape) * struck("gain", shape),
            EQ_DB * between(bands) * struck("eq", bands),
            RATIO ** (between(shape) * struck("dynamics", shape)),
        )

    def apply_to_spectra(self, heard: Heard) -> Heard:
        """What would be heard (b s ...) of the damaged stems, at a fraction of the cost."""
        loud = 2.0 * decibels(heard.peak.amax(-1)) - UNDER_PEAK_DB
        return channel_spectra(heard, loud, self.ratio, self.eq_db, self.gain_db)

    def to(self, device: torch.device | str) -> Damage:
        return Damage(*(v.to(device) for v in (self.gain_db, self.eq_db, self.ratio)))

    def apply(self, stems: torch.Tensor, sample_rate: int) -> torch.Tensor:
        """The stems (b s t), damaged; silence stays silence."""
        loud = control_level(stems, sample_rate).amax(-1) - UNDER_PEAK_DB
        out = compress(stems, sample_rate, loud, self.ratio, attack_ms=5.0, release_ms=120.0)
        out = equalise(out, sample_rate, BANDS, self.eq_db)
        return out * 10.0 ** (self.gain_db[..., None] / 20.0)
