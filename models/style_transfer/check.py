"""What is kept of a song, and what is gained of a style, at growing strengths.

python -m models.style_transfer.check --data_dir my_midi
python -m models.style_transfer.check --source arranger --label genre --targets jazz reggae

Notes only, nothing is heard. Kept: onsets, pitch classes over time and chord tones of the song's
sheet (`metrics.content`). Gained: the probability of the target by a classifier that training
segments taught from their notes (`metrics.style_classifier`, instruments left out). Floors: another
song's notes; the songs before anything is done to them. Ceilings: the song itself; other real
segments of the target's style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from data.labels import labels_of
from data.lead_sheet import LeadSheet
from data.score import Score
from data.sources import Source, build_source, guess_source
from metrics.content import Kept, kept
from metrics.style_classifier import StyleClassifier, train_classifier
from models.options import TABLES, load_model, number
from models.real_music import measured, notes_known
from models.style_transfer.transfer import transfer_style
from utils import DEVICES, SEGMENT_FRAMES, Parser, UserError, did_you_mean, run_script

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
LESSONS = 600
REAL_SEGMENTS = 400
KNOWN = ("style", "genre")


@dataclass(frozen=True)
class Labelled:
    """A real segment: its notes, and the id that it carries (-1 unknown)."""

    score: Score
    index: int


@dataclass(frozen=True)
class Line:
    """A line of the table: what it is of, what is kept, the probability of the target."""

    target: str
    what: str
    kept: Kept
    gained: float


def read_labelled(songs: Source, count: int, label: str) -> list[Labelled]:
    """Up to `count` segments whose notes are known, spread evenly over a split."""
    found = []
    places = np.unique(np.linspace(0, len(songs) - 1, count).astype(int)) if len(songs) else []
    for place in tqdm(places, desc="real segments", unit="segment"):
        try:
            example = songs.example(
                int(place), num_frames=SEGMENT_FRAMES, need_audio=False, rng=None
            )
        except UserError:
            continue
        if notes_known(example):
            labels = labels_of(example.score, example.tags, example.present)
            found.append(Labelled(example.score, labels[label]))
    return found


def kept_of(score: Score, original: Score) -> Kept:
    """What a score keeps of the original and of its lead sheet."""
    sheet = measured(LeadSheet.from_score(original))
    return kept(
        score.notes,
        original.notes,
        original.duration,
        beat_times=sheet.beat_times,
        chord_tones=sheet.chord_tones,
    )


def check_target(
    model: HarmonicFlow,
    songs: Sequence[Score],
    others: Sequence[Score],
    judge: StyleClassifier,
    *,
    label: str,
    index: int,
    strengths: Sequence[float] = STRENGTHS,
    seed: int = 0,
) -> list[Line]:
    """The lines of one target: every strength between the floors and the ceilings.

    Args:
        songs: to be changed. others: real segments of the target that no judge has seen.
        judge: knows the target. label, index: "style" or "genre", and the target's id.
    """
    column, name = list(judge.classes).index(index), TABLES[label][index]
    gained = lambda scores: (
        float(judge.probabilities(scores)[:, column].mean()) if len(scores) else float("nan")
    )
    line = lambda what, scores: Line(name, what, _mean(scores, songs), gained(scores))
    neighbours = [*songs[1:], songs[0]]
    lines = [Line(name, "floors", _mean(neighbours, songs), gained(songs))]
    for strength in tqdm(strengths, desc=name, unit="strength"):
        made = [
            transfer_style(model, song, strength=strength, seed=seed + i, **{label: index})
            for i, song in enumerate(songs)
        ]
        lines.append(line(f"strength {strength:g}", [song.score(0) for song in made]))
    return [*lines, Line(name, "ceilings", _mean(songs, songs), gained(others))]


def _mean(scores: Sequence[Score], originals: Sequence[Score]) -> Kept:
    """The mean over songs of what is kept, songs of which nothing can be said left out."""
    rows = np.array([astuple(kept_of(*pair)) for pair in zip(scores, originals, strict=True)])
    known = np.isfinite(rows)
    sums, counts = np.where(known, rows, 0.0).sum(0), known.sum(0)
    return Kept(*(float(s / n) if n else float("nan") for s, n in zip(sums, counts, strict=True)))


def table(lines: Sequence[Line]) -> str:
    """The lines as a table in Markdown."""
    head = "| target | | onset F1 | chroma | chord tones | target's probability |"
    rows = [
        f"| {line.target} | {line.what} | "
        + " | ".join("–" if np.isnan(v) else f"{v:.2f}" for v in (*astuple(line.kept), line.gained))
        + " |"
        for line in lines
    ]
    return "\n".join([head, "|---|---|--:|--:|--:|--:|", *rows])


def check(
    model: HarmonicFlow,
    lessons: Sequence[Labelled],
    real: Sequence[Labelled],
    *,
    label: str,
    targets: Sequence[str],
    num_songs: int,
    seed: int = 0,
) -> list[Line]:
    """The lines of all targets.

    Args:
        lessons: training segments that teach the judge. real: others; the first `num_songs` that
            carry none of the targets are changed.

    Raises:
        UserError: a target that the training segments do not teach, or no songs.
    """
    judge = train_classifier([x.score for x in lessons], [x.index for x in lessons])
    names = [] if judge is None else [TABLES[label][i] for i in judge.classes]
    for target in targets:
        if target not in names:
            raise UserError(f"no judge for {label} '{target}': {did_you_mean(target, names)}")
    wanted = [TABLES[label].index(target) for target in targets]
    songs = [x.score for x in real if x.index not in wanted][:num_songs]
    if len(songs) < 2:
        raise UserError(f"{len(songs)} songs can be changed: at least 2 are needed")
    lines = []
    for index in wanted:
        others = [x.score for x in real if x.index == index]
        how = {"label": label, "index": index, "seed": seed}
        lines += check_target(model, songs, others, judge, **how)
    return lines


def build_parser() -> Parser:
    parser = Parser(
        prog="python -m models.style_transfer.check",
        description="Content kept against style gained, over strength.",
    )
    add = parser.add_argument
    add("--source", help="arranger, midi, slakh or folder (default: what --data_dir holds)")
    add("--data_dir", metavar="DIR", help="songs with train/ and validation/")
    add("--num_songs", type=number(2, 1_000, int), default=8, help="songs to change (default 8)")
    add("--label", choices=KNOWN, default="style", help="what is asked for (default style)")
    add("--targets", nargs="+", default=["jazz", "funk"], help="names (default jazz funk)")
    add(
        "--lessons",
        type=number(10, 100_000, int),
        default=LESSONS,
        help=f"training segments that teach the judge (default {LESSONS})",
    )
    add("--checkpoint", metavar="PATH", help="weights (default: those of the project)")
    add("--device", choices=DEVICES, default="auto", help="where to compute (default auto)")
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    add("--output", metavar="FILE", help="also write the table there")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = build_parser().parse(argv)
    if args.source is None and args.data_dir is None:
        raise UserError("no songs: pass --data_dir DIR, or --source arranger")
    source = args.source or guess_source(args.data_dir)
    read = lambda split, count: read_labelled(
        build_source(source, args.data_dir, split), count, args.label
    )
    model = load_model(args)
    how = {"label": args.label, "targets": args.targets, "num_songs": args.num_songs}
    lines = check(model, read("train", args.lessons), read("validation", REAL_SEGMENTS), **how)
    print(table(lines))
    if args.output:
        Path(args.output).write_text(table(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
