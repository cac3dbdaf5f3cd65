"""From a published Slakh track to four stems: audio summed by family, MIDI merged to one score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from data.audio import load_audio
from data.midi import read_midi
from data.score import Notes, Score
from data.slakh import SlakhTrack, TrackSource
from utils import SAMPLE_RATE, STEMS, UserError

SILENCE = 1e-5


@dataclass
class MixedStems:
    """The stems that sound.

    audio: stem -> float32 (t,) at 22,050 Hz. sources: stem -> names of the sources in it. left_out:
    source of the four families -> why it is in none.
    """

    audio: dict[str, np.ndarray] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return max((len(audio) for audio in self.audio.values()), default=0) / SAMPLE_RATE


def mix_stems(track: SlakhTrack) -> MixedStems:
    """The stems of a track, each the sum of its family's usable sources.

    Digital silence is left out: its notes were not rendered. Should a sum exceed full scale, all
    stems are lowered alike.
    """
    mixed = MixedStems(left_out=track.unusable)
    for stem in STEMS:
        for source in track.sources_of(stem):
            audio = load_audio(source.audio)
            if len(audio) == 0 or np.abs(audio).max() < SILENCE:
                mixed.left_out[source.name] = "silent"
                continue
            own = mixed.audio.get(stem)
            mixed.audio[stem] = audio if own is None else _sum(own, audio)
            mixed.sources.setdefault(stem, []).append(source.name)
    peak = max((float(np.abs(audio).max()) for audio in mixed.audio.values()), default=0.0)
    if peak > 1.0:
        for audio in mixed.audio.values():
            audio *= 0.999 / peak
    return mixed


def _sum(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The sum of (t,) and (u,), as long as the longer."""
    longer, shorter = (one, two) if len(one) >= len(two) else (two, one)
    total = longer.copy()
    total[: len(shorter)] += shorter
    return total


def merge_scores(track: SlakhTrack, mixed: MixedStems) -> tuple[Score | None, list[str]]:
    """The score of what sounds, and the stems whose notes must not be trusted.

    A stem's notes are those of all sources in it; they are not trusted when one of them has no
    readable MIDI or is known to differ from it. None when no source has MIDI.
    """
    by_name = {source.name: source for source in track.sources}
    scores = {name: _read(by_name[name]) for names in mixed.sources.values() for name in names}
    if not any(scores.values()):
        return None, list(mixed.sources)
    notes = dict.fromkeys(STEMS, Notes.empty())
    programs, unknown = dict.fromkeys(STEMS), []
    for stem, names in mixed.sources.items():
        parts = [_all_notes(scores[name]) for name in names]
        notes[stem] = _joined(parts)
        counts = Counter()
        for name, part in zip(names, parts, strict=True):
            counts[by_name[name].program] += len(part)
        programs[stem] = counts.most_common(1)[0][0]
        if any(by_name[name].fault or scores[name] is None for name in names):
            unknown.append(stem)
    longest = max((score for score in scores.values() if score), key=lambda score: score.duration)
    beats = _extended(longest.beat_times, longest.beat_in_bar, mixed.seconds)
    score = Score(notes, mixed.seconds, *beats, programs, name=track.name)
    return score.excerpt(0.0, mixed.seconds), unknown


def _read(source: TrackSource) -> Score | None:
    """A source's score; None without readable MIDI."""
    try:
        return None if source.midi is None else read_midi(source.midi).score
    except UserError:
        return None


def _all_notes(score: Score | None) -> Notes:
    """The notes of a file with one instrument, whatever family the file says it is."""
    return Notes.empty() if score is None else _joined([score.notes[stem] for stem in STEMS])


def _joined(parts: Sequence[Notes]) -> Notes:
    """All notes of several stems in one."""
    names = ("onset", "offset", "pitch", "velocity")
    return Notes.of(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _extended(
    times: np.ndarray, in_bar: np.ndarray, duration: float
) -> tuple[np.ndarray, np.ndarray]:
    """Beats continued at the last tempo and meter until the audio ends."""
    if len(times) < 2 or times[-1] >= duration:
        return times, in_bar
    step = times[-1] - times[-2]
    more = np.arange(1, int(np.ceil((duration - times[-1]) / step)) + 1)
    later = (in_bar[-1] + more) % (int(in_bar.max()) + 1)
    return np.concatenate([times, times[-1] + more * step]), np.concatenate([in_bar, later])
