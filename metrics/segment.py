"""What is remembered of a segment when its audio is gone: about 50 kB that answer every question.

Audio is analysed once per stem, batch by batch, so that an evaluation of any number of segments
needs the memory of one batch. Pairings that never sounded (shuffled stems, another instrument) are
made afterwards from what is remembered; only a mix has to be heard as a mix (`shuffled_mixes`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from data.score import Notes
from metrics.analysis import chroma_curve, is_silent, onset_strength
from metrics.beats import beats_of
from metrics.peaks import peaks_db
from metrics.spectrum import feature_set
from utils import SAMPLE_RATE, STEMS

StemNotes = Mapping[str, Notes]


@dataclass(frozen=True)
class Sheet:
    """What is measured of a lead sheet.

    Attributes:
        beat_times: (n,) seconds. chord_tones: n sets of pitch classes, None where unknown.
        beat_in_bar: (n,) place of each beat in its bar, 0 on the downbeat; empty when unknown.
    """

    beat_times: np.ndarray
    chord_tones: Sequence[frozenset[int] | None]
    beat_in_bar: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))


@dataclass(frozen=True)
class Sound:
    """One stem as it sounds.

    Attributes:
        features: (k, d) vectors of `metrics.spectrum`, one per window that is not silent.
        chroma: (12, m) strength of pitch classes, None for drums and for silence.
        onsets: (m,) onset strength, None for silence. beats: (n,) seconds.
        peaks: dB over the RMS within 12 ms (`metrics.peaks`), nan for silence.
    """

    features: np.ndarray
    chroma: np.ndarray | None = None
    onsets: np.ndarray | None = None
    beats: np.ndarray | None = None
    peaks: float = float("nan")

    @property
    def silent(self) -> bool:
        return self.onsets is None


@dataclass(frozen=True)
class Segment:
    """One segment as every metric reads it.

    Attributes:
        sound: stem -> Sound. mix: (k, d) feature vectors of the sum of the stems.
        duration: seconds. song: its name; segments of one song are not strangers.
        notes: what it plays by its score; heard: the notes transcribed from its audio; sheet: its
            lead sheet; None where unknown.
    """

    sound: Mapping[str, Sound]
    mix: np.ndarray
    duration: float
    song: str = ""
    notes: StemNotes | None = None
    heard: StemNotes | None = None
    sheet: Sheet | None = None


def listen(audio: np.ndarray, *, pitched: bool = True) -> Sound:
    """The memory of one stem (t,)."""
    features = feature_set([audio])
    if is_silent(audio):
        return Sound(features)
    onsets = onset_strength(audio)
    chroma = chroma_curve(audio) if pitched else None
    return Sound(features, chroma, onsets, beats_of(onsets), peaks_db(audio))


def describe(
    audio: np.ndarray,
    *,
    song: str = "",
    notes: StemNotes | None = None,
    heard: StemNotes | None = None,
    sheet: Sheet | None = None,
) -> Segment:
    """The memory of one segment (s, t).

    Raises:
        ValueError: not as many stems as there are instruments, or audio that is not finite.
    """
    if np.ndim(audio) != 2 or len(audio) != len(STEMS):
        raise ValueError(f"expected audio ({len(STEMS)}, t), got {np.shape(audio)}")
    sound = {
        stem: listen(signal, pitched=stem != "drums")
        for stem, signal in zip(STEMS, audio, strict=True)
    }
    mix, seconds = feature_set([audio.sum(0)]), audio.shape[-1] / SAMPLE_RATE
    return Segment(sound, mix, seconds, song, notes, heard, sheet)


def shuffled_mixes(audio: np.ndarray) -> np.ndarray:
    """Features (k, d) of mixes (b, s, t) whose stems come from different segments of a batch.

    Stem i of mix n is that of segment n + i; nothing comes of a batch smaller than the band.
    """
    if len(audio) < len(STEMS):
        return feature_set([])
    mixed = sum(np.roll(audio[:, i], -i, axis=0) for i in range(len(STEMS)))
    return feature_set(mixed)


def halves(segments: Sequence[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Two halves that share no song: songs go to one and the other in turn."""
    places = {song: i for i, song in enumerate(dict.fromkeys(s.song for s in segments))}
    if len(places) < 2:
        places, side = {}, lambda i, segment: i % 2
    else:
        side = lambda i, segment: places[segment.song] % 2
    sides = [side(i, segment) for i, segment in enumerate(segments)]
    return tuple(
        [s for s, at in zip(segments, sides, strict=True) if at == want] for want in (0, 1)
    )
