"""From what was said to what binds a plan, and from a plan back to conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from data.brief import Brief
from data.labels import LABEL_SPECS, collate_labels
from data.lead_sheet import LeadSheet
from models.encoders.conditions import Conditions
from models.generative.emotion import EmotionOffsets, point_of


@dataclass(frozen=True)
class Plan:
    """What the planner wrote for one song.

    Attributes:
        brief: facts of the whole song; what the user said is there exactly as said.
        sheet: its lead sheet, None where nothing was planned or given.
        offsets: by how much the asked emotion leaned on facts and densities; None when none was
            asked.
    """

    brief: Brief
    sheet: LeadSheet | None
    offsets: EmotionOffsets | None = None


def said_labels(conditions: Conditions, index: int) -> dict[str, Any]:
    """What is said about one song in ids and numbers; labels nobody spoke of are missing."""
    found = {}
    for name, value in conditions.said():
        if name in LABEL_SPECS:
            row = value[index].cpu().numpy()
            found[name] = row if row.shape else row.item()
    return found


def mood_of(labels: dict[str, Any]) -> tuple[float, float] | None:
    """Valence and arousal that labels ask for, as numbers or by the name of an emotion.

    A number goes before a name; of two numbers the one that is not said is 0. None when nothing of
    it is said.
    """
    named = labels.get("emotion", -1)
    v, a = (labels.get(name, np.nan) for name in ("valence", "arousal"))
    if np.isnan(v) and np.isnan(a) and named < 0:
        return None
    point = point_of(int(named)) if named >= 0 else (0.0, 0.0)
    return tuple(
        float(p if np.isnan(number) else number) for p, number in zip(point, (v, a), strict=True)
    )


def sounding(said: Conditions, given: torch.Tensor) -> Conditions:
    """Conditions in which stems with given sound, bool (b s), play unless they are said to rest."""
    open_ = torch.full(given.shape, -1) if said.plays is None else said.expanded(len(given)).plays
    plays = torch.where(given.to(open_.device) & (open_ < 0), 1, open_)
    return replace(said.expanded(len(given)), plays=plays.to(_device(said)))


def merged(said: Conditions, briefs: Sequence[Brief]) -> Conditions:
    """Conditions in which what nobody said of a song is what its brief says.

    So a stem that the brief lets rest is silent, and every later part of the model reads the facts
    that the words became.
    """
    planned = collate_labels([brief.labels() for brief in briefs])
    said = said.expanded(len(briefs))
    values = {}
    for name, theirs in planned.items():
        mine = getattr(said, name)
        unknown = LABEL_SPECS[name].unknown
        if mine is not None:
            theirs = theirs.to(mine)
            open_ = mine.isnan() if np.isnan(unknown) else mine == unknown
            theirs = torch.where(open_, theirs, mine)
        values[name] = theirs.to(_device(said))
    return replace(said, **values)


def _device(said: Conditions) -> torch.device:
    return next((value.device for _, value in said.said()), torch.device("cpu"))
