"""From noise to a score and from a score to sound, of any length: windows of 256 frames, each begun
with the end of the last.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F

from models.encoders.conditions import DENSITIES, NAMES, Conditions, Context
from models.generative.composer import Composer
from models.generative.flow import SAMPLERS, SCORE_POWER, guided, interpolate, schedule
from models.generative.performer import Performer
from models.generative.starts import MACRO_FRAMES, Start
from utils import NUM_STEMS, SEGMENT_FRAMES, UserError, did_you_mean, torch_rng

OVERLAP_FRAMES = 64
SOUND_STEPS = 8  # by default
MAX_STEPS = 1_000
MAX_GUIDANCE = 100.0
STRESSED = 0.4  # of a walk through the score's flow, from noise on, is guided by more than 1
VOICE = ("program", "dynamics", "brightness", "loudness")


@dataclass(frozen=True)
class Sampling:
    """How the flows are walked.

    steps: of the score's flow. sound_steps: of the sound's. sampler: its name; the sound's flow
    takes no fresh noise on its way (measured: duller) and walks along Euler steps instead.
    guidance: of the score's flow and of the planner. sound_guidance: how firmly the sound keeps to
    its notes.
    """

    steps: int
    sound_steps: int
    sampler: str
    guidance: float | Mapping[str, float]
    sound_guidance: float = 1.5

    def checked(self) -> Sampling:
        """Itself, when every value is in its range."""
        for name in ("steps", "sound_steps"):
            value = getattr(self, name)
            if value not in range(1, MAX_STEPS + 1):
                limits = f"choose from 1 to {MAX_STEPS}, a whole number"
                raise UserError(f"{name} is {value}: {limits}")
        if self.sampler not in SAMPLERS:
            raise UserError(
                f"unknown sampler '{self.sampler}': {did_you_mean(self.sampler, list(SAMPLERS))}"
            )
        if not 0.0 <= self.sound_guidance <= MAX_GUIDANCE:
            limits = f"choose from 0 to {MAX_GUIDANCE:g}"
            raise UserError(f"sound_guidance is {self.sound_guidance:g}: {limits}")
        for name, weight in self.weights.items():
            if name not in ("all", *NAMES):
                raise UserError(f"no guidance for '{name}': {did_you_mean(name, ['all', *NAMES])}")
            if not 0.0 <= weight <= MAX_GUIDANCE:
                limits = f"choose from 0 to {MAX_GUIDANCE:g}"
                raise UserError(f"guidance for {name} is {weight:g}: {limits}")
        return replace(self, steps=int(self.steps), sound_steps=int(self.sound_steps))

    @property
    def weights(self) -> dict[str, float]:
        """Weight per condition; "all" is everything said."""
        if isinstance(self.guidance, Mapping):
            return {name: float(w) for name, w in self.guidance.items()}
        return {"all": float(self.guidance)}

    def pulling(self, said: Conditions, *, negative: bool) -> dict[str, float]:
        """The weights that act and cost a call: not 1, and of something that is said."""
        acting = {*said.given, *(["text"] if negative else [])}
        spared = DENSITIES if self.weights.get("all", 1.0) > 1.0 else ()
        acting |= {"all"} if acting.difference(spared) else set()
        return {name: w for name, w in self.weights.items() if w != 1.0 and name in acting}

    def warn_of_idle(self, said: Conditions, *, negative: bool) -> None:
        """Warns of what was asked for and does nothing."""
        for name in set(self.weights) - {"all", *said.given, *(["text"] if negative else [])}:
            warnings.warn(f"guidance for '{name}' does nothing: none is said", stacklevel=3)
        if negative and max(self.weights.get(name, 1.0) for name in ("all", "text")) <= 1.0:
            warnings.warn("negative_text pulls nothing: it needs guidance above 1", stacklevel=3)


def windows(num_frames: int) -> list[slice]:
    """The windows in which a song is made: whole segments, each over the end of the one before.

    The last one is moved back to be whole, or takes in up to a macro frame more.
    """
    spans, first = [], 0
    while num_frames - first > SEGMENT_FRAMES + MACRO_FRAMES:
        spans.append(slice(first, first + SEGMENT_FRAMES))
        first += SEGMENT_FRAMES - OVERLAP_FRAMES
    return [*spans, slice(min(first, max(num_frames - SEGMENT_FRAMES, 0)), num_frames)]


@torch.no_grad()
def compose(
    composer: Composer,
    said: Conditions,
    start: Start,
    seeds: Sequence[int],
    sampling: Sampling,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
) -> torch.Tensor:
    """Score latents (b s l d) of songs of any length.

    Args:
        said: conditions of b songs, sheet over all l frames.
        seeds: of the noise of each song.
        negative: text tokens and mask to be unlike, in the place of the empty prompt.
    """
    latents, known = start.notes.clone(), start.notes_known.clone()
    for span in windows(latents.shape[2]):
        given, held = latents[:, :, span], known[:, :, span]
        if not held.all():
            window = replace(said, sheet=None if said.sheet is None else said.sheet[:, span])
            times = schedule(sampling.steps, start.tau[1], power=SCORE_POWER)
            field = _score_field(composer, window, given, held, sampling, negative, start.tau[1])
            walk = _Walk(given, held, times, sampling.sampler)
            latents[:, :, span] = walk.run(field, _Noise(seeds, 2, span.start))
        known[:, :, : span.stop] = True
    return latents


@torch.no_grad()
def perform(
    performer: Performer,
    said: Conditions,
    start: Start,
    notes: torch.Tensor,
    seeds: Sequence[int],
    sampling: Sampling,
) -> torch.Tensor:
    """Sound latents (b s l d) of composed songs; `notes` (b s l d) are their score latents."""
    latents, known = start.sound.clone(), start.sound_known.clone()
    for span in windows(latents.shape[2]):
        given, held = latents[:, :, span], known[:, :, span]
        if not held.all():
            score, weight = notes[:, :, span], sampling.sound_guidance
            field = _sound_field(performer, said, score, given, held, weight)
            sampler = "euler" if sampling.sampler == "ancestral" else sampling.sampler
            walk = _Walk(given, held, schedule(sampling.sound_steps, start.tau[0]), sampler)
            latents[:, :, span] = walk.run(field, _Noise(seeds, 3, span.start))
        known[:, :, : span.stop] = True
    return latents


@dataclass(frozen=True)
class _Noise:
    """Noise of each song from its seed, what it is for and the window's place alone."""

    seeds: Sequence[int]
    purpose: int
    first: int

    def like(self, x: torch.Tensor, *step: int) -> torch.Tensor:
        """Noise (b s l d) shaped like x: to begin with, or fresh noise for a step."""
        rngs = [torch_rng(seed, self.purpose, self.first, *step) for seed in self.seeds]
        return torch.stack([torch.randn(x.shape[1:], generator=rng) for rng in rngs]).to(x)


