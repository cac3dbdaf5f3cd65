"""The console: stems through their channels to a stereo mix, in two ways.

`channels` and `bus` compute on tensors with gradients, for training. `render` computes exactly and
block by block, for listening: filters carry their state, compressors follow attack and release,
and besides the mix and one stem it holds only one number per 1.5 ms.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.signal import oaconvolve

from data.meter import measured
from models.postprocessing.mixing.dynamics import (
    FLOOR_DB,
    compress,
    control_hop,
    smoothed,
    static_curve,
)
from models.postprocessing.mixing.equaliser import equalise, equalise_exact
from models.postprocessing.mixing.limiter import limit, true_peak_db
from models.postprocessing.mixing.network import Controls
from models.postprocessing.mixing.settings import (
    BANDS,
    SENT_OFF_DB,
    Channel,
    Compressor,
    MixSettings,
)
from models.postprocessing.mixing.space import gain, room
from utils import STEMS

BLOCK_SAMPLES = 2**18
STEM_TIMES_MS = (15.0, 150.0)
BUS_TIMES_MS = (30.0, 200.0)
MASTER_TRIES = 6
TOLERANCE_LU = 0.1
MAX_MASTER_GAIN_DB = 60.0


def channels(stems: torch.Tensor, sample_rate: int, controls: Controls) -> torch.Tensor:
    """Stems (b s t) after gain, equaliser and compressor, before any make-up gain; gradients reach
    the controls.
    """
    x = gain(stems, sample_rate, controls.gain_db)
    x = equalise(x, sample_rate, BANDS, controls.eq_db)
    attack, release = STEM_TIMES_MS
    return compress(
        x,
        sample_rate,
        controls.threshold_db,
        controls.ratio,
        attack_ms=attack,
        release_ms=release,
    )


def bus(mix: torch.Tensor, sample_rate: int, controls: Controls) -> torch.Tensor:
    """Mono sums (b t) after the bus compressor; gradients reach the controls."""
    attack, release = BUS_TIMES_MS
    return compress(
        mix,
        sample_rate,
        controls.bus_threshold_db,
        controls.bus_ratio,
        attack_ms=attack,
        release_ms=release,
    )


def render_channel(stem: np.ndarray, sample_rate: int, channel: Channel) -> np.ndarray:
    """One stem (t,) after gain, equaliser and compressor, float32 (t,)."""
    out, state = np.empty(len(stem), np.float32), None
    factor = 10.0 ** (channel.gain_db / 20.0)
    for block in _blocks(len(stem)):
        out[block], state = equalise_exact(
            factor * np.asarray(stem[block], np.float64), sample_rate, channel.eq, state
        )
    return _compressed(out[None], sample_rate, channel.compressor)[0]


def render_channels(stems: np.ndarray, sample_rate: int, settings: MixSettings) -> np.ndarray:
    """Stems (s, t) as they leave their channels, before pan and room."""
    names = zip(STEMS, stems, strict=True)
    return np.stack([render_channel(x, sample_rate, settings.channels[n]) for n, x in names])


def _compressed(x: np.ndarray, sample_rate: int, compressor: Compressor) -> np.ndarray:
    """Audio (c, t) under one gain that follows its loudest channel; changed in place."""
    if compressor.ratio == 1.0:
        x *= np.float32(10.0 ** (compressor.makeup_db / 20.0))
        return x
    hop = control_hop(sample_rate)
    size = BLOCK_SAMPLES - BLOCK_SAMPLES % hop
    starts = range(0, x.shape[-1], size)
    level = np.concatenate([_level(x[:, i : i + size], hop) for i in starts] or [np.zeros(0)])
    wanted = static_curve(level, compressor.threshold_db, compressor.ratio, compressor.knee_db)
    line = smoothed(wanted, compressor.attack_ms, compressor.release_ms)
    middles = np.arange(len(line)) * hop + (hop - 1) / 2
    for i in starts:
        block = x[:, i : i + size]
        near = slice(max(i // hop - 1, 0), (i + size) // hop + 1)
        at = np.interp(np.arange(i, i + block.shape[-1]), middles[near], line[near])
        block *= 10.0 ** ((at + compressor.makeup_db) / 20.0)
    return x


def _level(x: np.ndarray, hop: int) -> np.ndarray:
    """Peak level in dB (m,) of audio (c, t) every `hop` samples."""
    peak = np.maximum.reduceat(np.abs(x).max(0), np.arange(0, x.shape[-1], hop))
    return 20.0 * np.log10(np.maximum(peak, 10.0 ** (FLOOR_DB / 20.0)))


def render(stems: np.ndarray, sample_rate: int, settings: MixSettings) -> np.ndarray:
    """The finished mix (2, t), float32, of mono stems (s, t) in the order of `STEMS`.

    It has the loudness and true peak of the settings; a mix that is mostly silence with a few
    strokes may stay quieter, since no stroke is limited out of existence. Silence stays silence.
    """
    mix = np.zeros((2, stems.shape[-1]), np.float32)
    sent = np.zeros(stems.shape[-1], np.float32)
    for name, stem in zip(STEMS, stems, strict=True):
        channel = settings.channels[name]
        if not stem.any():
            continue
        x = render_channel(stem, sample_rate, channel)
        angle = (channel.pan + 1.0) * np.pi / 4.0
        mix += x * np.array([[np.cos(angle)], [np.sin(angle)]], np.float32)
        if channel.send_db > SENT_OFF_DB:
            sent += x * np.float32(10.0 ** (channel.send_db / 20.0))
    _add_room(mix, sent, sample_rate)
    return _mastered(_compressed(mix, sample_rate, settings.bus), sample_rate, settings)


def _add_room(mix: np.ndarray, sent: np.ndarray, sample_rate: int) -> None:
    """Adds the room's answer to what was sent (t,) to the mix (2, t), block by block."""
    if not sent.any():
        return
    impulse = room(sample_rate)
    for block in _blocks(len(sent)):
        answer = oaconvolve(sent[block][None], impulse, axes=-1)
        end = min(block.start + answer.shape[-1], len(sent))
        mix[:, block.start : end] += answer[:, : end - block.start]


def _mastered(mix: np.ndarray, sample_rate: int, settings: MixSettings) -> np.ndarray:
    """At the target loudness under the true peak; the gain makes up for what the limiter takes."""
    loud = measured(mix, sample_rate).loudness
    if not np.isfinite(loud):
        return _under(mix, sample_rate, settings)
    gain_db = settings.target_lufs - loud
    limiter = lambda x: limit(torch.from_numpy(x), sample_rate, ceiling_db=settings.true_peak_dbtp)
    for _ in range(MASTER_TRIES):
        gain_db = min(gain_db, MAX_MASTER_GAIN_DB)
        out = limiter(mix * np.float32(10.0 ** (gain_db / 20.0))).numpy()
        missing = settings.target_lufs - measured(out, sample_rate).loudness
        if abs(missing) < TOLERANCE_LU or gain_db - (settings.target_lufs - loud) > 12.0:
            break
        gain_db += 1.5 * missing if missing > 0 else missing
    return out


def _under(mix: np.ndarray, sample_rate: int, settings: MixSettings) -> np.ndarray:
    """What is too quiet to have a loudness stays as it is, below the true peak."""
    if true_peak_db(torch.from_numpy(mix)) <= settings.true_peak_dbtp:
        return mix
    return limit(torch.from_numpy(mix), sample_rate, ceiling_db=settings.true_peak_dbtp).numpy()


def _blocks(num_samples: int) -> list[slice]:
    return [slice(i, i + BLOCK_SAMPLES) for i in range(0, num_samples, BLOCK_SAMPLES)]
