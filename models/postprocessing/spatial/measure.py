"""How exact and how fast is the renderer? `python -m models.postprocessing.spatial.measure`

Everything is measured on rendered audio, against closed forms that are written out here once more
for a single direction. Interaural level differences are compared in thirds of an octave, weighted
by what there is to hear: the echoes of the pinna leave nothing at some frequencies.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from models.postprocessing.spatial.acoustics import music_power
from models.postprocessing.spatial.head import SPEED_OF_SOUND, Head
from models.postprocessing.spatial.layouts import OUTPUTS
from models.postprocessing.spatial.presets import SCENES
from models.postprocessing.spatial.render import render_scene
from models.postprocessing.spatial.scene import Place, Scene, Source
from utils import STEMS, Parser, counter_rng, run_script

SILENCE_SECONDS = 0.05
FAR_METRES = 2.0
TONE_HERTZ, NEAR_HERTZ = 1_000.0, 200.0
SWELL_SECONDS = 0.3
PROBE_HIGH = 0.8


def woodworth(azimuth: float, distance: float, head: Head) -> float:
    """Seconds by which a source at ear height reaches the left ear later than the right one."""
    lengths = []
    for ear in (head.ear_azimuth, -head.ear_azimuth):
        theta = abs((np.radians(azimuth - ear) + np.pi) % (2.0 * np.pi) - np.pi)
        bend = np.arccos(head.radius / distance)
        if theta <= bend:
            between = 2.0 * distance * head.radius * np.cos(theta)
            lengths.append(np.sqrt(distance**2 + head.radius**2 - between))
        else:
            tangent = np.sqrt(distance**2 - head.radius**2)
            lengths.append(tangent + head.radius * (theta - bend))
    return (lengths[0] - lengths[1]) / SPEED_OF_SOUND


def impulse_responses(azimuth: float, sample_rate: int, distance: float = FAR_METRES) -> np.ndarray:
    """What both ears (2, t) hear of one click at ear height, in open air."""
    click = np.zeros(round(SILENCE_SECONDS * sample_rate), np.float32)
    click[len(click) // 2] = 0.5
    scene = Scene("click", {"click": Source(Place(azimuth, 0.0, distance))})
    return render_scene({"click": click}, sample_rate, scene, workers=1).audio


@dataclass(frozen=True)
class EarErrors:
    """Errors (n,) over n directions: of the interaural delay in microseconds, of the interaural
    level in dB (the worst third of an octave of each direction).
    """

    delay_us: np.ndarray
    level_db: np.ndarray


def ear_errors(azimuths: np.ndarray, sample_rate: int, distance: float = FAR_METRES) -> EarErrors:
    """Errors of rendered clicks from `azimuths` (n,) in degrees."""
    from models.postprocessing.spatial.directions import unit

    head, size = Head(), 8_192
    hertz = np.arange(size // 2 + 1) * sample_rate / size
    delay, level = [], []
    for azimuth in azimuths:
        heard = np.fft.rfft(impulse_responses(float(azimuth), sample_rate, distance), size)
        direction = unit(np.array([azimuth]))
        expected = (
            head.response(direction, hertz)[0] / head.paths(direction, [distance])[0, :, None]
        )
        rest = (heard[0] * heard[1].conj()) / (expected[0] * expected[1].conj())
        inside = (hertz > 200.0) & (hertz < PROBE_HIGH * sample_rate / 2)
        weight = np.abs(heard[0] * heard[1])[inside]
        slope = _slope(np.unwrap(np.angle(rest[inside])), 2.0 * np.pi * hertz[inside], weight)
        delay.append(1e6 * abs(-slope - woodworth(float(azimuth), distance, head)))
        sound = np.abs(expected).prod(axis=0)
        ours, theirs = (_level_differences(both, hertz, sound) for both in (heard, expected))
        level.append(np.abs(ours - theirs).max())
    return EarErrors(np.array(delay), np.array(level))


def _slope(y: np.ndarray, x: np.ndarray, weight: np.ndarray) -> float:
    """Of the straight line through zero that fits best, whole turns taken out."""
    y = y - 2.0 * np.pi * np.round(y[0] / (2.0 * np.pi))
    return float((weight * x * y).sum() / (weight * x * x).sum())


def _level_differences(spectra: np.ndarray, hertz: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Left over right in dB, weighted means over thirds of an octave from 100 Hz to 0.8 Nyquist."""
    edges = 100.0 * 2.0 ** (np.arange(25) / 3.0)
    edges = edges[edges < PROBE_HIGH * hertz[-1]]
    level = 20.0 * np.log10(np.abs(spectra[0]) / np.abs(spectra[1]))
    bands = [(hertz >= low) & (hertz < high) for low, high in zip(edges, edges[1:], strict=False)]
    return np.array([np.average(level[band], weights=weight[band]) for band in bands])


