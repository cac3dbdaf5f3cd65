"""What a bar is like, as numbers, from the notes that are played in it."""

from __future__ import annotations

import numpy as np

from data.score import Score
from utils import STEMS

PIECES = {"kick": (35, 36), "snare": (37, 38, 39, 40), "closed": (42, 44), "open": (46,)}
PIECES |= {"ride": (51, 53, 59), "toms": (41, 43, 45, 47, 48, 50), "crash": (49, 52, 55, 57)}
POSITIONS = 8
FALLBACK_SECONDS = 2.0
FAINT = 0.1  # spread of a block that hardly changes, which is not blown up
WEIGHTS = {"harmony": 1.0, "density": 1.0, "plays": 1.0, "force": 0.5, "kit": 1.0, "rhythm": 0.5}
ACCENTS = {"crash": 0.4, "fill": 0.2, "change": 0.2}


def bars_of(score: Score) -> np.ndarray:
    """Seconds (n + 1,) at which bars begin, and the end; 2 s each where no beats are known."""
    starts = score.beat_times[score.beat_in_bar == 0] if len(score.beat_times) else np.zeros(0)
    starts = starts[(starts > 1e-3) & (starts < score.duration - 1e-3)]
    if not len(starts):
        starts = np.arange(FALLBACK_SECONDS, score.duration - 1e-3, FALLBACK_SECONDS)
    return np.concatenate([[0.0], starts, [score.duration]])


def score_features(score: Score, bars: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features (n k) of the bars of a score, and accents (n,): signs that something begins."""
    n = len(bars) - 1
    seconds = np.diff(bars)[:, None]
    places = {stem: _bar_of(score.notes[stem].onset, bars) for stem in STEMS}
    counts = np.stack([np.bincount(places[stem], minlength=n) for stem in STEMS], 1)
    kit = _kit(score, places["drums"], n)
    blocks = {
        "harmony": _harmony(score, bars),
        "density": np.log1p(counts / seconds),
        "plays": (counts > 0).astype(float),
        "force": _force(score, places, n),
        "kit": np.log1p(kit / seconds),
        "rhythm": _rhythm(score, places, bars),
    }
    return weighed(blocks, WEIGHTS), _accents(kit, counts > 0)


def _bar_of(times: np.ndarray, bars: np.ndarray) -> np.ndarray:
    """The bar (n,) of each time; a note a little early belongs to the bar it anticipates."""
    early = 0.04
    return np.clip(np.searchsorted(bars, times + early, side="right") - 1, 0, len(bars) - 2)


def _harmony(score: Score, bars: np.ndarray) -> np.ndarray:
    """Pitch classes (n 24): how long each sounds, of all pitched stems and of the bass, unit
    length.
    """
    found = np.zeros((len(bars) - 1, 2, 12))
    for stem in STEMS:
        if stem == "drums":
            continue
        notes = score.notes[stem]
        for i, (start, end) in enumerate(zip(bars[:-1], bars[1:], strict=True)):
            overlap = np.minimum(notes.offset, end) - np.maximum(notes.onset, start)
            sounding = overlap > 0
            classes = np.bincount(notes.pitch[sounding] % 12, overlap[sounding], minlength=12)
            found[i, 0] += classes
            found[i, 1] += classes * (stem == "bass")
    return (found / np.maximum(np.linalg.norm(found, axis=-1, keepdims=True), 1e-9)).reshape(-1, 24)


def _force(score: Score, places: dict[str, np.ndarray], n: int) -> np.ndarray:
    """Mean velocity (n 4) of each stem, 0 to 1."""
    rows = []
    for stem in STEMS:
        total = np.bincount(places[stem], score.notes[stem].velocity, minlength=n)
        rows.append(total / np.maximum(np.bincount(places[stem], minlength=n), 1) / 127.0)
    return np.stack(rows, 1)


def _kit(score: Score, places: np.ndarray, n: int) -> np.ndarray:
    """Strokes (n 7) on each piece of the drums."""
    pitch = score.notes["drums"].pitch
    rows = [np.bincount(places[np.isin(pitch, keys)], minlength=n) for keys in PIECES.values()]
    return np.stack(rows, 1).astype(float)


def _rhythm(score: Score, places: dict[str, np.ndarray], bars: np.ndarray) -> np.ndarray:
    """Where in the bar each stem plays (n 32), each stem's eight places of unit length."""
    rows = []
    for stem in STEMS:
        at = places[stem]
        share = (score.notes[stem].onset - bars[at]) / np.maximum(np.diff(bars)[at], 1e-9)
        slot = np.clip(np.round(share * POSITIONS), 0, POSITIONS - 1).astype(int)
        grid = np.bincount(at * POSITIONS + slot, minlength=(len(bars) - 1) * POSITIONS)
        grid = grid.reshape(-1, POSITIONS).astype(float)
        rows.append(grid / np.maximum(np.linalg.norm(grid, axis=1, keepdims=True), 1e-9))
    return np.concatenate(rows, 1)


def _accents(kit: np.ndarray, plays: np.ndarray) -> np.ndarray:
    """Signs (n,) of a beginning: a crash where there was none, toms in the bar before, another
    band.
    """
    names = list(PIECES)
    crash, toms = kit[:, names.index("crash")] > 0, kit[:, names.index("toms")]
    before = lambda x: np.concatenate([x[:1], x[:-1]])
    rare = crash.mean() < 0.5
    fill = (before(toms) > toms) & (toms.mean() < 2.0)
    change = (plays != before(plays)).any(1)
    signs = {"crash": crash & ~before(crash) & rare, "fill": fill, "change": change}
    found = sum(ACCENTS[name] * sign for name, sign in signs.items())
    found[:1] = 0.0
    return found


def weighed(blocks: dict[str, np.ndarray], weights: dict[str, float]) -> np.ndarray:
    """Blocks of features side by side, each centred and of its weight's total variance."""
    rows = []
    for name, block in blocks.items():
        centred = block - block.mean(0)
        spread = np.sqrt(np.square(centred).sum(1).mean())
        rows.append(weights[name] * centred / max(float(spread), FAINT))
    return np.concatenate(rows, 1)
