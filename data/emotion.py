"""Emotion of a passage, as a proxy computed from its notes: a direction in valence and arousal.

Basis: Russell (1980), "A circumplex model of affect": emotions lie on a circle, here eight words 45
degrees apart. Eerola, Friberg and Bresin (2013), "Emotional expression in music": mode, tempo,
register and dynamics act on perceived emotion linearly and additively, mode most; so valence and
arousal are weighted sums of such cues, each scaled by its spread over 828 segments of real pop and
rock songs. It is no human judgement: nobody listened. A passage near the middle of the plane has
no emotion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from data.bars import strokes
from data.lead_sheet import LeadSheet
from data.score import Score
from utils import STEMS

EMOTIONS = ("happy", "sad", "calm", "energetic", "angry", "tense", "tender", "melancholic")
_DEGREES = (22.5, 202.5, 292.5, 67.5, 112.5, 157.5, 337.5, 247.5)
# (valence, arousal) of each emotion on the unit circle
CENTRES = tuple((math.cos(math.radians(d)), math.sin(math.radians(d))) for d in _DEGREES)
NEUTRAL_RADIUS = 0.35

# cue -> (mean, standard deviation) over real songs
_SPREAD = {
    "tempo": (6.74, 0.34),  # log2 bpm
    "density": (3.42, 0.63),  # log2 strokes per second of all stems
    "dynamics": (0.69, 0.105),  # mean velocity / 127
    "register": (60.5, 4.9),  # mean pitch of guitar and piano
}
_DARK = ("m", "m7", "dim")


@dataclass(frozen=True)
class Cues:
    """What the proxy hears: `mode` -1 (dark) to 1 (bright), the others in standard deviations."""

    mode: float
    tempo: float
    density: float
    dynamics: float
    register: float


def cues_of(score: Score, sheet: LeadSheet) -> Cues | None:
    """The cues of a passage; None when nothing sounds."""
    velocity = np.concatenate([score.notes[s].velocity for s in STEMS])
    if not len(velocity) or score.duration <= 0:
        return None
    pitch = np.concatenate([score.notes[s].pitch for s in ("guitar", "piano")])
    return cues_from(
        sheet,
        strokes_per_second=sum(len(strokes(score.notes[s])) for s in STEMS) / score.duration,
        dynamics=float(velocity.mean()) / 127.0,
        register=float(pitch.mean()) if len(pitch) else None,
    )


def cues_from(
    sheet: LeadSheet,
    *,
    strokes_per_second: float,
    dynamics: float | None = None,
    register: float | None = None,
) -> Cues:
    """The cues of what is known; unknown counts as the average song's.

    Args:
        sheet: tempo, key and chords.
        strokes_per_second: of all stems.
        dynamics: mean velocity / 127; register: mean MIDI pitch of guitar and piano.
    """
    values = {
        "tempo": math.log2(sheet.bpm) if sheet.bpm else None,
        "density": math.log2(strokes_per_second + 0.5),
        "dynamics": dynamics,
        "register": register,
    }
    scaled = {n: _scaled(v, *_SPREAD[n]) for n, v in values.items()}
    return Cues(mode=_mode(sheet), **scaled)


def _scaled(value: float | None, mean: float, deviation: float) -> float:
    return 0.0 if value is None else float(np.clip((value - mean) / deviation, -2.5, 2.5))


def _mode(sheet: LeadSheet) -> float:
    """From -1 (minor key, dark chords) to 1 (major key, bright chords)."""
    key = 0.0 if sheet.key is None else 1.0 - 2.0 * (sheet.key_index // 12)
    colours = []
    for chord in sheet.chords:
        if chord is not None and chord != "N" and not chord.endswith("sus4"):
            quality = chord[2:] if chord[1:2] in ("#", "b") else chord[1:]
            colours.append(-1.0 if quality in _DARK else 1.0)
    return 0.6 * key + 0.4 * float(np.mean(colours)) if colours else key


def valence_arousal(cues: Cues) -> tuple[float, float]:
    """Valence and arousal, each in [-1, 1], about 0 for the average song."""
    valence = 0.75 * (cues.mode - 0.3) + 0.15 * cues.tempo + 0.2 * cues.register
    arousal = 0.35 * cues.tempo + 0.35 * cues.density + 0.3 * cues.dynamics
    return math.tanh(valence), math.tanh(arousal)


def nearest_emotion(valence: float, arousal: float) -> int:
    """Index in `EMOTIONS` of the nearest direction; -1 near the middle of the plane."""
    if math.hypot(valence, arousal) < NEUTRAL_RADIUS:
        return -1
    return int(np.argmax([valence * v + arousal * a for v, a in CENTRES]))


def emotion_of(score: Score, sheet: LeadSheet) -> int:
    """Index in `EMOTIONS` of a passage; -1 when it says nothing clear."""
    cues = cues_of(score, sheet)
    return -1 if cues is None else nearest_emotion(*valence_arousal(cues))
