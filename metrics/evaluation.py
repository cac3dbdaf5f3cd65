"""Which numbers an evaluation reports: every measure of a set beside its floor and its ceiling.

The functions take arrays and notes and return rows for `metrics.report`; they know no model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from data.score import Notes
from metrics.activity import measure_activity
from metrics.analysis import mean_known
from metrics.coherence import (
    beat_synchrony,
    chroma_agreement,
    chroma_agreement_of_notes,
    onset_agreement,
    onset_agreement_of_notes,
    shuffled,
)
from metrics.notes import compare_scores
from metrics.plan import chord_tone_share, grid_share
from metrics.report import UNKNOWN, Row
from metrics.score_statistics import HISTOGRAMS, NUMBERS, histogram_overlaps, set_statistics
from metrics.spectrum import compare_sets, feature_set
from metrics.waveform import compare_stems
from utils import SAMPLE_RATE, STEMS

MAX_FLOOR_SEGMENTS = 16
StemNotes = Mapping[str, Notes]


@dataclass(frozen=True)
class Sheet:
    """What is measured of a lead sheet: beats in seconds, and the pitch classes of each chord."""

    beat_times: np.ndarray
    chord_tones: Sequence[frozenset[int] | None]


@dataclass(frozen=True)
class Segments:
    """n segments of one length: audio (b, s, t), notes per segment, and their lead sheets.

    `notes` and `sheets` are empty when they are not known.
    """

    audio: np.ndarray
    notes: Sequence[StemNotes] = ()
    sheets: Sequence[Sheet] = ()

    @property
    def duration(self) -> float:
        """Seconds of one segment."""
        return self.audio.shape[-1] / SAMPLE_RATE

    def stems(self) -> list[dict[str, np.ndarray]]:
        """Each segment as stem -> audio (t,)."""
        return [dict(zip(STEMS, audio, strict=True)) for audio in self.audio]


def _neighbours(items: Sequence) -> list:
    """Every item replaced by the next: what a thing is like that it is not; empty for one item."""
    return [*items[1:], *items[:1]] if len(items) > 1 else []


def _mean_of(items: Sequence, measure: Callable[..., float]) -> tuple[float, int]:
    """Mean of a measure over the items that it can judge, and their number."""
    values = [measure(item) for item in items]
    return mean_known(values), int(np.isfinite(values).sum())


def codec_rows(reconstructed: np.ndarray, real: np.ndarray) -> list[Row]:
    """Reconstruction of sound per stem and mix, from segments (b, s, t)."""
    ours = compare_stems(reconstructed, real)
    few = real[:MAX_FLOOR_SEGMENTS]
    others = _neighbours(few)
    floor = compare_stems(np.stack(others), few) if others else None
    measures = (
        ("SI-SDR dB", "si_sdr_db", "higher", np.inf),
        ("STFT distance", "stft_distance", "lower", 0.0),
        ("log-mel L1", "log_mel_l1", "lower", 0.0),
    )
    means = {"floor_is": "the same stem of another segment", "ceiling_is": "the recording itself"}
    rows = []
    for label, name, better, ceiling in measures:
        for stem, scores in ours.items():
            low = getattr(floor[stem], name) if floor else UNKNOWN
            numbers = (getattr(scores, name), low, ceiling, better, scores.num_scored)
            rows.append(Row("codec", f"{label}, {stem}", *numbers, **means))
    for stem, scores in ours.items():
        numbers = (scores.silence_level_db, UNKNOWN, -np.inf, "lower", scores.num_silent)
        if scores.num_silent:
            rows.append(Row("codec", f"level where silent dB, {stem}", *numbers))
    return rows


def score_codec_rows(
    decoded: Sequence[StemNotes], bound: Sequence[StemNotes], real: Sequence[StemNotes]
) -> list[Row]:
    """Reconstruction of notes per stem: decoded by the codec, and bounded by the roll it reads."""
    tables = [
        compare_scores(zip(notes, real, strict=True)) if notes else None
        for notes in (decoded, _neighbours(real), bound)
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


def _paired_at_random(segments: Sequence) -> list:
    """The same stems in other company; nothing when there are too few segments."""
    return shuffled(segments) if len(segments) >= len(STEMS) else []


def _agreement(name: str, measure: Callable[..., float], ours: Sequence, real: Sequence) -> Row:
    """A measure between stems. The floor pairs our own stems at random: what agrees there is not
    coherence but sameness, such as one drone in every song."""
    value, count = _mean_of(ours, measure)
    floor, _ = _mean_of(_paired_at_random(ours), measure)
    ceiling, _ = _mean_of(real, measure)
    means = {"floor_is": "its own stems, paired across samples", "ceiling_is": "real songs"}
    return Row("coherence", name, value, floor, ceiling, count=count, **means)


def coherence_rows(ours: Segments, real: Segments) -> list[Row]:
    """Agreement between the stems, in sound and where notes are known in the score."""
    stems, real_stems = ours.stems(), real.stems()
    rows = [
        _agreement("chroma, sound", chroma_agreement, stems, real_stems),
        _agreement("onsets, sound", onset_agreement, stems, real_stems),
    ]
    if ours.notes and real.notes:
        seconds = min(ours.duration, real.duration)
        chroma = lambda notes: chroma_agreement_of_notes(notes, seconds)
        onsets = lambda notes: onset_agreement_of_notes(notes, seconds)
        rows.append(_agreement("chroma, notes", chroma, ours.notes, real.notes))
        rows.append(_agreement("onsets, notes", onsets, ours.notes, real.notes))
    return rows + _beat_rows(stems, real_stems)


def _beat_rows(stems: Sequence[dict], real: Sequence[dict]) -> list[Row]:
    """SyncTrack's measures; our tracker keeps an even beat, so IRS tells little here."""
    sets = (stems, _paired_at_random(stems), real)
    tables = [[beat_synchrony(s) for s in items] for items in sets]
    better = {"cbs_70ms": "higher", "cbs_150ms": "higher", "cbd": "lower", "irs": "lower"}
    labels = {"cbs_70ms": "CBS 70 ms", "cbs_150ms": "CBS 150 ms", "cbd": "CBD", "irs": "IRS s"}
    rows = []
    for name, direction in better.items():
        values = [[getattr(b, name) for b in table] for table in tables]
        numbers = [mean_known(v) for v in values]
        count = int(np.isfinite(values[0]).sum())
        rows.append(Row("coherence", f"beats, {labels[name]}", *numbers, direction, count))
    return rows


