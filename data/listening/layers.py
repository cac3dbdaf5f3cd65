"""The band taken apart: curves of its strokes and the notes of its bass and its chords.

With stems, drums speak for the beat, the bass for roots and guitar and piano for chords; in a mix
the registers of the spectrum stand in for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.listening import pitches, spectra
from data.listening.beats import Curves
from data.listening.pitches import chroma_of, note_levels
from data.listening.spectra import LOW, MIDDLE, band_levels, stroke_curve
from utils import NUM_STEMS, STEMS

LISTENING_LEVEL = 0.1  # root mean square to which the mix is brought
BASS_BANDS = slice(0, 6)  # up to 430 Hz
HIGHEST_BASS = 52
SILENT_PEAK = 1e-3  # about -60 dB
_CHANGE_SECONDS = 0.4
BASS, DRUMS, GUITAR, PIANO = (STEMS.index(s) for s in ("bass", "drums", "guitar", "piano"))


@dataclass(frozen=True)
class Layers:
    """What is listened to.

    Attributes:
        curves: strokes and changes of harmony at 86 frames a second.
        strokes: (s, m) stroke curve of every stem; None for a mix.
        voices, bass: (n, notes) levels at 21.5 frames a second, `data.listening.pitches`.
        plays: int (s,), 1 sounds, 0 silent, -1 unknown.
    """

    curves: Curves
    strokes: np.ndarray | None
    voices: np.ndarray
    bass: np.ndarray
    plays: np.ndarray


def layers_of(audio: np.ndarray, present: np.ndarray) -> Layers:
    """Layers of stems (s, t) or of a mix (t,) at 22,050 Hz.

    Args:
        present: bool (s,), False where a stem does not exist.
    """
    mix = audio.sum(0) if audio.ndim == 2 else audio
    power = float(np.mean(np.square(mix, dtype=np.float64)))
    scale = np.float32(LISTENING_LEVEL / max(np.sqrt(power), 1e-5))
    if audio.ndim == 1:
        return _layers_of_mix(audio * scale)
    loud = np.abs(audio).max(1, initial=0.0) > SILENT_PEAK
    plays = np.where(present, loud.astype(np.int64), -1)
    return _layers_of_stems(audio * scale, plays)


def _layers_of_mix(mix: np.ndarray) -> Layers:
    levels, notes = band_levels(mix), note_levels(mix)
    split = HIGHEST_BASS - pitches.LOWEST
    bass, voices = notes.copy(), notes.copy()
    bass[:, split:], voices[:, :split] = 0.0, 0.0
    curves = _curves(stroke_curve(levels), levels, stroke_curve(levels, BASS_BANDS), notes)
    return Layers(curves, None, voices, bass, np.full(NUM_STEMS, -1))


def _layers_of_stems(audio: np.ndarray, plays: np.ndarray) -> Layers:
    levels = [band_levels(stem) for stem in audio]
    strokes = np.stack([stroke_curve(level) for level in levels])
    drums = levels[DRUMS] if plays[DRUMS] == 1 else band_levels(audio.sum(0))
    voices, bass = note_levels(audio[GUITAR] + audio[PIANO]), note_levels(audio[BASS])
    curves = _curves(strokes.sum(0), drums, strokes[BASS], voices + bass)
    return Layers(curves, strokes, voices, bass, plays)


def _curves(strokes: np.ndarray, drums: np.ndarray, bass: np.ndarray, notes: np.ndarray) -> Curves:
    """Curves of one length from strokes (m,), drum band levels (m, bands) and notes."""
    return Curves(
        all=strokes,
        low=stroke_curve(drums, LOW),
        middle=stroke_curve(drums, MIDDLE),
        bass=bass,
        change=_change(notes, len(strokes)),
    )


def _change(notes: np.ndarray, count: int) -> np.ndarray:
    """How much the harmony differs after and before each of `count` frames: 0 to 1."""
    chroma = np.sqrt(chroma_of(notes))
    reach = max(int(_CHANGE_SECONDS * pitches.RATE), 1)
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, 0)])
    place = np.arange(len(chroma))
    later = sums[np.minimum(place + reach, len(chroma))] - sums[place]
    earlier = sums[place] - sums[np.maximum(place - reach, 0)]
    norms = np.linalg.norm(later, axis=1) * np.linalg.norm(earlier, axis=1)
    likeness = (later * earlier).sum(1) / np.maximum(norms, 1e-9)
    change = np.where(norms > 1e-9, 1.0 - likeness, 0.0)
    return np.interp(np.arange(count) * pitches.RATE / spectra.RATE, place, change)
