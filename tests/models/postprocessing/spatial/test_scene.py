"""Scenes: paths, JSON both ways, and what cannot be."""

import json

import numpy as np
import pytest

from models.postprocessing.spatial.directions import unit
from models.postprocessing.spatial.room import Room
from models.postprocessing.spatial.scene import Place, Scene, Source
from utils import UserError

ROOM = Room((6.0, 5.0, 3.0), (3.0, 2.5, 1.2), {"floor": "carpet"})
PATH = ((1.0, Place(170.0, 0.0, 2.0)), (3.0, Place(-170.0, 10.0, 1.0)))


def test_a_turn_is_a_circle():
    source = Source(Place(10.0, 0.0, 2.0), turn_seconds=8.0)
    places = source.positions(np.array([0.0, 2.0, 8.0]))
    np.testing.assert_allclose(places, 2.0 * unit([10.0, 100.0, 10.0]), atol=1e-12)
    other = Source(Place(10.0, 0.0, 2.0), turn_seconds=-8.0).positions(np.array([2.0]))
    np.testing.assert_allclose(other[0], 2.0 * unit(-80.0), atol=1e-12)


def test_a_path_goes_through_its_points_the_short_way_and_rests_outside():
    source = Source(path=PATH)
    places = source.positions(np.array([0.0, 1.0, 2.0, 3.0, 9.0]))
    np.testing.assert_allclose(places[0], places[1])
    np.testing.assert_allclose(places[3], places[4])
    np.testing.assert_allclose(places[3], unit(-170.0, 10.0), atol=1e-12)
    assert places[2][0] < -1.0
    assert source.moves and not Source().moves
    assert not Source(path=((0.0, Place()), (1.0, Place()))).moves


def test_json_both_ways(tmp_path):
    sources = {
        "bass": Source(Place(-10.0, 0.0, 1.5), gain_db=-2.0),
        "drums": Source(Place(0.0, 5.0, 2.0), turn_seconds=-12.0),
        "piano": Source(path=PATH),
    }
    scene = Scene("mine", sources, ROOM, reverb_db=3.0)
    scene.to_json(tmp_path / "scene.json")
    assert Scene.from_json(tmp_path / "scene.json") == scene
    open_air = Scene("air", {"bass": Source()})
    open_air.to_json(tmp_path / "air.json")
    assert Scene.from_json(tmp_path / "air.json") == open_air


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"azimut": 3}, "did you mean 'azimuth'"),
        ({"distance": 0.01}, "not possible"),
        ({"elevation": 95}, "not possible"),
        ({"distance": float("nan")}, "not possible"),
        ({"azimuth": "left"}, "not a scene"),
        ({"gain_db": 90}, "gain_db"),
        ({"turn_seconds": 0.01}, "m/s"),
        ({"distance": 5}, "leaves the room"),
        ({"path": [{"time": 0}]}, "two or more"),
        ({"path": [{"time": 1}, {"time": 0}]}, "later"),
        ({"path": [{"time": 0}, {"time": 1}], "turn_seconds": 9}, "leave"),
    ],
)
def test_impossible_sources_are_refused_in_one_line(tmp_path, entry, message):
    room = {"size": [6, 5, 3], "listener": [3, 2.5, 1.2]}
    (tmp_path / "s.json").write_text(json.dumps({"room": room, "sources": {"bass": entry}}))
    with pytest.raises(UserError, match=message) as caught:
        Scene.from_json(tmp_path / "s.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", '{"sources": 4}', '{"room": {}}', '"x"'])
def test_files_that_are_no_scene(tmp_path, text):
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(UserError):
        Scene.from_json(tmp_path / "s.json")
    with pytest.raises(UserError, match="cannot read"):
        Scene.from_json(tmp_path / "none.json")


def test_stems_need_a_place():
    scene = Scene("s", {"bass": Source()})
    with pytest.raises(UserError, match="no place for 'violin'"):
        scene.sources_of(["violin"])
    assert scene.placed({"violin": Place(30.0)}).sources_of(["violin"])[0].place.azimuth == 30.0
