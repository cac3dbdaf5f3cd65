"""A song finished for listening: its stems mixed on the console, and each at a place in a room.

Both are stereo (or what the room's output is) at 44,100 Hz, made of stems at 22,050 Hz; the stems
and their plain sum stay as they are. Where a song is mixed and placed, the room hears the stems as
they leave the console's channels; pan, send and limiter belong to the master, for the room has its
own. Nothing here imports torch before it is used.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.postprocessing.spatial.layouts import OUTPUTS
from models.postprocessing.spatial.presets import SCENES, find_scene
from models.postprocessing.spatial.scene import Scene
from utils import SAMPLE_RATE, STEMS, UserError, did_you_mean

if TYPE_CHECKING:
    from models.postprocessing.mixing import Mixed, MixSettings
    from models.postprocessing.spatial import Rendered

FINISHED_RATE = 44_100
MIXES = ("auto", "none")


@dataclass(frozen=True)
class Finish:
    """What is made of a song besides its stems.

    Attributes:
        mix: "none"; "auto" for the mixer's own settings; `MixSettings`, or a mix.json.
        space: None; a scene's name, its JSON file, or a `Scene`.
        outputs: of the room: "binaural", "stereo", "ambisonics", "5.1".
    """

    mix: str | Path | MixSettings = "none"
    space: str | Path | Scene | None = None
    outputs: tuple[str, ...] = ("binaural",)

    def checked(self) -> Finish:
        """The same with files read and names found.

        Raises:
            UserError: no such mix, scene or output, or a scene without a place for a stem.
        """
        for output in self.outputs:
            if output not in OUTPUTS:
                raise UserError(f"no output '{output}': {did_you_mean(output, OUTPUTS)}")
        scene = None if self.space is None else scene_of(self.space)
        return replace(self, mix=mix_settings(self.mix), space=scene)


def scene_of(space: str | Path | Scene) -> Scene:
    """A scene with a place for every stem."""
    scene = space if isinstance(space, Scene) else find_scene(str(space))
    scene.sources_of(list(STEMS))
    return scene


def mix_settings(mix: str | Path | MixSettings) -> str | MixSettings:
    """ "auto" and "none" as they are; the settings of a mix.json."""
    if not isinstance(mix, str | Path) or str(mix) in MIXES:
        return mix
    if str(mix).endswith(".json") or Path(mix).is_file():
        from models.postprocessing.mixing import MixSettings

        return MixSettings.from_json(mix)
    raise UserError(f"no mix '{mix}': {did_you_mean(str(mix), MIXES)}, or a mix.json")


def add_finish_flags(group: Any) -> None:
    """--mix, --space, --space_output."""
    add = group.add_argument
    add(
        "--mix",
        default="none",
        metavar="HOW",
        help="auto: a stereo master at -14 LUFS by the mixer; or a mix.json, edited or not "
        "(default none: the plain sum only)",
    )
    add(
        "--space",
        metavar="SCENE",
        help=f"the stems in a room: {', '.join(SCENES)}, or a scene's .json file",
    )
    add(
        "--space_output",
        choices=OUTPUTS,
        nargs="+",
        metavar="KIND",
        help=f"with --space: {', '.join(OUTPUTS)} (default binaural, for headphones)",
    )


def finish_of(args: argparse.Namespace) -> Finish:
    """What these flags ask for, checked."""
    if args.space_output and not args.space:
        raise UserError(f"--space_output needs a room: add --space {next(iter(SCENES))}")
    outputs = tuple(dict.fromkeys(args.space_output or ("binaural",)))
    return Finish(args.mix, args.space, outputs).checked()


def mixed(stems: np.ndarray, mix: str | Path | MixSettings = "auto") -> Mixed:
    """Stems (s t) at 22,050 Hz as a master at 44,100 Hz.

    Raises:
        UserError: no such mix, or "none", which has no master.
    """
    from models.postprocessing import mixing

    settings = mix_settings(mix)
    if settings == "none":
        raise UserError("mix 'none' has no master: choose 'auto' or a mix.json")
    return mixing.mix(_upsampled(stems), FINISHED_RATE, None if settings == "auto" else settings)


def in_room(
    stems: np.ndarray,
    space: str | Path | Scene,
    *,
    output: str = "binaural",
    mix: str | Path | MixSettings = "none",
) -> Rendered:
    """Stems (s t) at 22,050 Hz in a room, at 44,100 Hz, as they are or through the console's
    channels.

    Raises:
        UserError: no such mix, scene or output.
    """
    from models.postprocessing.spatial import render_scene

    scene, settings, stems = scene_of(space), mix_settings(mix), _upsampled(stems)
    if settings != "none":
        from models.postprocessing.mixing import propose
        from models.postprocessing.mixing.console import render_channels

        settings = propose(stems, FINISHED_RATE) if settings == "auto" else settings
        stems = render_channels(stems, FINISHED_RATE, settings)
    return render_scene(stems, FINISHED_RATE, scene, output=output)


def write_finish(
    folder: Path, stems: np.ndarray, finish: Finish, *, audio_format: str = "wav"
) -> dict[str, Any]:
    """Writes what was asked for into the folder of a song with stems (s t) at 22,050 Hz: the
    master and mix.json, a file per output of the room and scene.json.

    Returns:
        What song.json says of it, by "mix" and "space"; without what was not asked for.
    """
    finish, described = finish.checked(), {}
    settings = finish.mix
    if finish.mix != "none":
        from models.postprocessing.mixing.files import save_master

        master = mixed(stems, finish.mix)
        settings = master.settings
        path = folder / f"master.{audio_format}"
        save_master(path, master, FINISHED_RATE, title=folder.name)
        lufs = round(master.lufs, 2) if np.isfinite(master.lufs) else None
        described["mix"] = {"by": "mixer" if finish.mix == "auto" else "settings", "lufs": lufs}
    if finish.space is not None:
        from models.postprocessing.spatial.files import save_rendered

        for output in finish.outputs:
            rendered = in_room(stems, finish.space, output=output, mix=settings)
            save_rendered(folder / f"{output}.{audio_format}", rendered, title=folder.name)
        finish.space.to_json(folder / "scene.json")
        described["space"] = {"scene": finish.space.name, "outputs": list(finish.outputs)}
    return described


def _upsampled(stems: np.ndarray) -> np.ndarray:
    """Stems (s t) at 22,050 Hz at 44,100 Hz, band-limited."""
    import soxr

    audio = soxr.resample(np.asarray(stems, np.float32).T, SAMPLE_RATE, FINISHED_RATE).T
    return np.ascontiguousarray(audio)
