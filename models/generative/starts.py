"""What a walk through the flow begins with: nothing, given music to keep, music to vary, rests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from data.roll import ROLL_ROWS
from models.generative.edits import Keep
from models.generative.flow import SCORE_POWER
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
    """What the two walks begin with.

    sound, notes: (b s l d) latents of what is given, zeros elsewhere; sound_known, notes_known
    (b s l) bool where they are held, l in whole macro frames; plays (b s) bool; tau: flow times of
    sound and score at which the walks begin, above 0 for a variation of the latents; audio (b s t)
    and audio_frames (b s l): what must come back to the sample; rolls (b s l p) and note_frames
    (b s l): what must come back to the note.
    """

    sound: torch.Tensor
    notes: torch.Tensor
    sound_known: torch.Tensor
    notes_known: torch.Tensor
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
        plays: torch.Tensor | None = None,
        variation: float | None = None,
    ) -> Start:
        """Start of b songs of `num_samples`.

        Args:
            keep, variation: as in `HarmonicFlow.generate`.
            plays: (b s) long, 0 where a stem must rest.
        """
        num_frames = -(-num_samples // (MACRO_FRAMES * FRAME_SAMPLES)) * MACRO_FRAMES
        zeros = lambda *shape: torch.zeros(b, NUM_STEMS, num_frames, *shape, device=model.device)
        start = Start(
            zeros(model.widths.sound),
            zeros(model.widths.score),
            zeros().bool(),
            zeros().bool(),
            torch.ones(b, NUM_STEMS, dtype=torch.bool),
        )
        if variation is not None:
            start = _varied(start, model, _whole(keep, num_samples), variation)
        elif keep is not None:
            start = _held(start, model, keep, num_samples)
        if plays is None or not (plays == 0).any():
            return start
        return _with_rests(start, model, plays.cpu() == 0, num_samples)


def _with_latents(start: Start, model: HarmonicFlow, keep: Keep) -> Start:
    """The start with latents of given music; notes that nobody wrote down are transcribed."""
    sound, notes, given = start.sound.clone(), start.notes.clone(), keep.known.shape[2]
    if keep.audio is not None:
        padded = F.pad(keep.audio, (0, -keep.audio.shape[-1] % FRAME_SAMPLES)).to(model.device)
        sound[:, :, :given] = model.codec.encode(padded)
        notes[:, :, :given] = model.transcriber(sound[:, :, :given])
    if keep.rolls is not None:
        written = model.score_codec.encode(keep.rolls.to(model.device))
        trusted = keep.known[..., 1:].to(model.device) | (keep.audio is None)
        notes[:, :, :given] = torch.where(trusted, written, notes[:, :, :given])
    return replace(start, sound=sound, notes=notes)


def _held(start: Start, model: HarmonicFlow, keep: Keep, num_samples: int) -> Start:
    """The start with given music that the result must keep.

    Where only sound is given, its transcription is held as its score.
    """
    b, _, num_frames, _ = start.sound.shape
    given = keep.known.shape[2]
    if num_samples > keep.num_samples:  # the song goes on: a frame that is given in part is made
        given = keep.num_samples // FRAME_SAMPLES
    known = torch.zeros(b, NUM_STEMS, num_frames, 2, dtype=torch.bool, device=model.device)
    known[:, :, :given] = keep.known[:, :, :given].to(model.device)
    start = _with_latents(start, model, keep)
    start = replace(start, sound_known=known[..., 0], notes_known=known.any(-1))
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
    """The start that departs from given music; what is not given of it begins as noise.

    Score and sound skip the same share of the steps of their walks.
    """
    if not 0.0 <= variation <= 1.0:
        raise UserError(f"variation is {variation:g}: choose from 0 (the given music) to 1 (anew)")
    start, given = _with_latents(start, model, keep), keep.known.shape[2]
    for latents in (start.sound, start.notes):
        latents[:, :, given:] = latents[:, :, given - 1, None]
    kept = 1.0 - variation
    return replace(start, tau=(0.0 if keep.audio is None else kept, kept**SCORE_POWER))


def _with_rests(
    start: Start, model: HarmonicFlow, resting: torch.Tensor, num_samples: int
) -> Start:
    """The start with some stems known to be silent where no sound is given; resting (b s) bool."""
    sounding = start.sound_known
    whole = sounding[:, :, : -(-num_samples // FRAME_SAMPLES)].all(-1).cpu() & resting
    if whole.any():
        stem = STEMS[int(whole.nonzero()[0, 1])]
        raise UserError(f"the {stem} is given, so it cannot rest: leave it out of plays")
    rests = ~sounding & resting[..., None].to(model.device)
    sound, notes = _silence(model)
    start = replace(
        start,
        sound=torch.where(rests[..., None], sound, start.sound),
        notes=torch.where(rests[..., None], notes, start.notes),
        sound_known=start.sound_known | rests,
        notes_known=start.notes_known | rests,
        plays=start.plays & ~resting,
    )
    if start.note_frames is None:
        return start
    return replace(start, note_frames=start.note_frames & ~rests.cpu())


def _silence(model: HarmonicFlow) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents (1 s 1 d) of sound and score of a frame in the midst of silence."""
    audio = torch.zeros(1, NUM_STEMS, SEGMENT_SAMPLES, device=model.device)
    roll = torch.zeros(1, NUM_STEMS, SEGMENT_FRAMES, ROLL_ROWS, device=model.device)
    middle = slice(SEGMENT_FRAMES // 2, SEGMENT_FRAMES // 2 + 1)
    return model.codec.encode(audio)[:, :, middle], model.score_codec.encode(roll)[:, :, middle]
