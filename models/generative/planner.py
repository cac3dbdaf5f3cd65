"""The planner: writes a lead sheet, bar by bar, from conditions and whatever part of it is given.

A small causal transformer over the tokens of `data.plan_tokens` that reads the condition tokens by
cross-attention. What the user fixed is not sampled: those tokens are put in as they are and the
others follow. A long song is written in windows: when one is full, the next begins with the header
and the last bars of the one before, so memory does not grow with the song. The planner does not
know song form: nothing tells it where in a song a bar lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from data.lead_sheet import LeadSheet
from data.plan_given import Given
from data.plan_tokens import FIRST, HEADER_TOKENS, MAX_METER, NUM_TOKENS, PAD, Kind
from models.encoders.conditions import ConditionConfig, ConditionEncoder, Conditions, Context
from models.generative.causal import CausalTransformer, Memory
from models.generative.drafts import Choice, Draft
from utils import NUM_STEMS, UserError, eval_mode

NUM_PLACES = MAX_METER + NUM_STEMS + 1


@dataclass(frozen=True)
class PlannerConfig:
    """Sizes of the planner.

    width, depth, heads: of the transformer. max_bars: how many bars it reads at once, the later
    half of which it remembers when it goes on; about as many as the plans it learned from hold
    (12 s at 120 bpm: 6). conditions: sizes of its own condition encoder.
    """

    width: int = 192
    depth: int = 4
    heads: int = 6
    max_bars: int = 8
    conditions: ConditionConfig = field(
        default_factory=lambda: ConditionConfig(
            width=128, sheet_width=1, audio_tokens=4, audio_width=64
        )
    )


def places_of(tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Where tokens (b n) of a plan lie.

    Returns:
        place in its bar, counted from the bar's meter token (from the start in the header), and the
        `Kind` of the token that follows, both long (b n).
    """
    index = torch.arange(tokens.shape[1], device=tokens.device).expand_as(tokens)
    is_meter = (tokens > int(FIRST[Kind.METER])) & (tokens < int(FIRST[Kind.CHORD]))
    opening = torch.where(is_meter, index, -1).cummax(1).values
    place = index - opening.clamp_min(0)
    meter = tokens.gather(1, opening.clamp_min(0)) - int(FIRST[Kind.METER])
    stem = place - meter
    following = torch.where(stem < NUM_STEMS, Kind.BASS + stem, int(Kind.METER))
    following = torch.where(stem < 0, int(Kind.CHORD), following)
    following = torch.where(opening < 0, index.clamp_max(Kind.METER), following)
    return place.clamp_max(NUM_PLACES - 1), following


