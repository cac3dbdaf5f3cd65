"""Filters of a scene: arrival times and levels by hand, the balance of the music kept."""

import numpy as np
import pytest

from models.postprocessing.spatial.acoustics import Acoustics, joined, music_power
from models.postprocessing.spatial.layouts import find_layout
from models.postprocessing.spatial.room import Room
from models.postprocessing.spatial.scene import Place, Scene, Source

RATE = 22_050
ROOM = Room((8.0, 6.0, 3.0), (3.0, 3.0, 1.2), {"floor": "wood"})


def acoustics(*sources: Source, room: Room | None = ROOM, output: str = "stereo") -> Acoustics:
    names = {str(i): source for i, source in enumerate(sources)}
    layout = find_layout(output, RATE)
    return Acoustics(Scene("s", names, room), list(sources), RATE, layout)


def test_the_floor_arrives_when_and_as_loud_as_geometry_says():
    """2 m ahead at ear height: the floor's image is sqrt(4 + 2.4^2) m away."""
    scene = acoustics(Source(Place(0.0, 0.0, 2.0)))
    floor = np.flatnonzero(scene.early.hits[:, 4] * (scene.early.hits.sum(1) == 1))
    heard = scene.paths(np.array([2.0, 0.0, 0.0]), floor, direct=True).sum(axis=0)
    direct, far = np.abs(heard).argmax(), np.hypot(2.0, 2.4)
    late = direct + 40 + np.abs(heard[direct + 40 :]).argmax()
    assert late - direct == pytest.approx((far - 2.0) / 343.0 * RATE, abs=1.0)
    spectrum = np.abs(np.fft.rfft(heard[late - 20 : late + 60], 512))[10:40].mean()
    first = np.abs(np.fft.rfft(heard[direct - 20 : direct + 20], 512))[10:40].mean()
    assert spectrum / first == pytest.approx(2.0 / far * np.sqrt(1 - 0.10), rel=0.05)


def test_the_first_sound_arrives_after_the_latency():
    for output in ("stereo", "binaural"):
        scene = acoustics(
            Source(Place(70.0, 0.0, 2.5)), Source(Place(0.0, 0.0, 1.5)), output=output
        )
        nearest = np.abs(scene.paths(np.array([1.5, 0.0, 0.0]), None, direct=True)).max(0)
        assert abs(nearest.argmax() - scene.latency) <= 3


def test_every_source_keeps_its_energy_wherever_it_is():
    near, far = Source(Place(20.0, 0.0, 0.8)), Source(Place(-50.0, 5.0, 2.7))
    for output in ("stereo", "binaural", "ambisonics", "5.1"):
        scene = acoustics(near, far, output=output)
        for index in range(2):
            heard = scene.level(index) * joined(scene.still(index), scene.late)
            size = heard.shape[1]
            weight = music_power(np.fft.rfftfreq(size, 1 / RATE))
            power = scene.layout.power(np.square(np.abs(np.fft.rfft(heard))))
            assert power @ weight / weight.sum() == pytest.approx(1.0, rel=2e-2)
    assert scene.level(1) > 1.2 * scene.level(0)


def test_gain_and_reverb_are_decibels():
    plain, loud = Source(Place(0.0, 0.0, 2.0)), Source(Place(0.0, 0.0, 2.0), gain_db=6.0206)
    scene = acoustics(plain, loud)
    assert scene.level(1) / scene.level(0) == pytest.approx(2.0, rel=1e-4)
    layout = find_layout("stereo", RATE)
    wet = Acoustics(Scene("s", {"0": plain}, ROOM, 6.0206), [plain], RATE, layout)
    assert np.abs(wet.late).max() / np.abs(scene.late).max() == pytest.approx(2.0, rel=1e-4)


def test_open_air_is_the_direct_sound_alone():
    scene = acoustics(Source(), room=None)
    assert scene.early is None and scene.late is None
    assert scene.still(0).shape[1] < 300
    moving = acoustics(Source(turn_seconds=9.0), room=None)
    assert not moving.still(0).any()
