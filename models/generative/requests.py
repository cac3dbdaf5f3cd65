"""From what a user says to `generate` to `Conditions` and a given lead sheet; every value is
checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from data.chords import KEYS, parse_key
from data.lead_sheet import LeadSheet
from models.encoders.conditions import Conditions
from models.generative.edits import Keep
from utils import NUM_STEMS, STEMS, UserError, did_you_mean

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow


def conditions_of(
    model: HarmonicFlow,
    b: int,
    *,
    text: str | Sequence[str] | None,
    ids: Mapping[str, torch.Tensor | int | None],
    mel: torch.Tensor | None,
    bpm: float | None,
    key: str | None,
    programs: Mapping[str, int] | None,
    plays: Mapping[str, bool] | None,
    density: Mapping[str, float] | None,
    dynamics: float | None,
) -> Conditions:
    """Conditions of b songs; what is None stays unsaid. Arguments as in `HarmonicFlow.generate`."""
    values: dict[str, Any] = {name: _ids(value, b) for name, value in ids.items()}
    if text is not None:
        prompts = [text] * b if isinstance(text, str) else list(text) * (b if len(text) == 1 else 1)
        values["text_tokens"], values["text_mask"] = model.text.encode(prompts)
    if mel is not None:
        values["mel"] = _reference(mel, b)
    if bpm is not None:
        values["tempo"] = torch.full((b,), float(bpm))
    if key is not None:
        values["key"] = torch.full((b,), parse_key(key))
    if dynamics is not None:
        values["dynamics"] = torch.full((b,), float(dynamics))
    values["program"] = per_stem(programs, -1, torch.long, b)
    values["density"] = per_stem(density, float("nan"), torch.float32, b)
    values["plays"] = per_stem(plays, -1, torch.long, b)
    said = Conditions(**{name: v for name, v in values.items() if v is not None})
    return said.checked().to(model.device)


def _ids(value: torch.Tensor | int | None, b: int) -> torch.Tensor | None:
    if value is None:
        return None
    ids = torch.as_tensor(value, dtype=torch.long).reshape(-1)
    return ids.expand(b) if len(ids) == 1 else ids


def _reference(mel: torch.Tensor, b: int) -> torch.Tensor:
    """A reference (f m), (b f m) or (b c f m) as (b f m), channels averaged.

    Of one song, (c f m) is a reference too: what `compute_mel_spectrogram` makes of (c t) audio.
    """
    mel = torch.as_tensor(mel, dtype=torch.float32)
    if mel.ndim == 3 and b == 1:
        mel = mel.mean(0)
    mel = mel[None] if mel.ndim == 2 else mel.mean(1) if mel.ndim == 4 else mel
    if mel.ndim != 3:
        raise UserError(f"audio has shape {tuple(mel.shape)}: expected a mel spectrogram (b, f, m)")
    return mel.expand(b, -1, -1) if len(mel) == 1 else mel


def programs_of(keep: Keep | None, programs: Mapping[str, int] | None) -> dict[str, int]:
    """General MIDI programs of stems: those asked for, else those of a given score."""
    if keep is None or keep.played is None:
        return dict(programs or {})
    score = keep.played
    known = {stem: p for stem, p in score.programs.items() if p is not None and stem != "drums"}
    return {stem: p for stem, p in known.items() if len(score.notes[stem])} | dict(programs or {})


def songs_of(
    text: str | Sequence[str] | None,
    ids: Mapping[str, torch.Tensor | int | None],
    mel: torch.Tensor | None,
    keep: Keep | None,
    batch_size: int,
    seed: int | Sequence[int],
) -> tuple[int, list[int]]:
    """How many songs are asked for, and the seed of each; arguments as in
    `HarmonicFlow.generate`.
    """
    if batch_size < 1:
        raise UserError(f"batch_size is {batch_size}: at least one song")
    counts = [torch.as_tensor(value).numel() for value in ids.values() if value is not None]
    counts += [len(text)] if text is not None and not isinstance(text, str) else []
    counts += [len(mel)] if mel is not None and mel.ndim == 4 else []
    counts += [len(keep.known)] if keep is not None else []
    counts += [len(seed)] if isinstance(seed, Sequence) else []
    sizes = {count for count in (*counts, batch_size) if count != 1}
    if len(sizes) > 1 or 0 in sizes:
        raise UserError(
            "prompts, ids, references, seeds, given music and batch_size name different numbers "
            f"of songs: {sorted(sizes)}"
        )
    b = sizes.pop() if sizes else 1
    seeds = [int(s) for s in seed] if isinstance(seed, Sequence) else [int(seed)]
    if min(seeds) < 0:
        raise UserError(f"seed is {min(seeds)}: choose 0 or more")
    return b, seeds if len(seeds) == b else [seeds[0] + i for i in range(b)]


def per_stem(
    values: Mapping[str, Any] | None, unknown: float, dtype: torch.dtype, b: int
) -> torch.Tensor | None:
    """A value per stem (b s), `unknown` where nothing is said; None when nothing is."""
    if not values:
        return None
    row = torch.full((NUM_STEMS,), unknown, dtype=dtype)
    for stem, value in values.items():
        if stem not in STEMS:
            raise UserError(f"unknown stem '{stem}': {did_you_mean(stem, STEMS)}")
        row[STEMS.index(stem)] = value
    return row.expand(b, NUM_STEMS)


def given_sheet(
    lead_sheet: LeadSheet | None,
    bpm: float | None,
    key: str | None,
    chords: str | None,
    beats_per_bar: int | None,
    duration: float,
) -> LeadSheet | None:
    """The part of the lead sheet that the user gave; a whole sheet, with single parts put over
    it.

    A new tempo or meter lays the sheet's bars over new beats; chords take the place of its chords.
    """
    parts = {"bpm": bpm, "key": key, "chords": chords, "beats_per_bar": beats_per_bar}
    said = {name: value for name, value in parts.items() if value is not None}
    if lead_sheet is None or not said:
        return LeadSheet.parse(**said, duration=duration) if said else lead_sheet
    if len(lead_sheet) and beats_per_bar == lead_sheet.beats_per_bar:
        said.pop("beats_per_bar")
    if not said:
        return lead_sheet
    if said.keys() == {"key"}:
        return replace(lead_sheet, key=KEYS[parse_key(key)])
    meter = {"beats_per_bar": lead_sheet.beats_per_bar} if len(lead_sheet) else {}
    tempo = {"bpm": lead_sheet.bpm} if "beats_per_bar" in said and lead_sheet.bpm else {}
    if "beats_per_bar" in said and len(lead_sheet) and not (bpm or tempo):
        raise UserError(
            f"the lead sheet has {lead_sheet.beats_per_bar} beats in a bar: leave beats_per_bar "
            "out, or give a bpm"
        )
    parsed = LeadSheet.parse(**(meter | tempo | said), duration=duration)
    return replace(parsed.merged(lead_sheet), duration=duration)
