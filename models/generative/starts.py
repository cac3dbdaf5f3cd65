"""What a walk through the flow begins with: nothing, given music to keep, music to vary, rests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from data.roll import ROLL_ROWS
from models.generative.edits import Keep
from models.generative.transformer import TransformerConfig
from utils import (
    FRAME_SAMPLES,
    NUM_STEMS,
    SAMPLE_RATE,
    SEGMENT_FRAMES,
    SEGMENT_SAMPLES,
    STEMS,
    UserError,
)

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

MACRO_FRAMES = TransformerConfig.FOLD**2


@dataclass(frozen=True)
class Start:
    """What a walk begins with.

    latents (b s l d) of what is given, zeros elsewhere; known (b s l 2) bool where it is held, l in
    whole macro frames; plays (b s) bool; tau: flow times of sound and score at which it begins,
    above 0 for a variation of the latents; audio (b s t) and audio_frames (b s l): what must come
    back to the sample; rolls (b s l p) and note_frames (b s l): what must come back to the note.
    """

    latents: torch.Tensor
    known: torch.Tensor
    plays: torch.Tensor
    tau: tuple[float, float] = (0.0, 0.0)
    audio: torch.Tensor | None = None
    audio_frames: torch.Tensor | None = None
    rolls: torch.Tensor | None = None
    note_frames: torch.Tensor | None = None

    @staticmethod
    def of(
        model: HarmonicFlow,
        b: int,
        num_samples: int,
        *,
        keep: Keep | None = None,
        plays: Mapping[str, bool] | None = None,
        variation: float | None = None,
    ) -> Start:
        """Start of b songs of `num_samples`; arguments as in `HarmonicFlow.generate`."""
        num_frames = -(-num_samples // (MACRO_FRAMES * FRAME_SAMPLES)) * MACRO_FRAMES
        d = model.widths.sound + model.widths.score
        latents = torch.zeros(b, NUM_STEMS, num_frames, d, device=model.device)
        known = torch.zeros(b, NUM_STEMS, num_frames, 2, dtype=torch.bool, device=model.device)
        start = Start(latents, known, torch.ones(b, NUM_STEMS, dtype=torch.bool))
        if variation is not None:
            start = _varied(start, model, _whole(keep, num_samples), variation)
        elif keep is not None:
            start = _held(start, model, keep, num_samples)
        resting = [i for i, stem in enumerate(STEMS) if plays and not plays.get(stem, True)]
        return _with_rests(start, model, resting, num_samples) if resting else start


def _given_latents(start: Start, model: HarmonicFlow, keep: Keep) -> torch.Tensor:
    """Latents (b s l d) of given music, zeros where there is none."""
    latents, sound_dim = start.latents.clone(), model.widths.sound
    given = keep.known.shape[2]
    if keep.audio is not None:
        padded = F.pad(keep.audio, (0, -keep.audio.shape[-1] % FRAME_SAMPLES)).to(model.device)
        latents[:, :, :given, :sound_dim] = model.codec.encode(padded)
    if keep.rolls is not None:
        rolls = keep.rolls.to(model.device)
        latents[:, :, :given, sound_dim:] = model.score_codec.encode(rolls)
    return latents


def _held(start: Start, model: HarmonicFlow, keep: Keep, num_samples: int) -> Start:
    """The start with given music that the result must keep."""
    b, _, num_frames, _ = start.latents.shape
    given = keep.known.shape[2]
    if num_samples > keep.num_samples:  # the song goes on: a frame that is given in part is made
        given = keep.num_samples // FRAME_SAMPLES
    known = start.known.clone()
    known[:, :, :given] = keep.known[:, :, :given].to(model.device)
    start = replace(start, latents=_given_latents(start, model, keep), known=known)
    if keep.audio is not None:
        audio = keep.audio.expand(b, -1, -1).cpu()
        start = replace(start, audio=audio, audio_frames=known[..., 0].cpu())
    if keep.rolls is not None:
        rolls = F.pad(keep.rolls, (0, 0, 0, num_frames - keep.rolls.shape[2]))
        rolls = rolls.expand(b, -1, -1, -1).cpu()
        start = replace(start, rolls=rolls, note_frames=known[..., 1].cpu())
    return start


def _whole(keep: Keep | None, num_samples: int) -> Keep:
    """Given music that can be varied: a whole song."""
    if keep is None:
        raise UserError(
            "variation needs music to depart from: give it with keep (--song, or Keep.beginning)"
        )
    missing = [STEMS[i] for i in range(NUM_STEMS) if not keep.known[:, i].any()]
    if missing:
        raise UserError(
            f"variation departs from a whole song, and {', '.join(missing)} is not given: give "
            "all stems, or leave variation out"
        )
    if keep.num_samples < num_samples:
        seconds = keep.num_samples / SAMPLE_RATE
        raise UserError(f"a variation is as long as its song: choose duration {seconds:.3f}")
    return keep


def _varied(start: Start, model: HarmonicFlow, keep: Keep, variation: float) -> Start:
    """The start that departs from given music; what is not given of it begins as noise."""
    if not 0.0 <= variation <= 1.0:
        raise UserError(f"variation is {variation:g}: choose from 0 (the given music) to 1 (anew)")
    parts = (keep.audio, keep.rolls)
    tau = tuple(0.0 if part is None else 1.0 - variation for part in parts)
    latents, given = _given_latents(start, model, keep), keep.known.shape[2]
    latents[:, :, given:] = latents[:, :, given - 1, None]
    return replace(start, latents=latents, tau=tau)


def _with_rests(start: Start, model: HarmonicFlow, resting: list[int], num_samples: int) -> Start:
    """The start with some stems known to be silent, sound and score, where no sound is given."""
    sounding = start.known[..., 0]
    for i in resting:
        if sounding[:, i, : -(-num_samples // FRAME_SAMPLES)].all():
            raise UserError(f"the {STEMS[i]} is given, so it cannot rest: leave it out of plays")
    rests = torch.zeros(NUM_STEMS, dtype=torch.bool, device=model.device)
    rests[resting] = True
    rests = (~sounding & rests[:, None])[..., None]
    plays = start.plays.clone()
    plays[:, resting] = False
    start = replace(
        start,
        latents=torch.where(rests, _silence(model), start.latents),
        known=start.known | rests,
        plays=plays,
    )
    if start.note_frames is None:
        return start
    return replace(start, note_frames=start.note_frames & ~rests[..., 0].cpu())


def _silence(model: HarmonicFlow) -> torch.Tensor:
    """Latents (1 s 1 d) of a frame in the midst of silence."""
    audio = torch.zeros(1, NUM_STEMS, SEGMENT_SAMPLES, device=model.device)
    roll = torch.zeros(1, NUM_STEMS, SEGMENT_FRAMES, ROLL_ROWS, device=model.device)
    quiet = torch.cat([model.codec.encode(audio), model.score_codec.encode(roll)], dim=-1)
    return quiet[:, :, SEGMENT_FRAMES // 2, None]
