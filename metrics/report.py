"""How results are shown: each value beside the floor of chance and the ceiling of real music."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from utils import UserError, write_atomically

UNKNOWN = float("nan")


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes:
        group: the question it answers ("codec", "coherence", ...); rows of a group stand together.
        name: what was measured, with the stem where there is one, and the unit.
        value: the result; NaN when it could not be measured.
        floor: what chance or the simplest answer reaches, `floor_is` says which; NaN when unknown.
        ceiling: what real music or a perfect answer reaches.
        better: "higher", "lower" or "nearer" (to the ceiling).
        count: segments behind the value.
        floor_is, ceiling_is: how floor and ceiling were made.
    """

    group: str
    name: str
    value: float
    floor: float = UNKNOWN
    ceiling: float = UNKNOWN
    better: str = "higher"
    count: int = 0
    floor_is: str = ""
    ceiling_is: str = ""


def written(value: float) -> str:
    """A number as a table shows it: three or four digits, "-" when unknown."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.0f}" if abs(value) >= 1_000 else f"{value:.3f}"


def table(rows: Sequence[Row]) -> str:
    """A text table of rows by group; under each group, how its floors and ceilings were made."""
    width = max([len(row.name) for row in rows], default=4)
    lines = []
    for group, members in groupby(rows, key=lambda row: row.group):
        members = list(members)
        head = f"{'value':>9} {'floor':>9} {'ceiling':>9}  {'better':<7}{'n':>5}"
        lines += ["", f"{group:<{width}} {head}"]
        for row in members:
            numbers = " ".join(f"{written(v):>9}" for v in (row.value, row.floor, row.ceiling))
            lines.append(f"{row.name:<{width}} {numbers}  {row.better:<7}{row.count:>5}")
        for label in ("floor_is", "ceiling_is"):
            meanings = dict.fromkeys(getattr(r, label) for r in members if getattr(r, label))
            lines += [f"  {label[:-3]}: {meaning}" for meaning in meanings]
    return "\n".join(lines).lstrip("\n")


def markdown(rows: Sequence[Row]) -> str:
    """The same table in Markdown, one per group, with the meaning of its bounds under it."""
    parts = []
    for group, members in groupby(rows, key=lambda row: row.group):
        members = list(members)
        parts.append(f"**{group}**\n\n| | value | floor | ceiling | better | n |")
        parts[-1] += "\n|---|--:|--:|--:|---|--:|"
        for row in members:
            numbers = " | ".join(written(v) for v in (row.value, row.floor, row.ceiling))
            parts[-1] += f"\n| {row.name} | {numbers} | {row.better} | {row.count} |"
        meanings = [
            f"{label.removesuffix('_is').capitalize()}: {meaning}."
            for label in ("floor_is", "ceiling_is")
            for meaning in dict.fromkeys(getattr(r, label) for r in members if getattr(r, label))
        ]
        parts += [" ".join(meanings)] if meanings else []
    return "\n\n".join(parts)


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a file that `write_report` or `evaluate.py --adherence` wrote.

    Raises:
        UserError: no such file, or no rows in it.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))["metrics"]
        return [Row(**{name: _number(name, value) for name, value in row.items()}) for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"no results can be read from '{path}' ({error}): pass a metrics.json or "
            "adherence.json that evaluate.py wrote"
        ) from None


def _number(name: str, value):
    """A row's value from JSON: null is unknown, "inf" a number."""
    numeric = name in ("value", "floor", "ceiling")
    return (UNKNOWN if value is None else float(value)) if numeric else value


def _plain(value):
    """The same without NaN (None) and infinities (a word), which JSON does not have."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else written(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def write_json(path: str | Path, content: Mapping) -> None:
    """Writes plain content as JSON, whole or not at all; unknown numbers become null.

    Raises:
        UserError: when the file cannot be written.
    """
    text = json.dumps(_plain(content), indent=2, allow_nan=False)
    try:
        with write_atomically(path) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another folder") from None


def write_report(
    path: str | Path, rows: Sequence[Row], settings: Mapping, summary: Sequence = ()
) -> None:
    """Writes rows, the settings that they were made with and a summary's verdicts (dataclasses) as
    one JSON file.
    """
    content = {"settings": settings, "metrics": [asdict(row) for row in rows]}
    write_json(path, content | {"summary": [asdict(verdict) for verdict in summary]})
