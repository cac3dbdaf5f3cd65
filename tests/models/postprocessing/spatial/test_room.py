"""Rooms: images by hand, reverberation by Sabine's own arithmetic."""

import numpy as np
import pytest

from models.postprocessing.spatial.room import MATERIALS, WALLS, Room, air_nepers, image_sources
from utils import UserError

ROOM = Room((6.0, 5.0, 3.0), (2.0, 2.5, 1.2), {"floor": "carpet"})


def test_first_images_mirror_in_each_wall():
    source = np.array([1.5, 0.5, 0.3])
    images = image_sources(ROOM, 1)
    found = {
        WALLS[hits.argmax()]: place
        for hits, place in zip(images.hits, images.positions(source), strict=True)
    }
    assert len(found) == 6 and (images.hits.sum(1) == 1).all()
    np.testing.assert_allclose(found["back"], [-2 * 2.0 - 1.5, 0.5, 0.3])
    np.testing.assert_allclose(found["front"], [2 * 4.0 - 1.5, 0.5, 0.3])
    np.testing.assert_allclose(found["right"], [1.5, -2 * 2.5 - 0.5, 0.3])
    np.testing.assert_allclose(found["left"], [1.5, 2 * 2.5 - 0.5, 0.3])
    np.testing.assert_allclose(found["floor"], [1.5, 0.5, -2 * 1.2 - 0.3])
    np.testing.assert_allclose(found["ceiling"], [1.5, 0.5, 2 * 1.8 - 0.3])


@pytest.mark.parametrize(("order", "count"), [(1, 6), (2, 24), (3, 62)])
def test_number_of_images(order, count):
    """Octahedral numbers less the source itself, as a shoebox has."""
    images = image_sources(ROOM, order)
    assert len(images.hits) == count and images.hits.sum(1).max() == order
    places = images.positions(np.array([1.0, 0.7, 0.2]))
    assert len(np.unique(places.round(6), axis=0)) == count


def test_reverberation_is_sabines_and_eyrings():
    room = Room((10.0, 10.0, 10.0), (5.0, 5.0, 5.0), dict.fromkeys(WALLS, "curtain"))
    alpha = MATERIALS["curtain"][3]
    air = 4.0 * air_nepers(np.array([1_000.0])) * 1_000.0
    sabine = room.reverberation_seconds(np.array([1_000.0]), sabine=True)
    eyring = room.reverberation_seconds(np.array([1_000.0]))
    assert sabine == pytest.approx(0.1611 * 1_000.0 / (600.0 * alpha + air), rel=1e-3)
    assert eyring == pytest.approx(0.1611 * 1_000.0 / (-600.0 * np.log(1 - alpha) + air), rel=1e-3)
    assert room.mean_free_path == pytest.approx(4 * 1_000 / 600)


def test_absorption_belongs_to_its_wall_and_octave():
    absorbed = ROOM.absorption(np.array([125.0, 4_000.0, 16_000.0]))
    assert absorbed.shape == (6, 3)
    np.testing.assert_allclose(absorbed[WALLS.index("floor")], [0.02, 0.65, 0.65])
    np.testing.assert_allclose(absorbed[WALLS.index("left")], [0.28, 0.11, 0.11])


def test_impossible_rooms_are_refused():
    with pytest.raises(UserError, match="size"):
        Room((0.5, 5.0, 3.0), (0.2, 2.0, 1.0))
    with pytest.raises(UserError, match="outside"):
        Room((6.0, 5.0, 3.0), (7.0, 2.0, 1.0))
    with pytest.raises(UserError, match="did you mean 'floor'"):
        Room((6.0, 5.0, 3.0), (2.0, 2.0, 1.0), {"flor": "wood"})
    with pytest.raises(UserError, match="did you mean 'wood'"):
        Room((6.0, 5.0, 3.0), (2.0, 2.0, 1.0), {"floor": "woood"})
