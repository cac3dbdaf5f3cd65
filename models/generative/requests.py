"""From what a user says to `generate` to `Conditions` and a given lead sheet; every value is
checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from data.chords import parse_key
from data.lead_sheet import LeadSheet
from models.encoders.conditions import Conditions
from utils import NUM_STEMS, STEMS, UserError, did_you_mean

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow


def conditions_of(
    model: HarmonicFlow,
    b: int,
    *,
    text: str | Sequence[str] | None,
    ids: Mapping[str, torch.Tensor | int | None],
    mel: torch.Tensor | None,
    bpm: float | None,
    key: str | None,
    programs: Mapping[str, int] | None,
    plays: Mapping[str, bool] | None,
    density: Mapping[str, float] | None,
    dynamics: float | None,
) -> Conditions:
    """Conditions of b songs; what is None stays unsaid. Arguments as in `HarmonicFlow.generate`."""
    values: dict[str, Any] = {name: _ids(value, b) for name, value in ids.items()}
    if text is not None:
        prompts = [text] * b if isinstance(text, str) else list(text) * (b if len(text) == 1 else 1)
        values["text_tokens"], values["text_mask"] = model.text.encode(prompts)
    if mel is not None:
        values["mel"] = _reference(mel, b)
    if bpm is not None:
        values["tempo"] = torch.full((b,), float(bpm))
    if key is not None:
        values["key"] = torch.full((b,), parse_key(key))
    if dynamics is not None:
        values["dynamics"] = torch.full((b,), float(dynamics))
    values["program"] = _per_stem(programs, -1, torch.long, b)
    values["density"] = _per_stem(density, float("nan"), torch.float32, b)
    values["plays"] = _per_stem(plays, -1, torch.long, b)
    said = Conditions(**{name: v for name, v in values.items() if v is not None})
    return said.checked().to(model.device)


def _ids(value: torch.Tensor | int | None, b: int) -> torch.Tensor | None:
    if value is None:
        return None
    ids = torch.as_tensor(value, dtype=torch.long).reshape(-1)
    return ids.expand(b) if len(ids) == 1 else ids


def _reference(mel: torch.Tensor, b: int) -> torch.Tensor:
    """A reference (f m), (b f m) or (b c f m) as (b f m), channels averaged."""
    mel = torch.as_tensor(mel, dtype=torch.float32)
    mel = mel[None] if mel.ndim == 2 else mel.mean(1) if mel.ndim == 4 else mel
    if mel.ndim != 3:
        raise UserError(f"audio has shape {tuple(mel.shape)}: expected a mel spectrogram (b, f, m)")
    return mel.expand(b, -1, -1) if len(mel) == 1 else mel


def _per_stem(
    values: Mapping[str, Any] | None, unknown: float, dtype: torch.dtype, b: int
) -> torch.Tensor | None:
    """A value per stem (b s), `unknown` where nothing is said."""
    if not values:
        return None
    row = torch.full((NUM_STEMS,), unknown, dtype=dtype)
    for stem, value in values.items():
        if stem not in STEMS:
            raise UserError(f"unknown stem '{stem}': {did_you_mean(stem, STEMS)}")
        row[STEMS.index(stem)] = value
    return row.expand(b, NUM_STEMS)


def given_sheet(
    lead_sheet: LeadSheet | None,
    bpm: float | None,
    key: str | None,
    chords: str | None,
    beats_per_bar: int | None,
    duration: float,
) -> LeadSheet | None:
    """The part of the lead sheet that the user gave; a whole sheet, with single parts put over
    it.
    """
    parts = {"bpm": bpm, "key": key, "chords": chords, "beats_per_bar": beats_per_bar}
    said = {name: value for name, value in parts.items() if value is not None}
    if not said:
        return lead_sheet
    parsed = LeadSheet.parse(**said, duration=duration)
    return parsed if lead_sheet is None else replace(parsed.merged(lead_sheet), duration=duration)