def movement_noise_db(scene: Scene, sample_rate: int, *, stem: str, seconds: float = 6.0) -> float:
    """`far_component_db` of a tone in a scene that moves it.

    A click, a step of a gain or a switch of filters would show here.
    """
    moment = np.arange(round(seconds * sample_rate)) / sample_rate
    swell = np.sin(np.pi / 2 * np.minimum(moment / SWELL_SECONDS, 1.0)) ** 2
    tone = (0.3 * swell * np.sin(2.0 * np.pi * TONE_HERTZ * moment)).astype(np.float32)
    heard = render_scene({stem: tone}, sample_rate, scene).audio[:, : len(tone)]
    return far_component_db(heard[:, sample_rate:], sample_rate)


def far_component_db(audio: np.ndarray, sample_rate: int) -> float:
    """Power (c, t) farther than 200 Hz from a tone of 1 kHz, in dB below the tone: the worst of all
    moments of 46 ms.
    """
    from scipy.signal.windows import blackmanharris

    size = 2 ** round(np.log2(0.046 * sample_rate))
    frames = np.lib.stride_tricks.sliding_window_view(audio, size, axis=-1)[:, :: size // 4]
    power = np.square(np.abs(np.fft.rfft(frames * blackmanharris(size))))
    far = np.abs(np.fft.rfftfreq(size, 1.0 / sample_rate) - TONE_HERTZ) > NEAR_HERTZ
    worst = (power[..., far].sum(axis=(0, 2)) / power.sum(axis=(0, 2))).max()
    return float(10.0 * np.log10(worst))


def noise_stems(seconds: float, sample_rate: int, *, num: int = len(STEMS)) -> np.ndarray:
    """Independent noises (s, t) with the spectrum of music, at -26 dB."""
    length = round(seconds * sample_rate)
    shape = np.sqrt(music_power(np.fft.rfftfreq(length, 1.0 / sample_rate)))
    spectrum = np.fft.rfft(counter_rng(5).standard_normal((num, length))) * shape
    noise = np.fft.irfft(spectrum, length)
    return (0.05 * noise / noise.std(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True)
class Cost:
    """One scene and output.

    Attributes:
        energy_db: of what comes out, over what went in.
        mono_db: of the sum of both channels over that of incoherent channels; 0 is neither
            cancelled nor summed, 3 is mono. NaN where there are not two channels.
        wall, cpu: seconds of music per second of the clock, and of processor time.
    """

    energy_db: float
    mono_db: float
    wall: float
    cpu: float


def cost(scene: str, output: str, sample_rate: int, seconds: float, workers: int) -> Cost:
    """Renders four stems of noise."""
    stems = noise_stems(seconds, sample_rate)
    wall, cpu = time.perf_counter(), time.process_time()
    rendered = render_scene(stems, sample_rate, scene, output=output, workers=workers)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    audio = rendered.audio.astype(np.float64) / rendered.gain
    heard = audio[:1] if output == "ambisonics" else audio
    energy = np.square(heard).sum()
    mono = np.square(audio.sum(axis=0)).sum() / energy if len(audio) == 2 else np.nan
    into = np.square(stems.astype(np.float64)).sum()
    return Cost(*10.0 * np.log10([energy / into, mono]), seconds / wall, seconds / cpu)


def print_ears(sample_rate: int, step: int) -> None:
    """A row per distance."""
    print(f"\n{sample_rate} Hz | ITD error, us: mean, worst | ILD error, dB: mean, worst")
    for distance in (FAR_METRES, 0.5, 0.25):
        found = ear_errors(np.arange(0, 360, step), sample_rate, distance)
        delay, level = found.delay_us, found.level_db
        print(
            f"{distance:g} m | {delay.mean():.3f}, {delay.max():.3f} | "
            f"{level.mean():.4f}, {level.max():.4f}"
        )


def print_movement(sample_rate: int) -> None:
    """A row per turning time, in the orbit's room."""
    print(f"\n{sample_rate} Hz | turn | worst moment of a moving tone")
    room = SCENES["orbit"]().room
    for turn in (4.0, 8.0, 18.0):
        scene = Scene("turn", {"tone": Source(Place(0.0, 0.0, 2.2), turn)}, room)
        print(f"{turn:g} s | {movement_noise_db(scene, sample_rate, stem='tone'):.1f} dB")


def print_costs(sample_rate: int, seconds: float, workers: int) -> None:
    """A row per scene and output."""
    print(f"\n{sample_rate} Hz | scene | output | energy dB | mono dB | x real time: wall, cpu")
    for scene in SCENES:
        for output in OUTPUTS:
            c = cost(scene, output, sample_rate, seconds, workers)
            print(
                f"{scene} | {output} | {c.energy_db:+.2f} | {c.mono_db:+.2f} | "
                f"{c.wall:.0f}, {c.cpu:.0f}",
                flush=True,
            )


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(prog="python -m models.postprocessing.spatial.measure", description=__doc__)
    add = parser.add_argument
    add("--step", type=int, default=1, help="degrees between directions (default 1)")
    add("--seconds", type=float, default=60.0, help="of music for the cost (default 60)")
    add("--workers", type=int, default=2, help="threads (default 2)")
    return parser


def main() -> None:
    """Prints every table."""
    args = build_parser().parse()
    for sample_rate in (22_050, 44_100):
        print_ears(sample_rate, args.step)
        print_movement(sample_rate)
        print_costs(sample_rate, args.seconds, args.workers)


if __name__ == "__main__":
    run_script(main)
