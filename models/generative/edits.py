"""Every edit is a mask: which sound and which notes are given.

In training a random part is given clean and the loss covers the rest, so that at sampling time
accompaniment, in-painting, continuation, performing a score and transcribing a recording are all
the same call. Training masks are (b s l), of the score for the composer and of the sound for the
performer; a user's `Keep` has both, (b s l 2), sound then score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import torch

from data.lead_sheet import LeadSheet
from data.movement import swing_of
from data.roll import to_roll
from data.score import Score
from utils import FRAME_SAMPLES, NUM_STEMS, SAMPLE_RATE, STEMS, UserError, did_you_mean


class Given(IntEnum):
    """What a training item is given."""

    NOTHING = 0
    STEMS = 1
    BEGINNING = 2
    OUTSIDE_WINDOW = 3


# a composer accompanies, continues and fills in; a performer mostly plays from the first note on
COMPOSING = {
    Given.NOTHING: 0.55,
    Given.STEMS: 0.22,
    Given.BEGINNING: 0.13,
    Given.OUTSIDE_WINDOW: 0.1,
}
PERFORMING = {
    Given.NOTHING: 0.8,
    Given.STEMS: 0.0,
    Given.BEGINNING: 0.12,
    Given.OUTSIDE_WINDOW: 0.08,
}


def known_stems(num_frames: int, stems: torch.Tensor) -> torch.Tensor:
    """Mask that gives whole stems: stems (b s) bool -> (b s l)."""
    return stems[:, :, None].expand(-1, -1, num_frames).clone()


def known_span(count: int, num_frames: int, first: int, last: int) -> torch.Tensor:
    """Mask (b s l) that gives frames first to last (exclusive) of every stem."""
    mask = torch.zeros(count, NUM_STEMS, num_frames, dtype=torch.bool)
    mask[:, :, max(first, 0) : last] = True
    return mask


def known_outside(count: int, num_frames: int, first: int, last: int) -> torch.Tensor:
    """Mask (b s l) that gives everything but frames first to last (exclusive)."""
    return ~known_span(count, num_frames, first, last)


def draw_known(
    count: int, num_frames: int, shares: Mapping[Given, float], generator: torch.Generator
) -> torch.Tensor:
    """Random masks (b s l) for training, one kind of `Given` an item, in the given shares."""
    weights = torch.tensor([shares[kind] for kind in Given])
    kinds = torch.multinomial(weights, count, replacement=True, generator=generator)
    return torch.cat([_draw(Given(int(kind)), num_frames, generator) for kind in kinds])


def _draw(kind: Given, num_frames: int, generator: torch.Generator) -> torch.Tensor:
    """One random mask (1 s l) of a kind."""
    cuts = torch.rand(2, generator=generator).sort().values
    first, last = (int(c * num_frames) for c in cuts)
    if kind is Given.STEMS:
        chosen = torch.rand(1, NUM_STEMS, generator=generator) < 0.2 + 0.6 * cuts[:1]
        return known_stems(num_frames, chosen & ~chosen.all())
    if kind is Given.BEGINNING:
        return known_span(1, num_frames, 0, max(first, 1))
    if kind is Given.OUTSIDE_WINDOW:
        return known_outside(1, num_frames, first, max(last, first + 1))
    return torch.zeros(1, NUM_STEMS, num_frames, dtype=torch.bool)


@dataclass(frozen=True)
class Keep:
    """Music that is given to `generate`, and which part of it.

    Attributes:
        known: (b s l 2) bool, what the result must keep: sound, score.
        num_samples: length of what is given.
        audio: (b s t) stems at 22,050 Hz, or None when only notes are given.
        rolls: (b s l p) their notes, or None when only sound is given.
        played: the score that the notes are from, with its beats and programs.
    """

    known: torch.Tensor
    num_samples: int
    audio: torch.Tensor | None = None
    rolls: torch.Tensor | None = None
    played: Score | None = None

    @property
    def swing(self) -> float | None:
        """Share of the long eighth in the given notes; None where they do not tell."""
        if self.played is None:
            return None
        swing = swing_of(self.played, LeadSheet.from_score(self.played))
        return None if np.isnan(swing) else float(swing)

    @property
    def sheet(self) -> LeadSheet | None:
        """The lead sheet of the given score; it leaves open how stems play that are not given."""
        if self.played is None:
            return None
        sheet = LeadSheet.from_score(self.played)
        given = self.known[..., 1].any(-1).any(0).numpy(force=True)
        return replace(sheet, density=np.where(given, sheet.density, np.nan))

    def covers(self, num_samples: int) -> bool:
        """Whether all the sound, or all the notes, of a song of that length are given."""
        whole = self.known.flatten(0, 2).all(0)
        return self.num_samples >= num_samples and bool(whole.any())

    @staticmethod
    def stems(audio: Mapping[str, np.ndarray], score: Score | None = None) -> Keep:
        """Whole stems, by name: the others are generated to fit.

        Args:
            audio: stem -> mono waveform at 22,050 Hz.
            score: their notes, where known.
        """
        for name in audio:
            if name not in STEMS:
                raise UserError(f"unknown stem '{name}': {did_you_mean(name, STEMS)}")
        if not audio or max(len(a) for a in audio.values()) == 0:
            raise UserError("no stem is given, or all are empty: give at least one with sound")
        for name, waveform in audio.items():
            if np.ndim(waveform) != 1:
                raise UserError(f"the {name} has shape {np.shape(waveform)}: expected mono (t,)")
        length = max(len(a) for a in audio.values())
        waveforms = torch.zeros(1, NUM_STEMS, length)
        for name, waveform in audio.items():
            waveforms[0, STEMS.index(name), : len(waveform)] = torch.as_tensor(waveform)
        chosen = torch.tensor([[stem in audio for stem in STEMS]])
        return _keep(waveforms, known_stems(_frames(length), chosen), score)

    @staticmethod
    def outside(audio: torch.Tensor, start: float, end: float, score: Score | None = None) -> Keep:
        """All of stems (s t) but the seconds from `start` to `end`: in-painting."""
        num_frames = _frames(audio.shape[-1])
        if not 0.0 <= start < end or start * SAMPLE_RATE >= audio.shape[-1]:
            seconds = audio.shape[-1] / SAMPLE_RATE
            raise UserError(
                f"cannot in-paint {start:g}:{end:g}: choose start < end within 0:{seconds:.1f}"
            )
        first, last = int(start * SAMPLE_RATE / FRAME_SAMPLES), _frames(round(end * SAMPLE_RATE))
        return _keep(audio[None], known_outside(1, num_frames, first, last), score)

    @staticmethod
    def beginning(audio: torch.Tensor, score: Score | None = None) -> Keep:
        """All of stems (s t), to be continued."""
        whole = audio.shape[-1] // FRAME_SAMPLES
        if not whole:
            raise UserError("the beginning is under 50 ms long: give at least a second of music")
        return _keep(audio[None], known_span(1, _frames(audio.shape[-1]), 0, whole), score)

    @staticmethod
    def score(score: Score) -> Keep:
        """The notes of every stem: the model performs them."""
        num_samples = round(score.duration * SAMPLE_RATE)
        if not num_samples:
            raise UserError("the score is empty: its duration is 0")
        rolls = torch.from_numpy(to_roll(score, _frames(num_samples)))[None]
        known = torch.zeros(*rolls.shape[:3], 2, dtype=torch.bool)
        known[..., 1] = True
        return Keep(known, num_samples, rolls=rolls, played=score)

    @staticmethod
    def sound(audio: torch.Tensor) -> Keep:
        """The sound of every stem (b s t): the model transcribes it."""
        num_frames = _frames(audio.shape[-1])
        return _keep(audio, known_span(len(audio), num_frames, 0, num_frames), None)


def _frames(num_samples: int) -> int:
    return -(-num_samples // FRAME_SAMPLES)


def _keep(audio: torch.Tensor, known: torch.Tensor, score: Score | None) -> Keep:
    """Given audio (b s t), held where `known` (b s l), and, where its score is known, its notes.

    A stem that sounds but has no note in the score is one whose notes are not known.
    """
    if audio.ndim != 3 or audio.shape[1] != NUM_STEMS:
        raise UserError(
            f"given audio has shape {tuple(audio.shape[1:])}: expected ({NUM_STEMS}, samples)"
        )
    if not audio.isfinite().all():
        raise UserError("given audio holds values that are not numbers (nan or infinity)")
    known = known[..., None].repeat(1, 1, 1, 2)
    if score is None:
        known[..., 1] = False
        return Keep(known, audio.shape[-1], audio.float())
    noted = torch.tensor([len(score.notes[stem]) > 0 for stem in STEMS])
    known[..., 1] &= (noted | ~audio.any(-1).cpu())[..., None]
    rolls = torch.from_numpy(to_roll(score, known.shape[2]))[None]
    return Keep(known, audio.shape[-1], audio.float(), rolls, score)
