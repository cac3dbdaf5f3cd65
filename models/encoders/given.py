"""Everything that may be said about the music to come, any part of it null."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from data.labels import LABEL_SPECS
from data.lead_sheet import SHEET_COLUMNS
from models.encoders.labels import check_label
from utils import NUM_STEMS, UserError, did_you_mean

if TYPE_CHECKING:
    from data.batch import Batch
    from models.encoders.text import TextEncoder

SONG_LABELS = tuple(name for name, spec in LABEL_SPECS.items() if not spec.shape)
STEM_LABELS = tuple(name for name, spec in LABEL_SPECS.items() if spec.shape)
NAMES = ("text", *LABEL_SPECS, "mel", "sheet")

SHEET_PARTS: dict[str, tuple[str, ...]] = {
    "sheet_beats": (
        "bar_phase",
        "beat_phase",
        "half_beat_phase",
        "quarter_beat_phase",
        "place_in_bar",
        "tempo",
        "beat_known",
    ),
    "sheet_chords": ("chord_root", "chord_tones", "chord_known"),
    "sheet_key": ("tonic", "mode", "key_known"),
    "sheet_density": ("density", "density_known"),
}
DENSITIES = ("plays", "density", "sheet_density")  # who plays, and how densely


@dataclass(frozen=True, eq=False)
class Conditions:
    """What is said about b songs; None means that nobody said anything about any of them.

    One item of a field can be null as well: a mask of False, an id of -1, a number of nan, a sheet
    of zeros. Both are the same to the encoder, to the bit.

    Attributes:
        text_tokens, text_mask: (b n 384) float states of the sentence encoder, (b n) bool.
        style, emotion, genre: (b,) long ids.
        valence, arousal: (b,) float, -1 to 1.
        tempo: (b,) float beats per minute.
        key: (b,) long, 0-11 major and 12-23 minor.
        meter: (b,) long beats per bar, 2 to 12.
        swing: (b,) float share of the first eighth of a pair, 0.5 straight to 0.67 triplets.
        program: (b s) long General MIDI program; ignored for drums.
        plays: (b s) long, 1 the stem sounds, 0 it rests.
        density: (b s) float onsets per second.
        dynamics: (b,) float mean velocity, 0 to 1.
        register: (b,) float mean MIDI pitch of guitar and piano.
        loudness: (b,) float LUFS of the mix.
        brightness: (b,) float spectral centroid of the mix, octaves over 1 kHz.
        mel, mel_mask: (b f m) or (b c f m) power mel of a reference from
            `utils.compute_mel_spectrogram`, (b,) bool.
        sheet: (b l k) float features of `data.lead_sheet.sheet_features`.
    """

    text_tokens: torch.Tensor | None = None
    text_mask: torch.Tensor | None = None
    style: torch.Tensor | None = None
    emotion: torch.Tensor | None = None
    genre: torch.Tensor | None = None
    valence: torch.Tensor | None = None
    arousal: torch.Tensor | None = None
    tempo: torch.Tensor | None = None
    key: torch.Tensor | None = None
    meter: torch.Tensor | None = None
    swing: torch.Tensor | None = None
    program: torch.Tensor | None = None
    plays: torch.Tensor | None = None
    density: torch.Tensor | None = None
    dynamics: torch.Tensor | None = None
    register: torch.Tensor | None = None
    loudness: torch.Tensor | None = None
    brightness: torch.Tensor | None = None
    mel: torch.Tensor | None = None
    mel_mask: torch.Tensor | None = None
    sheet: torch.Tensor | None = None

    def __post_init__(self) -> None:
        """Completes missing masks; every field must describe the same number of songs."""
        if self.text_tokens is not None and self.text_mask is None:
            mask = torch.ones(self.text_tokens.shape[:2], dtype=torch.bool)
            object.__setattr__(self, "text_mask", mask.to(self.text_tokens.device))
        if self.mel is not None and self.mel_mask is None:
            mask = torch.ones(len(self.mel), dtype=torch.bool, device=self.mel.device)
            object.__setattr__(self, "mel_mask", mask)
        sizes = {name: len(value) for name, value in self.said()}
        if len(set(sizes.values())) > 1:
            listed = ", ".join(f"{name} {size}" for name, size in sizes.items())
            raise UserError(f"conditions describe different numbers of songs: {listed}")

    @staticmethod
    def from_batch(batch: Batch, text: TextEncoder | None = None) -> Conditions:
        """What a batch says about itself: caption, labels, reference, sheet.

        Args:
            batch: captions are taken as tokens where the batch has them, else encoded by `text`.
            text: None leaves captions without tokens out.
        """
        tokens, mask = batch.text_tokens, batch.text_mask
        if tokens is None and batch.text is not None and text is not None:
            tokens, mask = text.encode([caption or "" for caption in batch.text])
        device = batch.present.device
        labels = {
            name: batch.labels[name].to(getattr(torch, spec.dtype))
            for name, spec in LABEL_SPECS.items()
            if name in batch.labels
        }
        values = {"text_tokens": tokens, "text_mask": mask, "mel": batch.mel, "sheet": batch.sheet}
        return Conditions(**labels, **values).to(device)

    @staticmethod
    def stack(a: Conditions, b: Conditions) -> Conditions:
        """The songs of `a`, then those of `b`. Conditions that say nothing have the other's size.

        Texts and references are padded to the longer; a field that one side lacks is null there.
        """
        size_a, size_b = a.batch_size or b.batch_size, b.batch_size or a.batch_size
        joined = {}
        for f in fields(Conditions):
            x, y = getattr(a, f.name), getattr(b, f.name)
            if x is None and y is None:
                continue
            x = _null_like(f.name, y, size_a) if x is None else x
            y = _null_like(f.name, x, size_b) if y is None else y
            joined[f.name] = torch.cat(_padded(f.name, x, y))
        return Conditions(**joined)

    def said(self) -> Iterable[tuple[str, torch.Tensor]]:
        """(field, tensor) of every field that is not None."""
        values = ((f.name, getattr(self, f.name)) for f in fields(self))
        return [(name, value) for name, value in values if value is not None]

    @property
    def batch_size(self) -> int | None:
        """Number of songs; None when nothing is said."""
        return next((len(value) for _, value in self.said()), None)

    @property
    def given(self) -> tuple[str, ...]:
        """The `NAMES` about which something is said of at least one song."""
        fields_of = {"text": "text_mask", "mel": "mel_mask"}
        values = {name: getattr(self, fields_of.get(name, name)) for name in NAMES}
        return tuple(n for n, v in values.items() if v is not None and bool(_known(n, v).any()))

    def to(self, device: torch.device | str) -> Conditions:
        return Conditions(**{name: value.to(device) for name, value in self.said()})

    def without(self, *names: str) -> Conditions:
        """The same with some of `NAMES` not said."""
        _check_names(names)
        return replace(self, **{field: None for name in names for field in _fields(name)})

    def only(self, *names: str) -> Conditions:
        """Nothing but some of `NAMES`."""
        _check_names(names)
        return self.without(*(name for name in NAMES if name not in names))

    def densities(self) -> Conditions:
        """Nothing but who plays and how densely, in labels and in the lead sheet."""
        less = self.only("plays", "density", "sheet")
        for part, columns in SHEET_PARTS.items():
            if part not in DENSITIES:
                less = less._sheet_nulled(
                    torch.ones(less.batch_size or 1, dtype=torch.bool), columns
                )
        return less

    def item(self, index: int) -> Conditions:
        """One song, as a batch of one."""
        index = range(self.batch_size or 1)[index]
        return Conditions(**{name: value[index : index + 1] for name, value in self.said()})

    def expanded(self, batch_size: int) -> Conditions:
        """What is said of one song, said of `batch_size` songs."""
        if self.batch_size in (None, batch_size):
            return self
        if self.batch_size != 1:
            raise UserError(f"conditions for {self.batch_size} songs, but {batch_size} are wanted")
        return Conditions(
            **{name: value.expand(batch_size, *value.shape[1:]) for name, value in self.said()}
        )

    def checked(self) -> Conditions:
        """Itself, when every value exists.

        Raises:
            UserError: an id or number out of its range, a reference or sheet that is not finite.
        """
        for name, value in self.said():
            if name in LABEL_SPECS:
                check_label(name, value)
            elif value.is_floating_point() and not value.isfinite().all():
                raise UserError(f"{name} holds values that are not numbers (nan or infinity)")
        if self.mel is not None and (self.mel < 0).any():
            raise UserError("mel is negative: expected power, not decibels")
        return self

    def dropped(self, generator: torch.Generator, rates: dict[str, float]) -> Conditions:
        """Says less, at random, per song: how a model learns to do without.

        What is said per stem is dropped for all stems at its rate, then for single stems at the
        same rate, because a user may speak of one stem only. What is drawn does not depend on what
        is said.

        Args:
            generator: on the CPU.
            rates: probabilities for `NAMES`, for the `SHEET_PARTS` of the sheet, for `labels`
                (every label at once: only words, a reference or a sheet remain), for `all`, saying
                nothing at all, and for `all_but_densities`, what guidance pulls away from.
        """
        joint = ("all", "all_but_densities", "labels", *SHEET_PARTS)
        _check_names([name for name in rates if name not in joint])
        size = self.batch_size
        if size is None:
            return self
        draw = lambda name, *shape: torch.rand(shape, generator=generator) < rates.get(name, 0.0)
        silent, unlabelled = draw("all", size), draw("labels", size)
        sparing = draw("all_but_densities", size)
        less = self
        for name in NAMES:
            gone = draw(name, size) | silent
            if name not in (*DENSITIES, "sheet"):
                gone = gone | sparing
            if name in LABEL_SPECS:
                gone = gone | unlabelled
            if name in STEM_LABELS:
                gone = gone[:, None] | draw(name, size, NUM_STEMS)
            less = less._nulled(name, gone)
        for part, columns in SHEET_PARTS.items():
            gone = draw(part, size)
            gone = gone if part in DENSITIES else gone | sparing
            less = less._sheet_nulled(gone, columns)
        return less

    def _nulled(self, name: str, gone: torch.Tensor) -> Conditions:
        """Null where `gone`, bool (b,) or (b s)."""
        field = {"text": "text_mask", "mel": "mel_mask"}.get(name, name)
        value = getattr(self, field)
        if value is None:
            return self
        gone = gone.to(value.device).reshape(*gone.shape, *[1] * (value.dim() - gone.dim()))
        return replace(self, **{field: value.masked_fill(gone, null_value(field))})

    def _sheet_nulled(self, gone: torch.Tensor, columns: Iterable[str]) -> Conditions:
        if self.sheet is None:
            return self
        hidden = torch.zeros(self.sheet.shape[-1], dtype=torch.bool)
        for column in columns:
            hidden[SHEET_COLUMNS[column]] = True
        hidden = (gone[:, None, None] & hidden).to(self.sheet.device)
        return replace(self, sheet=self.sheet.masked_fill(hidden, 0.0))


def _fields(name: str) -> tuple[str, ...]:
    """The fields that hold one of `NAMES`."""
    return {"text": ("text_tokens", "text_mask"), "mel": ("mel", "mel_mask")}.get(name, (name,))


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in NAMES:
            raise UserError(f"unknown condition '{name}': {did_you_mean(name, NAMES)}")


def null_value(field: str) -> float | int | bool:
    """The value that says nothing; tokens and mels have none, their masks speak for them."""
    if field in LABEL_SPECS:
        return LABEL_SPECS[field].unknown
    return False if field.endswith("_mask") else 0.0


def _known(field: str, value: torch.Tensor) -> torch.Tensor:
    """Where a value says something."""
    null = null_value(field)
    return ~value.isnan() if math.isnan(null) else value != null


def _null_like(field: str, value: torch.Tensor, size: int) -> torch.Tensor:
    return value.new_full((size, *value.shape[1:]), null_value(field))


def _padded(field: str, x: torch.Tensor, y: torch.Tensor) -> list[torch.Tensor]:
    """Two tensors of one field, the shorter padded along tokens or analysis frames."""
    axis = {"text_tokens": 1, "text_mask": 1, "mel": -1}.get(field)
    if axis is None or x.shape[axis] == y.shape[axis]:
        return [x, y]
    longest = max(x.shape[axis], y.shape[axis])
    after = [0, 0] if field == "text_tokens" else []
    return [F.pad(z, [*after, 0, longest - z.shape[axis]]) for z in (x, y)]
