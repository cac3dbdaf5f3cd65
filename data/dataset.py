"""Segments as tensors, with counter-based randomness: sample i of epoch e is always the same.

A data set index counts samples since training began: `index = epoch * len(source) + i`. Order,
place in the song, augmentation and caption are functions of (seed, epoch, i) alone, so the number
of workers, an interruption or a resumed run change nothing. `data.loader` makes batches of it.
"""

from __future__ import annotations

import copy
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data.batch import Example
from data.quarantine import Quarantine
from data.sources import Source
from utils import FRAME_SAMPLES, SEGMENT_FRAMES, STEMS, UserError, counter_rng

if TYPE_CHECKING:
    from data.lead_sheet import LeadSheet

FIELDS = frozenset({"audio", "roll", "sheet", "plan", "labels", "text", "captions"})
SCORE_FIELDS = FIELDS - {"audio"}
DESCRIPTION = SCORE_FIELDS - {"roll"}
CAPTIONS = 4  # of a segment, where several are asked for
MAX_ATTEMPTS = 20
ORDER, PLACE, WORDS = 0, 1, 2


@dataclass
class Segment:
    """One row of a `Batch`: the same fields without the b axis; latents and tokens come from a
    cache.
    """

    song: str
    start: float
    present: torch.Tensor
    score_known: torch.Tensor
    audio: torch.Tensor | None = None
    roll: torch.Tensor | None = None
    sheet: torch.Tensor | None = None
    plan: torch.Tensor | None = None
    labels: dict[str, Any] = field(default_factory=dict)
    text: str | None = None
    captions: list[str] | None = None
    sound: torch.Tensor | None = None
    notes: torch.Tensor | None = None
    performed: torch.Tensor | None = None
    mel: torch.Tensor | None = None
    text_tokens: torch.Tensor | None = None
    text_mask: torch.Tensor | None = None


class SegmentDataset(torch.utils.data.Dataset):
    """Map-style data set over a source; any non-negative index is valid.

    Args:
        source: where the segments come from.
        seed: of everything random.
        fields: what each segment carries, of `FIELDS`; others (latents) are ignored here.
        num_frames: length of a segment in latent frames.
        augment: True draws order, place and changes anew each epoch (training); False gives the
            source's own fixed, unshifted segments in its own order (validation).
        quarantine: file that lists unreadable songs; None for a temporary file.
    """

    def __init__(
        self,
        source: Source,
        *,
        seed: int = 0,
        fields: Collection[str] = ("audio",),
        num_frames: int = SEGMENT_FRAMES,
        augment: bool = True,
        quarantine: str | Path | None = None,
    ) -> None:
        if len(source) == 0:
            raise UserError("the data holds no segment: no song is there or all are empty")
        self.source = source
        self.seed = seed
        self.fields = FIELDS & frozenset(fields)
        self.num_frames = num_frames
        self.augment = augment
        self.quarantine = Quarantine(quarantine)
        self._epoch_order: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Segment:
        epoch, i = divmod(int(index), len(self.source))
        if not self.augment:
            epoch = 0
        for attempt in range(MAX_ATTEMPTS):
            try:
                return self._segment(epoch, i, attempt)
            except UserError as error:
                self.quarantine.add(error, self.source.num_songs)
        raise UserError(
            f"{MAX_ATTEMPTS} segments in a row cannot be read; the bad songs are listed in "
            f"{self.quarantine.path}"
        )

    def _segment(self, epoch: int, i: int, attempt: int) -> Segment:
        """Segment i of an epoch; each attempt after the first puts another one in its place."""
        place = counter_rng(self.seed, PLACE, epoch, i, attempt)
        position = int(place.integers(len(self.source))) if attempt else self._order(epoch)[i]
        example = read_example(
            self.source,
            int(position),
            self.fields,
            num_frames=self.num_frames,
            rng=place if self.augment else None,
        )
        words = counter_rng(self.seed, WORDS, epoch, i, attempt)
        return to_segment(example, self.fields, self.num_frames, words)

    def _order(self, epoch: int) -> np.ndarray:
        """Which source segment comes when: a permutation per epoch, or the source's own order."""
        if self._epoch_order is None or self._epoch_order[0] != epoch:
            count = len(self.source)
            shuffled = counter_rng(self.seed, ORDER, epoch).permutation(count)
            self._epoch_order = (epoch, shuffled if self.augment else np.arange(count))
        return self._epoch_order[1]


