"""Chords per beat and the key, heard from notes.

Chords: every beat's chroma (and the bass's, which speaks for the root) is scored against one
profile per chord, and the best path through the beats is found where changing chord costs least on
a downbeat. Key: correlation of the pitch classes with the probe-tone profiles of Krumhansl and
Kessler (1982) as adapted to popular music by Sha'ath (2011), helped by how long the tonic and
dominant chords sound; square roots keep one long note from deciding. What is not modelled:
modulation inside the excerpt, modes other than major and minor, chords outside `data.chords`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from data.chords import CHORD_INDEX, CHORDS, NO_CHORD, QUALITIES, chord_matrices
from data.score import Notes, Score

EVIDENCE = 6.0  # how many independent notes a fully played beat counts as
BASS_EVIDENCE = 2.0
CHANGE_COST = {"downbeat": 1.0, "middle": 2.0, "elsewhere": 3.5}
BASS_SPEAKS = {"downbeat": 1.3, "middle": 0.7, "elsewhere": 0.4}
CHORDS_FOR_KEY = 0.3  # what tonic chords add to a correlation of 0 to 1
SILENCE_BONUS = 0.8
DIATONIC_BONUS = 0.5
RARITY_COST = {"": 0.0, "m": 0.0, "7": 0.3, "maj7": 0.4, "m7": 0.4, "dim": 0.6, "sus4": 0.9}
_ONSET_WEIGHT = 0.25  # of a beat: a short note still says what it is
_EARLY_BEATS = 0.08  # a note this much ahead of the beat belongs to it

MAJOR_PROFILE = np.array([6.6, 2.0, 3.5, 2.3, 4.6, 4.0, 2.5, 5.2, 2.4, 3.7, 2.3, 3.4])
MINOR_PROFILE = np.array([6.5, 2.7, 3.5, 5.4, 2.6, 3.5, 2.5, 5.2, 4.0, 2.7, 4.3, 3.2])
_CHORDS_OF_MAJOR = {0: "", 2: "m", 4: "m", 5: "", 7: "", 9: "m", 11: "dim"}
_CHORDS_OF_MINOR = {0: "m", 2: "dim", 3: "", 5: "m", 7: "", 8: "", 10: ""}


def beat_chroma(notes: Notes, beat_times: np.ndarray) -> np.ndarray:
    """How long each pitch class sounds in each beat.

    Args:
        notes: of a pitched stem.
        beat_times: (n,) seconds; the last beat is as long as the one before it.

    Returns:
        float64 (n, 12) in beats, with a quarter of a beat added for every onset.
    """
    num_beats = len(beat_times)
    chroma = np.zeros(num_beats * 12)
    if num_beats < 2 or not len(notes):
        return chroma.reshape(num_beats, 12)
    edges = np.append(beat_times, 2 * beat_times[-1] - beat_times[-2])
    index = np.arange(num_beats + 1, dtype=float)
    start = np.interp(notes.onset + 1e-9, edges, index)
    end = np.interp(notes.offset, edges, index)
    onset_beat = np.floor(np.interp(notes.onset, edges, index) + _EARLY_BEATS).astype(int)
    pitch_class = notes.pitch.astype(int) % 12
    inside = (notes.onset < edges[-1]) & (notes.offset > edges[0]) & (onset_beat < num_beats)
    start = np.where(start > onset_beat, start, np.minimum(onset_beat, end))
    onset_weights = np.where(inside & (notes.onset >= edges[0] - 0.1), _ONSET_WEIGHT, 0.0)
    flat = np.minimum(onset_beat, num_beats - 1) * 12 + pitch_class
    chroma += np.bincount(flat, onset_weights, minlength=num_beats * 12)
    first = np.minimum(start.astype(int), num_beats - 1)
    for step in range(int(np.max(np.ceil(end) - first, initial=0))):
        beat = first + step
        overlap = np.minimum(end, beat + 1) - np.maximum(start, beat)
        sounding = inside & (overlap > 0) & (beat < num_beats)
        flat = beat[sounding] * 12 + pitch_class[sounding]
        chroma += np.bincount(flat, overlap[sounding], minlength=num_beats * 12)
    return chroma.reshape(num_beats, 12)


@lru_cache(maxsize=1)
def _chord_profiles() -> tuple[np.ndarray, np.ndarray]:
    """Log probability (chords, 12) of a pitch class under a chord: of all voices, of the bass."""
    roots, tones = chord_matrices()
    size = tones.sum(1, keepdims=True)
    voices = np.where(tones > 0, (0.86 + 0.02 * (size - 3)) / np.maximum(size, 1), 0.0)
    voices = voices + roots * 0.03
    voices = np.where(tones > 0, voices, 0.012)
    bass = np.where(roots > 0, 0.62, np.where(tones > 0, 0.10, 0.02))
    voices[0] = bass[0] = 1.0 / 12
    normalised = [np.log(p / p.sum(1, keepdims=True)) for p in (voices, bass)]
    return normalised[0], normalised[1]


@lru_cache(maxsize=32)
def _key_prior(key: int | None) -> np.ndarray:
    """Log prior (chords,): plain chords are common, and those of the key (if known) more so."""
    prior = np.append(0.0, -np.tile(list(RARITY_COST.values()), 12))
    if key is None:
        return prior
    diatonic = _CHORDS_OF_MINOR if key >= 12 else _CHORDS_OF_MAJOR
    scale = {(key + step) % 12 for step in diatonic}
    _, tones = chord_matrices()
    outside = np.array([sum(t > 0 and p not in scale for p, t in enumerate(row)) for row in tones])
    prior[outside == 0] += DIATONIC_BONUS
    prior[outside > 1] -= DIATONIC_BONUS
    if key >= 12:
        dominant = 1 + (key + 7) % 12 * len(QUALITIES)
        prior[[dominant, dominant + 2]] += DIATONIC_BONUS
    prior[0] = 0.0
    return prior


def _evidence(chroma: np.ndarray, strength: float) -> np.ndarray:
    """Chroma scaled so that a beat with at least one beat of sound weighs `strength`."""
    mass = chroma.sum(1, keepdims=True)
    return chroma * (strength / np.maximum(mass, 1.0))


def chord_scores(
    voices: np.ndarray, bass: np.ndarray, beat_in_bar: np.ndarray, key: int | None = None
) -> np.ndarray:
    """Log likelihood (n, chords) of every chord at every beat from two chromas (n, 12).

    The bass speaks for the root where chords begin; between, it may walk.
    """
    voice_profiles, bass_profiles = _chord_profiles()
    bass = bass * _at_beat(BASS_SPEAKS, beat_in_bar)[:, None]
    scores = _evidence(voices + bass, EVIDENCE) @ voice_profiles.T
    scores += BASS_EVIDENCE * np.minimum(bass, 1.3) @ bass_profiles.T
    scores += _key_prior(key)
    silent = (voices.sum(1) + bass.sum(1)) < 0.05
    scores[silent, 0] += SILENCE_BONUS + DIATONIC_BONUS
    return scores


def _at_beat(table: Mapping[str, float], beat_in_bar: np.ndarray) -> np.ndarray:
    """The table's value (n,) for every beat's place: downbeat, middle of the bar, elsewhere."""
    values = np.full(len(beat_in_bar), table["elsewhere"])
    longest = int(beat_in_bar.max(initial=0)) + 1
    if longest % 2 == 0:
        values[beat_in_bar == longest // 2] = table["middle"]
    values[beat_in_bar == 0] = table["downbeat"]
    return values


def smoothest_path(scores: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Best path (n,) through scores (n, chords) when a change at beat i costs costs[i]."""
    num_beats = len(scores)
    came_from = np.zeros(scores.shape, np.int32)
    stay = np.arange(scores.shape[1])
    total = scores[0].copy() if num_beats else np.zeros(0)
    for beat in range(1, num_beats):
        best = int(total.argmax())
        change = total[best] - costs[beat]
        came_from[beat] = np.where(total >= change, stay, best)
        total = np.maximum(total, change) + scores[beat]
    path = np.zeros(num_beats, int)
    if num_beats:
        path[-1] = int(total.argmax())
    for beat in range(num_beats - 1, 0, -1):
        path[beat - 1] = came_from[beat, path[beat]]
    return path


