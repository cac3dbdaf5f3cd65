"""Judges a model on songs it has not seen, and lets it play.

    python evaluate.py --use_text --text_prompt "slow jazz trio, walking bass"
    python evaluate.py --checkpoint checkpoints/best.pt --style 2 --emotion 1 --num_samples 5
    python evaluate.py --data_dir data/slakh2100 --compute_metrics --adherence

Samples go to OUTPUT_DIR/samples, one folder per song. With --compute_metrics every measure is
printed beside its floor and its ceiling and written to OUTPUT_DIR/metrics.json. With --adherence
the model is asked for tempi, keys, chords, instruments, moods and more, and what came is measured:
OUTPUT_DIR/adherence.json, .md and .png; docs/ADHERENCE.md says what each row means.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.options import (
    add_label_flags,
    add_machine_flags,
    add_sampling_flags,
    add_voice_flag,
    generate_options,
    load_model,
    number,
)
from utils import Parser, UserError, did_you_mean, registered, run_script

if TYPE_CHECKING:
    from metrics.report import Row
    from models.harmonicflow import HarmonicFlow

SPLITS = ("validation", "test")
SOURCES = registered(Path(__file__).parent / "data" / "sources")
PROMPTS = (
    "calm solo piano ballad in a minor key, slow",
    "upbeat funk with slap bass and tight drums",
    "slow jazz trio, walking bass and brushed drums",
    "hard rock with distorted guitar and heavy drums",
    "reggae, relaxed, offbeat guitar, deep bass",
    "electronic dance track, 128 bpm, synth bass",
    "sad acoustic guitar song without drums",
    "latin groove, bright piano, busy percussion",
    "country shuffle in G major, twangy guitar",
    "energetic pop song, 120 bpm, C major",
)


def build_parser() -> Parser:
    """The flags of evaluate.py."""
    parser = Parser(
        prog="evaluate.py",
        description=__doc__,
    )
    _add_prompt(parser.add_argument_group("samples"))
    add_label_flags(parser)
    add_sampling_flags(parser)
    _add_metrics(parser.add_argument_group("metrics"))
    add_machine_flags(parser)
    return parser


def _add_prompt(group: Any) -> None:
    add = group.add_argument
    add("--use_text", action="store_true", help="prompt with text; alone: with 10 built-in prompts")
    add(
        "--text_prompt",
        action="append",
        metavar="WORDS",
        help="a prompt of your own; repeat it for several",
    )
    add(
        "--num_samples",
        type=number(1, 10_000, int),
        metavar="N",
        help="songs to write per prompt (default 1)",
    )
    add("--output_dir", default="outputs", metavar="DIR", help="where to write (default outputs)")
    add_voice_flag(group)


def _add_metrics(group: Any) -> None:
    add = group.add_argument
    add("--compute_metrics", action="store_true", help="judge the model on real songs")
    add("--adherence", action="store_true", help="ask for things and measure what comes")
    add(
        "--adherence_songs",
        type=number(3, 1_000, int),
        default=8,
        metavar="N",
        help="songs per condition (default 8: about 500 songs in all)",
    )
    add("--data_dir", metavar="DIR", help="songs to judge on; data/README.md shows the layouts")
    add("--source", metavar="NAME", help=f"kind of data: {', '.join(SOURCES)} (default: guessed)")
    add("--split", choices=SPLITS, default="validation", help="songs to use (default validation)")
    add(
        "--num_segments",
        type=number(2, 100_000, int),
        default=64,
        metavar="N",
        help="real segments, and as many generated ones (default 64; 256 for results)",
    )
    add(
        "--novelty_songs",
        type=number(1, 1_000_000, int),
        default=1_500,
        metavar="N",
        help="training songs in which copies are looked for (default 1500)",
    )


def check(args: argparse.Namespace) -> None:
    """Refuses what cannot be done, before anything is loaded.

    Raises:
        UserError: with the flag to add or to leave out.
    """
    if args.source is not None and args.source not in SOURCES:
        raise UserError(f"unknown source '{args.source}': {did_you_mean(args.source, SOURCES)}")
    if Path(args.output_dir).is_file():
        raise UserError(f"--output_dir '{args.output_dir}' is a file: choose a folder")
    if not (args.compute_metrics or args.adherence):
        if args.data_dir is not None or args.source is not None:
            print(
                "note: --data_dir and --source act with --compute_metrics or --adherence",
                file=sys.stderr,
            )
        return
    if args.data_dir is None and args.source != "arranger":
        raise UserError(
            f"{'--compute_metrics' if args.compute_metrics else '--adherence'} needs songs: add "
            "--data_dir data/slakh2100, or --source arranger for composed ones"
        )
    if args.data_dir is not None and Path(args.data_dir).is_file():
        raise UserError(f"--data_dir '{args.data_dir}' is a file: expected a folder of songs")
    if args.duration is not None:
        raise UserError("metrics compare segments of 11.9 s: leave --duration or them out")


def prompts_of(args: argparse.Namespace) -> list[str | None]:
    """The prompt of each sample to write; None for a sample without words."""
    texts = args.text_prompt or (PROMPTS if args.use_text else [None])
    return [text for text in texts for _ in range(args.num_samples or 1)]


def write_samples(args: argparse.Namespace, model: HarmonicFlow) -> None:
    """Songs for the prompts and labels of the command line, one folder each."""
    from tqdm import tqdm

    prompts, options = prompts_of(args), generate_options(args)
    root = Path(args.output_dir) / "samples"
    for first in tqdm(range(0, len(prompts), args.batch_size), desc="samples", unit="batch"):
        texts = prompts[first : first + args.batch_size]
        seeds = [args.seed + first + i for i in range(len(texts))]
        said = {} if texts[0] is None else {"text": texts}
        songs = model.generate(**said, batch_size=len(texts), seed=seeds, **options)
        for index in range(len(texts)):
            songs.save(root / f"sample_{first + index}", index=index, voice=args.voice)
    print(f"{len(prompts)} songs in {root}")


def compute_metrics(args: argparse.Namespace, model: HarmonicFlow) -> list[Row]:
    """Reconstruction and generation against real segments: a table, metrics.json and pictures."""
    from metrics.report import table, write_report
    from metrics.summary import summarise
    from models.judging import judge, save_pictures
    from models.real_music import read_examples, read_training

    data = (args.source, args.data_dir)
    found = judge(
        model,
        read_examples(*data, args.split, args.num_segments),
        seed=args.seed,
        options=generate_options(args),
        batch_size=args.batch_size,
        voice=args.voice,
    )
    training = read_training(*data, num_segments=args.num_segments, num_songs=args.novelty_songs)
    rows, folder = found.rows(training), Path(args.output_dir)
    settings = {**vars(args), "trained": sorted(model.trained)}
    write_report(folder / "metrics.json", rows, settings, summarise(rows))
    save_pictures(folder, found)
    print(table(rows))
    print(f"\nwritten to {folder / 'metrics.json'}, pictures in {folder}")
    return rows


def compute_adherence(args: argparse.Namespace, model: HarmonicFlow) -> list[Row]:
    """What was asked against what came: a table, adherence.json, .md and .png."""
    from metrics.adherence.listeners import Listeners
    from metrics.report import table
    from models.asking import Asking, lessons, measure_adherence, write_adherence
    from models.real_music import read_examples

    listeners = Listeners.taught_by(lessons(args.source, args.data_dir))
    real = read_examples(args.source, args.data_dir, args.split, args.num_segments)
    asking = Asking(model, listeners, generate_options(args), args.batch_size, args.voice)
    found = measure_adherence(asking, real, songs=args.adherence_songs, seed=args.seed)
    write_adherence(args.output_dir, found, {**vars(args), "trained": sorted(model.trained)})
    print(table(found.rows))
    for condition, reason in found.refused.items():
        print(f"refused: {condition} ({reason})")
    print(f"\n{len(found.answers)} songs; written to {Path(args.output_dir) / 'adherence.json'}")
    return found.rows


def main() -> None:
    """Parses and checks, then loads what takes long."""
    args = build_parser().parse()
    check(args)
    model = load_model(args)
    asked = args.use_text or args.text_prompt or args.num_samples
    if asked or not (args.compute_metrics or args.adherence):
        write_samples(args, model)
    rows = compute_metrics(args, model) if args.compute_metrics else []
    rows += compute_adherence(args, model) if args.adherence else []
    if rows:
        from metrics.summary import summarise, summary_table

        print(f"\n{summary_table(summarise(rows))}")


if __name__ == "__main__":
    run_script(main)
