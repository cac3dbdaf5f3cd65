"""The console's settings as a person reads and edits them: `mix.json`.

Each stem has a channel: gain, equaliser, compressor, pan, send to the room, in this order. The sum
goes through the bus compressor, to the target loudness and through the limiter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from models.postprocessing.mixing.equaliser import KINDS, Band
from utils import STEMS, UserError, did_you_mean, write_atomically

BANDS = (
    Band("low_shelf", 100.0),
    Band("peak", 250.0, 0.8),
    Band("peak", 800.0, 0.8),
    Band("peak", 2_500.0, 0.8),
    Band("high_shelf", 6_000.0),
)
SENT_OFF_DB = -60.0
RANGES = {
    "gain_db": (-60.0, 60.0),
    "pan": (-1.0, 1.0),
    "send_db": (SENT_OFF_DB, 6.0),
    "frequency_hz": (20.0, 10_000.0),
    "q": (0.1, 20.0),
    "threshold_db": (-80.0, 20.0),
    "ratio": (0.25, 50.0),
    "knee_db": (0.0, 24.0),
    "attack_ms": (0.1, 500.0),
    "release_ms": (1.0, 5_000.0),
    "makeup_db": (-40.0, 40.0),
    "target_lufs": (-40.0, -8.0),
    "true_peak_dbtp": (-20.0, 0.0),
}


@dataclass(frozen=True)
class Compressor:
    """Threshold in dB of full scale, ratio (1: off), knee in dB, attack and release in ms; a gain
    in dB makes up for what it took.
    """

    threshold_db: float = 0.0
    ratio: float = 1.0
    knee_db: float = 6.0
    attack_ms: float = 10.0
    release_ms: float = 150.0
    makeup_db: float = 0.0


@dataclass(frozen=True)
class Channel:
    """One stem: gain in dB (-60: silent), equaliser, compressor, pan from -1 (left) to 1 (right),
    and how much of it goes to the room, in dB (-60: nothing).
    """

    gain_db: float = 0.0
    eq: tuple[Band, ...] = BANDS
    compressor: Compressor = Compressor()
    pan: float = 0.0
    send_db: float = SENT_OFF_DB


@dataclass(frozen=True)
class MixSettings:
    """A whole mix. The room's answer is added before the bus compressor."""

    channels: Mapping[str, Channel] = field(
        default_factory=lambda: {stem: Channel() for stem in STEMS}
    )
    bus: Compressor = Compressor(attack_ms=30.0, release_ms=200.0)
    target_lufs: float = -14.0
    true_peak_dbtp: float = -1.0

    def to_json(self, path: str | Path) -> None:
        """Writes the settings, numbers with three decimals."""
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(_rounded(asdict(self)), indent=2) + "\n")

    @staticmethod
    def from_json(path: str | Path) -> MixSettings:
        """Reads settings; what is left out keeps its default.

        Raises:
            UserError: not such a file, an unknown name, or a value out of its range.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UserError(
                f"cannot read mix settings '{path}' ({error}): expected JSON such as a mix.json"
            ) from None
        try:
            return MixSettings.from_dict(content)
        except UserError as error:
            raise UserError(f"'{path}': {error}") from None

    @staticmethod
    def from_dict(content: Any) -> MixSettings:
        """Settings from plain values, checked as in `from_json`."""
        values = _known(content, MixSettings, "mix settings")
        channels = {stem: Channel() for stem in STEMS}
        for stem, channel in _mapping(values.pop("channels", {}), "channels").items():
            if stem not in STEMS:
                raise UserError(f"there is no stem '{stem}': {did_you_mean(stem, STEMS)}")
            channels[stem] = _channel(channel, stem)
        bus = values.pop("bus", None)
        if bus is not None:
            values["bus"] = _compressor(bus, "bus")
        return MixSettings(channels=channels, **values)


def _channel(content: Any, stem: str) -> Channel:
    values = _known(content, Channel, stem)
    if "compressor" in values:
        values["compressor"] = _compressor(values["compressor"], f"{stem}, compressor")
    if "eq" in values:
        if not isinstance(values["eq"], list):
            raise UserError(f"{stem}, eq: expected a list of bands, got {values['eq']!r}")
        values["eq"] = tuple(_band(band, f"{stem}, eq") for band in values["eq"])
    return Channel(**values)


def _compressor(content: Any, where: str) -> Compressor:
    return Compressor(**_known(content, Compressor, where))


def _band(content: Any, where: str) -> Band:
    values = _known(content, Band, where)
    if values.get("kind") not in KINDS or "frequency_hz" not in values:
        raise UserError(
            f"{where}: a band has a frequency_hz and a kind: {did_you_mean('', list(KINDS))}"
        )
    return Band(**values)


def _mapping(content: Any, where: str) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise UserError(f"{where}: expected names and values in braces, got {content!r:.40}")
    return dict(content)


def _known(content: Any, kind: type, where: str) -> dict[str, Any]:
    """The values of a dataclass, names and ranges checked."""
    names, values = [f.name for f in fields(kind)], _mapping(content, where)
    for name, value in values.items():
        if name not in names:
            raise UserError(f"{where}: unknown setting '{name}': {did_you_mean(name, names)}")
        if name in RANGES:
            low, high = RANGES[name]
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not (math.isfinite(value) and low <= value <= high):
                raise UserError(f"{where}: {name} is {value!r}; choose from {low:g} to {high:g}")
    return values


def _rounded(content: Any) -> Any:
    if isinstance(content, float):
        return round(content, 3)
    if isinstance(content, Mapping):
        return {name: _rounded(value) for name, value in content.items()}
    return [_rounded(v) for v in content] if isinstance(content, list | tuple) else content
