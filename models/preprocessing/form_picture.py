"""A song's form on one page: similarity of its bars, sections, novelty, motifs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from metrics.pictures import STEM_COLOURS, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from models.preprocessing.temporal import Structure

PALETTE = ("#8fb8de", "#f4b393", "#b5d99c", "#d9b8e8", "#f2d96b", "#a8d8d0", "#e59aa4", "#c9c9c9")


def form_figure(structure: Structure) -> Figure:
    """The picture of a form."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 10.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    top, matrix, curve, below = figure.subplots(4, 1, height_ratios=(0.5, 6.0, 1.0, 1.8))
    _draw_sections(top, structure)
    bars = structure.bars
    matrix.pcolormesh(bars, bars, structure.similarity, cmap="Greys", vmin=0.0, vmax=1.0)
    for section in structure.sections[1:]:
        matrix.axvline(section.start, color="#c8553d", linewidth=0.7)
        matrix.axhline(section.start, color="#c8553d", linewidth=0.7)
    matrix.invert_yaxis()
    matrix.set_ylabel("similarity of bars (s)")
    curve.step(bars[:-1], structure.novelty, where="post", color="0.3")
    curve.set_ylabel("novelty")
    _draw_motifs(below, structure)
    for axis in (top, matrix, curve, below):
        axis.set_xlim(0.0, structure.duration)
    below.set_xlabel("seconds")
    top.set_title(f"{structure.name}: {structure.letters}")
    return figure


def _draw_sections(axis: Axes, structure: Structure) -> None:
    for section in structure.sections:
        colour = PALETTE[(ord(section.letter) - ord("A")) % len(PALETTE)]
        length = section.end - section.start
        axis.barh(0, length, left=section.start, height=1.0, color=colour, edgecolor="white")
        axis.text(section.start + length / 2, 0, section.letter, ha="center", va="center")
    axis.set_yticks([])


def _draw_motifs(axis: Axes, structure: Structure) -> None:
    """A row per motif, a bar per appearance; the number is semitones above the first."""
    for row, motif in enumerate(structure.motifs):
        for place, moved in zip(motif.bars, motif.semitones, strict=True):
            start = structure.bars[place]
            length = structure.bars[min(place + motif.num_bars, len(structure.bars) - 1)] - start
            colour = STEM_COLOURS.get(motif.stem, "0.5")
            axis.barh(row, 0.97 * length, left=start, height=0.8, color=colour)
            if moved:
                axis.text(start, row, f"{moved:+d}", va="center", fontsize=6, color="white")
    axis.set_yticks(range(len(structure.motifs)), [m.stem for m in structure.motifs], fontsize=6)
    axis.invert_yaxis()
    axis.set_ylabel("motifs")


def save_form_picture(path: str | Path, structure: Structure) -> None:
    """Writes the picture of a form as PNG.

    Raises:
        UserError: when it cannot be written.
    """
    save_figure(form_figure(structure), path)