@lru_cache(maxsize=1)
def _key_profiles() -> np.ndarray:
    """Zero-mean, unit-norm profiles (24, 12) of all keys."""
    profiles = [np.roll(p, k) for p in (MAJOR_PROFILE, MINOR_PROFILE) for k in range(12)]
    profiles = np.array(profiles) - np.mean(profiles, axis=1, keepdims=True)
    return profiles / np.linalg.norm(profiles, axis=1, keepdims=True)


def key_scores(chroma: np.ndarray) -> np.ndarray:
    """Correlation (24,) of pitch-class weights (12,) with every key's profile; 0 without notes."""
    centred = chroma - chroma.mean()
    norm = np.linalg.norm(centred)
    return _key_profiles() @ centred / norm if norm > 1e-9 else np.zeros(24)


@lru_cache(maxsize=1)
def _chord_to_key() -> np.ndarray:
    """How much a chord speaks for a key (24, chords): tonic 1, dominant 1/3, subdominant 1/5."""
    weights = np.zeros((24, len(CHORDS)))
    for key in range(24):
        tonic = 1 + key % 12 * len(QUALITIES)
        fifth, fourth = (1 + (key + s) % 12 * len(QUALITIES) for s in (7, 5))
        own = [1, 4] if key >= 12 else [0, 2, 3]
        weights[key, [tonic + q for q in own]] = 1.0
        weights[key, [fifth, fifth + 2]] = 1 / 3
        weights[key, [fourth + q for q in ([1, 4] if key >= 12 else [0, 2, 3])]] = 1 / 5
    return weights


