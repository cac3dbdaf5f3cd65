"""How well was a mixture taken apart? Improvement of SI-SDR over the mixture, per stem.

The protocol is that of Multi-Source Diffusion Models (Mariani et al. 2023, arXiv 2302.02257):
chunks of 4 s every 2 s, the last one shorter; a chunk counts when at least two stems are active; in
it every stem counts, silent ones too. A silent stem scores how much quieter than the mixture its
estimate is, tens of decibels for saying nothing. So there is a second figure, over the chunks in
which the stem itself is active. Compare the first with published tables, believe the second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from metrics.analysis import as_audio
from utils import NUM_STEMS, SAMPLE_RATE, STEMS

CHUNK_SECONDS, OVERLAP_SECONDS = 4.0, 2.0
ACTIVE_POWER = 1.5e-5
FLOOR = 1e-8


def floored_si_sdr(estimate: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """SI-SDR in dB (...) of (..., t), 1e-8 added to every energy, so that silence has a number.

    Where the reference is silent it is how far the estimate's energy is below 1e-8, negative.
    """
    estimate, reference = (as_audio(x).astype(np.float64) for x in (estimate, reference))
    gain = ((estimate * reference).sum(-1) + FLOOR) / (np.square(reference).sum(-1) + FLOOR)
    target = gain[..., None] * reference
    wanted = np.square(target).sum(-1) + FLOOR
    return 10.0 * np.log10(wanted / (np.square(target - estimate).sum(-1) + FLOOR))


def chunks(num_samples: int, sample_rate: int = SAMPLE_RATE) -> Iterator[slice]:
    """Chunks of 4 s every 2 s; what is left at the end is a shorter one."""
    size, overlap = round(CHUNK_SECONDS * sample_rate), round(OVERLAP_SECONDS * sample_rate)
    for i in range(max(math.ceil((num_samples - overlap) / (size - overlap)), 1)):
        start = i * (size - overlap)
        yield slice(start, min(start + size, num_samples))


def is_active(stems: np.ndarray) -> np.ndarray:
    """Whether stems (..., t) sound, bool (...): a mean square of at least 1.5e-5 (-48.2 dB)."""
    return np.square(as_audio(stems), dtype=np.float64).mean(-1) >= ACTIVE_POWER


@dataclass(frozen=True)
class ChunkScores:
    """Improvement in dB (n, s) of n counted chunks, and which stems are active in them (n, s)."""

    improvement_db: np.ndarray
    active: np.ndarray


def score_chunks(estimates: np.ndarray, stems: np.ndarray) -> ChunkScores:
    """Scores of one song's estimates (s, t) beside its stems (s, t)."""
    if estimates.shape != stems.shape or stems.ndim != 2 or len(stems) != NUM_STEMS:
        raise ValueError(f"expected ({NUM_STEMS}, t) twice, got {estimates.shape}, {stems.shape}")
    improvements, actives = [np.zeros((0, NUM_STEMS))], [np.zeros((0, NUM_STEMS), bool)]
    for place in chunks(stems.shape[1]):
        wanted = stems[:, place]
        active = is_active(wanted)
        if active.sum() < 2:
            continue
        mixture = np.broadcast_to(wanted.sum(0), wanted.shape)
        better = floored_si_sdr(estimates[:, place], wanted) - floored_si_sdr(mixture, wanted)
        improvements.append(better[None])
        actives.append(active[None])
    return ChunkScores(np.concatenate(improvements), np.concatenate(actives))


@dataclass(frozen=True)
class SeparationScores:
    """Means over chunks, in dB per stem and over the stems ("all"); NaN where nothing counts.

    Attributes:
        published_db: of all counted chunks, as in published tables.
        active_db: of the chunks in which the stem is active. num_active: how many those are.
        num_chunks: counted chunks.
    """

    published_db: dict[str, float]
    active_db: dict[str, float]
    num_active: dict[str, int]
    num_chunks: int


def summarise(songs: Iterable[ChunkScores]) -> SeparationScores:
    """Means over the chunks of all songs."""
    songs = list(songs)
    better = np.concatenate([s.improvement_db for s in songs] or [np.zeros((0, NUM_STEMS))])
    active = np.concatenate([s.active for s in songs] or [np.zeros((0, NUM_STEMS), bool)])
    every = np.ones_like(active)
    return SeparationScores(
        _means(better, every),
        _means(better, active),
        dict(zip(STEMS, active.sum(0).tolist(), strict=True)),
        len(better),
    )


def _means(better: np.ndarray, counted: np.ndarray) -> dict[str, float]:
    columns = [column[keep] for column, keep in zip(better.T, counted.T, strict=True)]
    means = [float(column.mean()) if len(column) else math.nan for column in columns]
    known = [mean for mean in means if not math.isnan(mean)]
    every = sum(known) / len(known) if known else math.nan
    return dict(zip(STEMS, means, strict=True)) | {"all": every}
