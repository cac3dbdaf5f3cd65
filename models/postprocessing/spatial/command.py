"""Puts a song into a room: a song folder, or any recording of yours.

python -m models.postprocessing.spatial outputs/my-song --scene studio
python -m models.postprocessing.spatial song.mp3 --scene cathedral --output binaural 5.1
python -m models.postprocessing.spatial outputs/my-song --place guitar=-90,0,1.5 --scene stage
"""

from __future__ import annotations

import argparse
from pathlib import Path

from models.options import number
from models.postprocessing.spatial.layouts import OUTPUTS
from models.postprocessing.spatial.presets import SCENES
from utils import Parser, UserError, did_you_mean


def place(text: str) -> tuple[str, tuple[float, ...]]:
    """A flag's type: stem=azimuth,elevation,distance; the latter two may be left out."""
    stem, equals, values = text.partition("=")
    try:
        numbers = tuple(float(value) for value in values.split(","))
    except ValueError:
        numbers = ()
    if not equals or not 1 <= len(numbers) <= 3:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not STEM=AZIMUTH,ELEVATION,DISTANCE, such as guitar=-45,0,2"
        )
    return stem, numbers


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(prog="python -m models.postprocessing.spatial", description=__doc__)
    add = parser.add_argument
    add("song", metavar="SONG", help="a song folder (bass.wav, drums.wav, ...), or a recording")
    add(
        "--scene",
        default="studio",
        metavar="NAME",
        help=f"{', '.join(SCENES)}, or a scene's .json file (default studio)",
    )
    add(
        "--output",
        choices=OUTPUTS,
        nargs="+",
        default=["binaural"],
        help="what to write (default binaural); ambisonics is first-order AmbiX",
    )
    add(
        "--output_dir",
        metavar="DIR",
        help="where to (default: a folder named after the scene in the song folder)",
    )
    add("--format", choices=("wav", "flac"), default="wav", help="24 bit with dither (default wav)")
    add(
        "--sample_rate",
        type=int,
        choices=(22_050, 44_100),
        default=44_100,
        help="of what is written (default 44100)",
    )
    add(
        "--place",
        type=place,
        nargs="+",
        default=[],
        metavar="STEM=AZ,EL,DIST",
        help="degrees left, degrees up, metres; a recording has left and right, or mono",
    )
    add(
        "--reverb_db",
        type=number(-60, 60),
        metavar="DB",
        help="late reverberation, more or less",
    )
    add("--sofa", metavar="FILE", help="a measured head for binaural (needs h5py)")
    add("--workers", type=number(1, 64, int), default=2, metavar="N", help="threads (default 2)")
    return parser


def main() -> None:
    """Parses, renders each output and writes the scene and its picture beside them."""
    args = build_parser().parse()
    from dataclasses import replace

    from models.postprocessing.spatial.files import find_input, render_file
    from models.postprocessing.spatial.picture import save_scene_picture
    from models.postprocessing.spatial.presets import find_scene
    from models.postprocessing.spatial.scene import Place

    source, scene = find_input(args.song), find_scene(args.scene)
    for stem, _ in args.place:
        if stem not in source.stems:
            raise UserError(f"'{args.song}' has no '{stem}': {did_you_mean(stem, source.stems)}")
    scene = scene.placed({stem: Place(*numbers) for stem, numbers in args.place})
    if args.reverb_db is not None:
        scene = replace(scene, reverb_db=args.reverb_db)
    hrtf = None
    if args.sofa:
        from models.postprocessing.spatial.sofa import sofa_hrtf

        hrtf = sofa_hrtf(args.sofa, args.sample_rate)
    folder = Path(args.output_dir) if args.output_dir else _folder(Path(args.song), scene.name)
    for output in dict.fromkeys(args.output):
        path = folder / f"{output}.{args.format}"
        options = {"sample_rate": args.sample_rate, "hrtf": hrtf, "workers": args.workers}
        gain = render_file(source, path, scene, output=output, **options)
        print(f"{path}: {', '.join(source.stems)} in {scene.name}, gain {gain:.2f}")
    scene.to_json(folder / "scene.json")
    save_scene_picture(folder / "scene.png", scene, source.stems)


def _folder(song: Path, scene: str) -> Path:
    """A folder in a song folder, or beside a recording."""
    return song / scene if song.is_dir() else song.with_name(f"{song.stem}-{scene}")
