"""What a user gives as files, music or a picture, read and checked for `HarmonicFlow.generate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data.audio import load_audio
from data.lead_sheet import LeadSheet
from data.midi import read_midi
from data.sources import AUDIO_SUFFIXES
from models.generative.edits import Keep
from utils import SAMPLE_RATE, STEMS, UserError

if TYPE_CHECKING:
    import argparse

    from data.score import Score

CONTINUATION_SECONDS = 11.9
SHEET_NAME = "lead_sheet.json"
SCORE_NAMES = ("song.mid", "score.mid")


@dataclass(frozen=True)
class GivenSong:
    """A song from files: stems (s t) at 22,050 Hz, zeros where absent.

    `score` is None when there are no notes; `sheet` is its lead sheet, else the score's, else
    what is heard.
    """

    audio: torch.Tensor
    score: Score | None
    sheet: LeadSheet | None


def read_reference(path: str | Path) -> torch.Tensor:
    """Waveform (t,) at 22,050 Hz of a recording to sound like."""
    return torch.from_numpy(load_audio(path))


def heard_sheet(audio: np.ndarray, given: list[bool]) -> LeadSheet | None:
    """The lead sheet heard in stems (s t) without notes; None where no beat is heard.

    How densely stems play is left open where they are not given, bool (s,), and so is harmony where
    only drums are: that they play no chord does not say that nobody shall.
    """
    from data.listening import listen

    sheet = listen(audio, np.array(given)).sheet()
    if not sheet.timed:
        return None
    sheet = replace(sheet, density=np.where(given, sheet.density, np.nan))
    if any(there for stem, there in zip(STEMS, given, strict=True) if stem != "drums"):
        return sheet
    return replace(sheet, chords=(None,) * len(sheet), key=None)


def read_stems(files: Mapping[str, str | Path]) -> dict[str, np.ndarray]:
    """Stem -> mono waveform (t,) at 22,050 Hz from one file each."""
    stems = {}
    for stem, path in files.items():
        stems[stem] = load_audio(path)
        if not len(stems[stem]):
            raise UserError(f"'{path}' has no samples: give a file with sound for the {stem}")
    return stems


def read_song(path: str | Path) -> GivenSong:
    """A song folder: {bass,drums,guitar,piano}.wav (or flac ...), song.mid, lead_sheet.json; at
    least one stem must be there. An audio file is a mix, and is taken apart.

    Raises:
        UserError: no stem in the folder, or a file that cannot be read.
    """
    folder = Path(path)
    if folder.is_file():
        return _taken_apart(folder)
    if not folder.is_dir():
        raise UserError(
            f"there is no song folder '{folder}': check the path; generate.py writes such folders"
        )
    stems = read_stems(_stem_files(folder))
    length = max(len(waveform) for waveform in stems.values())
    audio = torch.zeros(len(STEMS), length)
    for stem, waveform in stems.items():
        audio[STEMS.index(stem), : len(waveform)] = torch.from_numpy(waveform)
    score = _score(folder)
    if (folder / SHEET_NAME).is_file():
        return GivenSong(audio, score, LeadSheet.from_json(folder / SHEET_NAME))
    if score is not None:
        return GivenSong(audio, score, LeadSheet.from_score(score))
    return GivenSong(audio, None, heard_sheet(audio.numpy(), [stem in stems for stem in STEMS]))


def _taken_apart(path: Path) -> GivenSong:
    """The stems that the separator finds in a mix."""
    from models.preprocessing.separation import separate

    mix = read_stems({"mix": path})["mix"]
    stems = separate(mix, SAMPLE_RATE)
    return GivenSong(torch.from_numpy(stems), None, heard_sheet(stems, [True] * len(STEMS)))


def _score(folder: Path) -> Score | None:
    """The score of a song folder; None where there is none or it has no note."""
    paths = [folder / name for name in SCORE_NAMES if (folder / name).is_file()]
    score = read_midi(paths[0]).score if paths else None
    known = score is not None and any(len(notes) for notes in score.notes.values())
    return score if known else None


def _stem_files(folder: Path) -> dict[str, Path]:
    """The audio file of each stem that is there."""
    names = {stem: [folder / f"{stem}{suffix}" for suffix in AUDIO_SUFFIXES] for stem in STEMS}
    found = {stem: next((p for p in paths if p.is_file()), None) for stem, paths in names.items()}
    present = {stem: path for stem, path in found.items() if path is not None}
    if not present:
        there = ", ".join(sorted(p.name for p in folder.iterdir())[:4]) or "nothing"
        raise UserError(
            f"no stem in '{folder}' (found {there}): expected {', '.join(STEMS)} as .wav or .flac"
        )
    return present


def given_options(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `generate` for music that is given, read from its files.

    A lead sheet that comes with the music is followed unless --lead_sheet gives another.
    """
    options: dict[str, Any] = {}
    for flag, read in READERS.items():
        if getattr(args, flag):
            options = read(args)
    if args.audio:
        options["audio"] = read_reference(args.audio)
    if args.image:
        from data.pictures.files import read_frames

        options["image"] = read_frames(args.image)
    if args.lead_sheet or options.get("lead_sheet") is None:
        options.pop("lead_sheet", None)
    return options


def _accompany(args: argparse.Namespace) -> dict[str, Any]:
    """--given: stems that the others shall fit."""
    keep = Keep.stems(read_stems(dict(args.given)))
    options = {} if args.duration else _length(keep)
    if not (args.bpm or args.chords):
        given = keep.known[0].any(-1).any(-1).tolist()
        options["lead_sheet"] = heard_sheet(keep.audio[0].numpy(), given)
    return {"keep": keep} | options


def _perform(args: argparse.Namespace) -> dict[str, Any]:
    """--perform: the notes of a MIDI file, on its own beats."""
    score = read_midi(args.perform).score
    if not any(len(notes) for notes in score.notes.values()):
        raise UserError(f"'{args.perform}' has no note for {', '.join(STEMS)}: check its programs")
    keep = Keep.score(score)
    return {"keep": keep, "lead_sheet": LeadSheet.from_score(score)} | _length(keep)


def _transcribe(args: argparse.Namespace) -> dict[str, Any]:
    """--transcribe: the sound of every stem, whose notes are wanted."""
    song = read_song(args.transcribe)
    keep = Keep.sound(song.audio[None])
    return {"keep": keep, "lead_sheet": song.sheet} | _length(keep)


def _continue(args: argparse.Namespace) -> dict[str, Any]:
    """--continue_from: a song that is longer by --duration afterwards."""
    song = read_song(args.continue_from)
    keep = Keep.beginning(song.audio, song.score)
    added = args.duration or CONTINUATION_SECONDS
    return {"keep": keep, "lead_sheet": song.sheet} | _length(keep, added)


def _edit(args: argparse.Namespace) -> dict[str, Any]:
    """--song: with a span to make anew, or varied as a whole."""
    song = read_song(args.song)
    if args.inpaint:
        keep, how = Keep.outside(song.audio, *args.inpaint, song.score), {}
    else:
        keep, how = Keep.beginning(song.audio, song.score), {"variation": args.variation}
    return {"keep": keep, "lead_sheet": song.sheet} | how | _length(keep)


READERS = {
    "given": _accompany,
    "perform": _perform,
    "transcribe": _transcribe,
    "continue_from": _continue,
    "song": _edit,
}


def _length(keep: Keep, added: float = 0.0) -> dict[str, float]:
    """The duration in seconds of given music and what is added; at least one."""
    return {"duration": max(keep.num_samples / SAMPLE_RATE + added, 1.0)}
