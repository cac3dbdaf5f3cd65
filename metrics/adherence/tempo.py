"""How fast are these notes? The tempo that is heard in onsets, and an ear that was taught to count.

What repeats in music repeats at half and at twice its beat too, so that the strongest period of
onsets is the beat in two songs of three. The ear chooses among simple multiples of it by what
players do on a beat: kick and snare take turns, a snare comes every second beat, a bass rarely
plays more than two notes on one. How much each of these counts, real songs have taught it. The
planned beats are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from data.score import Notes, Score
from metrics.analysis import ONSET_RATE
from metrics.beats import autocorrelation, period_frames
from utils import STEMS

Hearing = Callable[[Mapping[str, Notes], float], float]
ONSET_SPREAD_FRAMES = 1.5
ONSET_WEIGHT = {"bass": 1.5, "drums": 1.0, "guitar": 1.0, "piano": 1.0}
MULTIPLES = np.array([1 / 2, 2 / 3, 3 / 4, 1.0, 4 / 3, 3 / 2, 2.0])  # of the plain tempo
RIGHT = 0.04  # a multiple within this share of the true tempo is the one to choose
KITS = {"kick": (35, 36), "snare": (37, 38, 39, 40), "cymbals": (42, 44, 46, 51, 53, 59)}
REPEATS = (1, 2, 4)  # beats after which a part may come back
FEWEST_STROKES = 4
FEWEST_SONGS = 50
PENALTY = 3e-3


def onset_curve_of_notes(notes: Mapping[str, Notes], duration: float) -> np.ndarray:
    """How strongly notes begin (m,) at 86.13 frames a second; the bass counts half as much again.

    A stroke of a stem is as strong as its loudest note, and spreads over a few frames.
    """
    loud = {stem: notes[stem].velocity / 127.0 for stem in STEMS}
    return sum(
        weight * _strokes(notes[stem].onset, duration, loud[stem])
        for stem, weight in ONSET_WEIGHT.items()
    )


def _strokes(onsets: np.ndarray, duration: float, strength: np.ndarray | float = 1.0) -> np.ndarray:
    """Onsets (n,) as a curve (m,), those of one frame counted once."""
    curve = np.zeros(int(duration * ONSET_RATE) + 1)
    frames = np.round(onsets * ONSET_RATE).astype(int)
    inside = (frames >= 0) & (frames < len(curve))
    np.maximum.at(curve, frames[inside], np.broadcast_to(strength, frames.shape)[inside])
    places = np.arange(-6, 7)
    return np.convolve(curve, np.exp(-0.5 * (places / ONSET_SPREAD_FRAMES) ** 2), mode="same")


def tempo_of_notes(notes: Mapping[str, Notes], duration: float) -> float:
    """Beats per minute of what repeats most strongly in the onsets; nan when nothing repeats."""
    curve = onset_curve_of_notes(notes, duration)
    return 60.0 * ONSET_RATE / period_frames(curve) if curve.any() else float("nan")


def _evidence(notes: Mapping[str, Notes], duration: float, tempo: float) -> np.ndarray:
    """What speaks for and against every multiple of a tempo: (multiples, f)."""
    period = 60.0 * ONSET_RATE / (tempo * MULTIPLES)
    octaves = np.log2(tempo * MULTIPLES / 120.0)
    drums = notes["drums"]
    parts = {name: drums.onset[np.isin(drums.pitch, keys)] for name, keys in KITS.items()}
    parts["bass"] = notes["bass"].onset
    parts["chords"] = np.concatenate([notes["guitar"].onset, notes["piano"].onset])
    curves = {name: _strokes(onsets, duration) for name, onsets in parts.items()}
    everything = autocorrelation(onset_curve_of_notes(notes, duration))
    columns = [octaves, octaves**2]
    columns += [_at(everything, beats * period) for beats in (0.5, *REPEATS)]
    for name, onsets in parts.items():
        strokes = len(np.unique(np.round(onsets * ONSET_RATE)))
        played = strokes >= FEWEST_STROKES
        per_beat = played * np.log2(strokes * period / (duration * ONSET_RATE) + 0.1)
        again = autocorrelation(curves[name])
        columns += [per_beat, per_beat**2]
        columns += [played * _at(again, beats * period) for beats in REPEATS]
    return np.stack([*columns, _turns(curves["kick"], curves["snare"], period)], axis=1)


def _at(curve: np.ndarray, frames: np.ndarray) -> np.ndarray:
    return np.interp(frames, np.arange(len(curve)), curve, right=0.0)


def _turns(kick: np.ndarray, snare: np.ndarray, period: np.ndarray) -> np.ndarray:
    """How much kick and snare take turns, one after the other at a period of frames."""
    kick, snare = kick - kick.mean(), snare - snare.mean()
    scale = np.sqrt(np.square(kick).sum() * np.square(snare).sum())
    if scale < 1e-9:
        return np.zeros(len(period))
    both = np.correlate(snare, kick, "full") / scale
    middle = len(kick) - 1
    return _at(both[middle:], period) + _at(both[middle::-1], period)


@dataclass(frozen=True)
class TempoEar:
    """Chooses among multiples of the plain tempo by the evidence for each.

    Attributes:
        mean, scale, weights: (f,) of the evidence.
    """

    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray

    def __call__(self, notes: Mapping[str, Notes], duration: float) -> float:
        """Beats per minute; nan when nothing repeats."""
        plain = tempo_of_notes(notes, duration)
        if not np.isfinite(plain):
            return plain
        rows = (_evidence(notes, duration, plain) - self.mean) / self.scale
        return float(plain * MULTIPLES[(rows @ self.weights).argmax()])


def train_tempo_ear(scores: Sequence[Score], tempos: Sequence[float]) -> TempoEar | None:
    """An ear taught by scores whose tempo is known; nan where it is not.

    A conditional logit: the evidence for a multiple is weighed, the likeliest multiple is the one
    nearest to the truth. None with fewer than fifty songs to learn from.
    """
    rows, chosen = [], []
    for score, truth in zip(scores, tempos, strict=True):
        plain = tempo_of_notes(score.notes, score.duration)
        misses = np.abs(plain * MULTIPLES / truth - 1.0)
        if np.isfinite(misses).all() and misses.min() < RIGHT:
            rows.append(_evidence(score.notes, score.duration, plain))
            chosen.append(int(misses.argmin()))
    if len(rows) < FEWEST_SONGS:
        return None
    evidence = np.stack(rows)
    mean = evidence.mean((0, 1))
    scale = np.maximum(evidence.std((0, 1)), 1e-6)
    return TempoEar(mean, scale, _weighed((evidence - mean) / scale, np.array(chosen)))


def _weighed(evidence: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Weights (f,) of least cross-entropy of the choices (n,) among evidence (n, multiples, f)."""
    truth = np.eye(len(MULTIPLES))[chosen]

    def cost(weights: np.ndarray) -> tuple[float, np.ndarray]:
        votes = evidence @ weights
        chance = np.exp(votes - votes.max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        loss = -np.log((chance * truth).sum(1) + 1e-12).mean()
        slope = np.einsum("nm,nmf->f", chance - truth, evidence) / len(evidence)
        return loss + 0.5 * PENALTY * weights @ weights, slope + PENALTY * weights

    return minimize(cost, np.zeros(evidence.shape[-1]), jac=True, method="L-BFGS-B").x
