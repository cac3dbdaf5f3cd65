"""Which numbers an evaluation reports: every measure of a set beside its floor and its ceiling.

The functions take what `metrics.segment` remembers and return rows for `metrics.report`; they know
no model and hold no audio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from data.score import Notes
from metrics.activity import measure_activity
from metrics.analysis import mean_known
from metrics.bar_places import BarPlaces, bar_places
from metrics.beats import beats_of
from metrics.codec_rows import neighbours
from metrics.coherence import (
    PITCHED,
    beat_synchrony,
    chroma_agreement,
    note_chroma,
    note_onsets,
    onset_agreement,
    shuffled,
)
from metrics.notes import NoteCounts, compare_scores
from metrics.novelty import COPY_SIMILARITY, PhraseIndex
from metrics.peaks import peak_rows
from metrics.plan import chord_tone_share, grid_share
from metrics.report import UNKNOWN, Row
from metrics.score_statistics import HISTOGRAMS, NUMBERS, histogram_overlaps, set_statistics
from metrics.segment import Segment, StemNotes, halves
from metrics.sound_rows import distance_rows, identity_rows
from utils import STEMS, counter_rng


@dataclass(frozen=True)
class Evidence:
    """Everything that generated segments are judged by.

    Attributes:
        ours: generated segments. real: segments of songs that the model has not seen.
        training: segments of training songs, without variation; empty when there are none.
        shuffled_mix: (n, d) features of mixes of stems of different real songs.
        round_trip: notes transcribed from the codec's reconstructions of `real`, or empty.
        index: the phrases of the training songs.
    """

    ours: Sequence[Segment]
    real: Sequence[Segment]
    training: Sequence[Segment] = ()
    shuffled_mix: np.ndarray | None = None
    round_trip: Sequence[StemNotes] = ()
    index: PhraseIndex | None = None


def _mean_of(items: Sequence, measure: Callable[..., float]) -> tuple[float, int]:
    """Mean of a measure over the items that it can judge, and their number."""
    values = [measure(item) for item in items]
    return mean_known(values), int(np.isfinite(values).sum())


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


def _known(segments: Sequence[Segment], name: str) -> list[dict[str, np.ndarray]]:
    """stem -> chroma, onsets or beats of the stems that have any, per segment."""
    tables = [{stem: getattr(s.sound[stem], name) for stem in STEMS} for s in segments]
    return [{k: v for k, v in table.items() if v is not None} for table in tables]


def coherence_rows(found: Evidence) -> list[Row]:
    """Agreement between the stems, in sound and where notes are known in the score."""
    sets = (found.ours, found.real)
    rows = [
        _agreement("chroma, sound", chroma_agreement, *(_known(s, "chroma") for s in sets)),
        _agreement("onsets, sound", onset_agreement, *(_known(s, "onsets") for s in sets)),
    ]
    if all(s.notes is not None for segments in sets for s in segments):
        chroma, onsets = (
            [[curves(s.notes, s.duration) for s in segments] for segments in sets]
            for curves in (note_chroma, note_onsets)
        )
        rows.append(_agreement("chroma, notes", chroma_agreement, *chroma))
        rows.append(_agreement("onsets, notes", onset_agreement, *onsets))
    return rows + _beat_rows(found)


def _without_rhythm(segments: Sequence[Segment]) -> list[dict[str, np.ndarray]]:
    """Beats that the tracker finds in the same onsets when their order in time is lost."""
    return [
        {k: beats_of(counter_rng(i).permutation(v)) for k, v in song.items()}
        for i, song in enumerate(_known(segments, "onsets"))
    ]


def _beat_rows(found: Evidence) -> list[Row]:
    """SyncTrack's measures; our tracker keeps an even beat, so IRS tells little here."""
    ours, real = (_known(s, "beats") for s in (found.ours, found.real))
    value, ceiling = beat_synchrony(ours), beat_synchrony(real)
    shuffled_stems = beat_synchrony(_paired_at_random(ours))
    arrhythmic = beat_synchrony(_without_rhythm(found.ours))
    better = {"cbs_70ms": "higher", "cbs_150ms": "higher", "cbd": "lower", "irs": "lower"}
    labels = {"cbs_70ms": "CBS 70 ms", "cbs_150ms": "CBS 150 ms", "cbd": "CBD", "irs": "IRS s"}
    count = sum(len(song) > 1 for song in ours)
    rows = []
    for name, direction in better.items():
        floor = arrhythmic if name == "irs" else shuffled_stems
        numbers = [getattr(b, name) for b in (value, floor, ceiling)]
        stand_in = "for IRS its own onsets in random order" if name == "irs" else ""
        row = Row("coherence", f"beats, {labels[name]}", *numbers, direction, count, stand_in)
        rows.append(row)
    return rows