@dataclass(frozen=True)
class _Walk:
    """One window from noise (or from the given music at the first of `times`) to data; held parts
    stay.

    given (b s l d) where held (b s l) bool.
    """

    given: torch.Tensor
    held: torch.Tensor
    times: torch.Tensor
    sampler: str

    def run(self, field, noise: _Noise) -> torch.Tensor:
        times = self.times.to(self.given.device)
        held, begin = self.held[..., None], noise.like(self.given)
        x = torch.where(held, self.given, interpolate(begin, self.given, times[0]))
        fresh = lambda step: noise.like(self.given, step)
        return torch.where(held, self.given, SAMPLERS[self.sampler](field, x, times, fresh))


def _score_field(
    composer: Composer,
    said: Conditions,
    given: torch.Tensor,
    held: torch.Tensor,
    sampling: Sampling,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
    start: float,
):
    """The guided velocity field of one window's score, walked from flow time `start`.

    Weights above 1 act in the first part of the walk, where the shape of the music is decided; on
    its details they would only take length from the notes (measured). Weights below 1 act
    throughout.
    """
    pulling = sampling.pulling(said, negative=negative is not None)
    lasting = {name: weight for name, weight in pulling.items() if weight < 1.0}
    early, late = (
        _velocity(composer, said, given, held, weights, negative) for weights in (pulling, lasting)
    )
    until = start + (1.0 - start) * STRESSED
    return lambda x, tau: (early if tau < until else late)(x, tau)


