"""The picture of adherence: every row as value, floor and ceiling on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from metrics.report import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDES = {"notes": ("o", "#1b6ca8"), "sound": ("D", "#c8553d")}
ROW_INCHES = 0.19
LOWEST, HIGHEST = -0.55, 1.05


def adherence_figure(rows: Sequence[Row]) -> Figure:
    """One line per measure and way of asking: notes and sound, each between its floor and ceiling.

    A filled mark is the value, "|" in its colour the floor, a hollow mark the ceiling. Values of an
    unknown kind or beyond the axis are drawn at its edge.

    Raises:
        ValueError: without rows.
    """
    if not rows:
        raise ValueError("a picture needs at least one row")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = _lines(rows)
    figure = Figure(figsize=(8.0, 1.2 + ROW_INCHES * len(lines)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axis = figure.subplots()
    for place, (_, members) in enumerate(lines):
        for row in members:
            _draw(axis, place, row)
    _dress(axis, [name for name, _ in lines])
    return figure


def _lines(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Rows that differ only in their side on one line; a heading without rows for every group."""
    found: list[tuple[str, list[Row]]] = []
    for group, members in groupby(rows, key=lambda row: row.group):
        found.append((group.upper(), []))
        lines: dict[str, list[Row]] = {}
        for row in members:
            lines.setdefault(row.name.rpartition(", ")[0] or row.name, []).append(row)
        found += lines.items()
    return found


def _draw(axis: Axes, place: int, row: Row) -> None:
    side = row.name.rpartition(", ")[2]
    mark, colour = SIDES.get(side, ("s", "#444444"))
    height = place + (0.17 if side == "sound" else -0.17)
    value, floor, ceiling = np.clip((row.value, row.floor, row.ceiling), LOWEST, HIGHEST)
    axis.plot([floor, value], [height, height], color=colour, linewidth=0.8, alpha=0.6)
    axis.plot(floor, height, marker="|", color=colour, markersize=6)
    axis.plot(ceiling, height, marker=mark, color=colour, markersize=4, fillstyle="none")
    axis.plot(value, height, marker=mark, color=colour, markersize=5)


def _dress(axis: Axes, names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_xlim(LOWEST - 0.05, HIGHEST + 0.05)
    axis.grid(axis="x", color="0.9", zorder=0)
    axis.set_xlabel("share of hits, or Spearman's rho")
    kinds = [
        Line2D([], [], marker=m, color=c, linestyle="", label=s) for s, (m, c) in SIDES.items()
    ]
    bounds = [("|", "floor: asked for nothing", "full"), ("o", "ceiling: real songs", "none")]
    kinds += [
        Line2D([], [], marker=m, color="0.3", linestyle="", label=text, fillstyle=fill)
        for m, text, fill in bounds
    ]
    axis.legend(handles=kinds, loc="upper center", bbox_to_anchor=(0.4, -0.03), ncol=4, fontsize=7)
