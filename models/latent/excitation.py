"""The excitation: what the notes of a stem set in motion, before an instrument gives it a timbre.

Every note is a sum of harmonics that fall off by 6 dB an octave, with fixed phases, as loud as it
is struck, dying away as a string does and damped at its end; every stroke of a drum is a burst of
white noise, the same each time. The decoder turns them into an instrument by what it lets through
where and when, as a vocal tract does with a voice (source and filter: Fant 1960; with a network as
the filter: Wang et al. 2019; noise as the source: Engel et al. 2020, DDSP). So partials are where
the notes say, steady in phase and with silence between them, and noise has the phases of noise: a
network that must draw them itself blurs the partials and makes one click per frame of the noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import torch

from data.score import Notes
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS

# (first latent frame, last) -> excitation (b s t) of the samples between
Excite = Callable[[int, int], torch.Tensor]

PERIOD_SAMPLES = 65_536  # after which the sound of a pitch repeats; partials are 0.2 Hz off at most
HIGHEST_HZ = 10_000.0
LEVEL = 0.1  # RMS at velocity 127
ATTACK_SECONDS = 0.002
DAMPING_SECONDS = 0.08
DECAY_SECONDS, DECAY_PITCH, DECAY_SEMITONES = 1.5, 60, 24.0  # half as long 24 semitones higher
DRUM_DECAY_SECONDS, DRUM_ATTACK_SECONDS = 0.4, 0.0005
FALL = 60.0 / 20.0 * math.log(10.0)  # time constants until a note is 60 dB down, and silent


@cache
def _harmonics(pitch: int) -> np.ndarray:
    """One period (t,) of all harmonics of a MIDI pitch, RMS 1, float32; silence above 10 kHz."""
    fundamental = 440.0 * 2.0 ** ((pitch - 69) / 12)
    number = np.arange(1, int(HIGHEST_HZ / fundamental) + 1)
    lines = np.rint(number * fundamental * PERIOD_SAMPLES / SAMPLE_RATE).astype(int)
    phases = np.random.default_rng(pitch).uniform(0.0, 2.0 * math.pi, len(number))
    spectrum = np.zeros(PERIOD_SAMPLES // 2 + 1, np.complex128)
    spectrum[lines] = np.exp(1j * phases) / number
    wave = np.fft.irfft(spectrum)
    return (wave / max(np.sqrt(np.mean(wave**2)), 1e-12)).astype(np.float32)


@cache
def _burst(pitch: int) -> np.ndarray:
    """Dying white noise (t,) of one kind of drum, RMS 1 where it begins, float32."""
    age = np.arange(math.ceil(FALL * DRUM_DECAY_SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    noise = np.random.default_rng(pitch).standard_normal(len(age))
    rise = np.minimum(age / DRUM_ATTACK_SECONDS, 1.0)
    return (noise * rise * np.exp(-age / DRUM_DECAY_SECONDS)).astype(np.float32)


def drum_excitation(notes: Notes, first: int, count: int) -> np.ndarray:
    """Excitation (t,) of the drums, as `stem_excitation` gives that of a pitched stem."""
    audio = np.zeros(count, np.float32)
    start, end = first / SAMPLE_RATE, (first + count) / SAMPLE_RATE
    longest = FALL * DRUM_DECAY_SECONDS + 0.001
    notes = notes.where((notes.onset < end + 0.001) & (notes.onset + longest > start))
    for onset, pitch, velocity in zip(
        notes.onset, notes.pitch.tolist(), notes.velocity.tolist(), strict=True
    ):
        burst, struck = _burst(pitch), round(onset * SAMPLE_RATE)
        begin, stop = max(struck, first), min(struck + len(burst), first + count)
        if begin < stop:
            part = burst[begin - struck : stop - struck]
            audio[begin - first : stop - first] += LEVEL * velocity / 127.0 * part
    return audio


def stem_excitation(notes: Notes, first: int, count: int) -> np.ndarray:
    """Excitation (t,) of a pitched stem, `count` samples from sample `first` of its song, float32.

    Any part of a song is the same samples as in the whole.
    """
    audio = np.zeros(count, np.float32)
    last = first + count
    ends = notes.offset + FALL * DAMPING_SECONDS  # nothing is heard from here on
    notes = notes.where((notes.onset * SAMPLE_RATE < last + 1) & (ends * SAMPLE_RATE > first - 1))
    for onset, offset, pitch, velocity in zip(
        notes.onset, notes.offset, notes.pitch.tolist(), notes.velocity.tolist(), strict=True
    ):
        start = round(onset * SAMPLE_RATE)
        longest = DECAY_SECONDS * 2.0 ** ((DECAY_PITCH - pitch) / DECAY_SEMITONES)
        end = min(onset + FALL * longest, offset + FALL * DAMPING_SECONDS)
        begin, stop = max(start, first), min(math.ceil(end * SAMPLE_RATE), last)
        if begin >= stop:
            continue
        place = np.arange(begin - start, stop - start)
        age = place.astype(np.float32) / SAMPLE_RATE
        released = np.maximum(age - (offset - onset), 0.0)
        loudness = np.exp(-age / longest - released / DAMPING_SECONDS)
        loudness *= np.minimum(age / ATTACK_SECONDS, 1.0) * LEVEL * velocity / 127.0
        audio[begin - first : stop - first] += loudness * _harmonics(pitch)[place % PERIOD_SAMPLES]
    return audio


def excitation(songs: Sequence[Mapping[str, Notes]], first: int, count: int) -> torch.Tensor:
    """Excitation (b s t) of some songs' notes, `count` samples from sample `first` on."""
    audio = np.zeros((len(songs), len(STEMS), count), np.float32)
    for song, rows in zip(songs, audio, strict=True):
        for stem, row in zip(STEMS, rows, strict=True):
            made = drum_excitation if stem == "drums" else stem_excitation
            row[:] = made(song[stem], first, count)
    return torch.from_numpy(audio)


def excited_by(songs: Sequence[Mapping[str, Notes]]) -> Excite:
    """What `Codec.pieces` asks for, made when it is asked."""
    return lambda first, last: excitation(
        songs, first * FRAME_SAMPLES, (last - first) * FRAME_SAMPLES
    )
