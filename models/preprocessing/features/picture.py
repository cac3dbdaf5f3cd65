"""What is in a recording on one page: sound with its beats, chords, players, loudness, notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.chords import chord_root, chord_tones
from metrics.pictures import STEM_COLOURS, save_figure
from models.preprocessing.features.record import Features
from utils import SAMPLE_RATE, STEMS, mel_filterbank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 1_600
MELS, WINDOW_SAMPLES = 96, 2_048
DYNAMIC_RANGE_DB = 70.0
TICKS_HZ = {"100": 100.0, "500": 500.0, "2k": 2_000.0, "8k": 8_000.0}
NARROWEST_NAME = 0.8  # of the width of a page in percent, per letter of a chord's name
MIX_COLOUR = "#7a5195"


def features_figure(features: Features, mix: np.ndarray) -> Figure:
    """The picture of a recording whose mix is (t,) at 22,050 Hz."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.5, 8.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    beats, sound, chords, players, loudness, notes = figure.subplots(
        6, 1, sharex=True, height_ratios=(0.25, 1.7, 0.5, 1.2, 1.0, 3.0)
    )
    _draw_beats(beats, features)
    _draw_sound(sound, features, mix)
    _draw_chords(chords, features)
    _draw_players(players, features)
    _draw_loudness(loudness, features)
    _draw_notes(notes, features)
    for downbeat in features.downbeats:
        for axis in (players, loudness, notes):
            axis.axvline(downbeat, color="0.9", linewidth=0.5, zorder=0)
    notes.set_xlim(0.0, features.duration)
    notes.set_xlabel("seconds")
    beats.set_title(_title(features))
    figure.align_ylabels()
    return figure


def _title(features: Features) -> str:
    parts = [features.name or features.kind]
    if features.tempo is not None:
        parts.append(f"{features.tempo:.1f} bpm, {features.meter} beats a bar")
    parts.append(features.key or "no key")
    if features.loudness is not None:
        parts.append(f"{features.loudness:.1f} LUFS")
    return " · ".join(parts)


def _draw_beats(axis: Axes, features: Features) -> None:
    """A tick per beat, a long one on the downbeat."""
    axis.vlines(features.beats, 0.0, 0.45, color="0.5", linewidth=0.7)
    axis.vlines(features.downbeats, 0.0, 1.0, color="#c8553d", linewidth=1.0)
    axis.set_ylim(0.0, 1.0)
    axis.set_ylabel("beats", rotation=0, ha="right", va="center")
    axis.set_yticks([])


def mel_columns(mix: np.ndarray) -> np.ndarray:
    """Mel levels (f, m) in dB below the loudest, at most 1,600 columns of a mix (t,)."""
    from scipy.fft import rfft

    hop = max(-(-len(mix) // COLUMNS), WINDOW_SAMPLES // 4)
    padded = np.pad(np.asarray(mix, np.float32), (0, WINDOW_SAMPLES))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[: len(mix) : hop]
    power = np.abs(rfft(frames * np.hanning(WINDOW_SAMPLES).astype(np.float32))) ** 2
    mel = 10.0 * np.log10(power @ mel_filterbank(SAMPLE_RATE, WINDOW_SAMPLES, MELS).T + 1e-10)
    return (mel - mel.max()).T


def _draw_sound(axis: Axes, features: Features, mix: np.ndarray) -> None:
    to_mel = lambda f: np.log1p(f / 700.0) / np.log1p(SAMPLE_RATE / 2 / 700.0) * (MELS + 1) - 0.5
    axis.imshow(
        mel_columns(mix),
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=-DYNAMIC_RANGE_DB,
        vmax=0.0,
        extent=(0.0, features.duration, 0, MELS),
    )
    axis.set_yticks([to_mel(hertz) for hertz in TICKS_HZ.values()], TICKS_HZ)
    axis.set_ylabel("sound (Hz)")


def _draw_chords(axis: Axes, features: Features) -> None:
    """A box per chord, coloured by its root around the circle of fifths, pale where minor."""
    from matplotlib import colormaps

    for chord in features.chords:
        root, length = chord_root(chord.name), chord.end - chord.start
        colour = "0.95"
        if root is not None:
            minor = (chord_tones(chord.name)[1] - root) % 12 == 3
            colour = (*colormaps["hsv"](root * 7 % 12 / 12)[:3], 0.25 if minor else 0.5)
        axis.barh(0, length, left=chord.start, height=1.0, color=colour, edgecolor="white")
        if 100.0 * length / features.duration > NARROWEST_NAME * len(chord.name):
            middle = chord.start + length / 2
            axis.text(middle, 0, chord.name, ha="center", va="center", fontsize=7, clip_on=True)
    axis.set_yticks([])
    axis.set_ylim(-0.5, 0.5)
    axis.set_ylabel("chords", rotation=0, ha="right", va="center")


def _draw_players(axis: Axes, features: Features) -> None:
    """A lane per stem: a bar where it sounds."""
    for row, stem in enumerate(STEMS):
        spans = features.activity[stem]
        if spans is None:
            axis.text(0.01, row, "unknown", transform=axis.get_yaxis_transform(), va="center")
            continue
        bars = [(span.start, span.end - span.start) for span in spans]
        axis.broken_barh(bars, (row - 0.35, 0.7), color=STEM_COLOURS[stem])
    axis.set_yticks(range(len(STEMS)), STEMS)
    axis.set_ylim(len(STEMS) - 0.5, -0.5)


def _draw_loudness(axis: Axes, features: Features) -> None:
    curve = features.loudness_curve
    axis.plot(np.arange(len(curve)), curve, color="0.2", linewidth=1.0)
    if features.loudness is not None:
        axis.axhline(features.loudness, color="#c8553d", linewidth=0.8, linestyle="--")
        axis.set_ylim(max(float(curve.min()), features.loudness - 30.0) - 1.0, curve.max() + 2.0)
    axis.set_ylabel("LUFS (3 s)")


def _draw_notes(axis: Axes, features: Features) -> None:
    """The notes of all stems on one staff; where they are not known, strokes per second."""
    known = {stem: notes for stem, notes in features.notes.items() if notes is not None}
    for stem, notes in known.items():
        length = notes.offset - notes.onset
        colour, height = STEM_COLOURS[stem], 0.5 if stem == "drums" else 0.9
        axis.barh(notes.pitch, length, left=notes.onset, height=height, color=colour, label=stem)
    if known:
        axis.set_ylabel("notes (MIDI pitch)")
        axis.legend(loc="upper right", ncols=len(known), fontsize=7)
        return
    edges = np.arange(0.0, np.ceil(features.duration) + 1.0)
    for name, times in features.onsets.items():
        count = np.histogram(times, edges)[0]
        axis.stairs(count, edges, color=STEM_COLOURS.get(name, MIX_COLOUR), label=name)
    axis.set_ylabel("strokes per second")
    axis.legend(loc="upper right", fontsize=7)


def save_features_picture(path: str | Path, features: Features, mix: np.ndarray) -> None:
    """Writes the picture of a recording as PNG.

    Raises:
        UserError: when it cannot be written.
    """
    save_figure(features_figure(features, mix), path)
