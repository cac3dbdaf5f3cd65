"""`python -m models.style_transfer outputs/my-song --style jazz --strength 0.6` writes the song in
another style, as a song folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.finishing import add_finish_flags, finish_of
from models.given_music import read_reference
from models.options import TABLES, add_voice_flag, load_model, number, weight
from models.song_folder import described, new_folder
from models.style_transfer.conditions import Change
from models.style_transfer.content import Content
from models.style_transfer.target import Target
from models.style_transfer.transfer import SAMPLING, STRENGTH, change_style
from utils import DEVICES, Parser, run_script


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m models.style_transfer",
        description="The same notes and rhythm in another style.",
        epilog="example: python -m models.style_transfer outputs/my-song --style jazz=0.7 funk=0.3",
    )
    parser.add_argument(
        "song",
        help="song folder with bass, drums, guitar, piano (and song.mid), a MIDI file, or a mix",
    )
    _add_target(parser.add_argument_group("target (a name, or a blend as in jazz=0.7 funk=0.3)"))
    _add_walk(parser.add_argument_group("model, machine, sampling"))
    _add_output(parser.add_argument_group("output"))
    add_finish_flags(parser.add_argument_group("mix and room (44,100 Hz, 24 bit)"))
    return parser


def _add_target(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    for label, table in TABLES.items():
        add(f"--{label}", nargs="+", metavar="NAME", help=", ".join(table))
    add("--reference", metavar="FILE", help="a recording to sound like")
    add("--text", metavar="WORDS", help="further words")
    add(
        "--strength",
        type=number(0, 1),
        default=STRENGTH,
        metavar="X",
        help=f"0 the song itself, 1 a new song on its beats, chords, key (default {STRENGTH})",
    )
    add(
        "--keep_instruments",
        action="store_true",
        help="the song's own instruments, not those typical of the style",
    )


def _add_walk(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--checkpoint",
        metavar="PATH",
        help="weights (default: those that come with the project)",
    )
    add("--device", choices=DEVICES, default="auto", help="where to compute (default auto)")
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    add("--seed", type=number(0, 2**31 - 1, int), default=42, metavar="N", help="default 42")
    add(
        "--steps",
        type=number(1, 1_000, int),
        default=12,
        metavar="N",
        help="of the score's flow (default 12)",
    )
    add(
        "--guidance",
        type=weight,
        nargs="+",
        metavar="W",
        help="stress on what is said, 1 for none (default 2.2), or per condition: 2 style=3",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--output", metavar="FOLDER", help="default: outputs/SONG-STYLE-SEED")
    add("--format", choices=("wav", "flac"), default="wav", help="24-bit files (default wav)")
    add_voice_flag(group)


def main(argv: Sequence[str] | None = None) -> None:
    """Reads and checks everything given, then loads the weights, transfers and writes."""
    args = build_parser().parse(argv)
    finish = finish_of(args)
    blends = {name: " ".join(words) for name in TABLES if (words := getattr(args, name))}
    reference = None if args.reference is None else read_reference(args.reference)
    target = Target.of(**blends, reference=reference, text=args.text)
    content = Content.of(args.song)
    guidance = SAMPLING.guidance if args.guidance is None else dict(args.guidance)
    sampling = replace(SAMPLING, steps=args.steps, guidance=guidance)
    made = change_style(
        load_model(args),
        Change(content, target, args.strength, args.keep_instruments),
        seed=args.seed,
        sampling=sampling,
    )
    name = f"{Path(args.song).resolve().stem} {target.described()}"
    folder = Path(args.output) if args.output else new_folder(Path("outputs"), name, args.seed)
    made.save(folder, audio_format=args.format, voice=args.voice, finish=finish)
    print(described(folder, made, 0))


if __name__ == "__main__":
    run_script(main)