def estimate_key(chroma: np.ndarray, chord_path: np.ndarray | None = None) -> int | None:
    """Key 0-23 of pitch-class weights (12,), optionally helped by the chords of every beat.

    Returns:
        None when there are no pitched notes.
    """
    if chroma.sum() <= 0:
        return None
    scores = key_scores(np.sqrt(chroma))
    if chord_path is not None and len(chord_path):
        scores = scores + CHORDS_FOR_KEY * _chord_to_key()[:, chord_path].mean(1)
    return int(scores.argmax())


def key_of_chords(names: Sequence[str]) -> int:
    """Key 0-23 that a progression suggests, its first chord counting twice; 0 for no chords."""
    path = np.array([CHORD_INDEX[n] for n in (*names[:1], *names) if n != NO_CHORD], int)
    if not len(path):
        return 0
    roots, tones = chord_matrices()
    return int(estimate_key((tones + roots)[path].sum(0), path))


def _chromas(score: Score) -> tuple[np.ndarray, np.ndarray]:
    voices = [beat_chroma(score.notes[s], score.beat_times) for s in ("guitar", "piano")]
    return sum(voices), beat_chroma(score.notes["bass"], score.beat_times)


def key_of(score: Score) -> int | None:
    """Key 0-23 heard from a score's notes, whatever its `key` says; None without pitched notes."""
    return harmony_of(score)[1]


def harmony_of(score: Score, key: int | None = None) -> tuple[list[str], int | None]:
    """Chord of every beat and the key, heard from a score's notes.

    Args:
        score: with beats; without them there are no chords and the key comes from all notes.
        key: when it is known already.
    """
    if len(score.beat_times) < 2:
        weights = np.zeros(12)
        for stem in ("bass", "guitar", "piano"):
            notes = score.notes[stem]
            weights += np.bincount(notes.pitch.astype(int) % 12, notes.offset - notes.onset, 12)
        return ["N"] * len(score.beat_times), key if key is not None else estimate_key(weights)
    path, key = chords_and_key(*_chromas(score), score.beat_in_bar, key)
    return [CHORDS[i] for i in path], key


def chords_and_key(
    voices: np.ndarray, bass: np.ndarray, beat_in_bar: np.ndarray, key: int | None = None
) -> tuple[np.ndarray, int | None]:
    """Index (n,) in `CHORDS` of every beat's chord, and the key, from chromas.

    Args:
        voices, bass: (n, 12) beats of sound per pitch class, as `beat_chroma` gives them.
        beat_in_bar: (n,).
        key: when it is known already; otherwise None without pitched sound.
    """
    weights = (voices + bass).sum(0)
    first_key = estimate_key(weights) if key is None else key
    scores = chord_scores(voices, bass, beat_in_bar, first_key)
    path = smoothest_path(scores, _at_beat(CHANGE_COST, beat_in_bar))
    return path, estimate_key(weights, path) if key is None else key