def hearing_rows(found: Evidence) -> list[Row]:
    """Does the sound play its own score? Onset F1 of the score and of what is heard in the sound.

    Sound whose notes are given is the ceiling: real recordings, and their way through the codec.
    """
    ours = [(s.heard, s.notes) for s in found.ours if s.heard and s.notes]
    if not ours:
        return []
    real = [(s.heard, s.notes) for s in found.real if s.heard and s.notes]
    again = zip(found.round_trip, (s.notes for s in found.real), strict=False)
    pairs = {"generated": ours, "codec's round trip": [pair for pair in again if pair[1]]}
    means = {"floor_is": "the score of another sample", "ceiling_is": "recordings, their notes"}
    ceiling, rows = _onset_f1(real), []
    for label, mine in pairs.items():
        others = neighbours([score for _, score in mine])
        floor = _onset_f1(list(zip([heard for heard, _ in mine], others, strict=False)))
        for stem, count in _onset_f1(mine).items():
            bounds = [t[stem].f1 if stem in t else UNKNOWN for t in (floor, ceiling)]
            name, total = f"onset F1, {label}, {stem}", count.num_reference
            rows.append(Row("sound plays its score", name, count.f1, *bounds, count=total, **means))
    return rows


def _onset_f1(pairs: Sequence[tuple[StemNotes, StemNotes]]) -> dict[str, NoteCounts]:
    """Counts of onsets per stem and of "all" stems over (heard, played) segments."""
    if not pairs:
        return {}
    table = {stem: counts.onset for stem, counts in compare_scores(pairs).items() if stem in STEMS}
    return {**table, "all": sum(table.values(), NoteCounts())}


def novelty_rows(found: Evidence) -> list[Row]:
    """How near the nearest training song is by score; floor: excerpts of training songs."""
    if found.index is None:
        return []
    sets = [
        [(s.notes, s.sheet.beat_times) for s in segments if s.notes and s.sheet]
        for segments in (found.ours, found.training, found.real)
    ]
    means = {"floor_is": "excerpts of training songs", "ceiling_is": "real songs, not trained on"}
    rows = []
    for label, stems in {"pitched stems": PITCHED, **{s: (s,) for s in STEMS}}.items():
        values = [
            np.array([found.index.nearest(*song, stems).similarity for song in songs], np.float64)
            for songs in sets
        ]
        known = [v[np.isfinite(v)] for v in values]
        near = [mean_known(v) for v in known]
        copies = [mean_known(v > COPY_SIMILARITY) if len(v) else UNKNOWN for v in known]
        count = len(known[0])
        name = f"likeness to the nearest training song, {label}"
        rows.append(Row("novelty", name, *near, "lower", count, **means))
        rows.append(Row("novelty", f"copies, share, {label}", *copies, "lower", count, **means))
    return rows


def plan_rows(found: Evidence) -> list[Row]:
    """How closely notes keep to their lead sheets; floor: the sheet of another sample."""
    chords = lambda pair: chord_tone_share(pair[0], pair[1].beat_times, pair[1].chord_tones)
    grid = lambda pair: grid_share(pair[0], pair[1].beat_times)
    pairs, reals = (
        [(s.notes, s.sheet) for s in segments if s.notes and s.sheet]
        for segments in (found.ours, found.real)
    )
    others = list(zip([n for n, _ in pairs], neighbours([s for _, s in pairs]), strict=False))
    means = {"floor_is": "the sheet of another sample", "ceiling_is": "real songs, their sheet"}
    rows = []
    for name, measure in (("chord tones, share", chords), ("on sixteenths, over chance", grid)):
        (value, count), (floor, _), (ceiling, _) = (
            _mean_of(p, measure) for p in (pairs, others, reals)
        )
        rows.append(Row("lead sheet", name, value, floor, ceiling, count=count, **means))
    return rows if pairs else []


def _notes(segments: Sequence[Segment]) -> list[StemNotes]:
    return [s.notes for s in segments if s.notes is not None]


