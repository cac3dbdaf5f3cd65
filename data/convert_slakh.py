"""Command: official Slakh2100 (redux or original) -> our four-stem layout at 22,050 Hz.

    python -m data.convert_slakh --slakh_dir slakh2100_flac_redux --output_dir data/slakh2100

writes `<output_dir>/<split>/TrackNNNNN/{bass,drums,guitar,piano}.wav`, the score of the four stems
(`score.mid`), `labels.json` and a copy of `metadata.yaml`. The sources of a family are summed;
those outside the four families are left out, so the stems do not add up to `mix.flac`. A track
appears when it is complete, so an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from data.slakh import VARIANTS, find_track_folders, read_track, split_of
from data.sources import SPLITS
from utils import STEMS, Parser, UserError, run_script, write_atomically

if TYPE_CHECKING:
    from data.slakh import SlakhTrack

MAX_FAILED_SHARE, MIN_FAILED = 0.05, 10


@dataclass(frozen=True)
class Job:
    """One track to convert: where from, the split folder to put it in, the audio format."""

    folder: Path
    split_folder: Path
    suffix: str = ".wav"
    dry_run: bool = False

    @property
    def done(self) -> bool:
        return (self.split_folder / self.folder.name / "labels.json").is_file()


@dataclass
class Outcome:
    """What became of a track. left_out: source -> why; error: why nothing was written."""

    track: str
    split: str
    stems: list[str] = field(default_factory=list)
    score_unknown: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    error: str | None = None


def main(argv: Sequence[str] | None = None) -> None:
    """Converts every track of the variant and reports."""
    args = parse_arguments(argv)
    refuse_other_variant(args.output_dir, args.variant)
    jobs, omitted = find_jobs(args)
    open_jobs = [job for job in jobs if not job.done]
    outcomes = convert_all(open_jobs, args.num_workers)
    report = summary(args, jobs, omitted, outcomes)
    print(report)
    failed = [outcome for outcome in outcomes if outcome.error]
    if not args.dry_run:
        _record(args.output_dir / "conversion.json", outcomes)
    if failed and len(failed) == len(jobs):
        raise UserError(f"no track could be converted, the last: {failed[-1].error}")


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m data.convert_slakh",
        description="Convert official Slakh2100 to four stems per track at 22,050 Hz.",
    )
    add = parser.add_argument
    add("--slakh_dir", type=Path, required=True, help="folder with the tracks, as unpacked")
    add("--output_dir", type=Path, required=True, help="data set to make; may exist in part")
    add(
        "--variant",
        choices=VARIANTS,
        default="redux",
        help="which tracks and splits: redux has no song twice, in orig and split2 the same songs "
        "stand in several splits (default: %(default)s)",
    )
    add("--format", choices=("wav", "flac"), default="wav", help="default: %(default)s")
    add("--num_workers", type=int, default=2, help="processes (default: %(default)s)")
    add("--dry_run", action="store_true", help="say what would be done and write nothing")
    return parser


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked."""
    args = build_parser().parse(argv)
    if args.num_workers < 1:
        raise UserError(f"--num_workers must be at least 1, not {args.num_workers}")
    return args


def find_jobs(args: argparse.Namespace) -> tuple[list[Job], int]:
    """A job per track of the variant, and how many tracks the variant omits."""
    jobs, omitted = [], 0
    for folder in find_track_folders(args.slakh_dir):
        split = split_of(folder.name, args.variant)
        if split is None:
            omitted += 1
            continue
        jobs.append(Job(folder, args.output_dir / split, f".{args.format}", args.dry_run))
    return jobs, omitted


def refuse_other_variant(output_dir: Path, variant: str) -> None:
    """Raises when a track already lies in a split where this variant does not have it."""
    for folder in sorted(output_dir.glob("*/Track[0-9]*")):
        split = folder.parent.name
        if split in SPLITS and split_of(folder.name, variant) != split:
            raise UserError(
                f"'{output_dir}' holds {folder.name} in '{split}', where Slakh2100 {variant} does "
                "not have it: songs would leak between splits; use another --output_dir"
            )


def convert_all(jobs: Sequence[Job], num_workers: int) -> list[Outcome]:
    """Converts tracks in parallel with a progress bar.

    Raises:
        UserError: more than 5 % of the tracks, and more than 10, failed.
    """
    from tqdm import tqdm

    bar = {"total": len(jobs), "unit": "track", "desc": "converting", "disable": None}
    if num_workers == 1 or len(jobs) < 2:
        return _collected(tqdm(map(convert_track, jobs), **bar), len(jobs))
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(num_workers, len(jobs))) as pool:
        return _collected(tqdm(pool.imap_unordered(convert_track, jobs), **bar), len(jobs))


