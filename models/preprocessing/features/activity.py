"""When a stem sounds: spans of time, from its level or from its notes."""

from __future__ import annotations

import numpy as np

from data.score import Notes
from models.preprocessing.features.record import Span

BLOCK_SECONDS = 0.05
SILENT_DB = -60.0
BELOW_USUAL_DB = 40.0  # a stem rests where it is so much softer than it usually is
USUAL_PERCENTILE = 95
SHORTEST_REST = 1.0  # seconds; what is shorter is phrasing
SHORTEST_SOUND = 0.1
STROKE_SECONDS = 0.1


def sounding_spans(stem: np.ndarray, sample_rate: int) -> tuple[Span, ...]:
    """When a stem (t,) sounds: above -60 dB of full scale and not 40 dB below its usual level."""
    size = max(round(BLOCK_SECONDS * sample_rate), 1)
    blocks = np.pad(stem, (0, -len(stem) % size)).reshape(-1, size)
    power = np.einsum("mt,mt->m", blocks, blocks, dtype=np.float64) / size
    level = 10.0 * np.log10(np.maximum(power, 1e-12))
    loud = level[level > SILENT_DB]
    if not len(loud):
        return ()
    threshold = max(SILENT_DB, float(np.percentile(loud, USUAL_PERCENTILE)) - BELOW_USUAL_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], level > threshold, [0]])))
    times = edges.reshape(-1, 2) * size / sample_rate
    return joined(times, len(stem) / sample_rate)


def playing_spans(notes: Notes, duration: float, *, drums: bool = False) -> tuple[Span, ...]:
    """When somebody plays by the notes; a stroke of drums lasts a tenth of a second."""
    ends = notes.onset + STROKE_SECONDS if drums else notes.offset
    return joined(np.stack([notes.onset, ends], 1), duration)


def joined(times: np.ndarray, duration: float) -> tuple[Span, ...]:
    """Spans of (start, end) rows (n, 2) by start, within the song, over rests shorter than 1 s."""
    spans: list[list[float]] = []
    for start, end in np.clip(times, 0.0, duration).tolist():
        if spans and start - spans[-1][1] < SHORTEST_REST:
            spans[-1][1] = max(spans[-1][1], end)
        else:
            spans.append([start, end])
    long = [span for span in spans if span[1] - span[0] >= SHORTEST_SOUND]
    return tuple(Span(round(start, 3), round(end, 3)) for start, end in long)