def plan_rows(ours: Segments, real: Segments) -> list[Row]:
    """How closely notes keep to their lead sheets; floor: the sheet of another sample."""
    chords = lambda pair: chord_tone_share(pair[0], pair[1].beat_times, pair[1].chord_tones)
    grid = lambda pair: grid_share(pair[0], pair[1].beat_times)
    pairs = list(zip(ours.notes, ours.sheets, strict=bool(ours.sheets)))
    others = list(zip(ours.notes, _neighbours(ours.sheets), strict=False))
    reals = list(zip(real.notes, real.sheets, strict=bool(real.sheets)))
    means = {"floor_is": "the sheet of another sample", "ceiling_is": "real songs, their sheet"}
    rows = []
    for name, measure in (("chord tones, share", chords), ("on sixteenths, over chance", grid)):
        (value, count), (floor, _), (ceiling, _) = (
            _mean_of(p, measure) for p in (pairs, others, reals)
        )
        rows.append(Row("lead sheet", name, value, floor, ceiling, count=count, **means))
    return rows if pairs else []


def spectrum_rows(ours: Segments, real: Segments) -> list[Row]:
    """Distances of mix and stems to one half of the real segments; ceiling: the other half.

    All sets are cut to one size, because the Frechet distance grows as sets get smaller.
    """
    half = len(real.audio) // 2
    noise = np.random.default_rng(0).standard_normal((half, real.audio.shape[-1]))
    noise = feature_set(0.1 * noise.astype(np.float32))
    means = {"floor_is": "white noise", "ceiling_is": "other real segments"}
    rows = []
    for index, name in enumerate((*STEMS, "mix")):
        pick = lambda a, i=index, mix=name == "mix": a.sum(1) if mix else a[:, i]
        sets = [feature_set(pick(a)) for a in (ours.audio, real.audio[half:], real.audio[:half])]
        mine, other, reference = sets
        size = min(len(s) for s in (*sets, noise))
        if size < 2:
            continue
        scores = [compare_sets(s[:size], reference[:size]) for s in (mine, noise, other)]
        for label, key in (("Frechet", "frechet"), ("MMD", "discrepancy")):
            numbers = [getattr(s, key) for s in scores]
            rows.append(Row("features", f"{label}, {name}", *numbers, "lower", size, **means))
    return rows


