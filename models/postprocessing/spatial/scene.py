"""Where instruments play: places, paths and a room; read from and written to JSON.

All places are seen from the listener: azimuth in degrees to the left, elevation in degrees upwards,
distance in metres.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.postprocessing.spatial.directions import unit
from models.postprocessing.spatial.room import Room
from utils import UserError, did_you_mean, write_atomically

NEAREST, FARTHEST = 0.2, 100.0
FASTEST = 50.0
MAX_JSON_BYTES = 1_000_000


@dataclass(frozen=True)
class Place:
    """One place: degrees to the left, degrees upwards, metres."""

    azimuth: float = 0.0
    elevation: float = 0.0
    distance: float = 2.0

    def __post_init__(self) -> None:
        fits = abs(self.elevation) <= 90.0 and abs(self.azimuth) <= 360.0
        if not fits or not NEAREST <= self.distance <= FARTHEST:
            raise UserError(
                f"place {self.azimuth:g},{self.elevation:g},{self.distance:g} is not possible: "
                "expected azimuth -360 to 360, elevation -90 to 90 degrees and distance "
                f"{NEAREST:g} to {FARTHEST:g} m"
            )


@dataclass(frozen=True)
class Source:
    """Where a stem sounds from: at rest, around the listener, or along a path.

    Attributes:
        place: where it is, or starts.
        turn_seconds: seconds for a full turn around the listener, to the left; negative turns to
            the right, 0 rests.
        path: (seconds, place) keyframes, at least two; smooth between them, at rest outside.
        gain_db: level on top of the stem's own.
    """

    place: Place = Place()
    turn_seconds: float = 0.0
    path: tuple[tuple[float, Place], ...] = ()
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        if self.path and self.turn_seconds:
            raise UserError("a source follows a path or turns: leave 'path' or 'turn_seconds' out")
        times = [time for time, _ in self.path]
        if len(times) == 1 or any(b <= a for a, b in zip(times, times[1:], strict=False)):
            raise UserError(f"path times {times} must be two or more, each later than the last")
        if not abs(self.gain_db) <= 60.0:
            raise UserError(f"gain_db {self.gain_db:g} is not possible: expected -60 to 60 dB")
        if self.moves:
            self._check_speed()

    @property
    def moves(self) -> bool:
        """Whether it ever leaves its place."""
        return bool(self.turn_seconds) or len({place for _, place in self.path}) > 1

    @property
    def first(self) -> Place:
        """Where it is at the beginning."""
        return self.path[0][1] if self.path else self.place

    def positions(self, seconds: np.ndarray) -> np.ndarray:
        """Metres (n, 3) from the listener at `seconds` (n,)."""
        seconds = np.asarray(seconds, np.float64)
        if self.turn_seconds:
            azimuth = self.place.azimuth + 360.0 * seconds / self.turn_seconds
            return self.place.distance * unit(azimuth, self.place.elevation)
        if not self.moves:
            return np.broadcast_to(_position(self.first), (len(seconds), 3))
        from scipy.interpolate import PchipInterpolator

        times = np.array([time for time, _ in self.path])
        knots = np.array([[p.azimuth, p.elevation, p.distance] for _, p in self.path])
        knots[:, 0] = np.unwrap(knots[:, 0], period=360.0)
        curve = PchipInterpolator(times, knots)
        azimuth, elevation, distance = curve(np.clip(seconds, times[0], times[-1])).T
        return distance[:, None] * unit(azimuth, elevation)

    def sampled(self, num: int = 24) -> np.ndarray:
        """`num` positions (num, 3) spread over its whole path; its one place where it rests."""
        if not self.moves:
            return self.positions(np.zeros(1))
        begin, end = (self.path[0][0], self.path[-1][0]) if self.path else (0.0, self.turn_seconds)
        return self.positions(begin + (end - begin) * (np.arange(num) + 0.5) / num)

    def _check_speed(self) -> None:
        """Refuses sources faster than makes sense for music."""
        begin, end = (self.path[0][0], self.path[-1][0]) if self.path else (0.0, self.turn_seconds)
        times = np.linspace(begin, end, 2_000)
        steps = np.linalg.norm(np.diff(self.positions(times), axis=0), axis=1)
        speed = float(steps.max()) / abs(times[1] - times[0])
        if speed > FASTEST:
            raise UserError(
                f"a source would move at {speed:.0f} m/s; expected at most {FASTEST:g}: give it "
                "more time or less distance"
            )


def _position(place: Place) -> np.ndarray:
    return place.distance * unit(place.azimuth, place.elevation)


@dataclass(frozen=True)
class Scene:
    """A room with sources in it.

    Attributes:
        name: what it is called. sources: stem -> where it sounds from.
        room: None is open air, without reflections.
        reverb_db: level of the late field on top of the room's own.
    """

    name: str
    sources: Mapping[str, Source] = field(default_factory=dict)
    room: Room | None = None
    reverb_db: float = 0.0

    def __post_init__(self) -> None:
        if not abs(self.reverb_db) <= 60.0:
            raise UserError(f"reverb_db {self.reverb_db:g} is not possible: expected -60 to 60 dB")
        for name, source in self.sources.items():
            places = np.concatenate([source.sampled(200), source.positions(np.zeros(1))])
            if self.room is not None and not self.room.holds(places):
                raise UserError(
                    f"'{name}' leaves the room {list(self.room.size)} of scene '{self.name}': "
                    "bring it nearer or make the room larger"
                )

    def sources_of(self, stems: list[str]) -> list[Source]:
        """The source of each stem.

        Raises:
            UserError: a stem that has no place.
        """
        for stem in stems:
            if stem not in self.sources:
                raise UserError(
                    f"scene '{self.name}' has no place for '{stem}' (it has "
                    f"{', '.join(self.sources)}): add it to the scene or place it"
                )
        return [self.sources[stem] for stem in stems]

    def placed(self, places: Mapping[str, Place]) -> Scene:
        """The same scene with some stems at rest elsewhere."""
        moved = {name: Source(place) for name, place in places.items()}
        return replace(self, sources={**self.sources, **moved})

    def to_json(self, path: str | Path) -> None:
        """Writes the scene; `from_json` reads it back equal."""
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(self.described(), indent=2) + "\n")

    def described(self) -> dict[str, Any]:
        """What the JSON file holds; what is at its default is left out."""
        sources = {name: _source_entry(source) for name, source in self.sources.items()}
        room = {"room": asdict(self.room)} if self.room is not None else {}
        return {"name": self.name, **room, "reverb_db": self.reverb_db, "sources": sources}

    @classmethod
    def from_json(cls, path: str | Path) -> Scene:
        """A scene that a user wrote or `to_json` did.

        Raises:
            UserError: no such file, not JSON, or values that cannot be.
        """
        try:
            if Path(path).stat().st_size > MAX_JSON_BYTES:
                raise UserError(f"'{path}' is larger than {MAX_JSON_BYTES} bytes: not a scene")
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            return _scene(found, Path(path).stem)
        except OSError as error:
            raise UserError(f"cannot read scene '{path}' ({error.strerror})") from None
        except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as error:
            raise UserError(
                f"'{path}' is not a scene ({error}): write one with --output_dir and change that"
            ) from None


def _scene(found: dict[str, Any], name: str) -> Scene:
    _check_keys(found, ("name", "room", "reverb_db", "sources"), "a scene")
    room = found.get("room")
    if room is not None:
        _check_keys(room, [f.name for f in fields(Room)], "a room")
        size, listener = (tuple(float(x) for x in room[key]) for key in ("size", "listener"))
        if len(size) != 3 or len(listener) != 3:
            raise ValueError("size and listener of a room are three numbers each")
        room = Room(size, listener, dict(room.get("walls", {})))
    sources = {stem: _source(entry) for stem, entry in found["sources"].items()}
    return Scene(str(found.get("name", name)), sources, room, float(found.get("reverb_db", 0.0)))


def _check_keys(found: dict[str, Any], known: list[str] | tuple[str, ...], what: str) -> None:
    for key in found:
        if key not in known:
            raise UserError(f"{what} has no '{key}': {did_you_mean(key, list(known))}")


PLACE_KEYS = tuple(f.name for f in fields(Place))


def _source(entry: dict[str, Any]) -> Source:
    _check_keys(entry, (*PLACE_KEYS, "turn_seconds", "path", "gain_db"), "a source")
    path = []
    for point in entry.get("path", ()):
        _check_keys(point, ("time", *PLACE_KEYS), "a point of a path")
        path.append((float(point["time"]), _place(point)))
    turn, gain_db = float(entry.get("turn_seconds", 0.0)), float(entry.get("gain_db", 0.0))
    return Source(_place(entry), turn, tuple(path), gain_db)


def _place(entry: dict[str, Any]) -> Place:
    return Place(**{key: float(entry[key]) for key in PLACE_KEYS if key in entry})


def _source_entry(source: Source) -> dict[str, Any]:
    entry = asdict(source.place)
    if source.path:
        entry["path"] = [{"time": time, **asdict(place)} for time, place in source.path]
    extras = {"turn_seconds": source.turn_seconds, "gain_db": source.gain_db}
    return entry | {key: value for key, value in extras.items() if value}
