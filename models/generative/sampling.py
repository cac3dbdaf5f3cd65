"""From noise to latents of any length: windows of 256 frames, each begun with the end of the
last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from models.encoders.conditions import NAMES, Conditions, Context
from models.generative.edits import Keep
from models.generative.flow import SAMPLERS, Widths, guided, interpolate, schedule
from models.generative.generator import Generator
from utils import (
    FRAME_SAMPLES,
    NUM_STEMS,
    SEGMENT_FRAMES,
    STEMS,
    UserError,
    did_you_mean,
    torch_rng,
)

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

OVERLAP_FRAMES = 64
MAX_STEPS = 1_000


@dataclass(frozen=True)
class Sampling:
    """How the flow is walked: steps, sampler's name, guidance, lead of the score over the sound."""

    steps: int
    sampler: str
    guidance: float | Mapping[str, float]
    score_lead: float

    def checked(self) -> Sampling:
        """Itself, when every value is in its range."""
        if not 1 <= self.steps <= MAX_STEPS:
            raise UserError(f"steps is {self.steps}: choose from 1 to {MAX_STEPS}")
        if self.sampler not in SAMPLERS:
            raise UserError(
                f"unknown sampler '{self.sampler}': {did_you_mean(self.sampler, list(SAMPLERS))}"
            )
        if not 0.0 <= self.score_lead <= 0.9:
            raise UserError(f"score_lead is {self.score_lead:g}: choose from 0 to 0.9")
        for name in self.weights:
            if name not in ("all", *NAMES):
                raise UserError(f"no guidance for '{name}': {did_you_mean(name, ['all', *NAMES])}")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Weight per condition; "all" is everything said."""
        if isinstance(self.guidance, Mapping):
            return {name: float(w) for name, w in self.guidance.items()}
        return {"all": float(self.guidance)}

    @property
    def pulling(self) -> dict[str, float]:
        """The weights that cost a call: those that are not 1."""
        return {name: w for name, w in self.weights.items() if w != 1.0}


@dataclass(frozen=True)
class Start:
    """What a walk begins with.

    latents (b s l d) of what is given, zeros elsewhere; known (b s l 2) bool where it is held;
    plays (b s) bool; tau: flow time at which it begins, above 0 for a variation of the latents;
    audio (b s t) and audio_frames (b s l): what must come back to the sample; rolls (b s l p) and
    note_frames (b s l): what must come back to the note.
    """

    latents: torch.Tensor
    known: torch.Tensor
    plays: torch.Tensor
    tau: float = 0.0
    audio: torch.Tensor | None = None
    audio_frames: torch.Tensor | None = None
    rolls: torch.Tensor | None = None
    note_frames: torch.Tensor | None = None

    @staticmethod
    def of(
        model: HarmonicFlow,
        b: int,
        num_frames: int,
        keep: Keep | None,
        plays: Mapping[str, bool] | None,
        variation: float | None,
    ) -> Start:
        """Start of b songs of `num_frames` frames; arguments as in `HarmonicFlow.generate`."""
        if variation is not None and not 0.0 <= variation <= 1.0:
            raise UserError(
                f"variation is {variation:g}: choose from 0 (the given music) to 1 (anew)"
            )
        d = model.widths.sound + model.widths.score
        latents = torch.zeros(b, NUM_STEMS, num_frames, d, device=model.device)
        known = torch.zeros(b, NUM_STEMS, num_frames, 2, dtype=torch.bool, device=model.device)
        start = Start(latents, known, torch.ones(b, NUM_STEMS, dtype=torch.bool))
        if keep is not None:
            start = _with_keep(start, model, keep, variation)
        resting = [i for i, stem in enumerate(STEMS) if plays and plays.get(stem) is False]
        return _with_rests(start, model, resting) if resting else start


def _with_keep(start: Start, model: HarmonicFlow, keep: Keep, variation: float | None) -> Start:
    """The start with given music in it; under variation it is departed from, not held."""
    b, _, num_frames, _ = start.latents.shape
    sound_dim = model.widths.sound
    latents, known = start.latents.clone(), start.known.clone()
    given = min(keep.known.shape[2], num_frames)
    if keep.audio is not None:
        padded = F.pad(keep.audio, (0, -keep.audio.shape[-1] % FRAME_SAMPLES)).to(model.device)
        latents[:, :, :given, :sound_dim] = model.codec.encode(padded)[:, :, :given]
    if keep.rolls is not None:
        latents[:, :, :given, sound_dim:] = model.score_codec.encode(keep.rolls.to(model.device))[
            :, :, :given
        ]
    known[:, :, :given] = keep.known[:, :, :given].to(model.device)
    if variation is not None:
        return replace(start, latents=latents, tau=1.0 - variation)
    start = replace(start, latents=latents, known=known)
    if keep.audio is not None:
        audio = keep.audio.expand(b, -1, -1).cpu()
        start = replace(start, audio=audio, audio_frames=known[..., 0].cpu())
    if keep.rolls is not None:
        rolls = F.pad(keep.rolls, (0, 0, 0, num_frames - given))[:, :, :num_frames]
        rolls = rolls.expand(b, -1, -1, -1).cpu()
        start = replace(start, rolls=rolls, note_frames=known[..., 1].cpu())
    return start


def _with_rests(start: Start, model: HarmonicFlow, resting: list[int]) -> Start:
    """The start with some stems known to be silent, sound and score."""
    num_frames = start.latents.shape[2]
    length = min(num_frames, SEGMENT_FRAMES)
    silence = torch.zeros(1, NUM_STEMS, length * FRAME_SAMPLES, device=model.device)
    rest = torch.zeros(
        1, NUM_STEMS, length, model.score_codec.encoder_in.in_features, device=model.device
    )
    quiet = torch.cat([model.codec.encode(silence), model.score_codec.encode(rest)], dim=-1)
    latents, known, plays = start.latents.clone(), start.known.clone(), start.plays.clone()
    latents[:, resting] = quiet[:, resting, length // 2][:, :, None]
    known[:, resting] = True
    plays[:, resting] = False
    return replace(start, latents=latents, known=known, plays=plays)


@torch.no_grad()
def sample_long(
    generator: Generator,
    widths: Widths,
    said: Conditions,
    start: Start,
    seeds: Sequence[int],
    sampling: Sampling,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
) -> torch.Tensor:
    """Latents (b s l d) of songs of any length.

    Args:
        said: conditions of b songs, sheet over all l frames.
        seeds: of the noise of each song.
        negative: text tokens and mask to be unlike, in the place of the empty prompt.
    """
    latents, known = start.latents.clone(), start.known.clone()
    num_frames = latents.shape[2]
    first = 0
    while True:
        last = min(first + SEGMENT_FRAMES, num_frames)
        span = slice(first, last)
        noise = _noise(seeds, first, latents[:, :, span])
        window = replace(said, sheet=None if said.sheet is None else said.sheet[:, span])
        field = _field(
            generator, window, latents[:, :, span], known[:, :, span], sampling, negative, widths
        )
        latents[:, :, span] = _walk(
            field, latents[:, :, span], known[:, :, span], noise, sampling, widths, start.tau
        )
        if last == num_frames:
            return latents
        known[:, :, :last] = True
        first = last - OVERLAP_FRAMES


def _noise(seeds: Sequence[int], first: int, like: torch.Tensor) -> torch.Tensor:
    """Noise of each song from its seed and the window's place alone."""
    shape = like.shape[1:]
    drawn = [torch.randn(shape, generator=torch_rng(seed, 2, first)) for seed in seeds]
    return torch.stack(drawn).to(like)


