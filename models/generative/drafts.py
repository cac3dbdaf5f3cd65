"""One song's plan while it is written: what is fixed, what has been chosen, what comes next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from data.lead_sheet import LeadSheet
from data.plan_given import Given
from data.plan_tokens import (
    FIRST,
    HEADER_TOKENS,
    SIZES,
    START,
    UNKNOWN,
    Cursor,
    Kind,
    decode,
    tempo_of,
    token_of,
    value_of,
)

LONGEST_REST_BARS = 3  # of a stem that was asked to play


@dataclass(frozen=True)
class Choice:
    """How a token is drawn: `temperature` 0 takes the likeliest, `top_p` cuts the tail off."""

    temperature: float = 1.0
    top_p: float = 0.95

    def draw(self, logits: np.ndarray, uniform: float) -> int:
        """Index of one of the logits (v,), not all -inf; `uniform` in [0, 1) decides."""
        if self.temperature <= 0:
            return int(logits.argmax())
        shares = np.exp((logits - logits.max()) / self.temperature)
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")
        before = np.cumsum(shares[order]) - shares[order]
        shares[order[before >= self.top_p]] = 0.0
        steps = np.cumsum(shares)
        return int(
            np.searchsorted(steps, uniform * steps[-1], side="right").clip(max=len(steps) - 1)
        )


class Draft:
    """A plan in the making.

    Args:
        given: what the user fixed.
        plays: (s,) 1 where a stem must play, 0 where it must rest, -1 where it is open.
        generator: one number is drawn from it for every token that is not fixed.
        max_bars: bars that the planner reads at once.

    Attributes:
        window: the tokens that the planner reads now; it grows with every token.
        open: whether this window takes another token.
    """

    def __init__(
        self, given: Given, plays: np.ndarray, generator: torch.Generator, max_bars: int
    ) -> None:
        self.given, self.plays, self.generator, self.max_bars = given, plays, generator, max_bars
        self.cursor = Cursor()
        self.tokens = [START]
        self.bar_ends: list[int] = [HEADER_TOKENS]
        self.rests = np.zeros(len(plays), int)
        self.begin_window()

    def begin_window(self) -> None:
        """Starts anew with the header and the later half of the bars read so far."""
        bars = min(len(self.bar_ends) - 1, self.max_bars // 2)
        recent = self.tokens[self.bar_ends[-1 - bars] :] if bars else []
        self.window = self.tokens[:HEADER_TOKENS] + recent
        self.bars_left = self.max_bars - bars
        self.add_fixed()

    @property
    def finished(self) -> bool:
        """Whether whole bars cover the song."""
        if self.cursor.kind != Kind.METER:
            return False
        return self.cursor.first_beat >= self.given.num_beats(self.bpm)

    @property
    def open(self) -> bool:
        return self.bars_left > 0 and not self.finished

    @property
    def bpm(self) -> float:
        """The given tempo, exactly, or that of the tempo token."""
        return self.given.sheet.bpm or tempo_of(value_of(Kind.TEMPO, self.tokens[1]))

    def sheet(self) -> LeadSheet:
        """The lead sheet, given parts exactly as given."""
        return self.given.completed(decode(np.array(self.tokens), bpm=self.bpm))

    def add_fixed(self) -> None:
        """Adds tokens for as long as they are fixed."""
        while self.open and (value := self.fixed_value()) != UNKNOWN:
            self._add(value)

    def fixed_value(self) -> int:
        """The value that the next token must have, -1 when it is free."""
        value = self.given.bins.value(self.cursor)
        stem = self.cursor.kind - Kind.BASS
        if value == UNKNOWN and stem >= 0 and self.plays[stem] == 0:
            return 0
        return value

    def add_drawn(self, logits: np.ndarray, choice: Choice) -> None:
        """Draws the next token, which is free, then adds what is fixed after it.

        Args:
            logits: (v,) float64 for every token of the vocabulary.
        """
        kind = self.cursor.kind
        first = FIRST[kind] + 1
        allowed = logits[first : first + SIZES[kind]].copy()
        if kind >= Kind.BASS and self._must_play(kind - Kind.BASS):
            allowed[0] = -np.inf
        uniform = torch.rand((), generator=self.generator, dtype=torch.float64).item()
        self._add(choice.draw(allowed, uniform))
        self.add_fixed()

    def _must_play(self, stem: int) -> bool:
        """Whether a stem that was asked to play has rested too long, or has its last chance."""
        if self.plays[stem] != 1:
            return False
        next_bar = self.cursor.first_beat + self.cursor.meter
        last_chance = next_bar + self.cursor.meter > self.given.num_beats(self.bpm)
        unheard = self.rests[stem] == self.cursor.bar
        return self.rests[stem] >= LONGEST_REST_BARS or (last_chance and unheard)

    def _add(self, value: int) -> None:
        kind = self.cursor.kind
        self.tokens.append(token_of(kind, value))
        self.window.append(self.tokens[-1])
        if kind >= Kind.BASS:
            stem = kind - Kind.BASS
            self.rests[stem] = self.rests[stem] + 1 if value == 0 else 0
        self.cursor.advance(value)
        if kind == Kind.PIANO:
            self.bar_ends.append(len(self.tokens))
            self.bars_left -= 1
