"""The console on spectra: what would be heard of stems after it, without making the audio.

Gain and equaliser are multiplications of the mel bands, exact up to the width of a band. The
compressor follows frames of 93 ms, which is about what attack and release make of its gain. A song
that is heard once can so be damaged and restored many times at little cost.
"""

from __future__ import annotations

import torch

from models.postprocessing.mixing.dynamics import static_curve
from models.postprocessing.mixing.equaliser import response, sections
from models.postprocessing.mixing.listening import Heard, band_angles, decibels, weighted
from models.postprocessing.mixing.settings import BANDS
from utils import SAMPLE_RATE

KNEE_DB = 6.0


def equalised(heard: Heard, gain_db: torch.Tensor, eq_db: torch.Tensor) -> Heard:
    """Stems heard (b s ...) louder by gain_db (b s) and through the bands by eq_db (b s k)."""
    angles = band_angles().to(eq_db.device)
    shape = response(sections(BANDS, SAMPLE_RATE, eq_db), angles).abs().square().float()
    mel = heard.mel * (shape * 10.0 ** (gain_db / 10.0)[..., None])[..., None]
    louder = mel.sum(-2) / heard.mel.sum(-2).clamp_min(1e-12)
    return Heard(mel, weighted(mel), heard.peak * (louder + 1e-12).sqrt())


def compressed(heard: Heard, threshold_db: torch.Tensor, ratio: torch.Tensor) -> Heard:
    """What is heard (b s ...) after a compressor with threshold and ratio (b s)."""
    level = 2.0 * decibels(heard.peak)
    gain = static_curve(level, threshold_db[..., None], ratio[..., None], KNEE_DB)
    power = 10.0 ** (gain / 10.0)
    return Heard(heard.mel * power[..., None, :], heard.power * power, heard.peak * power.sqrt())


def channel_spectra(
    heard: Heard,
    threshold_db: torch.Tensor,
    ratio: torch.Tensor,
    eq_db: torch.Tensor,
    gain_db: torch.Tensor,
) -> Heard:
    """Compressor first, then equaliser and gain: the order in which damage is done."""
    return equalised(compressed(heard, threshold_db, ratio), gain_db, eq_db)


def restored_spectra(heard: Heard, controls) -> Heard:
    """Gain and equaliser, then the compressor: the order of the console's channels."""
    louder = equalised(heard, controls.gain_db, controls.eq_db)
    return compressed(louder, controls.threshold_db, controls.ratio)


def sum_spectra(heard: Heard) -> Heard:
    """What is heard of the sum (b ...) of stems (b s ...), as if their powers added."""
    peak = heard.peak.square().sum(-2).clamp_min(1e-12).sqrt()
    return Heard(heard.mel.sum(-3), heard.power.sum(-2), peak)
