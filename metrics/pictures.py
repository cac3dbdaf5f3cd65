"""Pictures of music: spectrograms of stems side by side, and piano rolls.

matplotlib is imported when the first picture is drawn, and only its off-screen part: no window, no
global state. A figure becomes a file (`save_figure`) or an array for TensorBoard (`to_image`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data.score import Notes, Score
from metrics.analysis import as_audio, log_mel
from utils import SAMPLE_RATE, STEMS, UserError, write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

HOP_SAMPLES = 512
DYNAMIC_RANGE_DB = 80.0
TICKS_HZ = {"100": 100.0, "500": 500.0, "2k": 2_000.0, "8k": 8_000.0}
STEM_COLOURS = {"bass": "#1b6ca8", "drums": "#444444", "guitar": "#c8553d", "piano": "#3d8361"}
DECIBELS_PER_NEPER = 20.0 / np.log(10.0)


def _grid(
    columns: int, *, height: float = 1.4, share_rows: bool = True
) -> tuple[Figure, np.ndarray]:
    """A figure with one row of panels per stem, which share their time axis; heights in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = len(STEMS)
    size = (0.6 + 3.6 * columns, 0.6 + height * rows)
    figure = Figure(figsize=size, dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    sharing = {"sharex": True, "sharey": "row" if share_rows else False}
    return figure, figure.subplots(rows, columns, squeeze=False, **sharing)


def _checked(columns: Mapping[str, object]) -> int:
    if not columns:
        raise ValueError("a picture needs at least one column")
    return len(columns)


def spectrogram_figure(columns: Mapping[str, np.ndarray]) -> Figure:
    """Mel spectrograms, one row per stem and one column per recording.

    Args:
        columns: title ("generated", "real", ...) -> audio (s, t). Colours are decibels on one scale
            for the whole picture, so a quiet stem looks quiet.
    """
    figure, axes = _grid(_checked(columns))
    pictures = {name: _decibels(audio, name) for name, audio in columns.items()}
    top = max(float(p.max()) for p in pictures.values())
    for column, (name, picture) in enumerate(pictures.items()):
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel("seconds")
        for axis, mel in zip(axes[:, column], picture, strict=True):
            image = _draw_mel(axis, mel, top)
    _label_stems(axes)
    figure.colorbar(image, ax=axes, label="dB below the loudest", shrink=0.8)
    return figure


def _decibels(audio: np.ndarray, name: str) -> np.ndarray:
    """Mel spectrograms (s, f, m) in decibels of stems (s, t)."""
    audio = as_audio(audio)
    if audio.ndim != 2 or len(audio) != len(STEMS):
        raise ValueError(f"expected audio ({len(STEMS)}, t) for '{name}', got {audio.shape}")
    return DECIBELS_PER_NEPER * log_mel(audio)


def _draw_mel(axis: Axes, mel: np.ndarray, top: float) -> AxesImage:
    """One spectrogram (f, m) in decibels below `top`."""
    seconds = mel.shape[-1] * HOP_SAMPLES / SAMPLE_RATE
    look = {"origin": "lower", "aspect": "auto", "cmap": "magma", "interpolation": "nearest"}
    scale = {"vmin": -DYNAMIC_RANGE_DB, "vmax": 0.0, "extent": (0.0, seconds, 0, len(mel))}
    axis.set_yticks([_band(hertz, len(mel)) for hertz in TICKS_HZ.values()], TICKS_HZ)
    return axis.imshow(mel - top, **look, **scale)


def _band(hertz: float, num_bands: int) -> float:
    """The mel band, with fraction, whose centre is a frequency."""
    to_mel = lambda f: np.log1p(f / 700.0)
    return float(to_mel(hertz) / to_mel(SAMPLE_RATE / 2) * (num_bands + 1) - 0.5)


def piano_roll_figure(
    columns: Mapping[str, Mapping[str, Notes]],
    duration: float,
    *,
    beat_times: np.ndarray | None = None,
) -> Figure:
    """Piano rolls, one row per stem and one column per score; louder notes are darker.

    Args:
        columns: title -> stem -> notes. Rows of one stem share their range of pitches.
        duration: seconds shown.
        beat_times: seconds of beats, drawn as thin lines.
    """
    figure, axes = _grid(_checked(columns), height=1.2)
    for column, (name, notes) in enumerate(columns.items()):
        axes[0, column].set_title(name)
        axes[-1, column].set_xlabel("seconds")
        for row, stem in enumerate(STEMS):
            _draw_notes(axes[row, column], notes[stem], stem, duration)
            _draw_beats(axes[row, column], beat_times)
    axes[0, 0].set_xlim(0.0, duration)
    _label_stems(axes)
    return figure


def song_figure(audio: np.ndarray, score: Score) -> Figure:
    """A song on one page: the spectrogram of each stem (s, t) beside the notes that it plays."""
    figure, axes = _grid(2, share_rows=False)
    pictures = _decibels(audio, "song")
    for row, stem in enumerate(STEMS):
        _draw_mel(axes[row, 0], pictures[row], float(pictures.max()))
        _draw_notes(axes[row, 1], score.notes[stem], stem, score.duration)
        _draw_beats(axes[row, 1], score.beat_times)
    for axis, title in zip(axes[0], ("sound", "notes"), strict=True):
        axis.set_title(title)
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    axes[0, 0].set_xlim(0.0, score.duration)
    _label_stems(axes)
    return figure


def save_song_picture(path: str | Path, audio: np.ndarray, score: Score) -> None:
    """Writes `song_figure` of stems (s, t) and their score as PNG."""
    save_figure(song_figure(audio, score), path)


def _draw_beats(axis: Axes, beat_times: np.ndarray | None) -> None:
    for beat in beat_times if beat_times is not None else ():
        axis.axvline(beat, color="0.88", linewidth=0.6, zorder=0)


def _draw_notes(axis: Axes, notes: Notes, stem: str, duration: float) -> None:
    from matplotlib.colors import to_rgb

    shown = notes.where(notes.onset < duration)
    if not len(shown):
        axis.text(0.5, 0.5, "silent", transform=axis.transAxes, ha="center", color="0.6")
        axis.set_yticks([])
        return
    alpha = 0.35 + 0.65 * np.clip(shown.velocity / 127.0, 0.0, 1.0)
    colours = np.column_stack([np.tile(to_rgb(STEM_COLOURS[stem]), (len(shown), 1)), alpha])
    length = np.minimum(shown.offset, duration) - shown.onset
    axis.barh(shown.pitch, length, left=shown.onset, height=0.9, color=colours)


def _label_stems(axes: np.ndarray) -> None:
    for row, stem in enumerate(STEMS):
        axes[row, 0].set_ylabel(stem)


def to_image(figure: Figure) -> np.ndarray:
    """The picture as an array (h, w, 3), uint8."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Writes the picture as PNG, whole or not at all.

    Raises:
        UserError: when the file cannot be written.
    """
    try:
        with write_atomically(path, suffix=".png") as partial:
            figure.savefig(partial, format="png")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another folder") from None
