"""One song's plan while it is written: what is fixed, what has been chosen, what comes next."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from data.brief import Brief, tempo_of
from data.lead_sheet import LeadSheet
from data.plan_given import Given
from data.plan_tokens import (
    HEADER_TOKENS,
    LEVELS,
    NUM_FACTS,
    PAD,
    SIZES,
    START,
    UNDECIDED,
    UNKNOWN,
    Cursor,
    Kind,
    decode,
    described,
    token_of,
    value_of,
)
from models.generative.emotion import EmotionCurve, offsets
from models.generative.tilts import denser, moved, towards
from utils import NUM_STEMS

LONGEST_REST_BARS = 3  # of a stem that plays
LONGEST_SAID_REST_BARS = 1  # of one that was told to
FAINT = 0.2  # strokes per beat; a bar with no more counts as a rest
AUDIBLE = int(np.searchsorted(LEVELS, 0.5 - 1e-9))  # the least of a bar that breaks a rest
HEADER_TEMPERATURE, BAR_TEMPERATURE = 0.85, 1.0  # facts are chosen more carefully than bars
TOP_P = 0.95


@dataclass(frozen=True)
class Choice:
    """How a token is drawn: `temperature` 0 takes the likeliest, `top_p` cuts the tail off."""

    temperature: float = 1.0
    top_p: float = TOP_P

    def of(self, kind: Kind) -> Choice:
        """The same for a kind of token, with its share of the temperature. Densities keep their
        tail: a rest is rare in any one bar, and without it none would ever rest.
        """
        share = HEADER_TEMPERATURE if kind < NUM_FACTS else BAR_TEMPERATURE
        top_p = 1.0 if kind >= Kind.BASS else self.top_p
        return replace(self, temperature=share * self.temperature, top_p=top_p)

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


@dataclass(frozen=True)
class Lean:
    """What leans on the draws of one song without fixing them.

    tilts: added to the logits of a kind. shifts: by how much those of a fact with a scale are
    moved. curve: valence and arousal over time; the density of a bar follows their departure from
    the curve's mean, times `strength`.
    """

    tilts: Mapping[Kind, np.ndarray] = field(default_factory=dict)
    shifts: Mapping[Kind, float] = field(default_factory=dict)
    curve: EmotionCurve | None = None
    strength: float = 1.0

    def of_bar(self, start: float, end: float) -> np.ndarray | float:
        """What the curve adds to the logits of levels of a bar between two times in seconds."""
        if self.curve is None:
            return 0.0
        here = offsets(*self.curve.between(start, end), self.strength)
        whole = offsets(*self.curve.mean, self.strength)
        return denser((here - whole).density_octaves)


class Draft:
    """A plan in the making.

    Args:
        given: what the user fixed.
        generator: one number is drawn from it for every token that is not fixed.
        max_bars: bars that the planner reads at once.
        lean: what leans on the draws.
        mute: facts of which the planner knows nothing; they stay unknown unless they are said.

    Attributes:
        window: the tokens that the planner reads now; it grows with every token.
        open: whether this window takes another token.
    """

    def __init__(
        self,
        given: Given,
        generator: torch.Generator,
        max_bars: int,
        *,
        lean: Lean | None = None,
        mute: Collection[Kind] = (),
    ) -> None:
        self.given, self.generator, self.max_bars = given, generator, max_bars
        self.lean, self.mute = lean or Lean(), mute
        self.cursor = Cursor()
        self.tokens = [START]
        self.bar_ends: list[int] = [HEADER_TOKENS]
        self.rests = np.zeros(NUM_STEMS, int)
        self.strokes = np.zeros(NUM_STEMS)
        self.begin_window()

    def begin_window(self) -> None:
        """Starts anew with the header and the later half of the bars read so far."""
        bars = min(len(self.bar_ends) - 1, self.max_bars // 2)
        recent = self.tokens[self.bar_ends[-1 - bars] :] if bars else []
        self.window = self.tokens[:HEADER_TOKENS] + recent
        self.bars_left = self.max_bars - bars
        self.add_fixed()

    @property
    def said(self) -> list[int]:
        """Tokens (NUM_FACTS) of the facts that are fixed, padding where one is open."""
        facts = self.given.bins.facts
        return [PAD if v == UNKNOWN else token_of(Kind(k), v) for k, v in enumerate(facts)]

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
        given = self.given.sheet.bpm or self.given.said.tempo
        return given or tempo_of(self._fact(Kind.TEMPO))

    def result(self) -> tuple[Brief, LeadSheet]:
        """The brief and the lead sheet, given parts exactly as given."""
        brief, planned = decode(np.array(self.tokens), bpm=self.bpm)
        sheet = self.given.completed(planned)
        brief = replace(brief.updated(self.given.said), tempo=self.bpm)
        return described(brief, sheet), sheet

    def add_fixed(self) -> None:
        """Adds tokens for as long as they are fixed."""
        while self.open and (value := self.fixed_value()) is not None:
            self._add(value)

    def fixed_value(self) -> int | None:
        """The value that the next token must have, None when it is free."""
        value = self.given.value(self.cursor)
        kind = self.cursor.kind
        if value != UNKNOWN or kind in self.mute:
            return value
        rests = kind >= Kind.BASS and self._plays(kind - Kind.BASS) == 0
        return 0 if rests else None

    def add_drawn(self, logits: np.ndarray, choice: Choice) -> None:
        """Draws the next token, which is free, then adds what is fixed after it.

        Args:
            logits: (v,) float64 for every token of the vocabulary.
        """
        kind = self.cursor.kind
        first = token_of(kind, 0)
        allowed = logits[first : first + SIZES[kind]] + self._tilt(kind)
        if kind in self.lean.shifts:
            allowed = moved(kind, allowed, self.lean.shifts[kind])
        if kind >= Kind.BASS and self._must_play(kind - Kind.BASS):
            allowed[: 1 if self._density_said(kind - Kind.BASS) else AUDIBLE] = -np.inf
        uniform = torch.rand((), generator=self.generator, dtype=torch.float64).item()
        none = _share_of_none(kind, logits[first - 1], allowed, choice)
        if uniform < none:
            self._add(UNKNOWN)
        else:
            self._add(choice.of(kind).draw(allowed, (uniform - none) / (1.0 - none)))
        self.add_fixed()

    def _tilt(self, kind: Kind) -> np.ndarray | float:
        """What leans on the next token."""
        if kind < Kind.BASS:
            return self.lean.tilts.get(kind, 0.0)
        asked = self.given.said.density[kind - Kind.BASS]
        if asked is not None:
            return towards(self._due(kind - Kind.BASS, asked))
        start, beat = self.cursor.first_beat, 60.0 / self.bpm
        bar = self.lean.of_bar(start * beat, (start + self.cursor.meter) * beat)
        return self.lean.tilts.get(kind, 0.0) + bar

    def _due(self, stem: int, strokes_per_second: float) -> float:
        """Strokes per beat of this bar with which a stem is as dense so far as asked.

        At most an octave from the asked density, so that one bar does not make up for all.
        """
        asked = strokes_per_second * 60.0 / self.bpm
        beats = self.cursor.first_beat + self.cursor.meter
        due = (asked * beats - self.strokes[stem]) / self.cursor.meter
        return float(np.clip(due, asked / 2, 2 * asked))

    def _fact(self, kind: Kind) -> int:
        return value_of(kind, self.tokens[1 + kind])

    def _plays(self, stem: int) -> int:
        return self._fact(Kind(Kind.BASS_PLAYS + stem))

    def _density_said(self, stem: int) -> bool:
        return self.given.said.density[stem] is not None

    def _must_play(self, stem: int) -> bool:
        """Whether a stem that plays has rested too long, or has its last chance."""
        if self._plays(stem) != 1:
            return False
        next_bar = self.cursor.first_beat + self.cursor.meter
        last_chance = next_bar + self.cursor.meter > self.given.num_beats(self.bpm)
        unheard = self.rests[stem] == self.cursor.bar
        told = self.given.said.plays[stem] == 1 and not self._density_said(stem)
        longest = LONGEST_SAID_REST_BARS if told else LONGEST_REST_BARS
        return self.rests[stem] >= longest or (last_chance and unheard)

    def _add(self, value: int) -> None:
        kind = self.cursor.kind
        self.tokens.append(token_of(kind, value))
        self.window.append(self.tokens[-1])
        if kind >= Kind.BASS:
            stem = kind - Kind.BASS
            faint = 0.0 if self._density_said(stem) else FAINT
            self.rests[stem] = 0 if LEVELS[value] > faint else self.rests[stem] + 1
            self.strokes[stem] += LEVELS[value] * self.cursor.meter
        self.cursor.advance(value)
        if kind == Kind.PIANO:
            self.bar_ends.append(len(self.tokens))
            self.bars_left -= 1


def _share_of_none(kind: Kind, none: float, values: np.ndarray, choice: Choice) -> float:
    """How likely a song has none of a kind's values, by the logits of that and of these, 0 to 1.

    Not drawn more carefully than it is: four songs in five have no clear style, not all of them.
    """
    if kind not in UNDECIDED:
        return 0.0
    if choice.temperature <= 0:
        return float(none > values.max())
    shares = np.exp((np.append(values, none) - max(none, values.max())) / choice.temperature)
    return float(shares[-1] / shares.sum())
