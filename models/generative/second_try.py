"""Who should play and came out empty tries again, with the others as they are.

Now and then the score's flow leaves out a stem that the plan has. It is composed once more under
other noise while everything else is held, which is an accompaniment as any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from data.roll import NUM_PITCHES
from models.encoders.conditions import Conditions
from models.generative.sampling import Sampling, compose
from models.generative.starts import Start
from utils import FRAME_SAMPLES

if TYPE_CHECKING:
    from models.generative.genre_adapters import AdaptedComposer
    from models.harmonicflow import HarmonicFlow

TRIES = 2
OTHER_NOISE = 1_000_003  # from a song's seed to that of its next try


@torch.no_grad()
def tried_again(
    model: HarmonicFlow,
    notes: torch.Tensor,
    said: Conditions,
    start: Start,
    seeds: list[int],
    sampling: Sampling,
    negative: tuple[torch.Tensor, torch.Tensor] | None,
    *,
    num_samples: int,
    adapted: AdaptedComposer | None = None,
) -> torch.Tensor:
    """Score latents (b s l d) in which stems with `plays` 1 have notes, where tries can help.

    `notes` is what `models.generative.sampling.compose` made of the same arguments. Variations stay
    as they are: what a song lacks its variation may lack. `adapted` composes in the place of the
    model's own composer.
    """
    if said.plays is None or start.tau[1] > 0.0:
        return notes
    notes, num_frames = notes.clone(), -(-num_samples // FRAME_SAMPLES)
    for i, seed in enumerate(seeds):
        wanted = (said.plays[i] == 1).to(notes.device) & ~start.notes_known[i].all(-1)
        for turn in range(1, TRIES + 1):
            missing = wanted & ~_plays(model, notes[i], num_frames)
            if not missing.any():
                break
            held = start.notes_known[i] | ~missing[:, None]
            again = replace(start, notes=notes[i, None], notes_known=held[None])
            unlike = None if negative is None else (negative[0][i, None], negative[1][i, None])
            other = [seed + turn * OTHER_NOISE]
            composer = model.composer if adapted is None else adapted.item(i)
            notes[i] = compose(composer, said.item(i), again, other, sampling, unlike)[0]
    return notes


def _plays(model: HarmonicFlow, notes: torch.Tensor, num_frames: int) -> torch.Tensor:
    """Whether each stem of a song's score latents (s l d) strikes a note: bool (s,)."""
    onsets = model.score_codec.decode(notes[None])[0, :, :num_frames, :NUM_PITCHES]
    return (onsets > 0.5).flatten(1).any(1)