def _walk(
    field,
    given: torch.Tensor,
    known: torch.Tensor,
    noise: torch.Tensor,
    sampling: Sampling,
    widths: Widths,
    tau: float,
) -> torch.Tensor:
    """One window from noise (or from the given music at flow time tau) to data; known parts
    stay.
    """
    held = widths.spread(known.to(given.dtype)) > 0
    times = schedule(sampling.steps, score_lead=sampling.score_lead, start=tau).to(given.device)
    x = interpolate(noise, given, torch.tensor(tau, device=given.device)) if tau else noise
    x = SAMPLERS[sampling.sampler](field, torch.where(held, given, x), times, widths)
    return torch.where(held, given, x)


def _field(
    generator: Generator,
    said: Conditions,
    given: torch.Tensor,
    known: torch.Tensor,
    sampling: Sampling,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
    widths: Widths,
):
    """The guided velocity field of one window; known parts have no velocity."""
    b = len(given)
    held = widths.spread(known.to(given.dtype)) > 0
    pulling = sampling.pulling
    context = _contexts(generator, said, list(pulling), given, negative)
    present = torch.ones(b * (1 + len(pulling)), NUM_STEMS, dtype=torch.bool, device=given.device)
    repeat = lambda x: x.repeat(1 + len(pulling), *[1] * (x.ndim - 1))
    tiled_known = repeat(known)

    def field(x: torch.Tensor, pair: torch.Tensor) -> torch.Tensor:
        x = torch.where(held, given, x)
        tau = pair.expand(len(present), 2)
        v = generator.transformer(repeat(x), tau, tiled_known, present, context)
        v = guided(v.view(1 + len(pulling), b, *v.shape[1:]), list(pulling.values()))
        return v.masked_fill(held, 0.0)

    return field


def _contexts(
    generator: Generator,
    said: Conditions,
    pulled: list[str],
    given: torch.Tensor,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
) -> Context:
    """Context of everything said, then without each condition that guidance pulls on, batched."""
    b = len(given)
    versions = [said]
    for name in pulled:
        less = Conditions() if name == "all" else said.without(name)
        if negative is not None and name in ("all", "text"):
            less = replace(
                less, text_tokens=negative[0].to(given), text_mask=negative[1].to(given.device)
            )
        versions.append(less)
    contexts = [generator.context(version, given) for version in versions]
    longest = max(c.tokens.shape[1] for c in contexts)
    pad = lambda c: longest - c.tokens.shape[1]
    return Context(
        tokens=torch.cat([F.pad(c.tokens, (0, 0, 0, pad(c))) for c in contexts]),
        mask=torch.cat([F.pad(c.mask, (0, pad(c)), value=False) for c in contexts]),
        pooled=torch.cat([c.pooled.expand(b, -1) for c in contexts]),
        stems=torch.cat([c.stems for c in contexts]),
        sheet=torch.cat([c.sheet.expand(b, -1, -1) for c in contexts]),
    )
