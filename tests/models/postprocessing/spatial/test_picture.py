"""The picture of a scene."""

import numpy as np

from metrics.pictures import to_image
from models.postprocessing.spatial.picture import save_scene_picture, scene_figure
from models.postprocessing.spatial.presets import find_scene
from models.postprocessing.spatial.scene import Place, Scene, Source
from utils import STEMS


def test_sources_stand_where_they_are_and_only_those_asked_for():
    figure = scene_figure(find_scene("orbit"), list(STEMS))
    above = figure.axes[0]
    assert {text.get_text() for text in above.texts} == set(STEMS)
    spots = [line.get_xydata()[0] for line in above.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(spots[STEMS.index("guitar")], [1.905, 1.1], atol=0.01)
    assert len(figure.axes[2].lines) == 2


def test_open_air_and_unknown_stems_have_a_picture(tmp_path):
    scene = Scene("air", {"oboe": Source(Place(90.0, 0.0, 3.0))})
    image = to_image(scene_figure(scene))
    assert image.std() > 1
    save_scene_picture(tmp_path / "a.png", scene)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
