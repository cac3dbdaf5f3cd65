"""Where the beats are: tempo candidates from self-similarity, a path through the strokes for each,
and a choice between them by how the band moves on them.

The path is that of Ellis (2007), "Beat tracking by dynamic programming". Choosing the level
(is it 70 or 140?) is what such trackers get wrong; here a snare between two kicks, a change of
chord and what lies between the beats speak for a level.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
from scipy import ndimage

from data.listening.spectra import RATE

SLOWEST_BPM, FASTEST_BPM = 45.0, 225.0
TIGHTNESS = 300.0
RELATIVES = (1.0, 2.0, 0.5, 3.0, 1 / 3, 1.5, 2 / 3)  # of a tempo: what it is mistaken for
NUM_PEAKS = 3
_SAME = 0.04  # octaves: tempos this close are one
_MOST = 3.0


@dataclass(frozen=True)
class Curves:
    """What the band does at 86 frames a second, each (m,), of comparable size.

    all: strokes of everybody; low, middle: of the drums (or the mix) by register, mostly kick and
    snare; bass: strokes of the bass; change: how much the harmony changes.
    """

    all: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    bass: np.ndarray
    change: np.ndarray


@dataclass(frozen=True)
class Cues:
    """What speaks for beats at some places. Between the beats, a curve counts by its strength
    there over that on the beats. No ratio counts for more than `_MOST`.

    Attributes:
        pace: square of the distance from 110 bpm in octaves.
        repeats: autocorrelation at 1-4 periods, over the largest of all candidates.
        third, quarter, half: strokes so much of a beat after it; swing never plays a third.
        kick_half, snare_half: kick and snare drums halfway between the beats.
        change: change of harmony at the beats over its mean; `change_half`: halfway between.
    """

    pace: float
    repeats: float
    third: float
    quarter: float
    half: float
    kick_half: float
    snare_half: float
    change: float
    change_half: float


# A multinomial logistic regression over the candidates of 130 composed and 90 real excerpts.
WEIGHTS = Cues(
    pace=-2.8,
    repeats=6.2,
    third=-3.8,
    quarter=-1.8,
    half=0.8,
    kick_half=-0.9,
    snare_half=-1.0,
    change=0.5,
    change_half=-1.7,
)


def autocorrelation(curve: np.ndarray) -> np.ndarray:
    """Autocorrelation (m,), unbiased by the overlap, 1 at lag 0; zeros for a constant curve."""
    centred, size = curve - curve.mean(), len(curve)
    raw = np.fft.irfft(np.abs(np.fft.rfft(centred, 2 * size)) ** 2)[:size]
    raw = raw / (size - np.arange(size))
    return raw / raw[0] if raw[0] > 1e-12 else np.zeros(size)


def repetition(curve: np.ndarray, bpm: np.ndarray) -> np.ndarray:
    """Mean autocorrelation at one to four periods of every tempo: as many values as `bpm`."""
    similarity = ndimage.gaussian_filter1d(autocorrelation(curve), 1.0)
    lags = (60.0 * RATE / bpm)[:, None] * np.arange(1, 5)
    inside = lags < 0.8 * len(curve)
    values = np.interp(lags, np.arange(len(curve)), similarity) * inside
    return values.sum(1) / np.maximum(inside.sum(1), 1)


def candidates(curve: np.ndarray) -> np.ndarray:
    """Tempos (k,) in bpm worth trying: the strongest repetitions and what each is mistaken for."""
    bpm = SLOWEST_BPM * 2.0 ** np.arange(0, np.log2(FASTEST_BPM / SLOWEST_BPM), 0.01)
    strength = repetition(curve, bpm) - 0.08 * np.log2(bpm / 110.0) ** 2
    inner = np.arange(1, len(bpm) - 1)
    peaks = inner[
        (strength[inner] >= strength[inner - 1]) & (strength[inner] > strength[inner + 1])
    ]
    peaks = peaks[np.argsort(-strength[peaks])][:NUM_PEAKS]
    found: list[float] = []
    for tempo in (bpm[p] * relative for p in peaks for relative in RELATIVES):
        known = any(abs(np.log2(tempo / other)) < _SAME for other in found)
        if SLOWEST_BPM <= tempo <= FASTEST_BPM and not known:
            found.append(float(tempo))
    return np.array(found)


def beat_path(curve: np.ndarray, period: float) -> np.ndarray:
    """Frames (n,) of the beats whose strokes are strong and whose distances are near `period`."""
    width = np.arange(-round(period), round(period) + 1)
    kernel = np.exp(-0.5 * (width * 32.0 / period) ** 2)
    gain = ndimage.convolve1d(curve / max(float(curve.std()), 1e-9), kernel, mode="constant")
    steps = np.arange(max(round(0.7 * period), 1), round(1.4 * period) + 1)
    return best_chain(gain, steps, TIGHTNESS * np.log(steps / period) ** 2, round(period))


def best_chain(
    gain: np.ndarray, steps: np.ndarray, penalty: np.ndarray, last_frames: int
) -> np.ndarray:
    """Frames (n,) of the chain with the greatest sum of gains (m,) less penalties of its steps.

    Ellis 2007, "Beat tracking by dynamic programming". A chain begins anywhere and ends in the last
    `last_frames`.

    Args:
        steps: frames between neighbours (k,), increasing. penalty: of each (k,).
    """
    total, previous = gain.astype(np.float64), np.full(len(gain), -1)
    for frame in range(int(steps[0]), len(total)):
        reach = steps[: frame - int(steps[0]) + 1]
        scores = total[frame - reach] - penalty[: len(reach)]
        best = int(scores.argmax())
        if scores[best] > 0:
            total[frame] += scores[best]
            previous[frame] = frame - reach[best]
    tail = max(0, len(total) - last_frames)
    path = [tail + int(total[tail:].argmax())]
    while previous[path[-1]] >= 0:
        path.append(int(previous[path[-1]]))
    return np.array(path[::-1])


def steadied(frames: np.ndarray, reach: int = 4) -> np.ndarray:
    """Beats with the jitter of frames and players taken out: each on a line through its neighbours.

    Args:
        frames: (n,) of the path.
        reach: neighbours on either side.
    """
    place, count = np.arange(len(frames), dtype=np.float64), len(frames)
    if count < 4:
        return frames.astype(np.float64)
    first = np.maximum(np.arange(count) - reach, 0)
    end = np.minimum(np.arange(count) + reach + 1, count)
    sums = np.cumsum(np.stack([place**0, place, place**2, frames, place * frames]), 1)
    sums = np.pad(sums, ((0, 0), (1, 0)))
    n, x, xx, y, xy = sums[:, end] - sums[:, first]
    slope = (n * xy - x * y) / (n * xx - x * x)
    return y / n + slope * (place - x / n)


def at(curve: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """The curve's largest value within two frames (23 ms) of each place."""
    wide = ndimage.maximum_filter1d(curve, 5)
    return np.interp(frames, np.arange(len(curve)), wide, left=0.0, right=0.0)