def score_rows(ours: Segments, real: Segments) -> list[Row]:
    """How the notes are distributed: overlap of histograms; ceiling: two halves of the real set."""
    if not ours.notes or len(real.notes) < 2:
        return []
    half = len(real.notes) // 2
    sets = (real.notes, real.notes[:half], real.notes[half:])
    whole, first, second = (set_statistics(notes, real.duration) for notes in sets)
    mine = set_statistics(ours.notes, ours.duration)
    means = {"floor_is": "a flat histogram", "ceiling_is": "two halves of the real set"}
    rows = []
    for stem in STEMS:
        overlaps = histogram_overlaps(mine[stem], whole[stem])
        ceilings = histogram_overlaps(first[stem], second[stem])
        for name in HISTOGRAMS:
            flat = float(np.minimum(whole[stem].histograms[name], 1 / 12).sum())
            label = f"{name.replace('_', ' ')} overlap, {stem}"
            numbers = (overlaps[name], flat, ceilings[name], "higher", mine[stem].num_playing)
            rows.append(Row("notes", label, *numbers, **means))
    return rows


def habit_rows(ours: Segments, real: Segments) -> list[Row]:
    """Density, polyphony, scale and repetition of each stem beside those of real songs."""
    if not ours.notes or not real.notes:
        return []
    mine = set_statistics(ours.notes, ours.duration)
    whole = set_statistics(real.notes, real.duration)
    rows = []
    for name in NUMBERS:
        for stem in STEMS:
            if (name, stem) != ("scale_consistency", "drums"):
                label, count = f"{name.replace('_', ' ')}, {stem}", mine[stem].num_playing
                numbers = (mine[stem].means[name], UNKNOWN, whole[stem].means[name])
                rows.append(Row("habits", label, *numbers, "nearer", count, "", "real songs"))
    return rows


def activity_rows(ours: Segments, real: Segments) -> list[Row]:
    """Share of silent stems, in sound and where notes are known in notes."""
    known = bool(ours.notes and real.notes)
    blank = dict.fromkeys(STEMS, Notes.empty())
    mine, theirs = (
        measure_activity(s.audio, s.notes or [blank] * len(s.audio)) for s in (ours, real)
    )
    labels = {"silent": "silent sound", "without_notes": "no notes", "disagree": "only one of both"}
    rows = []
    for key, label in labels.items() if known else [("silent", labels["silent"])]:
        for stem in STEMS:
            numbers = (getattr(mine, key)[stem], UNKNOWN, getattr(theirs, key)[stem], "nearer")
            name = f"{label}, share, {stem}"
            rows.append(Row("activity", name, *numbers, len(ours.audio), "", "real songs"))
    return rows


def generation_rows(ours: Segments, real: Segments) -> list[Row]:
    """Every measure of generated segments against real ones."""
    parts = (coherence_rows, plan_rows, spectrum_rows, score_rows, habit_rows, activity_rows)
    return [row for part in parts for row in part(ours, real)]
