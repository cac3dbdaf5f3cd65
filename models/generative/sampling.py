"""From noise to latents of any length: windows of 256 frames, each begun with the end of the
last.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch.nn import functional as F

from models.encoders.conditions import NAMES, Conditions, Context
from models.generative.flow import SAMPLERS, Widths, guided, interpolate, schedule
from models.generative.generator import Generator
from models.generative.starts import MACRO_FRAMES, Start
from utils import NUM_STEMS, SEGMENT_FRAMES, UserError, did_you_mean, torch_rng

OVERLAP_FRAMES = 64
MAX_STEPS = 1_000
MAX_GUIDANCE = 100.0


@dataclass(frozen=True)
class Sampling:
    """How the flow is walked: steps, sampler's name, guidance, lead of the score over the sound."""

    steps: int
    sampler: str
    guidance: float | Mapping[str, float]
    score_lead: float

    def checked(self, *, together: bool = False) -> Sampling:
        """Itself, when every value is in its range; `together`: without a lead of the score."""
        if self.steps not in range(1, MAX_STEPS + 1):
            raise UserError(f"steps is {self.steps}: choose from 1 to {MAX_STEPS}, a whole number")
        if self.sampler not in SAMPLERS:
            raise UserError(
                f"unknown sampler '{self.sampler}': {did_you_mean(self.sampler, list(SAMPLERS))}"
            )
        if not 0.0 <= self.score_lead <= 0.9:
            raise UserError(f"score_lead is {self.score_lead:g}: choose from 0 to 0.9")
        for name, weight in self.weights.items():
            if name not in ("all", *NAMES):
                raise UserError(f"no guidance for '{name}': {did_you_mean(name, ['all', *NAMES])}")
            if not 0.0 <= weight <= MAX_GUIDANCE:
                limits = f"choose from 0 to {MAX_GUIDANCE:g}"
                raise UserError(f"guidance for {name} is {weight:g}: {limits}")
        lead = 0.0 if together else self.score_lead
        return replace(self, steps=int(self.steps), score_lead=lead)

    @property
    def weights(self) -> dict[str, float]:
        """Weight per condition; "all" is everything said."""
        if isinstance(self.guidance, Mapping):
            return {name: float(w) for name, w in self.guidance.items()}
        return {"all": float(self.guidance)}

    def pulling(self, said: Conditions, *, negative: bool) -> dict[str, float]:
        """The weights that act and cost a call: not 1, and of something that is said."""
        acting = {*said.given, *(["text"] if negative else [])}
        acting |= {"all"} if acting else set()
        return {name: w for name, w in self.weights.items() if w != 1.0 and name in acting}

    def warn_of_idle(self, said: Conditions, *, negative: bool) -> None:
        """Warns of what was asked for and does nothing."""
        for name in set(self.weights) - {"all", *said.given, *(["text"] if negative else [])}:
            warnings.warn(f"guidance for '{name}' does nothing: none is said", stacklevel=3)
        if negative and max(self.weights.get(name, 1.0) for name in ("all", "text")) <= 1.0:
            warnings.warn("negative_text does nothing: it needs guidance above 1", stacklevel=3)


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
    for span in windows(latents.shape[2]):
        given, held = latents[:, :, span], widths.spread(known[:, :, span])
        window = replace(said, sheet=None if said.sheet is None else said.sheet[:, span])
        field = _field(generator, window, given, known[:, :, span], sampling, negative, widths)
        noise = _noise(seeds, span.start, given)
        latents[:, :, span] = _walk(field, given, held, noise, sampling, widths, start.tau)
        known[:, :, : span.stop] = True
    return latents


def _noise(seeds: Sequence[int], first: int, like: torch.Tensor) -> torch.Tensor:
    """Noise of each song from its seed and the window's place alone."""
    shape = like.shape[1:]
    drawn = [torch.randn(shape, generator=torch_rng(seed, 2, first)) for seed in seeds]
    return torch.stack(drawn).to(like)


def _walk(
    field,
    given: torch.Tensor,
    held: torch.Tensor,
    noise: torch.Tensor,
    sampling: Sampling,
    widths: Widths,
    tau: tuple[float, float],
) -> torch.Tensor:
    """One window from noise (or from the given music at flow times tau) to data; held parts
    stay.
    """
    times = schedule(sampling.steps, score_lead=sampling.score_lead, start=tau).to(given.device)
    x = interpolate(noise, given, widths.spread(times[0]))
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
    b, held = len(given), widths.spread(known)
    pulling = sampling.pulling(said, negative=negative is not None)
    context = _contexts(generator, said, pulling, given, negative)
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
    pulling: Mapping[str, float],
    given: torch.Tensor,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
) -> Context:
    """Context of everything said, then without each condition that guidance pulls on, batched.

    Only a pull away from the words' absence (a weight above 1) is a pull away from the negative.
    """
    b = len(given)
    versions = [said]
    for name, weight in pulling.items():
        less = Conditions() if name == "all" else said.without(name)
        if negative is not None and name in ("all", "text") and weight > 1.0:
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
