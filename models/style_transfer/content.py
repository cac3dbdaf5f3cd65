"""What of a song is kept: its music to depart from, its beats and harmony, who plays on what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.lead_sheet import LeadSheet
from data.midi import read_midi
from data.movement import swing_of
from data.score import Score
from data.sources import MIDI_SUFFIXES
from metrics.analysis import is_silent
from models.generative.edits import Keep
from models.generative.requests import programs_of
from models.given_music import GivenSong, read_song
from utils import SAMPLE_RATE, STEMS, UserError

Song = GivenSong | Score | str | Path
LONGEST_SECONDS = 3_600.0


@dataclass(frozen=True)
class Content:
    """A song that is to change its style.

    Attributes:
        keep: its sound and notes, all of them given. sheet: its lead sheet, None where no beat is
            known. plays: bool (s,), which stems sound. programs: those that are known.
        swing: share of the long eighth, nan where nothing tells.
    """

    keep: Keep
    sheet: LeadSheet | None
    plays: np.ndarray
    programs: dict[str, int]
    swing: float

    @property
    def seconds(self) -> float:
        return self.keep.num_samples / SAMPLE_RATE

    @property
    def held_sheet(self) -> LeadSheet | None:
        """Beats, chords and key; how densely stems play is the style's to say."""
        if self.sheet is None:
            return None
        return replace(self.sheet, density=np.full_like(self.sheet.density, np.nan))

    @classmethod
    def of(cls, song: Song) -> Content:
        """The content of a song folder, a recording, stems in memory, a score or a MIDI file.

        Raises:
            UserError: silence, a score without notes, one shorter than a second or
                longer than an hour, or a file that cannot be read.
        """
        song = read_content(song) if isinstance(song, str | Path) else song
        content = _of_score(song) if isinstance(song, Score) else _of_stems(song)
        if not 1.0 <= content.seconds <= LONGEST_SECONDS:
            raise UserError(f"the song lasts {content.seconds:.1f} s: expected 1 to 3,600 seconds")
        return content


def read_content(path: str | Path) -> GivenSong | Score:
    """A song folder with stems, a MIDI file, or a recording, which is taken apart."""
    path = Path(path)
    if path.is_file() and path.suffix.lower() in MIDI_SUFFIXES:
        return read_midi(path).score
    return read_song(path)


def _of_score(score: Score) -> Content:
    """A score alone: its sound is made from the first sample on."""
    plays = np.array([len(score.notes[stem]) > 0 for stem in STEMS])
    if not plays.any():
        raise UserError(f"the score has no note for {', '.join(STEMS)}: nothing can be kept of it")
    keep, sheet = Keep.score(score), LeadSheet.from_score(score)
    return Content(keep, sheet, plays, programs_of(keep, None), swing_of(score, sheet))


def _of_stems(song: GivenSong) -> Content:
    """Stems, with their notes where they are written down."""
    keep = Keep.stems(dict(zip(STEMS, song.audio.numpy(), strict=True)), song.score)
    plays = ~is_silent(song.audio.numpy())
    swing = float("nan")
    if song.score is not None:
        plays |= [len(song.score.notes[stem]) > 0 for stem in STEMS]
        swing = swing_of(song.score, LeadSheet.from_score(song.score))
    if not plays.any():
        raise UserError("all stems are silent: nothing can be kept of this song")
    return Content(keep, song.sheet, plays, programs_of(keep, None), swing)
