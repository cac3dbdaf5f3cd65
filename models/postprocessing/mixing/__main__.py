"""Mixes a song: `python -m models.postprocessing.mixing SONG_FOLDER --output mixed.wav`.

Takes a folder with bass, drums, guitar and piano as audio files, or these files themselves; a stem
that is not there is silent. Beside the mix lies mix.json, which can be edited and given back with
--settings.
"""

from __future__ import annotations

import sys
from pathlib import Path

from utils import STEMS, Parser, UserError, did_you_mean, run_script

MASTER_RATE = 44_100
SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".aiff", ".aif")


def build_parser() -> Parser:
    parser = Parser(
        prog="python -m models.postprocessing.mixing",
        description="Mix four stems to stereo at -14 LUFS, true peak at most -1 dBTP.",
        epilog="example: python -m models.postprocessing.mixing outputs/my-song --output mix.wav",
    )
    parser.add_argument("song", nargs="+", help="song folder, or files named after their stems")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="24-bit wav or flac at 44,100 Hz (default: SONG_FOLDER/master.wav)",
    )
    parser.add_argument("--settings", metavar="FILE", help="a mix.json instead of the mixer's own")
    parser.add_argument("--weights", metavar="FILE", help="another mixer (default: the released)")
    return parser


def stem_files(given: list[str]) -> dict[str, Path]:
    """Stem -> file, of a folder or of files.

    Raises:
        UserError: no stem is there, one is there twice, or a file is named after none.
    """
    paths = [Path(name) for name in given]
    if len(paths) == 1 and paths[0].is_dir():
        folder = paths[0]
        paths = [p for p in sorted(folder.iterdir()) if p.stem in STEMS and p.suffix in SUFFIXES]
        if not paths:
            raise UserError(f"'{folder}' holds no stem: expected {', '.join(STEMS)} (.wav, ...)")
    found: dict[str, Path] = {}
    for path in paths:
        if path.stem not in STEMS:
            raise UserError(f"'{path}' is not named after a stem: {did_you_mean(path.stem, STEMS)}")
        if path.stem in found:
            raise UserError(f"two files for {path.stem}: '{found[path.stem]}' and '{path}'")
        found[path.stem] = path
    return found


def main() -> None:
    arguments = build_parser().parse(sys.argv[1:])
    files = stem_files(arguments.song)
    import numpy as np

    from data.audio import audio_info, load_audio
    from models.postprocessing.mixing import MixSettings, load_mixer, mix
    from models.postprocessing.mixing.files import loudness_of, save_master

    settings = MixSettings.from_json(arguments.settings) if arguments.settings else None
    mixer = load_mixer(arguments.weights) if arguments.weights else None
    rate = max(MASTER_RATE, *(audio_info(path).sample_rate for path in files.values()))
    loaded = {stem: load_audio(path, sample_rate=rate) for stem, path in files.items()}
    stems = np.zeros((len(STEMS), max(len(audio) for audio in loaded.values())), np.float32)
    for stem, audio in loaded.items():
        stems[STEMS.index(stem), : len(audio)] = audio
    mixed = mix(stems, rate, settings, mixer=mixer)
    folder = next(iter(files.values())).parent
    output = Path(arguments.output) if arguments.output else folder / "master.wav"
    save_master(output, mixed, rate, title=folder.resolve().name)
    print(f"{output}: {loudness_of(mixed)}")


if __name__ == "__main__":
    run_script(main)
