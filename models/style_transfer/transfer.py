"""From a song to the same song in another style, with a strength.

The score's flow starts from the song's own score latents at tau = (1 - strength)^2, where its walk
has taken that share of its steps, and walks to data under the target's conditions: style, genre,
emotion, words, reference, the instruments and the swing of the style. Its sound's starts at
1 - strength from the song's sound, where that is given. Beats, chords and key of the song's lead
sheet are held all the way; stems that rest keep resting.
"""

from __future__ import annotations

import warnings
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from data.brief import Brief
from data.lead_sheet import sheet_features
from models.generative.brief import Plan, said_labels
from models.generative.sampling import Sampling, perform
from models.generative.starts import Start
from models.song import Generation
from models.style_transfer.blending import compose_blend
from models.style_transfer.conditions import Change, conditions_of
from models.style_transfer.content import Content, Song
from models.style_transfer.target import Blend, Target
from utils import eval_mode

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

STRENGTH = 0.6
SAMPLING = Sampling(steps=16, sound_steps=8, sampler="ancestral", guidance=2.2)


def transfer_style(
    model: HarmonicFlow,
    song: Song,
    style: Blend | None = None,
    *,
    strength: float = STRENGTH,
    genre: Blend | None = None,
    emotion: Blend | None = None,
    reference: torch.Tensor | None = None,
    text: str | None = None,
    keep_instruments: bool = False,
    seed: int = 0,
    sampling: Sampling = SAMPLING,
) -> Generation:
    """The song in another style.

    Args:
        song: a song folder with stems, `models.given_music.GivenSong`, a score or a MIDI file.
        style, genre, emotion: a name, an id or a blend: "jazz=0.7 funk=0.3", {"jazz": 0.7, ...}.
        strength: 0 gives the song back, its sound to the sample and its notes to the note; 1 is a
            new song of the style on the song's beats, chords and key.
        reference: a recording to sound like, waveform (t,) at 22,050 Hz or power mel (f m).
        text: further words.
        keep_instruments: the song's own programs instead of those of the style.
        seed: of the noise.
        sampling: how the flows are walked.

    Returns:
        One song, with its own lead sheet; how densely stems play is left open in it.

    Raises:
        UserError: a strength, name or weight that cannot be, no target, or a song without stems.
    """
    target = Target.of(style, genre=genre, emotion=emotion, reference=reference, text=text)
    change = Change(Content.of(song), target, strength, keep_instruments)
    return change_style(model, change, seed=seed, sampling=sampling)


def change_style(
    model: HarmonicFlow, change: Change, *, seed: int = 0, sampling: Sampling = SAMPLING
) -> Generation:
    """`transfer_style` of a song and a target that are read already."""
    sampling = sampling.checked()
    made = (_untouched if change.strength == 0.0 else _transferred)(model, change, seed, sampling)
    made.settings = {
        "style_transfer": change.target.described(),
        "blends": change.target.named(),
        "strength": change.strength,
        "keep_instruments": change.keep_instruments,
        "seed": seed,
        "sampling": asdict(sampling),
    }
    return made


def _untouched(model: HarmonicFlow, change: Change, seed: int, sampling: Sampling) -> Generation:
    """The song itself: all of it is given; sound that is not is performed from its notes."""
    return model.generate(
        keep=change.content.keep,
        lead_sheet=change.content.sheet,
        duration=change.content.seconds,
        seed=seed,
        **asdict(sampling),
    )


def _transferred(model: HarmonicFlow, change: Change, seed: int, sampling: Sampling) -> Generation:
    """The song made anew from its own latents, in part or wholly noise."""
    _warn_of_untrained(model)
    content, weights = change.content, [part.weight for part in change.target.parts]
    sheet, num_samples = content.held_sheet, content.keep.num_samples
    with eval_mode(model):
        said = conditions_of(model, change).to(model.device)
        start = Start.of(
            model,
            1,
            num_samples,
            keep=content.keep,
            plays=torch.from_numpy(content.plays)[None].long(),
            variation=change.strength,
        )
        frames, swings = start.notes.shape[2], said.swing.tolist()
        rows = np.stack([sheet_features(sheet, frames, swing=swing) for swing in swings])
        said = replace(said, sheet=torch.from_numpy(rows).to(start.notes))
        sampling.warn_of_idle(said, negative=False)
        notes = compose_blend(model.composer, said, weights, start, seed, sampling)
    voice = said.item(0)  # the heaviest part's: a performer plays one instrument, not two halves
    return Generation(
        model,
        notes,
        num_samples,
        [Plan(Brief.of(said_labels(voice, 0)), sheet)],
        start,
        programs=voice.program.cpu(),
        seeds=[seed],
        play=lambda score: perform(model.performer, voice, start, score, [seed], sampling),
    )


def _warn_of_untrained(model: HarmonicFlow) -> None:
    """Warns of the parts of the way that are still random numbers."""
    needed = ("codec", "score_codec", "transcriber", "composer", "performer")
    missing = [part for part in needed if part not in model.trained]
    if missing:
        warnings.warn(f"untrained parts: {', '.join(missing)}; expect noise", stacklevel=4)
