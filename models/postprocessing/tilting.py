"""How bright a mix is: one tilt of the spectrum, common to all stems, brings it where it should be.

A tilt turns a spectrum about 1 kHz by so many dB an octave, as the tone control of a mastering desk
does. Instruments and players are chosen for the brightness that was asked, but what they play
together comes out anywhere near it; the tilt is what is missing. All stems go through the same
filter, without delay and without a change of phase, so that they still add up to their mix.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.optimize import brentq
from scipy.signal import firwin2, oaconvolve

from data.brightness import REFERENCE_HZ, centroid_octaves, is_silent, mean_magnitude

MOST_DB = 4.0  # an octave; more would change what an instrument is
LOW_HZ, HIGH_HZ = 60.0, 8_000.0  # beyond these the tilt goes no further
TAPS = 1_025
FAR_OCTAVES = 0.25  # more than this beside what was asked is worth a warning


def slope_towards(mix: np.ndarray, sample_rate: int, octaves: float) -> float:
    """dB an octave that bring a mix (t,) to a brightness, at most `MOST_DB` either way; 0 for
    silence, and where nothing is asked (nan). Warns where the mix stays `FAR_OCTAVES` off.

    Args:
        octaves: spectral centroid over 1 kHz, as in `data.brightness`.
    """
    if np.isnan(octaves) or is_silent(mix):
        return 0.0
    hertz, magnitude = mean_magnitude(mix, sample_rate)

    def missing(slope: float) -> float:
        return centroid_octaves(hertz, magnitude * _gain(hertz, slope)) - octaves

    ends = missing(-MOST_DB), missing(MOST_DB)
    if ends[0] < 0.0 < ends[1]:
        return float(brentq(missing, -MOST_DB, MOST_DB, xtol=0.01))
    nearest = int(np.argmin(np.abs(ends)))
    if abs(ends[nearest]) > FAR_OCTAVES:
        warnings.warn(
            f"a brightness of {octaves:+.2f} octaves was wanted and "
            f"{octaves + ends[nearest]:+.2f} reached: a tilt turns by {MOST_DB:g} dB an octave "
            "at most; ask for other instruments, too",
            stacklevel=2,
        )
    return (-MOST_DB, MOST_DB)[nearest]


def tilted(stems: np.ndarray, sample_rate: int, slope: float) -> np.ndarray:
    """Stems (s, t), float32, turned by `slope` dB an octave about 1 kHz."""
    if slope == 0.0:
        return stems
    hertz = np.linspace(0.0, sample_rate / 2, TAPS)
    taps = firwin2(TAPS, hertz, _gain(hertz, slope), fs=sample_rate).astype(np.float32)
    return np.stack([oaconvolve(stem, taps, mode="same") for stem in stems])


def _gain(hertz: np.ndarray, slope: float) -> np.ndarray:
    octaves = np.log2(hertz.clip(LOW_HZ, HIGH_HZ) / REFERENCE_HZ)
    return 10.0 ** (slope * octaves / 20.0)
