"""A finished mix as a file: 24 bit with dither and tags."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data.audio import save_audio
from utils import VERSION

if TYPE_CHECKING:
    from models.postprocessing.mixing import Mixed


def save_master(path: str | Path, mixed: Mixed, sample_rate: int, *, title: str) -> None:
    """Writes a mix; the suffix (.wav, .flac) chooses the format, mix.json goes beside it."""
    path = Path(path)
    tags = {"title": title, "comment": loudness_of(mixed), "software": f"HarmonicFlow {VERSION}"}
    save_audio(path, mixed.audio, sample_rate, dither=True, tags=tags)
    mixed.settings.to_json(path.with_name("mix.json"))


def loudness_of(mixed: Mixed) -> str:
    """Loudness and true peak in words."""
    return f"{mixed.lufs:.1f} LUFS, true peak {mixed.true_peak_dbtp:.1f} dBTP"
