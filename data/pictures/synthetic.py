"""Pictures and clips that are drawn, not photographed: every value of them is known.

A scene is a function of the plane: where it is sampled moves with time, so its motion is known, and
a cut is another scene. Colours come from palettes that lie anywhere between dark and bright, grey
and saturated, blue and red. `disturbed` adds the noise and flicker of a camera, after which what
was known is still known.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.pictures.features import cut_density, features_of, pace_of, point_of
from data.pictures.files import VIDEO_FPS

SIZE = 64
Paint = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Example:
    """A clip and what is known of it.

    Attributes:
        frames: float32 (m 3 h w) in [0, 1].
        features: (m, 5), `features.FEATURES`.
        valence, arousal, pace: (m,).
        kind: of its first scene.
    """

    frames: np.ndarray
    features: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray
    pace: np.ndarray
    kind: str


@dataclass(frozen=True)
class Scene:
    """Something to look at, without end in all directions.

    Attributes:
        paint: places x, y (h w) in picture widths -> colours (3 h w) in [0, 1].
        angle: the only direction in which a shift can be seen, in radians; None where all can.
    """

    paint: Paint
    angle: float | None = None


@dataclass(frozen=True)
class Shot:
    """A scene from `start` seconds on, moved by `motion` (x, y) picture widths per second."""

    kind: str
    scene: Scene
    motion: tuple[float, float]
    start: float

    @property
    def speed(self) -> float:
        return float(np.hypot(*self.motion))

    def frame(self, time: float, size: int) -> np.ndarray:
        """(3 size size) at a time in seconds."""
        places = ((np.arange(size) + 0.5) / size).astype(np.float32)
        x, y = np.meshgrid(places, places)
        shift = np.float32(time) * np.array(self.motion, np.float32)
        return self.scene.paint(x - shift[0], y - shift[1]).astype(np.float32)


def palette(rng: np.random.Generator, count: int = 3) -> np.ndarray:
    """Colours (count, 3) that belong together, of any mood."""
    hue, spread = rng.uniform(), rng.choice([0.03, 0.15, 0.5])
    value, saturation = rng.uniform(0.0, 1.0), rng.uniform(0.0, 1.0)
    hues = hue + spread * rng.uniform(-1, 1, count)
    values = np.clip(value + rng.uniform(-0.45, 0.45, count), 0.02, 1.0)
    saturations = np.clip(saturation + rng.uniform(-0.3, 0.3, count), 0.0, 1.0)
    colours = zip(hues % 1.0, saturations, values, strict=True)
    return np.array([colorsys.hsv_to_rgb(*colour) for colour in colours], np.float32)


def _mixed(colours: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Colours (3 h w) at places (h w) in [0, 1] along the palette."""
    stops = np.linspace(0.0, 1.0, len(colours))
    return np.stack([np.interp(place, stops, colours[:, c]) for c in range(3)])


def gradient(rng: np.random.Generator) -> Scene:
    """One colour flowing into another, back and forth."""
    colours, angle, period = palette(rng), rng.uniform(0, 2 * np.pi), rng.uniform(0.8, 3.0)
    along = lambda x, y: (x * np.cos(angle) + y * np.sin(angle)) / period
    paint = lambda x, y: _mixed(colours, 0.5 + 0.5 * np.sin(2 * np.pi * along(x, y)))
    return Scene(paint, angle)


def stripes(rng: np.random.Generator) -> Scene:
    """Hard or soft stripes, narrow or wide."""
    colours, angle = palette(rng, 2), rng.uniform(0, np.pi)
    period, hardness = rng.uniform(0.25, 0.8), rng.uniform(1.0, 8.0)
    along = lambda x, y: (x * np.cos(angle) + y * np.sin(angle)) / period
    wave = lambda x, y: np.sin(2 * np.pi * along(x, y))
    paint = lambda x, y: _mixed(colours, 0.5 + 0.5 * np.tanh(hardness * wave(x, y)))
    return Scene(paint, angle)


