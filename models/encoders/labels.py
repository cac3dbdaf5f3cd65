"""Embeddings of what is said about a song in one id or one number, each with a learned null.

An id of -1 and a number of nan mean that nobody said anything; they give exactly the null
embedding. Numbers enter as smooth features, so that 121 bpm lies beside 120.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import nn

from data.chords import KEYS
from data.labels import EMOTIONS, GENRES, STYLES
from data.lead_sheet import BPM_RANGE
from data.score import DRUM_PROGRAM
from utils import STEMS, UserError

ID_NAMES: dict[str, Sequence[str]] = {
    "style": STYLES,
    "emotion": EMOTIONS,
    "genre": GENRES,
    "key": KEYS,
}
MAX_METER = 12
NUMBER_RANGES: dict[str, tuple[float, float, str]] = {
    "valence": (-1.0, 1.0, "from unpleasant to pleasant"),
    "arousal": (-1.0, 1.0, "from calm to excited"),
    "tempo": (*BPM_RANGE, "beats per minute"),
    "meter": (2, MAX_METER, "beats per bar"),
    "swing": (0.5, 0.75, "of a pair of eighths for the first"),
    "dynamics": (0.0, 1.0, "of full velocity"),
    "register": (0.0, 127.0, "as MIDI pitch"),
    "loudness": (-70.0, 6.0, "LUFS"),
    "brightness": (-5.0, 3.5, "octaves over 1 kHz"),
    "density": (0.0, 100.0, "onsets per second"),
}
INIT_STD = 0.15  # about the spread of what a fresh number embedding gives


def check_label(name: str, values: torch.Tensor) -> None:
    """Raises `UserError` where ids or numbers of a label lie outside what exists; null is fine."""
    if name in NUMBER_RANGES:
        low, high, unit = NUMBER_RANGES[name]
        bad = (values < low) | (values > high)
        bad = bad if values.is_floating_point() else bad & (values != -1)
        valid = f"expected {low:g} to {high:g} {unit}"
    elif name in ID_NAMES:
        bad, valid = (values < -1) | (values >= len(ID_NAMES[name])), numbered(name)
    elif name == "program":
        drum = torch.tensor([stem == "drums" for stem in STEMS], device=values.device)
        bad = (values < -1) | (values > torch.where(drum, DRUM_PROGRAM, DRUM_PROGRAM - 1))
        valid = "expected a General MIDI program, 0-127 (0 piano, 24 guitar, 32 bass), or -1"
    else:
        bad, valid = (values < -1) | (values > 1), "expected 1 (plays), 0 (rests) or -1 (either)"
    if bad.any():
        raise UserError(f"{name} {values[bad][0].item():g} does not exist: {valid}")


def numbered(name: str) -> str:
    """The end of an error message: the valid ids of a label with their names."""
    names = ID_NAMES[name]
    choices = ", ".join(f"{i} {known}" for i, known in enumerate(names))
    return f"choose from 0-{len(names) - 1} ({choices}), or -1 for no {name}"


class Nullable(nn.Module):
    """Base: the embedding of a value where it is known, a learned null where it is not."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.null = nn.Parameter(INIT_STD * torch.randn(width))

    def choose(self, embedded: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """`embedded` (..., e) where `known` (...) is True, the null embedding elsewhere."""
        return torch.where(known[..., None], embedded, self.null.to(embedded.dtype))


class IdEmbedding(Nullable):
    """A table for ids (...) long -> (..., e); -1 is null."""

    def __init__(self, num_ids: int, width: int) -> None:
        super().__init__(width)
        self.table = _table(num_ids, width)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.choose(self.table(ids.clamp_min(0)), ids >= 0)


class NumberEmbedding(Nullable):
    """Smooth features of numbers (...) float -> (..., e); nan is null.

    Args:
        width: e.
        scale: maps the number, in its own unit, to about [-1, 1] along the axis on which equal
            steps sound equal.
        num_octaves: sines and cosines of periods 4, 2, 1, ... of the scaled number; the shortest
            period is the finest difference that is easy to learn.
    """

    def __init__(
        self, width: int, scale: Callable[[torch.Tensor], torch.Tensor], *, num_octaves: int = 4
    ) -> None:
        super().__init__(width)
        self.scale = scale
        frequencies = 0.5 * math.pi * 2.0 ** torch.arange(num_octaves)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.project = _perceptron(1 + 2 * num_octaves, width)

    def forward(self, numbers: torch.Tensor) -> torch.Tensor:
        known = ~numbers.isnan()
        x = self.scale(torch.where(known, numbers, torch.ones_like(numbers)))[..., None]
        angles = x * self.frequencies
        return self.choose(self.project(torch.cat([x, angles.sin(), angles.cos()], -1)), known)


def tempo_scale(bpm: torch.Tensor) -> torch.Tensor:
    """Octaves of tempo around 120 bpm; 60 is -1 and 240 is +1."""
    return torch.log2(bpm / 120.0)


def density_scale(onsets_per_second: torch.Tensor) -> torch.Tensor:
    """0 for silence, 1 at about 15 onsets per second."""
    return torch.log1p(onsets_per_second) / math.log(16.0)


def dynamics_scale(level: torch.Tensor) -> torch.Tensor:
    """Mean velocity, 0 to 1, around mezzo forte."""
    return 2.0 * level - 1.0


def as_is(value: torch.Tensor) -> torch.Tensor:
    """Valence and arousal lie in [-1, 1] already."""
    return value


def swing_scale(share: torch.Tensor) -> torch.Tensor:
    """-1 for straight eighths, 1 for triplets."""
    return 12.0 * (share - 0.5) - 1.0


def register_scale(pitch: torch.Tensor) -> torch.Tensor:
    """Octaves around middle C, halved: 36 is -1 and 84 is 1."""
    return (pitch - 60.0) / 24.0


def loudness_scale(lufs: torch.Tensor) -> torch.Tensor:
    """-34 LUFS is -1, -14 is 0, 6 is 1."""
    return (lufs + 14.0) / 20.0


def brightness_scale(octaves: torch.Tensor) -> torch.Tensor:
    """Half the octaves over 1 kHz."""
    return octaves / 2.0


# number labels of a whole song -> their scale
SONG_SCALES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "valence": as_is,
    "arousal": as_is,
    "tempo": tempo_scale,
    "swing": swing_scale,
    "dynamics": dynamics_scale,
    "register": register_scale,
    "loudness": loudness_scale,
    "brightness": brightness_scale,
}


