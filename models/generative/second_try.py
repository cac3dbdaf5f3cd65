"""Who should play and came out empty, or nearly, tries again, with the others as they are.

Now and then the score's flow leaves out a stem that the plan has, most often one that has little to
play. It is composed once more under other noise and as if twice as many strokes were planned, while
everything else is held, which is an accompaniment as any other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from data.roll import NUM_PITCHES
from data.sheet_features import DENSITY_SCALE, SHEET_COLUMNS
from models.encoders.conditions import Conditions
from models.generative.sampling import Sampling, compose
from models.generative.starts import Start
from utils import FRAME_RATE, FRAME_SAMPLES

if TYPE_CHECKING:
    from models.generative.genre_adapters import AdaptedComposer
    from models.harmonicflow import HarmonicFlow

TRIES = 3
FEW = 0.25  # of the strokes that are planned; with fewer a stem has been left out
MOST_PER_BEAT = 4.0
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
    """Score latents (b s l d) in which stems with `plays` 1 play what is planned or at least some
    of it, where tries can help.

    `notes` is what `models.generative.sampling.compose` made of the same arguments. Variations stay
    as they are: what a song lacks its variation may lack. `adapted` composes in the place of the
    model's own composer.
    """
    if said.plays is None or start.tau[1] > 0.0:
        return notes
    notes, num_frames = notes.clone(), -(-num_samples // FRAME_SAMPLES)
    for i, seed in enumerate(seeds):
        wanted = (said.plays[i] == 1).to(notes.device) & ~start.notes_known[i].all(-1)
        fewest = _planned_strokes(said.item(i), num_frames).to(notes.device) * FEW
        strokes = _strokes(model, notes[i], num_frames)
        for turn in range(1, TRIES + 1):
            missing = wanted & (strokes < fewest.clamp_min(1.0))
            if not missing.any():
                break
            held = start.notes_known[i] | ~missing[:, None]
            again = replace(start, notes=notes[i, None], notes_known=held[None])
            unlike = None if negative is None else (negative[0][i, None], negative[1][i, None])
            other = [seed + turn * OTHER_NOISE]
            composer = model.composer if adapted is None else adapted.item(i)
            more = _denser(said.item(i), missing, 2.0**turn)
            made = compose(composer, more, again, other, sampling, unlike)[0]
            played = _strokes(model, made, num_frames)
            better = missing & (played > strokes)
            notes[i] = torch.where(better[:, None, None], made, notes[i])
            strokes = torch.where(better, played, strokes)
    return notes


def _strokes(model: HarmonicFlow, notes: torch.Tensor, num_frames: int) -> torch.Tensor:
    """In how many frames each stem of a song's score latents (s l d) strikes a note: (s,)."""
    onsets = model.score_codec.decode(notes[None])[0, :, :num_frames, :NUM_PITCHES]
    return (onsets > 0.5).any(-1).sum(-1).float()


def _planned_strokes(said: Conditions, num_frames: int) -> torch.Tensor:
    """How often each stem of one song should strike (s,); 0 where nobody knows."""
    if said.density is None:
        return torch.zeros(())
    return said.density[0].nan_to_num(0.0) * num_frames / FRAME_RATE


def _denser(said: Conditions, missing: torch.Tensor, factor: float) -> Conditions:
    """One song's conditions in which stems that are missing (s,) are planned so many times as
    densely, and in every bar at least so many times their mean.
    """
    changed = {}
    if said.density is not None:
        changed["density"] = torch.where(missing, factor * said.density, said.density)
    if said.sheet is not None:
        sheet = said.sheet.clone()
        columns = sheet[..., SHEET_COLUMNS["density"]]
        planned = torch.expm1(columns * DENSITY_SCALE)
        raised = factor * planned.maximum(planned.mean(1, keepdim=True))
        raised = raised.clamp_max(MOST_PER_BEAT).log1p() / DENSITY_SCALE
        known = sheet[..., SHEET_COLUMNS["density_known"]] > 0
        sheet[..., SHEET_COLUMNS["density"]] = torch.where(missing & known, raised, columns)
        changed["sheet"] = sheet
    return replace(said, **changed)
