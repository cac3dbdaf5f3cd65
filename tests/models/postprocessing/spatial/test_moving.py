"""Movement: at rest it is a source at rest; in motion there is no step."""

import numpy as np
import pytest

from models.postprocessing.spatial.measure import far_component_db, movement_noise_db
from models.postprocessing.spatial.moving import frame_samples, ramps
from models.postprocessing.spatial.presets import find_scene
from models.postprocessing.spatial.render import render_scene
from models.postprocessing.spatial.scene import Place, Scene, Source
from utils import counter_rng

RATE = 22_050


def hardly(place: Place) -> Source:
    """A source that moves by a nanometre, and so takes the way of those that move."""
    other = Place(place.azimuth, place.elevation, place.distance + 1e-9)
    return Source(path=((0.0, place), (1.0, other)))


@pytest.mark.parametrize(("output", "error_db"), [("binaural", -45), ("stereo", -80), ("5.1", -80)])
def test_a_source_that_hardly_moves_sounds_as_one_at_rest(output, error_db):
    noise = counter_rng(1).standard_normal(2 * RATE)
    spectrum = np.fft.rfft(noise) * (np.fft.rfftfreq(len(noise), 1 / RATE) < 8_500)
    noise = 0.05 * np.fft.irfft(spectrum)
    place, room = Place(35.0, 10.0, 1.7), find_scene("studio").room
    still, moving = (
        render_scene({"a": noise}, RATE, Scene("s", {"a": source}, room), output=output)
        for source in (Source(place), hardly(place))
    )
    length = min(still.audio.shape[1], moving.audio.shape[1])
    a, b = still.audio[:, :length] / still.gain, moving.audio[:, :length] / moving.gain
    assert 10 * np.log10(np.square(a - b).sum() / np.square(a).sum()) < error_db


@pytest.mark.parametrize("turn", [4.0, -12.0])
def test_no_clicks_in_a_moving_tone(turn):
    scene = Scene("s", {"a": Source(Place(0.0, 0.0, 2.2), turn)}, find_scene("orbit").room)
    assert movement_noise_db(scene, RATE, stem="a", seconds=5.0) < -70.0


def test_the_spectral_test_hears_a_click():
    """A tone whose gain steps by two per cent, once."""
    tone = np.sin(2 * np.pi * 1_000 * np.arange(4 * RATE) / RATE)[None]
    assert far_component_db(tone, RATE) < -85.0
    tone[:, 2 * RATE :] *= 1.02
    assert far_component_db(tone, RATE) > -60.0


def test_a_source_that_comes_near_is_heard_at_the_dopplers_pitch():
    """10 m/s towards the listener: 1000 Hz become 1029."""
    tone = 0.2 * np.sin(2 * np.pi * 1_000 * np.arange(3 * RATE) / RATE)
    path = ((0.0, Place(0.0, 0.0, 50.0)), (3.0, Place(0.0, 0.0, 20.0)))
    rendered = render_scene(
        {"a": tone}, RATE, Scene("s", {"a": Source(path=path)}), output="stereo"
    )
    middle = rendered.audio[0, RATE : 2 * RATE]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(RATE)))
    assert spectrum.argmax() == pytest.approx(1_000 * (1 + 10.0 / 343.0), abs=2.0)


def test_a_turning_source_is_louder_on_its_side():
    noise = 0.1 * counter_rng(2).standard_normal(8 * RATE)
    for output in ("binaural", "stereo"):
        scene = Scene("s", {"a": Source(Place(0.0, 0.0, 2.0), 8.0)})
        audio = render_scene({"a": noise}, RATE, scene, output=output).audio
        half = round(0.2 * RATE)
        left, right = (
            np.square(audio[:, t * RATE - half : t * RATE + half]).mean(1) for t in (2, 6)
        )
        assert left[0] > 3 * left[1] and right[1] > 3 * right[0]


def test_ramps_are_lines_through_their_points():
    line = ramps(np.array([[0.0, 4.0], [1.0, 4.0], [3.0, 0.0]]))
    assert line.shape == (2, 256)
    np.testing.assert_allclose(line[0, [0, 64, 128, 192]], [0.0, 0.5, 1.0, 2.0])
    np.testing.assert_allclose(line[1, [0, 128, 255]], [4.0, 4.0, 4.0 / 128])


def test_frames_are_whole_control_steps():
    assert [frame_samples(rate) for rate in (22_050, 44_100)] == [512, 1_024]
