"""A scene on one page: who stands where, from above and from the side, and how long it rings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metrics.pictures import STEM_COLOURS, save_figure
from models.postprocessing.spatial.room import OCTAVES
from models.postprocessing.spatial.scene import Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OTHER_COLOURS = ("#7b5ea7", "#b08a2e", "#2a9d8f", "#d1495b")
HEAD_METRES = 0.0875


def scene_figure(scene: Scene, stems: list[str] | None = None) -> Figure:
    """The scene from above, from the left side, and its reverberation times.

    Args:
        stems: whose places to show; default all.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(scene.sources) if stems is None else stems
    figure = Figure(figsize=(11, 4.4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    above, side, decay = figure.subplots(1, 3)
    figure.suptitle(scene.name)
    _draw_places(above, scene, names, (1, 0), ("metres to the right", "metres ahead"))
    _draw_places(side, scene, names, (0, 2), ("metres ahead", "metres above the ears"))
    _draw_decay(decay, scene)
    return figure


def save_scene_picture(path: str | Path, scene: Scene, stems: list[str] | None = None) -> None:
    """Writes `scene_figure` as PNG."""
    save_figure(scene_figure(scene, stems), path)


def _draw_places(
    axis: Axes, scene: Scene, names: list[str], axes: tuple[int, int], labels: tuple[str, str]
) -> None:
    """Listener, walls and sources on two of the axes x, y, z; y is drawn towards the right."""
    signs = np.array([-1.0 if a == 1 else 1.0 for a in axes])
    if scene.room is not None:
        low = -np.asarray(scene.room.listener)
        corners = np.stack([low, low + np.asarray(scene.room.size)])[:, axes] * signs
        (a, b), (c, d) = corners
        axis.plot([a, c, c, a, a], [b, b, d, d, b], color="0.4", linewidth=1.5)
    axis.add_patch(_circle(HEAD_METRES * 2))
    nose = 0.35 * np.eye(3)[0, list(axes)] * signs
    axis.plot([0, nose[0]], [0, nose[1]], color="0.2", linewidth=2)
    for number, name in enumerate(names):
        colour = STEM_COLOURS.get(name, OTHER_COLOURS[number % len(OTHER_COLOURS)])
        source = scene.sources[name]
        track = source.sampled(200)[:, axes] * signs
        first = source.positions(np.zeros(1))[0, list(axes)] * signs
        axis.plot(*track.T, linestyle=":", color=colour, linewidth=1.2)
        axis.plot(*first, "o", color=colour, markersize=8)
        axis.annotate(name, first, xytext=(6, 5), textcoords="offset points", color=colour)
    axis.set_aspect("equal", adjustable="datalim")
    axis.set_xlabel(labels[0])
    axis.set_ylabel(labels[1])


def _circle(radius: float) -> object:
    from matplotlib.patches import Circle

    return Circle((0.0, 0.0), radius, facecolor="0.8", edgecolor="0.2")


def _draw_decay(axis: Axes, scene: Scene) -> None:
    """Reverberation time per octave, after Eyring and after Sabine."""
    if scene.room is None:
        axis.text(0.5, 0.5, "open air", transform=axis.transAxes, ha="center", color="0.5")
        axis.set_axis_off()
        return
    hertz = np.append(OCTAVES, 8_000.0)
    axis.semilogx(hertz, scene.room.reverberation_seconds(hertz), "o-", label="Eyring")
    sabine = scene.room.reverberation_seconds(hertz, sabine=True)
    axis.semilogx(hertz, sabine, ":", color="0.5", label="Sabine")
    axis.set_xticks(hertz, ["125", "250", "500", "1k", "2k", "4k", "8k"])
    axis.minorticks_off()
    axis.set_ylim(0.0)
    axis.set_xlabel("Hz")
    axis.set_ylabel("seconds to fall by 60 dB")
    axis.legend(frameon=False)
