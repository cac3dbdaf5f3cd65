"""All that is heard in a piece of audio, and what it says as labels and as a lead sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from data.bars import bar_densities, meter_of
from data.chords import KEYS
from data.emotion import cues_from, nearest_emotion, valence_arousal
from data.labels import sound_labels, tagged, unknown_labels
from data.lead_sheet import LeadSheet
from data.listening.bars import bar_positions
from data.listening.beats import find_beats
from data.listening.harmony import heard_harmony
from data.listening.layers import Layers, layers_of
from data.listening.spectra import stroke_times
from data.movement import swing_share
from data.score import Notes, Score
from utils import NUM_STEMS, SAMPLE_RATE, STEMS

STROKE_FLOOR = 0.05


@dataclass(frozen=True)
class Heard:
    """What audio says without notes. Unknown is None, nan or -1.

    Attributes:
        duration: seconds.
        beat_times: (n,) seconds from at or before 0 to at or after the end; empty when no beat is
            heard. beat_in_bar: (n,), 0 on the downbeat. chords: a name per beat.
        key: 0-23 or None.
        strokes: onset times of every stem in seconds; of the whole mix under "mix".
        plays: int (s,), 1 sounds, 0 silent, -1 unknown.
        loudness: LUFS; brightness: octaves over 1 kHz.
    """

    duration: float
    beat_times: np.ndarray
    beat_in_bar: np.ndarray
    chords: tuple[str, ...]
    key: int | None
    strokes: Mapping[str, np.ndarray]
    plays: np.ndarray
    loudness: float
    brightness: float

    def sheet(self) -> LeadSheet:
        """The lead sheet; densities are nan for stems that are not heard apart."""
        notes = {stem: _as_notes(self.strokes.get(stem, np.zeros(0))) for stem in STEMS}
        score = Score(notes, self.duration, self.beat_times, self.beat_in_bar)
        return LeadSheet(
            beat_times=self.beat_times,
            beat_in_bar=self.beat_in_bar,
            chords=self.chords,
            key=None if self.key is None else KEYS[self.key],
            density=np.where(self.plays >= 0, bar_densities(score), np.nan),
            duration=self.duration,
        )

    def labels(self, tags: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Labels as of `data.labels.labels_of`; program, dynamics and register stay unknown.

        Args:
            tags: facts about the song; `style`, `emotion` and `genre` are believed.
        """
        sheet, labels = self.sheet(), {**unknown_labels(), **tagged(tags or {})}
        rates = [len(self.strokes.get(s, ())) / max(self.duration, 1e-6) for s in STEMS]
        labels["plays"] = self.plays.copy()
        labels["density"] = np.where(self.plays >= 0, rates, np.nan).astype(np.float32)
        labels["loudness"], labels["brightness"] = self.loudness, self.brightness
        labels["key"] = -1 if self.key is None else self.key
        labels["meter"] = meter_of(self.beat_in_bar)
        if sheet.bpm is not None:
            labels["tempo"] = sheet.bpm
            labels["swing"] = swing_share([self._positions()])
        if any(len(times) for times in self.strokes.values()):
            labels.update(self._feeling(sheet, labels["emotion"]))
        return labels

    def _positions(self) -> np.ndarray:
        """Strokes of everybody as positions on the beats, whole on a beat."""
        times = np.concatenate(list(self.strokes.values()))
        return np.interp(times, self.beat_times, np.arange(len(self.beat_times)))

    def _feeling(self, sheet: LeadSheet, emotion: int) -> dict[str, Any]:
        """Valence and arousal, and the emotion nearest to them where no tag says one."""
        count = sum(len(times) for times in self.strokes.values())
        cues = cues_from(sheet, strokes_per_second=count / max(self.duration, 1e-6))
        valence, arousal = valence_arousal(cues)
        emotion = nearest_emotion(valence, arousal) if emotion < 0 else emotion
        return {"emotion": emotion, "valence": valence, "arousal": arousal}


def listen(audio: np.ndarray, present: np.ndarray | None = None) -> Heard:
    """What is heard in a piece of audio.

    Args:
        audio: stems (s, t) in the order of `STEMS`, or a mix (t,), at 22,050 Hz.
        present: bool (s,), False where a stem does not exist; default all do.

    Raises:
        ValueError: audio of another shape, or not finite.
    """
    audio = _checked(audio)
    layers = layers_of(audio, np.ones(NUM_STEMS, bool) if present is None else present)
    duration = audio.shape[-1] / SAMPLE_RATE
    heard = find_beats(layers.curves)
    beats, before = _to_the_ends(heard, duration)
    in_bar = _counted_on(bar_positions(layers.curves, heard), before, len(beats))
    chords, key = heard_harmony(layers, beats, in_bar)
    mix = audio.sum(0) if audio.ndim == 2 else audio
    return Heard(
        duration=duration,
        beat_times=beats,
        beat_in_bar=in_bar,
        chords=chords,
        key=key,
        strokes=_strokes(layers),
        plays=layers.plays,
        **sound_labels(mix),
    )


def _checked(audio: np.ndarray) -> np.ndarray:
    audio = np.asarray(audio, np.float32)
    if audio.ndim not in (1, 2) or (audio.ndim == 2 and len(audio) != NUM_STEMS):
        raise ValueError(f"expected stems ({NUM_STEMS}, t) or a mix (t,), got {audio.shape}")
    if not np.isfinite(audio).all():
        raise ValueError("the audio holds nan or infinity")
    return audio


def _strokes(layers: Layers) -> dict[str, np.ndarray]:
    if layers.strokes is None:
        return {"mix": stroke_times(layers.curves.all, floor=STROKE_FLOOR)}
    return {
        stem: stroke_times(curve, floor=STROKE_FLOOR) if plays == 1 else np.zeros(0)
        for stem, curve, plays in zip(STEMS, layers.strokes, layers.plays, strict=True)
    }


def _to_the_ends(beats: np.ndarray, duration: float) -> tuple[np.ndarray, int]:
    """Beats carried on in their tempo to both ends, and how many were put before the first."""
    if len(beats) < 2:
        return np.zeros(0), 0
    first, last = np.median(np.diff(beats[:5])), np.median(np.diff(beats[-5:]))
    before = max(int(np.ceil(beats[0] / first - 1e-9)), 0)
    after = max(int(np.ceil((duration - beats[-1]) / last - 1e-9)), 0)
    head = beats[0] - first * np.arange(before, 0, -1)
    return np.concatenate([head, beats, beats[-1] + last * np.arange(1, after + 1)]), before


def _counted_on(in_bar: np.ndarray, before: int, count: int) -> np.ndarray:
    """Places in the bar of `count` beats from those of the beats after the first `before`."""
    if count == 0:
        return np.zeros(0, np.int64)
    meter = int(in_bar.max()) + 1
    head = (in_bar[0] - np.arange(before, 0, -1)) % meter
    tail = (in_bar[-1] + np.arange(1, count - before - len(in_bar) + 1)) % meter
    return np.concatenate([head, in_bar, tail])


def _as_notes(times: np.ndarray) -> Notes:
    """Strokes as short notes, to be counted."""
    return Notes.of(times, times + 0.05, np.full(len(times), 60), np.full(len(times), 64))
