"""What the composer is told on the way to a target: ids, mood, instruments, swing; and facts of the
the song that stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data.bars import meter_of
from data.lead_sheet import BPM_RANGE
from models.encoders.conditions import Conditions
from models.generative.emotion import point_of
from models.generative.requests import heard_of, per_stem
from models.style_transfer.content import Content
from models.style_transfer.habits import habits_of
from models.style_transfer.target import Part, Target
from utils import UserError

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

LENT = ("loudness", "brightness")  # by a reference; its tempo is not taken over


@dataclass(frozen=True)
class Change:
    """What is wished: from what, to what, how far (0 to 1), and on whose instruments."""

    content: Content
    target: Target
    strength: float
    keep_instruments: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 1.0:
            expected = "choose from 0 (the song) to 1 (a new one)"
            raise UserError(f"strength is {self.strength:g}: {expected}")


def conditions_of(model: HarmonicFlow, change: Change) -> Conditions:
    """What the composer is told of each of the target's k parts; no lead sheet yet."""
    content, target, parts = change.content, change.target, change.target.parts
    k = len(parts)
    ids = lambda name: torch.tensor([part.ids.get(name, -1) for part in parts])
    values: dict[str, Any] = {name: ids(name) for name in ("style", "genre", "emotion")}
    moods = [_mood(part) for part in parts]
    values["valence"], values["arousal"] = torch.tensor(moods).T
    values["swing"] = torch.tensor([_swing(part, content.swing, change.strength) for part in parts])
    chosen = [content.programs if change.keep_instruments else _programs(p, content) for p in parts]
    values["program"] = torch.stack([per_stem(p, -1, torch.long) for p in chosen])
    values["plays"] = torch.from_numpy(content.plays).long().expand(k, -1)
    told = _facts(content) | _lent(target)
    values |= {n: torch.as_tensor(v).expand(k, *np.shape(v)) for n, v in told.items()}
    if target.text is not None:
        values["text_tokens"], values["text_mask"] = model.text.encode([target.text] * k)
    return Conditions(**values).checked()


def _mood(part: Part) -> tuple[float, float]:
    """Valence and arousal of the part's emotion, unknown without one."""
    if "emotion" not in part.ids:
        return float("nan"), float("nan")
    return point_of(part.ids["emotion"])


def _swing(part: Part, own: float, strength: float) -> float:
    """Between the song's swing and the style's; whichever is known where one is not."""
    habits = habits_of(part.ids)
    if habits is None or np.isnan(own):
        return own if habits is None else habits.swing
    return (1.0 - strength) * own + strength * habits.swing


def _programs(part: Part, content: Content) -> dict[str, int]:
    """The instruments of the part's style; without a style, the song's."""
    habits = habits_of(part.ids)
    return content.programs if habits is None else dict(habits.programs)


def _facts(content: Content) -> dict[str, Any]:
    """Tempo, key and meter of the song, where they are known."""
    sheet, told = content.sheet, {}
    if sheet is None:
        return told
    if sheet.bpm is not None and BPM_RANGE[0] <= sheet.bpm <= BPM_RANGE[1]:
        told["tempo"] = sheet.bpm
    if sheet.key_index is not None:
        told["key"] = sheet.key_index
    return told | {"meter": meter_of(sheet.beat_in_bar)}


def _lent(target: Target) -> dict[str, Any]:
    """What a reference says: how it sounds, and how loud and bright it is."""
    mel, heard = heard_of(target.reference)
    if mel is None:
        return {}
    if mel.ndim != 2:
        raise UserError(
            f"the reference has shape {tuple(mel.shape)}: expected a waveform (t,) or a mel (f, m)"
        )
    return {"mel": mel} | {name: heard[name] for name in LENT if name in heard}
