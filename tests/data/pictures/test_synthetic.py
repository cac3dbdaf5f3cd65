"""Drawn examples repeat, cover the plane, and what is known of them is what was drawn."""

import numpy as np
import pytest

from data.pictures.features import FEATURES, PACE_WEIGHT, features_of
from data.pictures.synthetic import (
    HELD_OUT,
    KINDS,
    Scene,
    Shot,
    disturbed,
    example,
    film,
    palette,
    shots,
)
from utils import counter_rng

ALL = KINDS | HELD_OUT


def plain(colour: tuple[float, float, float]) -> Scene:
    return Scene(lambda x, y: np.broadcast_to(np.array(colour)[:, None, None], (3, *x.shape)))


def ramp() -> Scene:
    return Scene(lambda x, y: np.stack([x % 1.0] * 3), 0.0)


def test_held_out_kinds_are_others():
    assert len(KINDS) == 5 and len(HELD_OUT) == 3 and not set(KINDS) & set(HELD_OUT)


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_paints_colours_and_repeats(kind):
    paint = lambda seed: Shot(kind, ALL[kind](counter_rng(seed)), (0.3, 0.1), 0.0).frame(2.0, 16)
    frame = paint(1)
    assert frame.shape == (3, 16, 16) and frame.dtype == np.float32
    assert frame.min() >= 0.0 and frame.max() <= 1.0
    assert np.array_equal(frame, paint(1)) and not np.array_equal(frame, paint(2))


@pytest.mark.parametrize("kind", ["clouds", "mosaic", "discs"])
def test_scenes_have_no_end(kind):
    scene = ALL[kind](counter_rng(3))
    here = Shot(kind, scene, (0.0, 0.0), 0.0).frame(0.0, 16)
    round_trip = Shot(kind, scene, (1.0, -2.0), 0.0).frame(1.0, 16)
    assert np.abs(here - round_trip).mean() < 0.01


def test_motion_shifts_the_picture():
    still, moved = (Shot("ramp", ramp(), (v, 0.0), 0.0).frame(0.5, 8) for v in (0.0, 0.25))
    assert moved == pytest.approx(np.roll(still, 1, 2))
    assert Shot("ramp", ramp(), (3.0, -4.0), 0.0).speed == 5.0


def test_palettes_reach_every_corner():
    colours = np.stack([palette(counter_rng(i)).mean(0) for i in range(300)])
    brightness, saturation = colours.mean(1), colours.max(1) - colours.min(1)
    assert brightness.min() < 0.1 and brightness.max() > 0.9
    assert saturation.min() < 0.05 and saturation.max() > 0.8
    assert set(np.unique(colours.argmax(1))) == {0, 1, 2}


def test_a_still_picture_has_no_pace_and_a_known_point():
    made = film([Shot("plain", plain((1.0, 0.0, 0.0)), (9.0, 9.0), 0.0)], 1)
    assert made.pace.tolist() == [0.0] and made.frames.shape == (1, 3, 64, 64)
    assert made.features[0] == pytest.approx([0.5324, 1, 1, 0, 0], abs=1e-3)
    assert made.valence[0] > 0.5 and made.arousal[0] > 0.9


def test_a_film_cuts_between_its_shots_and_paces_up_there():
    red, blue = plain((1.0, 0.0, 0.0)), plain((0.0, 0.0, 1.0))
    cast = [Shot("red", red, (0.0, 0.0), 0.0), Shot("blue", blue, (0.0, 0.0), 2.0)]
    made = film(cast, 33)
    assert made.frames.mean((2, 3)).argmax(1).tolist() == [0] * 8 + [2] * 25
    assert made.pace.argmax() in (7, 8) and made.pace[7] == pytest.approx(made.pace[8])
    assert made.pace[-1] == pytest.approx(0.0, abs=1e-6)
    same_colour = np.arctanh(made.arousal[7]) - np.arctanh(made.arousal[0])
    assert same_colour == pytest.approx(PACE_WEIGHT * (made.pace[7] - made.pace[0]), abs=1e-4)


def test_faster_shots_have_more_pace():
    pace = [film([Shot("r", ramp(), (v, 0.0), 0.0)], 4).pace.mean() for v in (0.0, 0.1, 0.8)]
    assert pace[0] == 0.0 < pace[1] < pace[2] < 1.0


def test_known_features_are_those_of_the_frames():
    made = example(counter_rng(5), num_frames=6)
    assert made.features.shape == (6, len(FEATURES))
    assert np.array_equal(made.features, features_of(made.frames).stacked())
    assert {len(getattr(made, n)) for n in ("valence", "arousal", "pace", "frames")} == {6}


def test_films_begin_at_once_and_end_in_time():
    for i in range(20):
        starts = [shot.start for shot in shots(counter_rng(i), KINDS, 3.0)]
        assert starts[0] == 0.0 and starts == sorted(starts) and starts[-1] < 3.0


def test_disturbance_is_small_and_repeats():
    frames = np.full((3, 3, 16, 16), 0.5, np.float32)
    noisy = disturbed(frames, counter_rng(0))
    assert noisy.dtype == np.float32 and 0 < np.abs(noisy - frames).mean() < 0.06
    assert np.array_equal(noisy, disturbed(frames, counter_rng(0)))
