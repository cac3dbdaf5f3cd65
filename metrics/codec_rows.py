"""Which numbers are reported of the codecs: each measure beside its floor and its ceiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from metrics.notes import compare_scores
from metrics.report import UNKNOWN, Row
from metrics.segment import StemNotes
from metrics.waveform import PairScores, summarise

MEASURES = (
    ("SI-SDR dB", "si_sdr_db", "higher", np.inf),
    ("STFT distance", "stft_distance", "lower", 0.0),
    ("log-mel L1", "log_mel_l1", "lower", 0.0),
)


def neighbours(items: Sequence) -> list:
    """Every item replaced by the next: what a thing is like that it is not; empty for one item."""
    return [*items[1:], *items[:1]] if len(items) > 1 else []


def codec_rows(
    scores: Sequence[Mapping[str, PairScores]], floor: Sequence[Mapping[str, PairScores]]
) -> list[Row]:
    """Reconstruction of sound per stem and mix.

    Args:
        scores: of every reconstruction beside its recording.
        floor: of other recordings beside recordings; may be empty.
    """
    means = {"floor_is": "the same stem of another segment", "ceiling_is": "the recording itself"}
    stems = list(scores[0])
    ours = {stem: summarise([s[stem] for s in scores]) for stem in stems}
    others = {stem: summarise([s[stem] for s in floor]) for stem in stems}
    rows = []
    for label, name, better, ceiling in MEASURES:
        for stem in stems:
            numbers = (getattr(ours[stem], name), getattr(others[stem], name), ceiling, better)
            count = ours[stem].num_scored
            rows.append(Row("codec", f"{label}, {stem}", *numbers, count, **means))
    for stem in stems:
        level, count = ours[stem].silence_level_db, ours[stem].num_silent
        if count:
            numbers = (level, UNKNOWN, -np.inf, "lower", count)
            rows.append(Row("codec", f"level where silent dB, {stem}", *numbers))
    return rows


def score_codec_rows(
    decoded: Sequence[StemNotes], bound: Sequence[StemNotes], real: Sequence[StemNotes]
) -> list[Row]:
    """Reconstruction of notes per stem: decoded by the codec, and bounded by the roll it reads."""
    tables = [
        compare_scores(zip(notes, real, strict=True)) if notes else None
        for notes in (decoded, neighbours(real), bound)
    ]
    means = {"floor_is": "notes of another segment", "ceiling_is": "the roll without the codec"}
    rows = []
    for label, kind in (("onset F1", "onset"), ("onset + offset F1", "offset")):
        for stem in tables[0]:
            if (kind, stem) == ("offset", "drums"):
                continue
            f1 = [getattr(t[stem], kind).f1 if t else UNKNOWN for t in tables]
            count = tables[0][stem].onset.num_reference
            rows.append(Row("score codec", f"{label}, {stem}", *f1, count=count, **means))
    return rows
