"""How every label is distributed over a corpus: `python -m data.label_statistics --data_dir songs`.

Ids are counted by name, numbers as a histogram; the share that is unknown stands first. Where a
segment has a style as well as a genre the two are counted against each other, which shows whether
inferred styles agree with what somebody wrote about the songs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data.chords import KEYS
from data.labels import EMOTIONS, GENRES, LABEL_SPECS, STYLES
from utils import (
    STEMS,
    Parser,
    UserError,
    counter_rng,
    run_script,
    write_atomically,
)

NAMES: dict[str, Sequence[str]] = {
    "style": STYLES,
    "emotion": EMOTIONS,
    "genre": GENRES,
    "key": KEYS,
    "plays": ("rests", "plays"),
}
# number label -> edges of its histogram, with the outermost open
EDGES: dict[str, Sequence[float]] = {
    "valence": np.linspace(-1.0, 1.0, 11),
    "arousal": np.linspace(-1.0, 1.0, 11),
    "tempo": (20, 60, 70, 80, 90, 100, 110, 120, 130, 140, 160, 180, 200, 400),
    "swing": (0.5, 0.52, 0.54, 0.56, 0.58, 0.6, 0.62, 0.64, 0.66, 0.68, 0.75),
    "dynamics": np.linspace(0.0, 1.0, 11),
    "register": (0, 40, 45, 50, 55, 60, 65, 70, 75, 80, 127),
    "loudness": (-70, -30, -24, -21, -18, -16, -14, -12, -10, 6),
    "brightness": (-5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3.5),
    "density": (0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 100),
}
BAR_WIDTH = 40


def statistics(labels: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Distribution of every label, as plain JSON values.

    Args:
        labels: of each segment, as from `data.labels.labels_of`.

    Returns:
        "segments", a number; "labels": name ("tempo", "density of bass") -> "unknown" (share) and
        "counts" (name, id or range -> segments), with "mean" and "std" for numbers;
        "style_by_genre": genre -> style -> segments.
    """
    rows = list(labels)
    found: dict[str, Any] = {}
    for name, spec in LABEL_SPECS.items():
        values = np.array([row[name] for row in rows], spec.dtype).reshape(len(rows), *spec.shape)
        columns = {name: values}
        if spec.shape:
            columns = {f"{name} of {stem}": values[:, i] for i, stem in enumerate(STEMS)}
        for title, column in columns.items():
            found[title] = _numbers(name, column) if name in EDGES else _ids(name, column)
    pairs = Counter((int(row["genre"]), int(row["style"])) for row in rows)
    by_genre: dict[str, dict[str, int]] = {}
    for (genre, style), count in sorted(pairs.items()):
        if genre >= 0:
            name = STYLES[style] if style >= 0 else "unknown"
            by_genre.setdefault(GENRES[genre], {})[name] = count
    return {"segments": len(rows), "labels": found, "style_by_genre": by_genre}


def _ids(name: str, values: np.ndarray) -> dict[str, Any]:
    """Segments of every id: all of a table's names, otherwise the ids that occur."""
    known = values[values >= 0]
    names = NAMES.get(name)
    if names is None:
        counts = {
            str(v): int(n) for v, n in zip(*np.unique(known, return_counts=True), strict=True)
        }
    else:
        counts = {label: int((known == i).sum()) for i, label in enumerate(names)}
    return {"unknown": _share(values < 0), "counts": counts}


def _numbers(name: str, values: np.ndarray) -> dict[str, Any]:
    """Mean, deviation and histogram of the known values."""
    known, edges = values[~np.isnan(values)], np.asarray(EDGES[name], float)
    inside = np.clip(known, edges[0], edges[-1])
    counts, _ = np.histogram(inside, edges)
    titles = [f"{a:g} to {b:g}" for a, b in zip(edges[:-1], edges[1:], strict=True)]
    return {
        "unknown": _share(np.isnan(values)),
        "mean": round(float(known.mean()), 4) if len(known) else None,
        "std": round(float(known.std()), 4) if len(known) else None,
        "counts": {title: int(n) for title, n in zip(titles, counts, strict=True)},
    }