def _velocity(
    composer: Composer,
    said: Conditions,
    given: torch.Tensor,
    held: torch.Tensor,
    weights: Mapping[str, float],
    negative: tuple[torch.Tensor, torch.Tensor] | None,
):
    """A velocity field under guidance weights per condition; held parts have no velocity."""
    b, versions = len(given), 1 + len(weights)
    context = _contexts(composer, said, weights, given, negative)
    present = torch.ones(b * versions, NUM_STEMS, dtype=torch.bool, device=given.device)
    repeat = lambda x: x.repeat(versions, *[1] * (x.ndim - 1))
    tiled = repeat(held)

    def field(x: torch.Tensor, tau: torch.Tensor) -> torch.Tensor:
        x = torch.where(held[..., None], given, x)
        v = composer.transformer(repeat(x), tau.expand(len(present)), tiled, present, context)
        v = guided(v.view(versions, b, *v.shape[1:]), list(weights.values()))
        return v.masked_fill(held[..., None], 0.0)

    return field


def _sound_field(
    performer: Performer,
    said: Conditions,
    score: torch.Tensor,
    given: torch.Tensor,
    held: torch.Tensor,
    weight: float,
):
    """The velocity field of one window's sound; held parts have no velocity.

    A weight other than 1 pulls away from the sound of a stem whose notes are not known.
    """
    told = [True] if weight == 1.0 else [True, False]
    known = torch.cat([torch.stack([held, torch.full_like(held, t)], -1) for t in told])
    repeat = lambda x: x.repeat(len(told), *[1] * (x.ndim - 1))
    said = Conditions(**{name: repeat(v) for name, v in said.only(*VOICE).said()})
    score, b = repeat(score), len(given)

    def field(x: torch.Tensor, tau: torch.Tensor) -> torch.Tensor:
        x = repeat(torch.where(held[..., None], given, x))
        v = performer(x, tau.expand(len(x)), score, known, said)
        v = guided(v.view(len(told), b, *v.shape[1:]), [weight] * (len(told) - 1))
        return v.masked_fill(held[..., None], 0.0)

    return field


def _contexts(
    composer: Composer,
    said: Conditions,
    pulling: Mapping[str, float],
    given: torch.Tensor,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
) -> Context:
    """Context of everything said, then without each condition that guidance pulls on, batched.

    Stress on everything leaves out who plays and how densely: stressed, sparse stems fall silent
    (measured). Only a pull away from the words' absence (a weight above 1) is a pull away from the
    negative.
    """
    b = len(given)
    versions = [said]
    for name, weight in pulling.items():
        if name == "all":
            less = said.densities() if weight > 1.0 else Conditions()
        else:
            less = said.without(name)
        if negative is not None and name in ("all", "text") and weight > 1.0:
            less = replace(
                less, text_tokens=negative[0].to(given), text_mask=negative[1].to(given.device)
            )
        versions.append(less)
    contexts = [composer.context(version, given) for version in versions]
    longest = max(c.tokens.shape[1] for c in contexts)
    pad = lambda c: longest - c.tokens.shape[1]
    return Context(
        tokens=torch.cat([F.pad(c.tokens, (0, 0, 0, pad(c))) for c in contexts]),
        mask=torch.cat([F.pad(c.mask, (0, pad(c)), value=False) for c in contexts]),
        pooled=torch.cat([c.pooled.expand(b, -1) for c in contexts]),
        stems=torch.cat([c.stems for c in contexts]),
        sheet=torch.cat([c.sheet.expand(b, -1, -1) for c in contexts]),
        song=torch.cat([c.song.expand(b, -1) for c in contexts]),
        stem_facts=torch.cat([c.stem_facts.expand(b, -1, -1) for c in contexts]),
    )
