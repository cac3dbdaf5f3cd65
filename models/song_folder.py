"""Where a generated song goes, its other voice, and what is said about it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from data.audio import load_audio
from metrics.analysis import is_silent, level_db
from utils import STEMS

if TYPE_CHECKING:
    from models.song import Generation


def new_folder(root: Path, text: str | None, seed: int) -> Path:
    """A new folder name from the prompt and the seed; existing songs are never overwritten."""
    words = re.sub(r"[^a-z0-9]+", "-", (text or "song").lower()).strip("-")[:40].rstrip("-")
    name = f"{words or 'song'}-{seed}"
    folder, count = root / name, 1
    while folder.exists():
        count += 1
        folder = root / f"{name}-{count}"
    return folder


def described(folder: Path, generation: Generation, index: int) -> str:
    """What was written to a song folder, with a word on stems that are silent though they may
    play.
    """
    sheet = generation.lead_sheets[index]
    plan = [f"{generation.duration:.1f} s", f"seed {generation.seeds[index]}"]
    if sheet is not None and sheet.bpm:
        plan.append(f"{sheet.bpm:.0f} bpm")
    if sheet is not None and sheet.key:
        plan.append(sheet.key)
    lines = [f"{folder}: {', '.join(plan)}"]
    if sheet is not None and len(sheet):
        lines.append(f"  {sheet.chart()}")
    song = json.loads((folder / "song.json").read_text())
    for i, stem in enumerate(STEMS):
        audio = load_audio(next(folder.glob(f"{stem}.*")))
        asleep = is_silent(audio) and bool(generation.start.plays[index, i])
        advice = f"  silent: try another seed, or --plays {stem}" if asleep else ""
        lines.append(f"  {stem:7}{level_db(audio):7.1f} dB{song['notes'][stem]:5} notes{advice}")
    if "mix" in song:
        lufs = song["mix"]["lufs"]
        lines.append(f"  master  {'silent' if lufs is None else f'{lufs:6.1f} LUFS'}")
    if "space" in song:
        lines.append(f"  {', '.join(song['space']['outputs'])}: {song['space']['scene']}")
    return "\n".join(lines)
