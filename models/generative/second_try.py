"""Who should play and came out empty, or nearly, tries again, with the others as they are.

Now and then the score's flow leaves out a stem that the plan has, most often one that has little to
play. It is composed once more under other noise and as if more strokes were planned in the bars in
which it plays, while everything else is held, which is an accompaniment as any other. A try is
taken if it comes nearer to what is planned.
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
MOST_PER_BEAT, MOST_PER_SECOND = 4.0, 12.0  # strokes that a try asks for, unless more are planned
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
        free = ~start.notes_known[i, :, :num_frames]
        wanted = (said.plays[i] == 1).to(notes.device) & free.any(-1)
        planned = _planned(said.item(i), free)
        free &= ~_resting(said.item(i), free)
        strokes = _strokes(model, notes[i], free)
        for turn in range(1, TRIES + 1):
            missing = wanted & (strokes < (FEW * planned).clamp_min(1.0))
            if not missing.any():
                break
            held = start.notes_known[i] | ~missing[:, None]
            again = replace(start, notes=notes[i, None], notes_known=held[None])
            unlike = None if negative is None else (negative[0][i, None], negative[1][i, None])
            other = [seed + turn * OTHER_NOISE]
            composer = model.composer if adapted is None else adapted.item(i)
            more = _denser(said.item(i), missing, 2.0**turn)
            made = compose(composer, more, again, other, sampling, unlike)[0]
            played = _strokes(model, made, free)
            nearer = _octaves_off(played, planned) < _octaves_off(strokes, planned)
            better = missing & torch.where(planned > 0.0, nearer, played > strokes)
            notes[i] = torch.where(better[:, None, None], made, notes[i])
            strokes = torch.where(better, played, strokes)
    return notes


def _strokes(model: HarmonicFlow, notes: torch.Tensor, free: torch.Tensor) -> torch.Tensor:
    """In how many of the frames that are free (s l) each stem of a song's score latents (s l d)
    strikes a note: (s,).
    """
    onsets = model.score_codec.decode(notes[None])[0, :, : free.shape[1], :NUM_PITCHES]
    return ((onsets > 0.5).any(-1) & free).sum(-1).float()


def _resting(said: Conditions, free: torch.Tensor) -> torch.Tensor:
    """In which frames (s l) of one song a rest is planned, where nothing is heard of what a stem
    composes.
    """
    if said.sheet is None:
        return torch.zeros_like(free)
    rows = said.sheet[0, : free.shape[1]].to(free.device)
    known, density = (rows[:, SHEET_COLUMNS[name]].T for name in ("density_known", "density"))
    return (known > 0.0) & (density == 0.0)


def _planned(said: Conditions, free: torch.Tensor) -> torch.Tensor:
    """How often each stem of one song should strike in the frames that are free (s l): (s,); 0
    where nobody knows.
    """
    if said.density is None:
        return torch.zeros(len(free), device=free.device)
    return said.density[0].to(free.device).nan_to_num(0.0) * free.sum(-1) / FRAME_RATE


def _octaves_off(strokes: torch.Tensor, planned: torch.Tensor) -> torch.Tensor:
    """How far numbers of strokes lie from those that are planned, or from one, as a ratio."""
    return torch.log2((strokes + 1.0) / (planned.clamp_min(1.0) + 1.0)).abs()


def _denser(said: Conditions, missing: torch.Tensor, factor: float) -> Conditions:
    """One song's conditions in which stems that are missing (s,) are planned so many times as
    densely, evenly over the beats in which they play.
    """
    changed = {}
    more = lambda planned, most: (factor * planned).clamp_max(most).maximum(planned)
    if said.density is not None:
        missing = missing.to(said.density.device)
        raised = more(said.density, MOST_PER_SECOND)
        changed["density"] = torch.where(missing, raised, said.density)
    if said.sheet is not None:
        sheet = said.sheet.clone()
        columns = sheet[..., SHEET_COLUMNS["density"]]
        planned = torch.expm1(columns * DENSITY_SCALE)
        plays = (planned > 0) & missing.to(sheet.device)
        mean = planned.sum(1, keepdim=True) / plays.sum(1, keepdim=True).clamp_min(1)
        raised = more(planned.maximum(mean), MOST_PER_BEAT).log1p() / DENSITY_SCALE
        sheet[..., SHEET_COLUMNS["density"]] = torch.where(plays, raised, columns)
        changed["sheet"] = sheet
    return replace(said, **changed)
