"""From arrays, a file or a folder of stems to `Features`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.audio import audio_info, load_audio, read_blocks
from data.brightness import brightness
from data.chords import KEYS
from data.score import Notes
from data.sources.folder import stem_of
from models.preprocessing.features.activity import sounding_spans
from models.preprocessing.features.levels import Loudness, measured_loudness
from models.preprocessing.features.record import Chord, Features
from models.preprocessing.features.whole import HeardSong, hear, transcribed
from utils import NUM_STEMS, SAMPLE_RATE, STEMS, UserError

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".aiff", ".aif")
SHORTEST_SECONDS = 0.5
DECIMALS = 3
EARLY_SECONDS = 0.05  # a beat is heard as its stroke begins to show, a little before it

Stems = Mapping[str, np.ndarray]


def extract_features(
    audio: np.ndarray | Stems,
    sample_rate: int = SAMPLE_RATE,
    model: HarmonicFlow | None = None,
    *,
    name: str = "",
) -> Features:
    """What is in a piece of audio of any length.

    Args:
        audio: a mix (t,), (1, t) or (2, t), four stems (4, t) in the order of `STEMS`, or a
            mapping from names of stems to (t,) or (c, t); full scale is 1.
        sample_rate: in Hz, 4,000 to 384,000; the analysis is at 22,050.
        model: writes down the notes of stems; without it they stay unknown.

    Raises:
        ValueError: audio of another shape, not finite, or shorter than half a second.
    """
    if isinstance(audio, Mapping) or np.ndim(audio) == 2 and len(audio) == NUM_STEMS:
        given = audio if isinstance(audio, Mapping) else dict(zip(STEMS, audio, strict=True))
        stems, present = _stacked({stem: _mono(a, sample_rate) for stem, a in given.items()})
        return _features_of_stems(stems, present, model, name)
    channels = _channels(audio)
    mix = _mono(channels, sample_rate)
    blocks = np.array_split(channels, max(channels.shape[1] // (60 * sample_rate), 1), axis=1)
    return _features(mix, hear(mix), measured_loudness(blocks, sample_rate), name)


def read_features(path: str | Path, model: HarmonicFlow | None = None) -> Features:
    """What is in an audio file, or in a folder of stems.

    Raises:
        UserError: nothing there to read, or shorter than half a second.
    """
    path = Path(path)
    if path.is_dir():
        stems, present = read_stems(path)
        return _features_of_stems(stems, present, model, path.resolve().name)
    info = audio_info(path)
    if info.seconds < SHORTEST_SECONDS:
        raise UserError(
            f"'{path}' lasts {info.seconds:.2f} s; expected {SHORTEST_SECONDS} s or more"
        )
    mix = load_audio(path)
    loud = measured_loudness(read_blocks(path, seconds=60.0, mono=False), info.sample_rate)
    return _features(mix, hear(mix), loud, path.stem)


def read_stems(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Stems (s, t) at 22,050 Hz of a folder, silent where missing, and which are there, bool (s,).

    Files are told by their names ("02 Drum Kit.flac"); one that is called like the stem counts
    alone, else all that match are summed.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
    found: dict[str, np.ndarray] = {}
    for stem in STEMS:
        matching = [p for p in paths if stem_of(p.stem) == stem]
        exact = [p for p in matching if p.stem.lower() == stem][:1]
        parts = [load_audio(p) for p in exact or matching]
        if parts:
            found[stem] = sum_of(parts)
    longest = max((len(part) for part in found.values()), default=0) / SAMPLE_RATE
    if longest < SHORTEST_SECONDS:
        raise UserError(
            f"no stem of {SHORTEST_SECONDS} s or more in '{folder}': expected files such as "
            f"{', '.join(f'{stem}.wav' for stem in STEMS)}; for a mix, name the file"
        )
    return _stacked(found)


def sum_of(parts: Iterable[np.ndarray]) -> np.ndarray:
    """The sum (t,) of sounds, as long as the longest."""
    parts = list(parts)
    total = np.zeros(max(len(part) for part in parts), np.float32)
    for part in parts:
        total[: len(part)] += part
    return total


def _stacked(found: Stems) -> tuple[np.ndarray, np.ndarray]:
    """Stems (s, t) and which are there, bool (s,)."""
    unknown = [stem for stem in found if stem not in STEMS]
    if unknown or not found:
        raise ValueError(f"expected stems of {', '.join(STEMS)}, got {', '.join(found) or 'none'}")
    stems = np.zeros((NUM_STEMS, max(len(part) for part in found.values())), np.float32)
    for stem, part in found.items():
        stems[STEMS.index(stem), : len(part)] = part
    return stems, np.array([stem in found for stem in STEMS])


def _channels(audio: np.ndarray) -> np.ndarray:
    """Finite channels (c, t) of a mix."""
    audio = np.asarray(audio, np.float32)
    if audio.ndim not in (1, 2) or (audio.ndim == 2 and len(audio) > 2):
        raise ValueError(
            f"expected a mix (t,), (1, t) or (2, t) or stems ({NUM_STEMS}, t), got {audio.shape}"
        )
    if not np.isfinite(audio).all():
        raise ValueError("the audio holds nan or infinity")
    return np.atleast_2d(audio)


def _mono(audio: np.ndarray, sample_rate: int) -> np.ndarray:
    """Channels averaged, (t,) at 22,050 Hz."""
    channels = _channels(audio)
    if channels.shape[1] < SHORTEST_SECONDS * sample_rate:
        raise ValueError(f"expected {SHORTEST_SECONDS} s or more, got {channels.shape[1]} samples")
    mono = channels.mean(0)
    if sample_rate == SAMPLE_RATE:
        return mono
    import soxr

    return soxr.resample(mono, sample_rate, SAMPLE_RATE)


def _features_of_stems(
    stems: np.ndarray, present: np.ndarray, model: HarmonicFlow | None, name: str
) -> Features:
    """Features of stems (s, t); notes where a model is given, of stems that sound."""
    mix = stems.sum(0)
    heard = hear(stems, present)
    loud = measured_loudness(_minutes(mix), SAMPLE_RATE)
    activity = {
        stem: sounding_spans(audio, SAMPLE_RATE) if there else None
        for stem, audio, there in zip(STEMS, stems, present, strict=True)
    }
    notes: dict[str, Notes | None] = dict.fromkeys(STEMS)
    if model is not None:
        written = transcribed(model, stems)
        for stem, plays in zip(STEMS, heard.plays, strict=True):
            silent = Notes.empty() if plays == 0 else None
            notes[stem] = _rounded(written[stem]) if plays == 1 else silent
    return _features(mix, heard, loud, name, activity=activity, notes=notes)


def _minutes(mix: np.ndarray) -> Iterator[np.ndarray]:
    """A mix (t,) as blocks of a minute."""
    size = 60 * SAMPLE_RATE
    return (mix[first : first + size] for first in range(0, len(mix), size))


def _features(
    mix: np.ndarray,
    heard: HeardSong,
    loud: Loudness,
    name: str,
    *,
    activity: dict | None = None,
    notes: dict | None = None,
) -> Features:
    """The record of a mix (t,) or, with activity, of stems."""
    duration = len(mix) / SAMPLE_RATE
    inside = (heard.beats >= -EARLY_SECONDS) & (heard.beats < duration - EARLY_SECONDS)
    beats = np.maximum(heard.beats[inside], 0.0).round(DECIMALS)
    bright = brightness(mix, SAMPLE_RATE)
    known = [stem for stem, spans in (activity or {}).items() if spans is not None] or ["mix"]
    return Features(
        name=name,
        duration=round(duration, DECIMALS),
        kind="mix" if activity is None else "stems",
        tempo=round(60.0 / float(np.median(np.diff(heard.beats))), 2) if len(beats) > 1 else None,
        meter=heard.meter,
        beats=beats,
        beat_in_bar=heard.in_bar[inside],
        key=None if heard.key is None else KEYS[heard.key],
        chords=chords_of(heard.beats, heard.chords, duration),
        loudness=None if loud.integrated is None else round(loud.integrated, 2),
        loudness_range=None if loud.range is None else round(loud.range, 2),
        loudness_curve=loud.curve.round(1),
        brightness=round(bright, DECIMALS) if np.isfinite(bright) else None,
        onsets={part: heard.strokes[part].round(DECIMALS) for part in known},
        activity=activity or dict.fromkeys(STEMS),
        notes=notes or dict.fromkeys(STEMS),
    )


def _rounded(notes: Notes) -> Notes:
    """Notes with times to the millisecond, none shorter than one."""
    onset = notes.onset.round(DECIMALS)
    offset = np.maximum(notes.offset.round(DECIMALS), (onset + 0.001).round(DECIMALS))
    return Notes.of(onset, offset, notes.pitch, notes.velocity)


def chords_of(beats: np.ndarray, names: tuple[str, ...], duration: float) -> tuple[Chord, ...]:
    """Chords with times from one name per beat (n,), equal neighbours as one, within the song."""
    if len(beats) < 2:
        return ()
    inside = beats < duration - EARLY_SECONDS
    beats, names = beats[inside], names[: int(inside.sum())]
    edges = np.clip(np.append(beats, duration), 0.0, duration).round(DECIMALS)
    chords: list[Chord] = []
    for name, start, end in zip(names, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if end <= start:
            continue
        if chords and chords[-1].name == name:
            start = chords.pop().start
        chords.append(Chord(start, end, name))
    return tuple(chords)
