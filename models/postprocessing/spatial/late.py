"""The late field of a room: velvet noise that decays at every frequency as the room says.

Velvet noise is a sparse sequence of plus and minus ones that sounds smoother than Gaussian noise
(Järveläinen and Karjalainen, "Reverberation modeling using velvet noise", AES 30th conference,
2007; Välimäki, Lehtonen and Takanen, "A perceptual study on velvet noise and its variants", IEEE
TASLP 21, 2013).
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from models.postprocessing.spatial.head import SPEED_OF_SOUND
from models.postprocessing.spatial.room import Room
from utils import counter_rng

PULSES_PER_SECOND = 4_000.0
DECAY_60_DB = 6.0 * np.log(10.0)
LONGEST_SECONDS = 12.0
FRAME_SECONDS = 0.0116
SEED = 1_979


def velvet(num: int, sample_rate: int, *counters: int) -> np.ndarray:
    """Velvet noise (num,) of unit mean power: one pulse at random in every 0.25 ms."""
    rng = counter_rng(SEED, *counters)
    spacing = sample_rate / PULSES_PER_SECOND
    count = int(num / spacing)
    places = ((np.arange(count) + rng.random(count)) * spacing).astype(np.int64)
    out = np.zeros(num)
    out[np.minimum(places, num - 1)] = rng.choice([-1.0, 1.0], count) * np.sqrt(spacing)
    return out


def late_field(room: Room, sample_rate: int, *, num_channels: int, order: int) -> np.ndarray:
    """Independent impulse responses (c, t) of the diffuse field.

    Time zero is the moment of emission; level is relative to the direct sound at 1 m. The field
    sets in over the time that image sources up to `order` take to arrive, and ends 60 dB down.
    """
    frame = frame_samples(sample_rate)
    hertz = np.arange(frame // 2 + 1) * sample_rate / frame
    decay = np.minimum(room.reverberation_seconds(hertz), LONGEST_SECONDS)
    rate = DECAY_60_DB / decay
    level = np.sqrt(room.reverberant_power(hertz) * rate / sample_rate)
    count = int(np.ceil(decay.max() * sample_rate / frame)) * 2
    seconds = np.arange(-1, count) * frame / 2 / sample_rate
    gains = level * np.exp(-rate / 2 * (seconds[:, None] + frame / 2 / sample_rate))
    num = count * frame // 2
    noises = np.stack([velvet(num, sample_rate, channel) for channel in range(num_channels)])
    shaped = np.stack([_shaped(noise, gains) for noise in noises])
    return shaped * _onset(np.arange(num) / sample_rate, room, order)


def frame_samples(sample_rate: int) -> int:
    """Samples over which the spectrum of the decay is set, about 12 ms."""
    return 2 ** round(np.log2(FRAME_SECONDS * sample_rate))


def _shaped(noise: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """Noise (t,) whose short-time spectra are multiplied by gains (m, f); halves overlap."""
    half = gains.shape[1] - 1
    window = np.sin(np.pi * (np.arange(2 * half) + 0.5) / (2 * half))
    padded = np.pad(noise, (half, half))
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)[::half]
    frames = fft.irfft(fft.rfft(frames * window) * gains, 2 * half) * window
    out = np.zeros(len(padded))
    out[:-half] += frames[:, :half].ravel()
    out[half:] += frames[:, half:].ravel()
    return out[half:-half]


def _onset(seconds: np.ndarray, room: Room, order: int) -> np.ndarray:
    """Amplitude (t,) of the late field, from nothing after one mean free path to all of it."""
    first = room.mean_free_path / SPEED_OF_SOUND
    share = np.clip((seconds - first) / (max(order - 1, 1) * first), 0.0, 1.0)
    return np.sin(np.pi / 2 * share)
