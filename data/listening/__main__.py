"""`python -m data.listening song.wav` prints what is heard; `--check` how well songs are heard."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.labels import EMOTIONS
from data.listening import Heard, listen
from data.sources import SPLITS
from utils import NUM_STEMS, STEMS, Parser, UserError, run_script


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m data.listening",
        description="Tempo, bars, key and chords of audio; or how well they are heard.",
    )
    add = parser.add_argument
    add(
        "path",
        type=Path,
        nargs="*",
        help="audio files (mixes), or folders with bass, drums, guitar and piano as wav or flac",
    )
    add("--check", action="store_true", help="measure against what is known; prints a table")
    add("--songs", type=int, default=100, help="excerpts to measure (default: %(default)s)")
    add("--data_dir", type=Path, help="measure on its songs with notes (default: composed songs)")
    add("--split", choices=SPLITS, default="validation", help="of them (default: %(default)s)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    args = build_parser().parse(argv)
    if not args.check and not args.path:
        raise UserError("pass audio files or song folders to listen to, or --check")
    if args.songs < 1:
        raise UserError(f"--songs must be at least 1, not {args.songs}")
    if args.data_dir is not None and not args.check:
        raise UserError("--data_dir is what --check measures on: pass --check with it")
    for path in args.path:
        print(f"{path}\n{described(_heard(path))}")
    if args.check:
        print(_checked(args.songs, args.data_dir, args.split))


def _checked(count: int, data_dir: Path | None, split: str) -> str:
    """The table of the check on composed songs, or on a corpus."""
    from tqdm import tqdm

    from data.listening.check import check, composed, excerpts, table
    from data.sources import build_source, guess_source

    truths = composed(count)
    if data_dir is not None:
        source = build_source(guess_source(data_dir), data_dir, split)
        count = min(count, len(source))
        truths = excerpts(source, count)
    return table(check(tqdm(truths, total=count, unit="song", disable=None)), count)


def _heard(path: Path) -> Heard:
    """A mix in a file, or the stems in a folder."""
    from data.audio import load_audio
    from data.sources.folder import find_songs

    if not path.is_dir():
        return listen(load_audio(path))
    song = find_songs(path)[0]
    files = [[load_audio(file) for file in files] for files in song.files]
    length = max(len(audio) for stem in files for audio in stem)
    stems = np.zeros((NUM_STEMS, length), np.float32)
    for row, stem in zip(stems, files, strict=True):
        for audio in stem:
            row[: len(audio)] += audio
    return listen(stems, song.present)


def described(heard: Heard) -> str:
    """What is heard, in a few lines."""
    sheet, labels = heard.sheet(), heard.labels()
    tempo = "no beat" if sheet.bpm is None else f"{sheet.bpm:.1f} bpm, {labels['meter']} beats"
    mood = EMOTIONS[labels["emotion"]] if labels["emotion"] >= 0 else "no clear emotion"
    lines = [
        f"  {tempo}, {sheet.key or 'no key'}, {mood}",
        f"  {labels['loudness']:.1f} LUFS, brightness {labels['brightness']:+.2f} octaves",
        f"  {sheet.chart()}",
    ]
    if (heard.plays >= 0).any():
        playing = [
            f"{stem} {labels['density'][i]:.1f}/s"
            for i, stem in enumerate(STEMS)
            if heard.plays[i] == 1
        ]
        lines.insert(1, f"  {', '.join(playing) or 'silence'}")
    return "\n".join(lines)


if __name__ == "__main__":
    run_script(main)