def _share(flags: np.ndarray) -> float:
    return round(float(flags.mean()), 4) if len(flags) else 1.0


def report(found: Mapping[str, Any]) -> str:
    """The distributions as text: a bar for every name, and the table of styles by genre."""
    parts = [f"{found['segments']} segments"]
    for title, label in found["labels"].items():
        head = f"\n{title}: unknown {label['unknown']:.0%}"
        if label.get("mean") is not None:
            head += f", mean {label['mean']:.2f}, deviation {label['std']:.2f}"
        parts.append(head)
        parts += _bars(label["counts"])
    return "\n".join([*parts, *_cross(found["style_by_genre"])])


def _bars(counts: Mapping[str, int]) -> list[str]:
    total, largest = sum(counts.values()), max(counts.values(), default=0)
    if not total:
        return []
    width = max(map(len, counts))
    lines = []
    for name, count in counts.items():
        bar = "#" * -(-BAR_WIDTH * count // largest)
        lines.append(f"  {name:>{width}} {count:6d} {count / total:6.1%} {bar}".rstrip())
    return lines


def _cross(by_genre: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Rows of genres, columns of styles."""
    if not by_genre:
        return []
    columns = [s for s in (*STYLES, "unknown") if any(s in row for row in by_genre.values())]
    lines = ["\nstyle (columns) by genre (rows)", " " * 12 + "".join(f"{c:>11}" for c in columns)]
    for genre, row in by_genre.items():
        lines.append(f"{genre:>12}" + "".join(f"{row.get(c, 0):11d}" for c in columns))
    return lines


def collect(
    source: Any, count: int, *, seed: int = 0, audio: bool = False
) -> tuple[list[dict[str, Any]], int]:
    """Labels of segments drawn from a source, and how many could not be read.

    Args:
        source: `data.sources.Source`.
        count: segments; at most those of one epoch.
        audio: whether to render or read the sound as well, for loudness and brightness (slower).
            Segments without notes are listened to in any case.
    """
    from tqdm import tqdm

    from data.dataset import describe, read_example

    order = counter_rng(seed).permutation(len(source))[:count]
    fields = ("labels", "audio") if audio else ("labels",)
    labels, failed = [], 0
    for index in tqdm(order, unit="segment", disable=None):
        try:
            labels.append(describe(read_example(source, int(index), fields))[1])
        except UserError:
            failed += 1
    return labels, failed


def build_parser() -> Parser:
    """The flags of the command."""
    from data.sources import SPLITS, sources

    parser = Parser(
        prog="python -m data.label_statistics",
        description="Count every label over segments of a corpus.",
    )
    add = parser.add_argument
    add("--data_dir", type=Path, help="folder of songs; not needed for --source arranger")
    add("--source", choices=sources(), help="how to read it (default: guessed from its content)")
    add("--split", choices=SPLITS, default="train", help="default: %(default)s")
    add("--segments", type=int, default=400, help="how many (default: %(default)s)")
    add("--seed", type=int, default=0, help="which (default: %(default)s)")
    add("--audio", action="store_true", help="with sound: loudness and brightness (slower)")
    add("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    from data.sources import build_source, guess_source

    args = build_parser().parse(argv)
    if args.segments < 1:
        raise UserError(f"--segments must be at least 1, not {args.segments}")
    if args.data_dir is None and args.source != "arranger":
        raise UserError("pass --data_dir with a folder of songs, or --source arranger")
    name = args.source or guess_source(args.data_dir)
    source = build_source(name, args.data_dir, args.split)
    labels, failed = collect(source, args.segments, seed=args.seed, audio=args.audio)
    found = statistics(labels)
    print(report(found))
    if failed:
        print(f"\n{failed} segments could not be read")
    if args.json is not None:
        with write_atomically(args.json) as partial:
            partial.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
