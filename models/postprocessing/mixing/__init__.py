"""Mixing: stems to a finished stereo mix, with settings that can be read and edited.

`mix(stems, sample_rate)` lets the trained mixer set the console; `mix(stems, sample_rate,
settings)` follows settings that are given. Effects are pure functions of their own, see
`equaliser`, `dynamics`, `space` and `limiter`.

What it does not know: where a stem should stand and how much of the room it needs cannot be learned
from mono references. Both are the averages of real songs' MIDI files (pan and reverb send).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr
import torch

from data.meter import measured
from models.postprocessing.mixing.console import render, render_channel
from models.postprocessing.mixing.limiter import true_peak_db
from models.postprocessing.mixing.listening import Heard, hear_long
from models.postprocessing.mixing.network import Controls, Mixer, load_mixer
from models.postprocessing.mixing.settings import Channel, MixSettings
from models.postprocessing.mixing.translate import settings_of
from utils import NUM_STEMS, RELEASE, SAMPLE_RATE, STEMS, UserError, eval_mode

WEIGHTS = RELEASE / "mixing.safetensors"
MIN_RATE, MAX_RATE = 20_200, 192_000
MAX_MAKEUP_DB = 30.0


@dataclass(frozen=True)
class Mixed:
    """A finished mix.

    Attributes:
        audio: float32 (2, t), left and right.
        settings: what made it.
        lufs: its integrated loudness, -inf for silence; true_peak_dbtp: its true peak.
    """

    audio: np.ndarray
    settings: MixSettings
    lufs: float
    true_peak_dbtp: float


def mix(
    stems: np.ndarray | torch.Tensor,
    sample_rate: int,
    settings: MixSettings | None = None,
    *,
    mixer: Mixer | None = None,
) -> Mixed:
    """Four mono stems as a stereo mix at -14 LUFS with a true peak of at most -1 dBTP.

    Working memory beyond the stems and the mix is that of one stem, whatever the length.

    Args:
        stems: (s, t), bass, drums, guitar, piano; full scale is 1.
        sample_rate: in Hz, from 20,200.
        settings: the console's; None asks the mixer.
        mixer: the network to ask, default the released one.

    Raises:
        UserError: not four finite mono stems, or a rate too low for the equaliser.
    """
    stems = _checked(stems, sample_rate)
    if settings is None:
        settings = propose(stems, sample_rate, mixer=mixer)
    audio = render(stems, sample_rate, settings)
    lufs = measured(audio, sample_rate).loudness
    return Mixed(audio, settings, lufs, true_peak_db(torch.from_numpy(audio)))


def propose(stems: np.ndarray, sample_rate: int, *, mixer: Mixer | None = None) -> MixSettings:
    """The mixer's settings for stems (s, t), not yet played."""
    mixer = mixer or released_mixer()
    heard = [_heard(stem, sample_rate) for stem in stems]
    join = lambda name: torch.stack([getattr(h, name) for h in heard])[None]
    with eval_mode(mixer):
        controls: Controls = mixer(Heard(join("mel"), join("power"), join("peak")))
    settings = settings_of(controls, 0)
    channels = {
        name: _made_up(stem, sample_rate, settings.channels[name], float(level))
        for name, stem, level in zip(STEMS, stems, controls.level_lufs[0], strict=True)
    }
    return replace(settings, channels=channels)


def _made_up(stem: np.ndarray, sample_rate: int, channel: Channel, level_lufs: float) -> Channel:
    """The channel with the make-up gain that brings the stem to a level."""
    found = measured(render_channel(stem, sample_rate, channel)[None], sample_rate).loudness
    if not np.isfinite(found):
        return channel
    makeup = round(float(np.clip(level_lufs - found, -MAX_MAKEUP_DB, MAX_MAKEUP_DB)), 3)
    return replace(channel, compressor=replace(channel.compressor, makeup_db=makeup))


def released_mixer() -> Mixer:
    """The mixer that comes with the project; without its weights, one that only levels."""
    if Path(WEIGHTS).is_file():
        return load_mixer(WEIGHTS)
    warnings.warn(
        f"no trained mixer at {WEIGHTS}: stems are brought to one loudness and left as they are "
        "otherwise (train one with train.py --stage mixing)",
        stacklevel=3,
    )
    return Mixer().eval()


def _heard(stem: np.ndarray, sample_rate: int) -> Heard:
    if sample_rate != SAMPLE_RATE:
        stem = soxr.resample(stem, sample_rate, SAMPLE_RATE)
    return hear_long(np.asarray(stem, np.float32))


def _checked(stems: np.ndarray | torch.Tensor, sample_rate: int) -> np.ndarray:
    stems = np.asarray(stems.detach().cpu() if isinstance(stems, torch.Tensor) else stems)
    if stems.ndim != 2 or len(stems) != NUM_STEMS or not stems.shape[1]:
        raise UserError(
            f"stems have shape {stems.shape}; expected ({NUM_STEMS}, samples), mono: "
            f"{', '.join(STEMS)}, zeros for a stem that does not play"
        )
    if not MIN_RATE <= sample_rate <= MAX_RATE:
        raise UserError(
            f"sample_rate is {sample_rate} Hz; choose {MIN_RATE} to {MAX_RATE} (resample first)"
        )
    if not np.isfinite(stems).all():
        raise UserError("stems hold NaN or infinity; look at the file or model they came from")
    return stems.astype(np.float32, copy=False)
