"""`python -m models.preprocessing.features song.mp3` writes features.json and features.png."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.options import load_model, number
from utils import DEVICES, Parser, UserError, run_script


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m models.preprocessing.features",
        description="Tempo, beats, key, chords, loudness, players and notes of a recording.",
        epilog="example: python -m models.preprocessing.features song.mp3 --output found",
    )
    add = parser.add_argument
    add("song", help="audio file of a mix, or a folder with bass, drums, guitar, piano")
    add(
        "--output",
        metavar="FOLDER",
        help="where features.json and features.png go (default: beside the song)",
    )
    add("--no_notes", action="store_true", help="do not transcribe the stems (faster)")
    add(
        "--checkpoint",
        metavar="PATH",
        help="weights that transcribe stems (default: those in checkpoints/release)",
    )
    add("--device", choices=DEVICES, default="auto", help="where it transcribes")
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = build_parser().parse(argv)
    song = Path(args.song)
    if not song.exists():
        raise UserError(f"'{song}' does not exist: name an audio file or a folder of stems")
    model = load_model(args) if song.is_dir() and not args.no_notes else None
    from models.preprocessing.features.extract import read_features
    from models.preprocessing.features.picture import save_features_picture

    features = read_features(song, model)
    folder = Path(args.output) if args.output else song if song.is_dir() else song.parent
    prefix = "" if args.output or song.is_dir() else f"{song.stem}."
    features.to_json(folder / f"{prefix}features.json")
    save_features_picture(folder / f"{prefix}features.png", features, _mix(song))
    print(features.described())


def _mix(song: Path) -> np.ndarray:
    """The sound (t,) that the picture shows."""
    from data.audio import load_audio
    from models.preprocessing.features.extract import read_stems

    return read_stems(song)[0].sum(0) if song.is_dir() else load_audio(song)


if __name__ == "__main__":
    run_script(main)
