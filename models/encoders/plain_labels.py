"""What is said in numbers and names, one column each: what a linear map can read off.

A number takes two columns, its value on the scale on which equal steps sound equal and a 1 that
says it is known; a name takes one column of its table. What nobody said is zero, so that it adds
nothing to a map without a bias, to the bit.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from data.chords import KEYS
from models.encoders.given import Conditions
from models.encoders.labels import ID_NAMES, MAX_METER, SONG_SCALES, density_scale
from utils import STEMS

FAMILY = 8  # neighbouring General MIDI programs, which sound alike
NUM_FAMILIES = 16
TABLES = {name: len(ID_NAMES[name]) for name in ("style", "emotion", "genre")}
TABLES |= {"key": len(KEYS), "meter": MAX_METER + 1}
NUM_SONG_COLUMNS = 2 * len(SONG_SCALES) + sum(TABLES.values())
NUM_STEM_COLUMNS = 2 + 2 + NUM_FAMILIES


def song_columns(said: Conditions) -> torch.Tensor:
    """(b k) of the labels of whole songs; every label is there, null where nothing is said."""
    numbers = [_number(scale(getattr(said, name))) for name, scale in SONG_SCALES.items()]
    names = [_name(getattr(said, name), size) for name, size in TABLES.items()]
    return torch.cat([*numbers, *names], -1)


def stem_columns(said: Conditions) -> torch.Tensor:
    """(b s k) of what is said of each stem: how densely it plays, whether, on what instrument."""
    drums = torch.tensor([stem == "drums" for stem in STEMS], device=said.program.device)
    family = torch.where(drums | (said.program < 0), -1, said.program // FAMILY)
    density = _number(density_scale(said.density))
    return torch.cat([density, _name(said.plays, 2), _name(family, NUM_FAMILIES)], -1)


def _number(x: torch.Tensor) -> torch.Tensor:
    """(...) -> (... 2): the number and that it is known; nan is two zeros."""
    known = ~x.isnan()
    return torch.stack([torch.where(known, x, torch.zeros_like(x)), known.to(x.dtype)], -1)


def _name(ids: torch.Tensor, size: int) -> torch.Tensor:
    """(...) long -> (... size), one at the id; -1 is zeros."""
    hot = F.one_hot(ids.clamp_min(0), size).to(torch.get_default_dtype())
    return hot * (ids >= 0)[..., None]