class KeyEmbedding(Nullable):
    """Keys (...) long, 0-11 major and 12-23 minor on C, C#, ... -> (..., e); -1 is null.

    The tonic is a point on the circle of fifths, so neighbouring keys share most of their notes and
    most of their embedding.
    """

    def __init__(self, width: int, *, num_harmonics: int = 3) -> None:
        super().__init__(width)
        harmonics = torch.arange(1.0, num_harmonics + 1)
        fifths = (torch.arange(24) % 12) * 7 % 12
        angles = (2 * math.pi / 12) * fifths[:, None] * harmonics
        circle = torch.cat([angles.sin(), angles.cos()], -1)
        mode = torch.where(torch.arange(24) < 12, 1.0, -1.0)[:, None]
        features = torch.cat([mode, circle, mode * circle], -1)
        self.register_buffer("features", features, persistent=False)
        self.project = _perceptron(features.shape[-1], width)

    def forward(self, keys: torch.Tensor) -> torch.Tensor:
        return self.choose(self.project(self.features[keys.clamp_min(0)]), keys >= 0)


class MeterEmbedding(IdEmbedding):
    """Beats per bar (...) long, 2-12 -> (..., e); -1 is null."""

    def __init__(self, width: int) -> None:
        super().__init__(MAX_METER + 1, width)


class ProgramEmbedding(Nullable):
    """General MIDI programs (...) long, 0-127 -> (..., e); -1 and the drum kit (128) are null.

    An instrument is its family (eight neighbouring programs) plus what sets it apart, so a rare
    instrument inherits from its family.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.families = _table(16, width)
        self.programs = _table(128, width)

    def forward(self, programs: torch.Tensor) -> torch.Tensor:
        known = (programs >= 0) & (programs < DRUM_PROGRAM)
        safe = torch.where(known, programs, torch.zeros_like(programs))
        return self.choose(self.families(safe // 8) + self.programs(safe), known)


class StemEmbedding(nn.Module):
    """What is said about each stem in one token: its program, whether it plays, how densely.

    program, plays long (b s), density float (b s) -> (b s e). The drum stem has no program.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Parameter(INIT_STD * torch.randn(len(STEMS), width))
        self.program = ProgramEmbedding(width)
        self.plays = IdEmbedding(2, width)
        self.density = NumberEmbedding(width, density_scale)
        pitched = torch.tensor([stem != "drums" for stem in STEMS])
        self.register_buffer("pitched", pitched, persistent=False)

    def forward(
        self, program: torch.Tensor, plays: torch.Tensor, density: torch.Tensor
    ) -> torch.Tensor:
        program = torch.where(self.pitched, program, torch.full_like(program, -1))
        return self.stem + self.program(program) + self.plays(plays) + self.density(density)


def _table(num_rows: int, width: int) -> nn.Embedding:
    table = nn.Embedding(num_rows, width)
    nn.init.normal_(table.weight, std=INIT_STD)
    return table


def _perceptron(num_features: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(num_features, width), nn.SiLU(), nn.Linear(width, width))
