"""What official Slakh2100 is: its splits, its metadata with all their traps, its known-bad stems.

A track folder holds `metadata.yaml`, `stems/Sxx.flac`, `MIDI/Sxx.mid` and more. The program number
alone says what a source is: classes disagree with the sound, spell themselves in several ways and
drums are program 128. The folders that the metadata name are wrong in places, so they are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from data.midi import FAMILIES
from data.score import DRUM_PROGRAM
from utils import STEMS, UserError

VARIANTS = ("redux", "orig", "split2")
NUM_TRACKS = 2_100
AUDIO_SUFFIXES = (".flac", ".wav")
MAX_METADATA_BYTES = 200_000
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class TrackSource:
    """One source of a track: `name` (S00 ...), its General MIDI program (128 drums) and its files.

    audio and midi are None where there is no such file. fault: its entry in the list of known-bad
    stems, None for a good one.
    """

    name: str
    program: int
    audio: Path | None
    midi: Path | None
    fault: str | None = None

    @property
    def stem(self) -> str | None:
        """The stem it belongs to by its program; None outside the four families."""
        if self.program == DRUM_PROGRAM:
            return "drums"
        return next((s for s, programs in FAMILIES.items() if self.program in programs), None)

    @property
    def audible(self) -> bool:
        """Whether there is audio that may be used."""
        usable = self.fault is None or known_bad()["faults"][self.fault]["use_audio"]
        return self.audio is not None and usable


@dataclass(frozen=True)
class SlakhTrack:
    """A track folder as published; `sources` are those of the four families."""

    folder: Path
    sources: tuple[TrackSource, ...] = field(default_factory=tuple)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def unusable(self) -> dict[str, str]:
        """Source -> why it cannot be heard: no audio, or a known fault."""
        return {s.name: s.fault or "no audio" for s in self.sources if not s.audible}

    def sources_of(self, stem: str) -> list[TrackSource]:
        """The sources that are summed to a stem: those with usable audio."""
        return [source for source in self.sources if source.stem == stem and source.audible]


@lru_cache(maxsize=1)
def known_bad() -> dict:
    """`slakh_known_bad.json`: faults, and stems per track."""
    return json.loads((_HERE / "slakh_known_bad.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _splits() -> dict:
    return json.loads((_HERE / "slakh_splits.json").read_text(encoding="utf-8"))


def split_of(track: str, variant: str) -> str | None:
    """The split of a track in a variant of Slakh2100, None where the variant omits it.

    Args:
        track: "Track00001" and so on; the number decides, not the folder that it lies in.
        variant: "redux" (no song twice), "orig" (same songs in several splits) or "split2".
    """
    number = _number(track)
    if number is None or not 1 <= number <= NUM_TRACKS:
        raise UserError(f"'{track}' is not a track of Slakh2100 (Track00001 to Track02100)")
    lists = _splits()
    changes = lists.get(variant, {"omit": [], "move": {}}) if variant != "orig" else {}
    if number in changes.get("omit", ()):
        return None
    moved = (split for split, numbers in changes.get("move", {}).items() if number in numbers)
    ranges = lists["orig"].items()
    own = next(split for split, (first, last) in ranges if first <= number <= last)
    return next(moved, own)


def _number(track: str) -> int | None:
    match = re.fullmatch(r"Track(\d{5})", track)
    return int(match[1]) if match else None


def find_track_folders(root: Path) -> list[Path]:
    """Track folders in `root`, its folders and their folders, in the order of their names.

    Raises:
        UserError: none is there, or one track is there twice.
    """
    if not root.is_dir():
        raise UserError(f"Slakh folder '{root}' does not exist")
    found: dict[str, Path] = {}
    for folder in _candidates(root):
        if folder.name in found:
            raise UserError(
                f"{folder.name} is there twice ('{found[folder.name]}' and '{folder}'): "
                "point --slakh_dir at one copy of Slakh2100"
            )
        found[folder.name] = folder
    if not found:
        raise UserError(
            f"no Slakh2100 track in '{root}': expected folders like train/Track00001 with "
            "metadata.yaml and stems/S00.flac"
        )
    return [found[name] for name in sorted(found)]


def _candidates(root: Path) -> Iterator[Path]:
    for depth in ("", "*/", "*/*/"):
        for folder in root.glob(f"{depth}Track[0-9][0-9][0-9][0-9][0-9]"):
            if (folder / "stems").is_dir() or (folder / "metadata.yaml").is_file():
                yield folder


def read_track(folder: Path) -> SlakhTrack:
    """A track with its sources of the four families, in the order of their names.

    Raises:
        UserError: the metadata are missing, damaged or of another form.
    """
    stems = _metadata(folder / "metadata.yaml").get("stems")
    if not isinstance(stems, dict) or not stems:
        raise UserError(f"'{folder / 'metadata.yaml'}' lists no stems")
    sources = [_source(folder, str(name), stems[name]) for name in sorted(stems, key=str)]
    return SlakhTrack(folder, tuple(source for source in sources if source.stem in STEMS))


def _metadata(path: Path) -> dict:
    """The metadata as a dictionary, read without running anything that stands in them."""
    import yaml

    try:
        if path.stat().st_size > MAX_METADATA_BYTES:
            raise UserError(f"'{path}' is larger than {MAX_METADATA_BYTES} bytes")
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"cannot read '{path}' ({line})") from None
    return values if isinstance(values, dict) else {}


def _source(folder: Path, name: str, facts: object) -> TrackSource:
    """A source by what lies on the disk: `audio_rendered` and `midi_saved` are wrong in places."""
    facts = facts if isinstance(facts, dict) else {}
    program = facts.get("program_num")
    if facts.get("is_drum") is True:
        program = DRUM_PROGRAM
    if not re.fullmatch(r"S\d{2,3}", name) or not isinstance(program, int):
        raise UserError(f"'{folder / 'metadata.yaml'}': stem '{name}' has no program_num")
    files = (folder / "stems" / f"{name}{suffix}" for suffix in AUDIO_SUFFIXES)
    midi = folder / "MIDI" / f"{name}.mid"
    return TrackSource(
        name,
        program,
        next((path for path in files if path.is_file()), None),
        midi if midi.is_file() else None,
        known_bad()["stems"].get(folder.name, {}).get(name),
    )