def clouds(rng: np.random.Generator) -> Scene:
    """Noise on several scales, smooth to rough, around the edges of the plane without a seam."""
    colours, roughness = palette(rng), rng.uniform(0.2, 0.9)
    grids = [rng.uniform(-1, 1, (k, k)).astype(np.float32) for k in (4, 8, 16, 32)]

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        layers = [roughness**i * _wrapped(g, x, y) for i, g in enumerate(grids)]
        return _mixed(colours, np.clip(0.5 + 0.45 * sum(layers), 0.0, 1.0))

    return Scene(paint)


def _wrapped(grid: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A grid of values over the unit square, repeated, linearly between its points."""
    k = len(grid)
    u, v = (x % 1.0) * k, (y % 1.0) * k
    i, j = u.astype(int) % k, v.astype(int) % k
    a, b = u % 1.0, v % 1.0
    upper = grid[i, j] * (1 - a) + grid[(i + 1) % k, j] * a
    lower = grid[i, (j + 1) % k] * (1 - a) + grid[(i + 1) % k, (j + 1) % k] * a
    return upper * (1 - b) + lower * b


def mosaic(rng: np.random.Generator) -> Scene:
    """Cells of plain colour around random points."""
    count = int(rng.integers(4, 24))
    points, colours = rng.uniform(0, 1, (count, 2)).astype(np.float32), palette(rng, count)

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        across = np.abs((x % 1.0)[..., None] - points[:, 0])
        down = np.abs((y % 1.0)[..., None] - points[:, 1])
        distance = np.minimum(across, 1 - across) ** 2 + np.minimum(down, 1 - down) ** 2
        return colours[distance.argmin(-1)].transpose(2, 0, 1)

    return Scene(paint)


def discs(rng: np.random.Generator) -> Scene:
    """Round and square shapes of several sizes on a plain ground."""
    count = int(rng.integers(1, 9))
    centres, sizes = rng.uniform(0, 1, (count, 2)), rng.uniform(0.06, 0.35, count)
    square, colours = rng.uniform(size=count) < 0.5, palette(rng, count + 1)

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        picture = np.broadcast_to(colours[-1][:, None, None], (3, *x.shape)).copy()
        for centre, size, is_square, colour in zip(centres, sizes, square, colours, strict=False):
            across = np.abs((x - centre[0] + 0.5) % 1.0 - 0.5)
            down = np.abs((y - centre[1] + 0.5) % 1.0 - 0.5)
            reach = np.maximum(across, down) if is_square else np.hypot(across, down)
            picture[:, reach < size] = colour[:, None]
        return picture

    return Scene(paint)


def rings(rng: np.random.Generator) -> Scene:
    """Circles around several centres, as on water. Held out."""
    colours, period = palette(rng), rng.uniform(0.25, 0.7)
    centres = rng.uniform(0, 1, (int(rng.integers(1, 4)), 2))

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        waves = [np.sin(2 * np.pi * np.hypot(x - a, y - b) / period) for a, b in centres]
        return _mixed(colours, 0.5 + 0.5 * sum(waves) / len(waves))

    return Scene(paint)


def plasma(rng: np.random.Generator) -> Scene:
    """Waves that bend one another, as in oil. Held out."""
    colours, f = palette(rng, 4), rng.uniform(0.4, 1.6, 4)
    phase = rng.uniform(0, 2 * np.pi, 3)

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        bent = np.sin(2 * np.pi * f[0] * x + 2 * np.sin(2 * np.pi * f[1] * y + phase[0]))
        other = np.sin(2 * np.pi * (f[2] * y + f[3] * x) + phase[1] + 1.5 * bent)
        return _mixed(colours, 0.5 + 0.25 * (bent + other))

    return Scene(paint)


def landscape(rng: np.random.Generator) -> Scene:
    """A sky over hills and a sun or a moon. Held out."""
    sky, hills, light = palette(rng, 2), palette(rng, 2), palette(rng, 1)[0]
    height, phase = rng.uniform(0.35, 0.8), rng.uniform(0, 2 * np.pi, 2)
    sun, size = rng.uniform((0, 0.05), (1, 0.4)), rng.uniform(0.04, 0.16)

    def paint(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        y = 1.0 - np.abs(1.0 - y % 2.0)  # mirrored below and above
        picture = _mixed(sky, np.clip(y / height, 0, 1))
        across = np.abs((x - sun[0] + 0.5) % 1.0 - 0.5)
        picture[:, np.hypot(across, y - sun[1]) < size] = light[:, None]
        for i, colour in enumerate(hills):
            ridge = np.sin(2 * np.pi * (i + 1) * x + phase[i]) * 0.08
            ridge += np.sin(2 * np.pi * (3 + i) * x + phase[1 - i]) * 0.04
            picture[:, y > height + 0.12 * i + ridge] = colour[:, None]
        return picture

    return Scene(paint)


KINDS: dict[str, Callable[[np.random.Generator], Scene]] = {
    f.__name__: f for f in (gradient, stripes, clouds, mosaic, discs)
}
HELD_OUT: dict[str, Callable[[np.random.Generator], Scene]] = {
    f.__name__: f for f in (rings, plasma, landscape)
}


def shots(
    rng: np.random.Generator,
    kinds: dict[str, Callable[[np.random.Generator], Scene]],
    duration: float,
) -> list[Shot]:
    """A film of `duration` seconds: mostly one shot or a few, still or moving."""
    rate = rng.uniform(0.2, 1.6) if rng.uniform() < 0.5 else 0.0
    starts = [0.0, *sorted(rng.uniform(0, duration, rng.poisson(rate * duration)))]
    return [_shot(rng, kinds, start) for start in starts]


def _shot(rng: np.random.Generator, kinds: dict[str, Callable], start: float) -> Shot:
    kind = str(rng.choice(list(kinds)))
    scene = kinds[kind](rng)
    speed = 0.0 if rng.uniform() < 0.4 else np.exp(rng.uniform(np.log(0.03), np.log(0.9)))
    angle = rng.uniform(0, 2 * np.pi) if scene.angle is None else scene.angle
    return Shot(kind, scene, (speed * np.cos(angle), speed * np.sin(angle)), start)


def film(
    cast: Sequence[Shot], num_frames: int, *, size: int = SIZE, fps: float = VIDEO_FPS
) -> Example:
    """The frames of shots that follow one another, ordered by start, and what is known of them."""
    times = np.arange(num_frames) / fps
    starts = np.array([shot.start for shot in cast])
    playing = np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)
    frames = np.stack([cast[i].frame(t, size) for i, t in zip(playing, times, strict=True)])
    cuts = times[1:][np.diff(playing) > 0] - 0.5 / fps
    speed = np.array([cast[i].speed for i in playing]) * (num_frames > 1)
    pace = pace_of(speed, cut_density(times, cuts))
    features = features_of(frames)
    valence, arousal = point_of(features, pace)
    return Example(frames, features.stacked(), valence, arousal, pace, cast[playing[0]].kind)


def disturbed(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frames as a cheap camera sees them: noise in every pixel, flicker from frame to frame."""
    gain = 1.0 + 0.02 * rng.standard_normal((len(frames), 1, 1, 1), np.float32)
    noise = rng.uniform(0.0, 0.04) * rng.standard_normal(frames.shape, np.float32)
    return np.clip(frames * gain + noise, 0.0, 1.0).astype(np.float32)


def example(
    rng: np.random.Generator,
    *,
    kinds: dict[str, Callable[[np.random.Generator], Scene]] = KINDS,
    num_frames: int = 10,
    size: int = SIZE,
) -> Example:
    """A random picture (`num_frames` 1) or clip of these kinds, undisturbed."""
    return film(shots(rng, kinds, (num_frames - 1) / VIDEO_FPS), num_frames, size=size)
