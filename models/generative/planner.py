"""The planner: writes a brief and then a lead sheet, bar by bar, from words and a reference.

A small causal transformer over the tokens of `data.plan_tokens` that reads the text and the mel of
a reference by cross-attention. Everything else that can be said is a fact of the brief or part of
the sheet: those tokens are put in as they are and the others follow, and a sum of embeddings tells
from the first token on which facts were said, so that what comes early suits what is fixed late.
A long song is written in windows: when one is full, the next begins with the header and the last
bars of the one before, so memory does not grow with the song. The planner does not know song form:
nothing tells it where in a song a bar lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import nn

from data.brief import FAMILIES
from data.chords import KEYS
from data.lead_sheet import LeadSheet
from data.plan_given import Given
from data.plan_tokens import (
    FIRST,
    HEADER_TOKENS,
    MAX_METER,
    NUM_FACTS,
    NUM_TOKENS,
    PAD,
    Kind,
)
from models.encoders.conditions import ConditionConfig, ConditionEncoder, Conditions
from models.generative.brief import Plan, mood_of, said_labels
from models.generative.causal import CausalTransformer, Memory
from models.generative.drafts import Choice, Draft, Lean
from models.generative.emotion import EmotionCurve, EmotionOffsets, offsets
from models.generative.reading import READ, Guidance, Reading
from models.generative.tilts import acting, shifts, tilts
from utils import NUM_STEMS, UserError, eval_mode

SAID_STD = 0.3
PROGRAMS = (Kind.BASS_PROGRAM, Kind.GUITAR_PROGRAM, Kind.PIANO_PROGRAM)  # as in `FAMILIES`
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
    """Conditions -> briefs and lead sheets.

    A reference recording is read only by a planner that has seen some in training (`hears`), and
    a fact of which training showed no value is left unknown (`mute`). Where training varied the
    instruments, so that rare timbres are learned, and transposed its songs, `odds` and `key_odds`
    lead back to what songs play and in which keys: what is added to the logits of the programs of
    bass, guitar and piano (3, 8) and of the keys (24,).
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
        self.said = nn.Embedding(int(FIRST[Kind.METER]), config.width, padding_idx=PAD)
        self.said.weight.data *= SAID_STD
        self.transformer = CausalTransformer(
            config.width, context_width, depth=config.depth, heads=config.heads
        )
        self.head = nn.Linear(config.width, NUM_TOKENS)
        self.register_buffer("hears", torch.zeros((), dtype=torch.bool))
        self.register_buffer("shown", torch.zeros(NUM_FACTS, dtype=torch.bool))
        self.register_buffer("odds", torch.zeros(len(FAMILIES), 8))
        self.register_buffer("key_odds", torch.zeros(len(KEYS)))

    def forward(
        self, tokens: torch.Tensor, conditions: Conditions, said: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Logits (b n v) of the token after each of tokens (b n), which begin with START.

        Args:
            conditions: text and mel are read.
            said: (b NUM_FACTS) tokens of the facts that are fixed from the start, padding for the
                others; None fixes none.
        """
        if self.training:
            self._take_note(tokens, conditions)
        said = tokens.new_full((len(tokens), 1), PAD) if said is None else said
        return self._logits(tokens, self._read(conditions, said), Memory())

    def _take_note(self, tokens: torch.Tensor, conditions: Conditions) -> None:
        """Remembers what training has shown."""
        if conditions.mel is not None:
            self.hears.fill_(True)
        facts = tokens[:, 1:HEADER_TOKENS]
        unknown = torch.as_tensor(FIRST[: facts.shape[1]], device=tokens.device)
        self.shown[: facts.shape[1]] |= (facts > unknown).any(0)

    @property
    def mute(self) -> frozenset[Kind]:
        """Facts of which training showed no value; never the tempo, none before any training."""
        shown = self.shown.tolist()
        return frozenset(Kind(k) for k, s in enumerate(shown) if any(shown) and not s) - {
            Kind.TEMPO
        }

    def plan(
        self,
        conditions: Conditions,
        *,
        duration: float,
        given: LeadSheet | None | Sequence[LeadSheet | None] = None,
        generators: Sequence[torch.Generator],
        temperature: float = 1.0,
        guidance: float | Mapping[str, float] = 1.0,
        negative: tuple[torch.Tensor, torch.Tensor] | None = None,
        curve: EmotionCurve | None = None,
        emotion_strength: float = 1.0,
    ) -> list[Plan]:
        """Plans of songs that start on a downbeat at time 0.

        Args:
            conditions: of b songs, or of one for all. Text and mel pull; labels bind: each is put
                into the brief as it is. A stem with `plays` 0 rests throughout, one with 1 never
                for more than one bar (of the plan's own accord, three); `density` draws the levels
                of a stem to its value.
                An emotion, or valence and arousal, also leans on facts and densities by the
                offsets of `models.generative.emotion`.
            duration: seconds; the last beat of a sheet lies at or after it.
            given: what binds, of each song or of all: known beats, chords, key and densities come
                back exactly as they are, a sheet without times repeats bar by bar. Chords given
                without a key bring the key that they suggest.
            generators: one CPU generator per song; the same one gives the same plan in any batch.
            temperature: 0 takes the likeliest token, 1 is usual.
            guidance: stress on what is said, a weight for all or per condition ("all", "text",
                "mel"; others are passed over); 1 costs nothing.
            negative: text tokens and mask to be unlike, where guidance is above 1.
            curve: valence and arousal over time, which the density of the bars follows.
            emotion_strength: factor on the offsets, 0 to 2.

        Raises:
            UserError: a duration that is not positive, or another number of sheets than songs.
        """
        if not duration > 0:
            raise UserError(f"duration is {duration} s; a plan needs more than 0")
        songs = len(generators)
        conditions = conditions.expanded(songs)
        fixed = _given(conditions, duration, given, songs)
        moods = [_offsets(conditions, i, fixed[i], emotion_strength) for i in range(songs)]
        drafts = [
            Draft(part, generator, self.config.max_bars, lean=lean, mute=self.mute)
            for part, generator, lean in zip(
                fixed, generators, self._leans(moods, curve, emotion_strength), strict=True
            )
        ]
        self._write(drafts, conditions, guidance, negative, Choice(temperature))
        return [Plan(*draft.result(), mood) for draft, mood in zip(drafts, moods, strict=True)]

    def _leans(
        self,
        moods: Sequence[EmotionOffsets | None],
        curve: EmotionCurve | None,
        strength: float,
    ) -> list[Lean]:
        """What leans on each song's draws."""
        usual = dict(zip(PROGRAMS, self.odds.cpu().double().numpy(), strict=True))
        usual[Kind.KEY] = self.key_odds.cpu().double().numpy()
        leans = []
        for mood in moods:
            mood = EmotionOffsets() if mood is None else mood
            moody = tilts(mood)
            both = {kind: usual.get(kind, 0.0) + moody.get(kind, 0.0) for kind in usual | moody}
            leans.append(Lean(both, shifts(mood), curve, strength))
        return leans

    def _write(
        self,
        drafts: list[Draft],
        conditions: Conditions,
        weights: float | Mapping[str, float],
        negative: tuple[torch.Tensor, torch.Tensor] | None,
        choice: Choice,
    ) -> None:
        """Lets every draft come to its end."""
        said = torch.tensor([draft.said for draft in drafts], device=self.head.weight.device)
        facts = bool((said != PAD).any())
        conditions = self._heard(conditions)
        pull = Guidance.of(weights, conditions, facts=facts, negative=negative)
        with eval_mode(self):
            reading = Reading.joined(
                [
                    self._read(less, said if facts_too else torch.full_like(said, PAD))
                    for less, facts_too in pull.versions(conditions)
                ]
            )
            while not all(draft.finished for draft in drafts):
                self._write_window(drafts, reading, pull, choice)
                for draft in drafts:
                    if not draft.finished:
                        draft.begin_window()

    def _write_window(
        self, drafts: list[Draft], reading: Reading, pull: Guidance, choice: Choice
    ) -> None:
        """Lets every draft fill its window; all read equally many tokens at a time."""
        memory = Memory()
        versions = len(reading.tokens) // len(drafts)
        while waiting := [draft for draft in drafts if draft.open]:
            length = min(len(draft.window) for draft in waiting)
            rows = [(draft.window + [PAD] * length)[:length] for draft in drafts]
            tokens = torch.tensor(rows * versions, device=reading.tokens.device)
            logits = pull.combined(self._logits(tokens, reading, memory)[:, -1].cpu().double())
            for draft, row in zip(drafts, logits.numpy(), strict=True):
                if draft.open and len(draft.window) == length:
                    draft.add_drawn(row, choice)

    def _heard(self, conditions: Conditions) -> Conditions:
        """What this planner reads of conditions."""
        return conditions.only(*(READ if self.hears else ("text",)))

    def _read(self, conditions: Conditions, said: torch.Tensor) -> Reading:
        """The reading of songs about which facts (b NUM_FACTS) are said."""
        device = self.head.weight.device
        context = self.encoder(self._heard(conditions), len(said), 1, device)
        summary = self.pooled(context.pooled) + self.said(said.to(device)).sum(1)
        return Reading(context.tokens, context.mask, summary)

    def _logits(self, tokens: torch.Tensor, reading: Reading, memory: Memory) -> torch.Tensor:
        """Logits (b n v) after those of tokens (b m) that are not in `memory` yet."""
        x = self._embed(tokens, memory.length) + reading.summary[:, None]
        return self.head(self.transformer(x, reading.tokens, reading.mask, memory))

    def _embed(self, tokens: torch.Tensor, first: int) -> torch.Tensor:
        """Tokens (b n) from `first` on as (b n-first width); each carries the facts before it."""
        place, following = (where[:, first:] for where in places_of(tokens))
        header = self.header(self.token(tokens[:, :HEADER_TOKENS])).cumsum(1)
        length = tokens.shape[1]
        latest = torch.arange(first, length, device=tokens.device).clamp_max(HEADER_TOKENS - 1)
        own = self.token(tokens[:, first:]) + self.place(place) + self.following(following)
        return own + header[:, latest]


def _given(
    conditions: Conditions,
    duration: float,
    sheets: LeadSheet | None | Sequence[LeadSheet | None],
    songs: int,
) -> list[Given]:
    """What binds each song's plan."""
    one = sheets is None or isinstance(sheets, LeadSheet)
    sheets = [sheets] * songs if one else list(sheets)
    if len(sheets) != songs:
        raise UserError(f"{len(sheets)} lead sheets for {songs} songs: give one or each")
    return [Given.of(sheet, duration, said_labels(conditions, i)) for i, sheet in enumerate(sheets)]


def _offsets(
    conditions: Conditions, index: int, given: Given, strength: float
) -> EmotionOffsets | None:
    """What a song's asked emotion adds to the facts that are not fixed."""
    mood = mood_of(said_labels(conditions, index))
    return None if mood is None else acting(offsets(*mood, strength), given.bins.facts)