def cues_of(curves: Curves, frames: np.ndarray, repeats: float) -> Cues:
    """What speaks for beats at these frames (n,), n at least 3."""
    gaps = np.diff(frames)

    def between(curve: np.ndarray, share: float) -> float:
        on = max(float(at(curve, frames).mean()), 1e-9)
        return min(float(at(curve, frames[:-1] + share * gaps).mean()) / on, _MOST)

    change = max(float(curves.change.mean()), 1e-9)
    return Cues(
        pace=float(np.log2(60.0 * RATE / np.median(gaps) / 110.0) ** 2),
        repeats=repeats,
        third=between(curves.all, 1 / 3),
        quarter=between(curves.all, 1 / 4),
        half=between(curves.all, 1 / 2),
        kick_half=between(curves.low, 1 / 2),
        snare_half=between(curves.middle, 1 / 2),
        change=min(float(at(curves.change, frames).mean()) / change, _MOST),
        change_half=between(curves.change, 1 / 2),
    )


def find_beats(curves: Curves) -> np.ndarray:
    """Seconds (n,) of the beats; empty when nothing repeats."""
    found = weighed(curves)
    if not found:
        return np.zeros(0)
    weights = np.array(astuple(WEIGHTS))
    scores = [float(weights @ astuple(cues)) for _, cues in found]
    return found[int(np.argmax(scores))][0] / RATE


def weighed(curves: Curves) -> list[tuple[np.ndarray, Cues]]:
    """Beats (frames) for every tempo worth trying, on and between, with what speaks for them."""
    if curves.all.max(initial=0.0) <= 0 or len(curves.all) < 2 * RATE:
        return []
    tempos = candidates(curves.all)
    repeats = repetition(curves.all, tempos)
    repeats = repeats / max(float(repeats.max(initial=0.0)), 1e-9)
    found = []
    for tempo, strength in zip(tempos, repeats, strict=True):
        frames = steadied(beat_path(curves.all, 60.0 * RATE / tempo))
        for beats in (frames, 0.5 * (frames[:-1] + frames[1:])):
            if len(beats) >= 3:
                found.append((beats, cues_of(curves, beats, float(strength))))
    return found