def score_rows(found: Evidence) -> list[Row]:
    """How the notes are distributed: overlap of histograms; ceiling: two halves of the real set.

    How long a drum's note lasts is a convention of its file and says nothing.
    """
    ours, real = _notes(found.ours), _notes(found.real)
    if not ours or len(real) < 2:
        return []
    seconds = found.real[0].duration
    first, second = (_notes(half) for half in halves(found.real))
    whole, first, second = (set_statistics(notes, seconds) for notes in (real, first, second))
    mine = set_statistics(ours, found.ours[0].duration)
    means = {"floor_is": "a flat histogram", "ceiling_is": "two halves of the real set"}
    rows = []
    for stem in STEMS:
        overlaps = histogram_overlaps(mine[stem], whole[stem])
        ceilings = histogram_overlaps(first[stem], second[stem])
        for name in HISTOGRAMS:
            if (name, stem) == ("lengths", "drums"):
                continue
            flat = float(np.minimum(whole[stem].histograms[name], 1 / 12).sum())
            label = f"{name.replace('_', ' ')} overlap, {stem}"
            numbers = (overlaps[name], flat, ceilings[name], "higher", mine[stem].num_playing)
            rows.append(Row("notes", label, *numbers, **means))
    return rows


def habit_rows(found: Evidence) -> list[Row]:
    """Density, chords, polyphony, scale, repetition and touch of each stem beside real songs'."""
    ours, real = _notes(found.ours), _notes(found.real)
    if not ours or not real:
        return []
    mine = set_statistics(ours, found.ours[0].duration)
    whole = set_statistics(real, found.real[0].duration)
    rows = []
    for name in NUMBERS:
        for stem in STEMS:
            if (name, stem) != ("scale_consistency", "drums"):
                label, count = f"{name.replace('_', ' ')}, {stem}", mine[stem].num_playing
                numbers = (mine[stem].means[name], UNKNOWN, whole[stem].means[name])
                rows.append(Row("habits", label, *numbers, "nearer", count, "", "real songs"))
    return rows


def bar_rows(found: Evidence) -> list[Row]:
    """Kick and snare in bars of four; by chance half of the strokes lie on two of four beats."""
    ours, real = (_bar_places(segments) for segments in (found.ours, found.real))
    if not ours or not real:
        return []
    mine, whole = sum(ours, BarPlaces()), sum(real, BarPlaces())
    means = {"floor_is": "chance", "ceiling_is": "real songs"}
    labels = {"kick_share": "kicks on beats 1 and 3", "snare_share": "snares on beats 2 and 4"}
    rows = []
    for name, label in labels.items():
        numbers = (getattr(mine, name), 0.5, getattr(whole, name), "nearer")
        _, count = _mean_of(ours, attrgetter(name))
        rows.append(Row("habits", f"{label}, share", *numbers, count, **means))
    return rows


def _bar_places(segments: Sequence[Segment]) -> list[BarPlaces]:
    """Places of kick and snare in the segments whose bars are known and of four beats."""
    known = [(s.notes["drums"], s.sheet) for s in segments if s.notes and s.sheet]
    places = [bar_places(drums, sheet.beat_times, sheet.beat_in_bar) for drums, sheet in known]
    return [found for found in places if found is not None]


def activity_rows(found: Evidence) -> list[Row]:
    """Share of silent stems, in sound and where notes are known in notes."""
    sets = (found.ours, found.real)
    known = all(s.notes is not None for segments in sets for s in segments)
    blank = dict.fromkeys(STEMS, Notes.empty())
    silent = [np.array([[s.sound[stem].silent for stem in STEMS] for s in part]) for part in sets]
    notes = [[s.notes or blank for s in part] for part in sets]
    mine, theirs = (measure_activity(*pair) for pair in zip(silent, notes, strict=True))
    labels = {"silent": "silent sound", "without_notes": "no notes", "disagree": "only one of both"}
    rows = []
    for key, label in labels.items() if known else [("silent", labels["silent"])]:
        for stem in STEMS:
            numbers = (getattr(mine, key)[stem], UNKNOWN, getattr(theirs, key)[stem], "nearer")
            name = f"{label}, share, {stem}"
            rows.append(Row("activity", name, *numbers, len(found.ours), "", "real songs"))
    return rows


def generation_rows(found: Evidence) -> list[Row]:
    """Every measure of generated segments against real ones."""
    rows = identity_rows(found.ours, found.real, found.training)
    rows += distance_rows(found.ours, found.real, found.training, found.shuffled_mix)
    rows += peak_rows(found.ours, found.real)
    parts = (coherence_rows, plan_rows, hearing_rows, novelty_rows)
    parts += (score_rows, habit_rows, bar_rows, activity_rows)
    return rows + [row for part in parts for row in part(found)]
