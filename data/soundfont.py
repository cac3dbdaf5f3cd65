"""Scores and songs to four stems of audio through SoundFonts, with the levels of a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.loudness import level_stems
from data.midi import DEFAULT_PROGRAMS, MidiSong, MidiTrack
from data.score import Notes, Score
from data.synth import DRUM_BANK, PREROLL_SECONDS, default_soundfont, renderer
from utils import SAMPLE_RATE, STEMS

OFF_PITCH = {31: 27}


def in_tune(song: MidiSong) -> MidiSong:
    """The song without programs that sound at another pitch than they are written in.

    Guitar harmonics (31) sound one to two octaves above the score in common SoundFonts; clean
    guitar takes their part, so that audio and score agree.
    """
    tracks = [
        replace(t, program=OFF_PITCH.get(t.program, t.program)) if t.stem != "drums" else t
        for t in song.tracks
    ]
    return replace(song, tracks=tuple(tracks))


def render_score(
    score: Score,
    *,
    sample_rate: int = SAMPLE_RATE,
    soundfont: str | Path | None = None,
    num_samples: int | None = None,
    levelled: bool = True,
) -> np.ndarray:
    """Audio of a score.

    Args:
        score: its notes, played with its programs (the family's first choice where unknown).
        num_samples: length, default the score's duration.
        levelled: whether the stems are brought to Slakh's levels (`data.loudness.level_stems`).

    Returns:
        float32 (s, t); a stem without notes is zeros.
    """
    tracks = []
    for stem in STEMS:
        program = score.programs.get(stem)
        known = program is not None and (stem != "drums") == (program < DRUM_BANK)
        chosen = DEFAULT_PROGRAMS[stem] if not known or stem == "drums" else program
        tracks.append(MidiTrack(stem, chosen, score.notes[stem]))
    total = round(score.duration * sample_rate) if num_samples is None else num_samples
    fonts = dict.fromkeys(STEMS, soundfont)
    audio = _render_stems(tracks, 0.0, total, sample_rate, fonts)
    return level_stems(audio, sample_rate) if levelled else audio


def render_song(
    song: MidiSong,
    start: float,
    end: float,
    *,
    programs: Mapping[str, int] | None = None,
    semitones: int = 0,
    tempo_factor: float = 1.0,
    soundfonts: Mapping[str, str | Path] | None = None,
    num_samples: int | None = None,
    sample_rate: int = SAMPLE_RATE,
    gains_db: Mapping[str, float] | None = None,
    levelled: bool = True,
    need_audio: bool = True,
) -> tuple[Score, np.ndarray | None]:
    """A stretch of a song as score and audio, always in step.

    Args:
        start, end: seconds in the song as written.
        programs: stem -> General MIDI program that replaces every program of the stem.
        semitones: transposition of the pitched stems; tempo_factor: 1.1 plays 10 % faster.
        soundfonts: stem -> SoundFont, default `default_soundfont()`.
        num_samples: length of the audio, default (end - start) / tempo_factor seconds.
        gains_db: stem -> gain after levelling; levelled: as in `render_score`.
        need_audio: False returns None for the audio.

    Returns:
        The score with times relative to `start`, and float32 (s, t) audio.
    """
    score = song.score.excerpt(start, end)
    score.programs.update({stem: p for stem, p in (programs or {}).items() if stem != "drums"})
    score = score.stretched(1.0 / tempo_factor).transposed(semitones)
    if not need_audio:
        return score, None
    if num_samples is None:
        num_samples = round((end - start) / tempo_factor * sample_rate)
    tracks = [_changed(t, programs or {}, semitones, tempo_factor) for t in song.tracks]
    audio = _render_stems(tracks, start / tempo_factor, num_samples, sample_rate, soundfonts or {})
    return score, level_stems(audio, sample_rate, gains_db=gains_db) if levelled else audio


def _changed(
    track: MidiTrack, programs: Mapping[str, int], semitones: int, tempo_factor: float
) -> MidiTrack:
    """A track with another program, transposed (as `Score.transposed`) and at another tempo."""
    n, pitch = track.notes, track.notes.pitch
    if track.stem != "drums":
        pitch = pitch + semitones
        pitch = np.where(pitch < 0, pitch + 12, np.where(pitch > 127, pitch - 12, pitch))
    return replace(
        track,
        program=programs.get(track.stem, track.program),
        notes=Notes(n.onset / tempo_factor, n.offset / tempo_factor, pitch, n.velocity),
        control_time=track.control_time / tempo_factor,
    )


def _render_stems(
    tracks: Sequence[MidiTrack],
    start: float,
    num_samples: int,
    sample_rate: int,
    soundfonts: Mapping[str, str | Path | None],
) -> np.ndarray:
    """float32 (s, t): each stem's tracks in one pass, without levelling."""
    audio = np.zeros((len(STEMS), num_samples), np.float32)
    latest = start + num_samples / sample_rate
    for row, stem in enumerate(STEMS):
        near = [t for t in tracks if t.stem == stem and _plays(t.notes, start, latest)]
        if near:
            font = str(soundfonts.get(stem) or default_soundfont())
            audio[row] = renderer(font, sample_rate).render(near, start, num_samples)
    return audio


def _plays(notes: Notes, start: float, end: float) -> bool:
    """Whether a note sounds in [start - pre-roll, end)."""
    return bool(((notes.onset < end) & (notes.offset > start - PREROLL_SECONDS)).any())
