"""Scenes with names. Each places the four stems, and the sides of a stereo file, in a room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.postprocessing.spatial.room import Room
from models.postprocessing.spatial.scene import Place, Scene, Source
from utils import UserError, did_you_mean


def stage() -> Scene:
    """A band on the stage of a small hall, heard from the tenth row."""
    walls = {"floor": "audience", "ceiling": "panel", "back": "panel", "front": "wood"}
    room = Room(
        (22.0, 16.0, 9.0), (10.0, 8.0, 1.3), walls | {"left": "plaster", "right": "plaster"}
    )
    return _scene(
        "stage",
        room,
        bass=(-10, 2, 8.0),
        drums=(0, 3, 9.5),
        guitar=(-28, 2, 7.5),
        piano=(26, 2, 7.5),
        sides=(25, 2, 8.0),
    )


def studio() -> Scene:
    """A control room: near, dry, a little of the walls."""
    walls = {"floor": "parquet", "ceiling": "absorber", "back": "absorber", "front": "curtain"}
    room = Room((6.4, 5.2, 2.9), (2.6, 2.6, 1.2), walls | {"left": "panel", "right": "panel"})
    return _scene(
        "studio",
        room,
        bass=(8, -5, 2.2),
        drums=(0, 5, 2.8),
        guitar=(-38, 0, 2.0),
        piano=(38, 0, 2.0),
        sides=(30, 0, 2.0),
    )


def headphones() -> Scene:
    """Close around the head with hardly a room: music that headphones do not press into it."""
    walls = dict.fromkeys(("ceiling", "back", "front", "left", "right"), "absorber")
    room = Room((4.4, 3.8, 2.6), (2.2, 1.9, 1.2), walls | {"floor": "carpet"})
    return _scene(
        "headphones",
        room,
        bass=(0, -10, 1.2),
        drums=(-12, 10, 1.4),
        guitar=(-60, 0, 1.2),
        piano=(60, 0, 1.2),
        sides=(40, 0, 1.3),
    )


def cathedral() -> Scene:
    """The crossing of a large church: stone, people, some seconds of reverberation."""
    walls = {"floor": "pews", "ceiling": "plaster", "back": "glass", "front": "stone"}
    room = Room((80.0, 30.0, 26.0), (44.0, 15.0, 1.3), walls | {"left": "stone", "right": "stone"})
    return _scene(
        "cathedral",
        room,
        bass=(-14, 2, 8.0),
        drums=(0, 3, 10.0),
        guitar=(-32, 2, 7.0),
        piano=(30, 2, 7.0),
        sides=(28, 4, 8.0),
    )


def orbit() -> Scene:
    """Bass and drums rest, guitar and piano circle the listener, in opposite turns."""
    walls = {"floor": "parquet", "ceiling": "absorber", "back": "curtain", "front": "curtain"}
    room = Room((8.0, 7.0, 3.4), (4.0, 3.5, 1.4), walls | {"left": "panel", "right": "panel"})
    still = _scene(
        "orbit",
        room,
        bass=(0, -5, 2.4),
        drums=(0, 10, 3.0),
        guitar=(-60, 0, 2.2),
        piano=(60, 15, 2.2),
        sides=(90, 0, 2.2),
    )
    turns = {"guitar": -18.0, "piano": 24.0, "left": 24.0, "right": 24.0, "mono": 24.0}
    moving = {name: Source(still.sources[name].place, turn) for name, turn in turns.items()}
    return Scene("orbit", {**still.sources, **moving}, room)


SCENES: dict[str, Callable[[], Scene]] = {
    scene.__name__: scene for scene in (stage, studio, headphones, cathedral, orbit)
}


def _scene(name: str, room: Room, **places: tuple[float, float, float]) -> Scene:
    """Stems at places; "sides" are where the channels of a stereo file are, mirrored."""
    azimuth, elevation, distance = places.pop("sides")
    sources = {stem: Source(Place(*place)) for stem, place in places.items()}
    sources["left"] = Source(Place(azimuth, elevation, distance))
    sources["right"] = Source(Place(-azimuth, elevation, distance))
    sources["mono"] = Source(Place(0.0, elevation, distance))
    return Scene(name, sources, room)


def find_scene(name: str) -> Scene:
    """A preset by its name, or the scene of a JSON file.

    Raises:
        UserError: neither.
    """
    if name in SCENES:
        return SCENES[name]()
    if name.endswith(".json") or Path(name).is_file():
        return Scene.from_json(name)
    raise UserError(f"no scene '{name}': {did_you_mean(name, list(SCENES))}, or a .json file")
