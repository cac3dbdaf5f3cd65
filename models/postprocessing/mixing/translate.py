"""From the mixer's numbers to settings in words, with a place and a room for every stem.

Positions and sends are the means of 120 real MIDI songs (controllers 10 and 91): bass and drums in
the middle, guitars a third to one side, keyboards a fifth; most room for guitars, least for basses.
The sides are a convention, and a stem that has no counterpart stays in the middle.
"""

from __future__ import annotations

from dataclasses import replace

from models.postprocessing.mixing.console import BUS_TIMES_MS, STEM_TIMES_MS
from models.postprocessing.mixing.network import Controls
from models.postprocessing.mixing.settings import BANDS, Channel, Compressor, MixSettings
from utils import STEMS

POSITIONS = {"bass": 0.0, "drums": 0.0, "guitar": -0.3, "piano": 0.2}
SENDS_DB = {"bass": -24.0, "drums": -22.0, "guitar": -18.0, "piano": -20.0}
SIDES = ("guitar", "piano")
NEGLIGIBLE = 0.02


def settings_of(controls: Controls, item: int) -> MixSettings:
    """The settings of one song of a batch."""
    sounds = dict(zip(STEMS, controls.sounds[item].tolist(), strict=True))
    band = all(sounds[stem] for stem in SIDES)
    channels = {
        stem: _channel(controls, item, i, POSITIONS[stem] if band else 0.0)
        if sounds[stem]
        else Channel()
        for i, stem in enumerate(STEMS)
    }
    bus = _compressor(controls.bus_threshold_db[item], controls.bus_ratio[item], BUS_TIMES_MS)
    return MixSettings(channels=channels, bus=bus)


def _channel(controls: Controls, item: int, stem: int, position: float) -> Channel:
    gains = controls.eq_db[item, stem].tolist()
    return Channel(
        gain_db=round(float(controls.gain_db[item, stem]), 3),
        eq=tuple(replace(b, gain_db=round(g, 3)) for b, g in zip(BANDS, gains, strict=True)),
        compressor=_compressor(
            controls.threshold_db[item, stem], controls.ratio[item, stem], STEM_TIMES_MS
        ),
        pan=position,
        send_db=SENDS_DB[STEMS[stem]],
    )


def _compressor(threshold_db, ratio, times_ms: tuple[float, float]) -> Compressor:
    """A compressor; a ratio that nobody hears is off."""
    ratio = round(float(ratio), 3)
    return Compressor(
        threshold_db=round(float(threshold_db), 3),
        ratio=1.0 if abs(ratio - 1.0) < NEGLIGIBLE else ratio,
        attack_ms=times_ms[0],
        release_ms=times_ms[1],
    )