def _collected(outcomes: Iterable[Outcome], total: int) -> list[Outcome]:
    """The outcomes in the order of their tracks; stops when too many failed."""
    done, failed = [], 0
    for outcome in outcomes:
        done.append(outcome)
        failed += outcome.error is not None
        if failed > max(MIN_FAILED, MAX_FAILED_SHARE * total):
            raise UserError(f"{failed} of {total} tracks failed, the last: {outcome.error}")
    return sorted(done, key=lambda outcome: outcome.track)


def convert_track(job: Job) -> Outcome:
    """Converts one track; the folder appears whole or not at all."""
    outcome = Outcome(job.folder.name, job.split_folder.name)
    final = job.split_folder / job.folder.name
    partial = job.split_folder / f".{job.folder.name}.partial"
    try:
        track = read_track(job.folder)
        if job.dry_run:
            outcome.stems = [stem for stem in STEMS if track.sources_of(stem)]
            outcome.left_out = track.unusable
            return outcome
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _write_track(track, partial, job.suffix, outcome)
        shutil.rmtree(final, ignore_errors=True)
        os.replace(partial, final)
    except UserError as error:
        outcome.error = str(error)
    except OSError as error:
        outcome.error = f"cannot write '{final}' ({error}): check the folder and the free space"
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return outcome


def _write_track(track: SlakhTrack, folder: Path, suffix: str, outcome: Outcome) -> None:
    """Writes everything of a track into `folder` and notes what there is in `outcome`."""
    from data.audio import save_audio
    from data.midi import write_midi
    from data.slakh_stems import merge_scores, mix_stems

    mixed = mix_stems(track)
    outcome.left_out = mixed.left_out
    if not mixed.audio:
        raise UserError(f"{track.name} has no audible source of {', '.join(STEMS)}")
    for stem, audio in mixed.audio.items():
        save_audio(folder / f"{stem}{suffix}", audio, subtype="PCM_16")
    score, outcome.score_unknown = merge_scores(track, mixed)
    outcome.stems = list(mixed.audio)
    if score is not None:
        write_midi(score, folder / "score.mid")
    shutil.copyfile(track.folder / "metadata.yaml", folder / "metadata.yaml")
    labels = {
        "tags": {},
        "score_unknown": outcome.score_unknown,
        "sources": mixed.sources,
        "left_out": outcome.left_out,
    }
    _write_json(folder / "labels.json", labels)


def summary(
    args: argparse.Namespace, jobs: Sequence[Job], omitted: int, outcomes: Sequence[Outcome]
) -> str:
    """The report at the end, a few lines."""
    good = [outcome for outcome in outcomes if not outcome.error]
    there = len(jobs) - len(outcomes)
    verb = "to convert" if args.dry_run else "converted"
    lines = [
        f"Slakh2100 {args.variant}: {len(good)} tracks {verb}, {there} there before, "
        f"{len(outcomes) - len(good)} failed, {omitted} not in this variant"
    ]
    counts = Counter(job.split_folder.name for job in jobs)
    lines.append(", ".join(f"{split} {counts[split]}" for split in SPLITS))
    lacking = Counter(stem for o in good for stem in STEMS if stem not in o.stems)
    if lacking:
        lines.append("absent: " + ", ".join(f"{s} in {lacking[s]}" for s in STEMS if lacking[s]))
    for outcome in outcomes:
        if outcome.error:
            lines.append(f"failed: {outcome.error}")
        for name, why in outcome.left_out.items():
            if why not in ("no audio", "silent"):
                lines.append(f"left out: {outcome.track} {name} ({why.replace('_', ' ')})")
    return "\n".join(lines)


def _record(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Adds what became of these tracks to the list of all."""
    tracks = {}
    if path.is_file():
        with contextlib.suppress(OSError, ValueError):
            tracks = json.loads(path.read_text(encoding="utf-8"))
    tracks |= {outcome.track: asdict(outcome) for outcome in outcomes}
    _write_json(path, dict(sorted(tracks.items())))


def _write_json(path: Path, values: object) -> None:
    with write_atomically(path) as partial:
        partial.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
