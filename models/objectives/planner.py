"""Stage "planner": the next token of real songs' briefs and lead sheets, from words or a reference.

Every kind of token counts the same, though a song has one tempo and dozens of chords. What a plan
does not know is read but not scored; only the style may be known to be none, where notes were read.
Only values of the right kind compete, as when planning.
Labels are the header's tokens, so no label is read beside them; a random part of them is said
beforehand, as a user says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional as F

from data.brief import FAMILIES
from data.chords import KEYS
from data.lead_sheet import LeadSheet, sheet_features
from data.plan_tokens import (
    FIRST,
    HEADER_TOKENS,
    NUM_FACTS,
    NUM_TOKENS,
    PAD,
    SIZES,
    START,
    UNDECIDED,
    UNKNOWN,
    Kind,
    decode,
    token_of,
)
from models.encoders.conditions import Conditions
from models.generative.planner import Planner, places_of
from models.generative.reading import READ
from models.objectives import CachedObjective, Losses, Media
from utils import FRAME_RATE

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

DROPOUT = {"text": 0.15, "mel": 0.7}
SAID_SHARE, SAID_NOTHING = 0.3, 0.4  # how often a user names a fact, and names none


class PlannerObjective(CachedObjective):
    """Trains `model.planner` on plans (b n) of segments."""

    fields = frozenset({"notes", "plan", "sheet", "labels", "captions", "mel"})
    lr_scale = 10.0

    def __init__(self, model) -> None:
        super().__init__(model)
        values = torch.arange(NUM_TOKENS)
        first, size = torch.from_numpy(FIRST)[:, None], torch.from_numpy(SIZES)[:, None]
        lowest = first + torch.tensor([kind not in UNDECIDED for kind in Kind])[:, None]
        competing = (values >= lowest) & (values <= first + size)
        self.register_buffer("competing", competing, persistent=False)
        undecided = torch.isin(values, torch.tensor([token_of(k, UNKNOWN) for k in UNDECIDED]))
        self.register_buffer("undecided", undecided, persistent=False)
        unknown = torch.from_numpy(FIRST[:NUM_FACTS])
        self.register_buffer("unknown", unknown, persistent=False)

    @staticmethod
    def trained(model) -> Planner:
        return model.planner

    @classmethod
    def prepare_data(cls, model: HarmonicFlow, dataset: Any, settings: Any) -> Any:
        """The cache; the planner takes note of how far the instruments and keys of its training
        data are varied: not at all, where the source has nothing to say of it.
        """
        if dataset.augment:
            found = getattr(dataset.source, "program_odds", dict)()
            rows = np.stack([found.get(stem, np.zeros(8)) for stem in FAMILIES])
            model.planner.odds.copy_(torch.from_numpy(rows))
            keys = getattr(dataset.source, "key_odds", lambda: np.zeros(len(KEYS)))()
            model.planner.key_odds.copy_(torch.from_numpy(keys))
        return super().prepare_data(model, dataset, settings)

    def forward(self, batch, generator: torch.Generator) -> Losses:
        tokens = _trimmed(batch.plan)
        conditions = self._conditions(batch).dropped(generator, DROPOUT)
        said = self.said(tokens, generator)
        logits = self.model.planner(tokens[:, :-1], conditions, said)
        return self.losses(logits, tokens)

    def said(self, tokens: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Some of the known facts of plans (b n), as tokens (b NUM_FACTS), padding elsewhere."""
        facts = tokens[:, 1:HEADER_TOKENS]
        facts = F.pad(facts, (0, NUM_FACTS - facts.shape[1]), value=PAD)
        draws = torch.rand((len(facts), 1 + NUM_FACTS), generator=generator)
        named = (draws[:, 1:] < SAID_SHARE) & (draws[:, :1] >= SAID_NOTHING)
        return facts.where(named.to(facts.device) & (facts > self.unknown), PAD)

    def _conditions(self, batch) -> Conditions:
        """What a batch says; the sentence encoder is loaded only where there are captions."""
        uncoded = batch.text is not None and batch.text_tokens is None
        said = Conditions.from_batch(batch, self.model.text if uncoded else None)
        return said.only(*READ)

    def losses(self, logits: torch.Tensor, tokens: torch.Tensor) -> Losses:
        """Cross-entropy, and cross-entropy and accuracy of each kind.

        Args:
            logits: (b n-1 v) of the tokens after the first.
            tokens: (b n) whole plans.
        """
        _, kinds = places_of(tokens[:, :-1])
        targets = tokens[:, 1:]
        scored = self.competing[kinds].gather(2, targets[..., None])[..., 0]
        scored &= _notes_read(tokens)[:, None] | ~self.undecided[targets]
        kinds, targets = kinds[scored], targets[scored]
        logits = logits[scored].float().masked_fill(~self.competing[kinds], -torch.inf)
        error = F.cross_entropy(logits, targets, reduction="none")
        right = (logits.argmax(-1) == targets).float()
        parts, means, present = {}, [], []
        for kind in Kind:
            chosen = kinds == kind
            means.append(error[chosen].sum() / chosen.sum().clamp_min(1))
            present.append(chosen.any())
            parts[kind.name.lower()] = means[-1].detach()
            parts[f"{kind.name.lower()}_accuracy"] = right[chosen].sum() / chosen.sum().clamp_min(1)
        num_kinds = torch.stack(present).sum().clamp_min(1)
        return Losses(torch.stack(means).sum() / num_kinds, parts)

    @torch.no_grad()
    def media(self, batch, generator: torch.Generator) -> Media:
        """The first segment's sheet above one planned from its conditions, as a picture."""
        real = batch.plan[0].cpu().numpy()
        if real[0] != START:
            return Media()
        _, sheet = decode(real)
        if not len(sheet):
            return Media()
        conditions = self._conditions(batch).item(0)
        (plan,) = self.model.planner.plan(
            conditions, duration=sheet.duration, generators=[generator]
        )
        return Media(images={"sheet": sheet_picture([sheet, plan.sheet])})


def _notes_read(tokens: torch.Tensor) -> torch.Tensor:
    """Whether plans (b n) are of songs whose notes were read (b,) bool: only notes tell dynamics.

    Of other songs nobody knows whether they have no style or one that nobody named.
    """
    dynamics = tokens[:, 1 + Kind.DYNAMICS : 2 + Kind.DYNAMICS]
    return (dynamics > token_of(Kind.DYNAMICS, UNKNOWN)).any(1)


def _trimmed(tokens: torch.Tensor) -> torch.Tensor:
    """Plans (b n) without the padding that all of them share; at least two tokens."""
    longest = int((tokens != PAD).sum(1).max())
    return tokens[:, : max(longest, 2)]


def sheet_picture(sheets: list[LeadSheet], *, zoom: int = 4) -> np.ndarray:
    """Sheets one above the other, (h, w, 3) uint8: columns downwards, time to the right."""
    num_frames = max(1, round(max(sheet.duration for sheet in sheets) * FRAME_RATE))
    rows = np.concatenate([sheet_features(sheet, num_frames).T for sheet in sheets])
    shade = (255 * np.clip(np.abs(rows), 0.0, 1.0)).astype(np.uint8)
    return np.repeat(np.repeat(shade, zoom, 0)[..., None], 3, -1)