def read_example(
    source: Source,
    position: int,
    fields: Collection[str],
    *,
    num_frames: int = SEGMENT_FRAMES,
    rng: np.random.Generator | None = None,
) -> Example:
    """Segment `position` of a source with what the fields need.

    One without notes comes with its audio where it is to be described, so that it can be heard.

    Args:
        fields: of `FIELDS`.
        rng: as in `data.sources.Source.example`.
    """
    again = copy.deepcopy(rng)
    needs = {"num_frames": num_frames, "need_score": bool(SCORE_FIELDS & set(fields))}
    example = source.example(position, need_audio="audio" in fields, rng=rng, **needs)
    if example.score is None and example.audio is None and DESCRIPTION & set(fields):
        return source.example(position, need_audio=True, rng=again, **needs)
    return example


def to_segment(
    example: Example, fields: Collection[str], num_frames: int, rng: np.random.Generator
) -> Segment:
    """The tensors of an example: audio, roll, lead sheet, labels and caption, those asked for.

    Args:
        fields: of `FIELDS`; "text" needs the lead sheet and labels and computes them for itself.
        num_frames: latent frames in the segment.
        rng: chooses the words of the caption.
    """
    segment = Segment(
        example.song,
        example.start,
        torch.from_numpy(np.asarray(example.present, bool)),
        torch.from_numpy(np.asarray(example.score_known, bool)),
    )
    if "audio" in fields:
        segment.audio = _audio(example, num_frames)
    if "roll" in fields:
        segment.roll = _roll(example, num_frames)
    if DESCRIPTION & set(fields):
        _describe(segment, example, fields, num_frames, rng)
    return segment


def _audio(example: Example, num_frames: int) -> torch.Tensor:
    """Float32 (s, t), exactly `num_frames` long."""
    assert example.audio is not None, "the source was asked for audio and gave none"
    expected = (len(STEMS), num_frames * FRAME_SAMPLES)
    assert example.audio.shape == expected, f"audio {example.audio.shape}, expected {expected}"
    return torch.from_numpy(np.ascontiguousarray(example.audio, np.float32))


def _roll(example: Example, num_frames: int) -> torch.Tensor:
    """Float32 (s, l, p), zeros where the notes are unknown."""
    from data.roll import ROLL_ROWS, to_roll

    roll = np.zeros((len(STEMS), num_frames, ROLL_ROWS), np.float32)
    if example.score is not None:
        roll = np.asarray(to_roll(example.score, num_frames), np.float32)
        roll = roll * np.asarray(example.score_known, np.float32)[:, None, None]
    return torch.from_numpy(np.ascontiguousarray(roll))


def _describe(
    segment: Segment,
    example: Example,
    fields: Collection[str],
    num_frames: int,
    rng: np.random.Generator,
) -> None:
    """Fills in what words say about a segment: lead sheet, labels, caption."""
    from data.lead_sheet import sheet_features

    sheet, labels = describe(example)
    if "sheet" in fields:
        features = np.asarray(sheet_features(sheet, num_frames, swing=labels["swing"]), np.float32)
        segment.sheet = torch.from_numpy(np.ascontiguousarray(features))
    segment.labels = labels if "labels" in fields else {}
    if "plan" in fields:
        from data.plan_tokens import encode_sheet

        segment.plan = torch.from_numpy(encode_sheet(sheet, labels))
    if "text" in fields:
        segment.text = _captions(example, labels, sheet, rng, 1)[0]
    if "captions" in fields:
        segment.captions = _captions(example, labels, sheet, rng, CAPTIONS)


def describe(example: Example) -> tuple[LeadSheet | None, dict[str, Any]]:
    """Lead sheet and labels: read from the notes, or heard in the audio where there are no notes.

    What is said of a stem is unknown where it exists but its notes must not be trusted.
    """
    from data.labels import labels_of
    from data.lead_sheet import LeadSheet

    if example.score is None and example.audio is not None:
        from data.listening import listen

        heard = listen(example.audio, example.present)
        return heard.sheet(), heard.labels(example.tags)
    if example.score is None:
        return None, labels_of(None, example.tags, example.present)
    sheet = LeadSheet.from_score(example.score)
    density = np.where(example.score_known, np.asarray(sheet.density, np.float64), np.nan)
    sheet = replace(sheet, density=density)
    trusted = np.asarray(example.present, bool) & np.asarray(example.score_known, bool)
    return sheet, labels_of(example.score, example.tags, trusted, sheet, example.audio)


def _captions(
    example: Example,
    labels: dict[str, Any],
    sheet: LeadSheet | None,
    rng: np.random.Generator,
    count: int,
) -> list[str]:
    """Captions of a segment: the user's own where there are any, else from its labels."""
    from data.captioning.feel import feel_of
    from data.captions import captions

    own = example.tags.get("caption")
    if not own:
        feel = feel_of(example.score, sheet, example.score_known)
        return captions(labels, sheet, rng, count, feel=feel)
    own = [own] if isinstance(own, str) else list(own)
    return [str(own[i]) for i in rng.integers(len(own), size=count)]