class Planner(nn.Module):
    """Conditions -> lead sheets.

    A reference recording is read only by a planner that has seen some in training (`hears`).
    """

    def __init__(self, config: PlannerConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or PlannerConfig()
        self.encoder = ConditionEncoder(config.conditions)
        self.encoder.sheet = nn.Identity()  # the sheet is what it writes, not what it reads
        context_width = config.conditions.width
        self.token = nn.Embedding(NUM_TOKENS, config.width)
        self.place = nn.Embedding(NUM_PLACES, config.width)
        self.following = nn.Embedding(len(Kind), config.width)
        self.header = nn.Linear(config.width, config.width)
        self.pooled = nn.Linear(context_width, config.width)
        self.transformer = CausalTransformer(
            config.width, context_width, depth=config.depth, heads=config.heads
        )
        self.head = nn.Linear(config.width, NUM_TOKENS)
        self.register_buffer("hears", torch.zeros((), dtype=torch.bool))

    def forward(self, tokens: torch.Tensor, conditions: Conditions) -> torch.Tensor:
        """Logits (b n v) of the token after each of tokens (b n), which begin with START."""
        if self.training and conditions.mel is not None:
            self.hears.fill_(True)
        return self._logits(tokens, self._read(conditions, len(tokens)), Memory())

    def plan(
        self,
        conditions: Conditions,
        *,
        duration: float,
        given: LeadSheet | None | Sequence[LeadSheet | None] = None,
        generators: Sequence[torch.Generator],
        temperature: float = 1.0,
        top_p: float = 0.95,
    ) -> list[LeadSheet]:
        """Lead sheets of songs that start on a downbeat at time 0.

        Args:
            conditions: of b songs, or of one for all; they pull. Of them only `plays` binds: a stem
                with 0 rests throughout, one with 1 never rests for more than three bars.
            duration: seconds; the last beat of a sheet lies at or after it.
            given: what binds, of each song or of all: known beats, chords, key and densities come
                back exactly as they are, a sheet without times repeats bar by bar. Chords given
                without a key bring the key that they suggest.
            generators: one CPU generator per song; the same one gives the same sheet in any batch.
            temperature: 0 takes the likeliest token, 1 samples what was learned.
            top_p: samples from the likeliest tokens that make up this share.

        Raises:
            UserError: a duration that is not positive, or another number of sheets than songs.
        """
        if not duration > 0:
            raise UserError(f"duration is {duration} s; a plan needs more than 0")
        drafts = self._drafts(conditions, duration, given, generators)
        with eval_mode(self):
            context = self._read(conditions.expanded(len(drafts)), len(drafts))
            while not all(draft.finished for draft in drafts):
                self._write_window(drafts, context, Choice(temperature, top_p))
                for draft in drafts:
                    if not draft.finished:
                        draft.begin_window()
        return [draft.sheet() for draft in drafts]

    def _drafts(
        self,
        conditions: Conditions,
        duration: float,
        given: LeadSheet | None | Sequence[LeadSheet | None],
        generators: Sequence[torch.Generator],
    ) -> list[Draft]:
        """An empty plan for every generator."""
        songs = len(generators)
        sheets = [given] * songs if given is None or isinstance(given, LeadSheet) else list(given)
        if len(sheets) != songs:
            raise UserError(f"{len(sheets)} lead sheets for {songs} songs: give one or each")
        plays = np.full((songs, NUM_STEMS), -1)
        if conditions.plays is not None:
            plays = conditions.expanded(songs).plays.cpu().numpy()
        known = [Given.of(sheet, duration) for sheet in sheets]
        return [
            Draft(fixed, stems, generator, self.config.max_bars)
            for fixed, stems, generator in zip(known, plays, generators, strict=True)
        ]

    def _write_window(self, drafts: list[Draft], context: Context, choice: Choice) -> None:
        """Lets every draft fill its window; all read equally many tokens at a time."""
        memory = Memory()
        while waiting := [draft for draft in drafts if draft.open]:
            length = min(len(draft.window) for draft in waiting)
            rows = [(draft.window + [PAD] * length)[:length] for draft in drafts]
            tokens = torch.tensor(rows, device=context.tokens.device)
            logits = self._logits(tokens, context, memory)[:, -1].double().cpu().numpy()
            for draft, row in zip(drafts, logits, strict=True):
                if draft.open and len(draft.window) == length:
                    draft.add_drawn(row, choice)

    def _read(self, conditions: Conditions, batch_size: int) -> Context:
        device = self.head.weight.device
        unread = ("sheet",) if self.hears else ("sheet", "mel")
        return self.encoder(conditions.without(*unread), batch_size, 1, device)

    def _logits(self, tokens: torch.Tensor, context: Context, memory: Memory) -> torch.Tensor:
        """Logits (b n v) after those of tokens (b m) that are not in `memory` yet."""
        new = slice(memory.length, None)
        x = self._embed(tokens)[:, new] + self.pooled(context.pooled)[:, None]
        return self.head(self.transformer(x, context.tokens, context.mask, memory))

    def _embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Tokens (b n) -> (b n width); each carries the tempo and key that stand before it."""
        place, following = places_of(tokens)
        embedded = self.token(tokens)
        header = self.header(embedded[:, :HEADER_TOKENS]).cumsum(1)
        latest = torch.arange(tokens.shape[1], device=tokens.device).clamp_max(HEADER_TOKENS - 1)
        return embedded + header[:, latest] + self.place(place) + self.following(following)
