"""The two shapes in which music travels: an `Example` from a source, a `Batch` for a model."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from data.score import Score
from utils import NUM_STEMS

if TYPE_CHECKING:
    import torch


@dataclass
class Example:
    """One segment as a source delivers it.

    Attributes:
        song: stable name of the song, `start`: seconds into it.
        present: bool (s,), False where the stem does not exist (not merely silent).
        audio: float32 (s, t) at 22,050 Hz, zeros where absent; None when only the score was asked
            for.
        score: the segment's score with times relative to its start; None when there is no MIDI.
        score_known: bool (s,), False where a stem's notes must not be trusted (no MIDI, known-bad
            labels).
        tags: facts about the song that are not in the notes: genre, style, emotion, artist_tags,
            caption.
    """

    song: str
    start: float
    present: np.ndarray
    audio: np.ndarray | None = None
    score: Score | None = None
    score_known: np.ndarray = field(default_factory=lambda: np.zeros(NUM_STEMS, bool))
    tags: dict[str, Any] = field(default_factory=dict)


@dataclass
class Batch:
    """Tensors of b segments; a field is None when the stage did not ask for it.

    audio (b s t) float32; roll (b s l p) float32, `data.roll`; sheet (b l k) float32,
    `data.lead_sheet`; plan (b n) long, the sheet's tokens, `data.plan_tokens`;
    sound (b s l d) and notes (b s l d) latents from the cache, performed (b s l d) those that the
    performer makes of the notes; present, score_known (b s) bool;
    labels: name -> tensor, `data.labels`; text: a caption of each as string, captions: several of
    each; text_tokens (b n e) with
    text_mask (b n) bool; mel (b f m) power of a reference; song and start name the segments;
    frames (b m c h w) of pictures and clips, frame_mask (b m) bool, and what is known of each
    frame, seen (b m 8), `data.pictures.dataset`.
    """

    present: torch.Tensor
    score_known: torch.Tensor
    song: list[str]
    start: list[float]
    audio: torch.Tensor | None = None
    roll: torch.Tensor | None = None
    sheet: torch.Tensor | None = None
    plan: torch.Tensor | None = None
    sound: torch.Tensor | None = None
    notes: torch.Tensor | None = None
    performed: torch.Tensor | None = None
    labels: dict[str, torch.Tensor] = field(default_factory=dict)
    text: list[str] | None = None
    captions: list[list[str]] | None = None
    text_tokens: torch.Tensor | None = None
    text_mask: torch.Tensor | None = None
    mel: torch.Tensor | None = None
    frames: torch.Tensor | None = None
    frame_mask: torch.Tensor | None = None
    seen: torch.Tensor | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same batch with every tensor on a device."""
        import torch

        def move(value):
            if isinstance(value, torch.Tensor):
                return value.to(device, non_blocking=True)
            if isinstance(value, dict):
                return {name: move(v) for name, v in value.items()}
            return value

        return Batch(**{f.name: move(getattr(self, f.name)) for f in fields(self)})

    def __len__(self) -> int:
        return len(self.song)
