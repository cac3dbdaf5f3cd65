"""Presets: each is possible, complete, and rings as its name says."""

import numpy as np
import pytest

from models.postprocessing.spatial.presets import SCENES, find_scene
from models.postprocessing.spatial.scene import Scene
from utils import STEMS, UserError


def test_names_and_places():
    assert list(SCENES) == ["stage", "studio", "headphones", "cathedral", "orbit"]
    for name in SCENES:
        scene = find_scene(name)
        assert scene.name == name and set(scene.sources) == {*STEMS, "left", "right", "mono"}
        moving = {stem for stem, source in scene.sources.items() if source.moves}
        expected = {"guitar", "piano", "left", "right", "mono"} if name == "orbit" else set()
        assert moving == expected
        left, right = scene.sources["left"].place, scene.sources["right"].place
        assert left.azimuth == -right.azimuth > 0


def test_rooms_ring_as_they_should():
    hertz = np.array([1_000.0])
    seconds = {n: float(find_scene(n).room.reverberation_seconds(hertz)[0]) for n in SCENES}
    order = sorted(seconds, key=seconds.get)
    assert order[0] == "headphones" and order[-2:] == ["stage", "cathedral"]
    assert seconds["studio"] < 0.4 and 0.8 < seconds["stage"] < 1.6 and seconds["cathedral"] > 3.5


def test_a_scene_by_file_and_by_no_name(tmp_path):
    find_scene("stage").to_json(tmp_path / "mine.json")
    assert find_scene(str(tmp_path / "mine.json")) == find_scene("stage")
    assert isinstance(find_scene("orbit"), Scene)
    with pytest.raises(UserError, match="did you mean 'cathedral'"):
        find_scene("catedral")
