"""`python -m models.preprocessing.separation song.mp3` writes bass, drums, guitar and piano.wav."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.options import number
from utils import RELEASE, Parser, UserError, run_script


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m models.preprocessing.separation",
        description="Take a song apart: bass, drums, guitar and piano, which sum to it.",
        epilog="example: python -m models.preprocessing.separation song.mp3 --output stems",
    )
    add = parser.add_argument
    add("song", help="audio file, mono or stereo, of any length and rate")
    add("--output", metavar="FOLDER", help="where the stems go (default: SONG_stems beside it)")
    add(
        "--checkpoint",
        metavar="FILE",
        default=str(RELEASE / "separation.safetensors"),
        help="best.pt of train.py --stage separation, or .safetensors (default: the released)",
    )
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = build_parser().parse(argv)
    song = Path(args.song)
    if not song.is_file():
        raise UserError(f"'{song}' is not an audio file: name the mixture to take apart")
    import torch

    from models.preprocessing.separation.whole import released_separator, separate_file

    if args.threads:
        torch.set_num_threads(args.threads)
    model = released_separator(args.checkpoint)
    folder = Path(args.output) if args.output else song.with_name(f"{song.stem}_stems")
    for path in separate_file(song, folder, model):
        print(path)


if __name__ == "__main__":
    run_script(main)
