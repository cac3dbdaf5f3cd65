"""How far is a mix from the one it should have been? Balance, tone, dynamics, spectrum.

Every number is a distance from a reference mix of the same song, 0 for the reference itself. Both
are brought to one loudness first, and left and right are added. What this does not know: taste, and
whether a room or a stereo picture is well chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from data.meter import measured
from metrics.analysis import as_audio, log_mel
from metrics.waveform import stft_distance
from utils import SAMPLE_RATE

LOUDNESS = -20.0
DECIBELS_PER_NEPER = 20.0 / np.log(10.0)


@dataclass(frozen=True)
class MixScores:
    """Distances from the reference.

    Attributes:
        balance_db: mean over the stems of how much louder or quieter than in the reference each
            is, against the others.
        tone_db: mean over 40 mel bands of the difference of the long-term spectra.
        crest_db: difference of the crest factors. range_lu: of the loudness ranges.
        distance: `metrics.waveform.stft_distance`.
    """

    balance_db: float
    tone_db: float
    crest_db: float
    range_lu: float
    distance: float


def score_mix(
    mix: np.ndarray, stems: np.ndarray, reference: np.ndarray, reference_stems: np.ndarray
) -> MixScores:
    """Distances of a mix (2 t) of stems (s t), as they are in it, from a reference; 22,050 Hz.

    Raises:
        ValueError: shapes that differ, silence, or audio that is not finite.
    """
    mix, stems, reference, reference_stems = map(as_audio, (mix, stems, reference, reference_stems))
    if mix.shape != reference.shape or stems.shape != reference_stems.shape:
        raise ValueError(
            f"mix {mix.shape} and stems {stems.shape} differ in shape from the reference's "
            f"{reference.shape} and {reference_stems.shape}"
        )
    ours, real = _levelled(mix), _levelled(reference)
    return MixScores(
        balance_db=balance_error_db(stems, reference_stems),
        tone_db=float(np.abs(_tone(ours) - _tone(real)).mean()),
        crest_db=abs(crest_db(ours) - crest_db(real)),
        range_lu=abs(_range(mix) - _range(reference)),
        distance=float(stft_distance(ours, real)),
    )


def balance_error_db(stems: np.ndarray, reference: np.ndarray) -> float:
    """Mean absolute difference in LU of the stems' loudness against their mean; stems (s t) that
    are silent on either side do not count, and one alone is always in balance.
    """
    lufs = [[measured(stem[None], SAMPLE_RATE).loudness for stem in s] for s in (stems, reference)]
    ours, real = np.array(lufs)
    both = np.isfinite(ours) & np.isfinite(real)
    if both.sum() < 2:
        return 0.0
    difference = (ours - real)[both]
    return float(np.abs(difference - difference.mean()).mean())


def crest_db(audio: np.ndarray) -> float:
    """Peak over root mean square of audio (t,), in dB."""
    power = np.square(audio.astype(np.float64)).mean()
    return float(20.0 * np.log10(np.abs(audio).max() / np.sqrt(power)))


def _levelled(mix: np.ndarray) -> np.ndarray:
    """Left and right added, at one loudness."""
    lufs = measured(mix, SAMPLE_RATE).loudness
    if not np.isfinite(lufs):
        raise ValueError("a silent mix cannot be compared")
    return mix.mean(0) * np.float32(10.0 ** ((LOUDNESS - lufs) / 20.0))


def _tone(audio: np.ndarray) -> np.ndarray:
    """Long-term spectrum (40,) in dB; bands 60 dB below the loudest are silent."""
    mel = np.exp(log_mel(audio, n_mels=40))
    power = 10.0 * np.log10(np.square(mel).mean(-1))
    return np.maximum(power, power.max() - 60.0)


def _range(mix: np.ndarray) -> float:
    return measured(mix, SAMPLE_RATE).range_lu


def mean_scores(scores: list[MixScores]) -> MixScores:
    """The mean of every distance."""
    return MixScores(
        **{f.name: float(np.mean([getattr(s, f.name) for s in scores])) for f in fields(MixScores)}
    )
