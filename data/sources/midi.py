"""Songs as MIDI files, rendered in memory through SoundFonts: training without audio files."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from data.batch import Example
from data.brief import FAMILIES
from data.chords import KEYS
from data.harmony import key_of
from data.in_three import in_three
from data.midi import MidiSong, read_midi
from data.score import Score
from data.song_labels import read_song_labels
from data.soundfont import in_tune, render_song
from data.synth import DRUM_BANK, default_soundfont, renderer
from data.user_captions import UserCaptions
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, UserError, counter_rng

PROGRAM_CHOICES = {
    "bass": (32, 33, 34, 35, 36, 37, 38, 39),
    "drums": (0, 8, 16, 24, 25, 32, 40),
    "guitar": (24, 25, 26, 27, 29, 30),
    "piano": (0, 1, 2, 3, 4, 5, 6, 7),
}
VALIDATION_SHARE = 0.05
SEMITONES = (-5, 6)
TEMPO_FACTORS = (0.9, 1.1)
GAIN_JITTER_DB = 3.0
CHANGE_PROGRAM = 0.5
CUT_TO_THREE = 0.05
ACTIVE_ONSETS = 4
WEIGHT_PER_STEM = 3.0
CACHED_SONGS = 2_048
COUNTED_SONGS = 400  # for `program_odds` and `key_odds`
ODDS_RANGE = (-4.0, 2.0)


class MidiSource:
    """Segments of a folder of MIDI files, audio and score always in step.

    Args:
        root: a folder with train/ and validation/ below it, or any folder of .mid files, of which
            5 % (by a hash of the file name) are for validation. An index.csv inside or beside it
            gives genre and artist tags, a `labels.jsonl` in it or in the split's folder what a user
            says about songs (`data.song_labels`).
        split: "train", "validation" or "test".
        soundfonts: SoundFont files, one is drawn per stem; default the one of pretty_midi.
        augment: whether transposition, tempo, instruments and levels vary when `example` gets an
            `rng`, and one song in twenty is cut to three beats in a bar (`data.in_three`).
        segments_per_song: segments of each song in an epoch; default 8, 4 outside of training.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        *,
        soundfonts: Sequence[str | Path] = (),
        augment: bool = True,
        segments_per_song: int | None = None,
    ) -> None:
        self.paths = find_songs(Path(root), split)
        self.num_songs = len(self.paths)
        self.soundfonts = tuple(str(path) for path in soundfonts) or (str(default_soundfont()),)
        self.augment = augment
        self.segments_per_song = segments_per_song or (8 if split == "train" else 4)
        root = Path(root)
        self.captions = UserCaptions.beside(root, split, [path.stem for path in self.paths])
        said, index = read_song_labels(root, root / split), read_index(root)
        said.warn_if_unused(path.name for path in self.paths)
        self.tags = {
            path.stem: {**index.get(path.stem, {}), **said.of(path.name)} for path in self.paths
        }

    def __len__(self) -> int:
        return self.num_songs * self.segments_per_song

    def example(
        self,
        index: int,
        *,
        num_frames: int,
        need_audio: bool = True,
        need_score: bool = True,
        rng: np.random.Generator | None = None,
    ) -> Example:
        """Segment `index` of the epoch; see `data.sources.Source`."""
        path = self.paths[index % self.num_songs]
        song = cached_song(str(path))
        vary = self.augment and rng is not None
        if rng is None:
            rng = counter_rng(zlib.crc32(path.stem.encode()), index // self.num_songs)
        if vary and rng.random() < CUT_TO_THREE:
            song = in_three(song)
        changes = self._draw_changes(song, rng) if vary else {}
        samples = num_frames * FRAME_SAMPLES
        seconds = samples / SAMPLE_RATE * changes.get("tempo_factor", 1.0)
        start = choose_start(song.score, seconds, rng)
        score, audio = render_song(
            song, start, start + seconds, num_samples=samples, need_audio=need_audio, **changes
        )
        tags = dict(self.tags[path.stem])
        self.captions.add_to(tags, path.stem, start, start + seconds)
        score.tags.update(tags)
        present = np.array([len(song.score.notes[stem]) > 0 for stem in STEMS])
        known = present & need_score
        score = score if need_score else None
        return Example(path.stem, start, present, audio, score, known, tags)

    def program_odds(self) -> dict[str, np.ndarray]:
        """How much likelier songs play a program than varied segments do, natural logarithm: stem
        -> (8,) programs of its family, counted in up to `COUNTED_SONGS` songs; zeros where nothing
        varies.
        """
        songs = [song.score.programs for song in self._some_songs()]
        odds = {}
        for stem, first in FAMILIES.items():
            places = [p[stem] - first for p in songs if p[stem] in range(first, first + 8)]
            counts = np.bincount(places, minlength=8) + 0.5
            own = counts / counts.sum()
            drawn = np.isin(first + np.arange(8), PROGRAM_CHOICES[stem])
            share = CHANGE_PROGRAM * self.augment
            varied = (1.0 - share) * own + share * drawn / drawn.sum()
            odds[stem] = np.log(own / varied).clip(*ODDS_RANGE)
        return odds

    def key_odds(self) -> np.ndarray:
        """How much likelier songs are in a key than transposed segments of their mode are, natural
        logarithm (24,), counted likewise.
        """
        keys = [song.key for song in self._some_songs() if song.key is not None]
        counts = np.bincount(keys, minlength=len(KEYS)).reshape(2, 12) + 1.0
        own = counts / counts.sum(1, keepdims=True)
        varied = (1.0 - self.augment) * own + self.augment / 12
        return np.log(own / varied).clip(*ODDS_RANGE).ravel()

    def _some_songs(self) -> list[MidiSong]:
        """Up to `COUNTED_SONGS` songs that can be read."""
        step = -(-self.num_songs // COUNTED_SONGS)
        return [song for path in self.paths[::step] if (song := _readable(path)) is not None]

    def _draw_changes(self, song: MidiSong, rng: np.random.Generator) -> dict:
        """One draw of everything that varies, as arguments of `render_song`."""
        fonts = {stem: self.soundfonts[rng.integers(len(self.soundfonts))] for stem in STEMS}
        programs = {}
        for stem in STEMS:
            change, choice = rng.random() < CHANGE_PROGRAM, rng.random()
            choices = [p for p in PROGRAM_CHOICES[stem] if _has(fonts[stem], stem, p)]
            if change and choices and song.score.programs[stem] is not None:
                programs[stem] = choices[int(choice * len(choices))]
        return {
            "semitones": int(rng.integers(SEMITONES[0], SEMITONES[1] + 1)),
            "tempo_factor": float(rng.uniform(*TEMPO_FACTORS)),
            "programs": programs,
            "soundfonts": fonts,
            "gains_db": {stem: rng.uniform(-GAIN_JITTER_DB, GAIN_JITTER_DB) for stem in STEMS},
        }


@lru_cache(maxsize=CACHED_SONGS)
def cached_song(path: str) -> MidiSong:
    """The song, read once per process; its key is heard from all its notes where the file gives
    none.
    """
    song = in_tune(read_midi(path))
    return song if song.key is not None else replace(song, key=key_of(song.score))


def _readable(path: Path) -> MidiSong | None:
    """A song; None for a file that cannot be read."""
    try:
        return cached_song(str(path))
    except UserError:
        return None


@lru_cache(maxsize=4_096)
def _has(soundfont: str, stem: str, program: int) -> bool:
    bank = DRUM_BANK if stem == "drums" else 0
    return renderer(soundfont, SAMPLE_RATE).has(bank, program)


def choose_start(score: Score, seconds: float, rng: np.random.Generator) -> float:
    """A downbeat in seconds from which to hear `seconds`, rather where many stems play.

    A start with one more active stem is `WEIGHT_PER_STEM` times as likely; starts where nothing
    plays are not drawn. Songs shorter than the segment begin at 0.
    """
    starts = score.beat_times[score.beat_in_bar == 0]
    starts = starts[(starts >= 0.0) & (starts <= score.duration - seconds)]
    if not len(starts):
        starts = np.linspace(0.0, max(score.duration - seconds, 0.0), 16)
    active = np.zeros(len(starts))
    for stem in STEMS:
        onsets = score.notes[stem].onset
        count = np.searchsorted(onsets, starts + seconds) - np.searchsorted(onsets, starts)
        active += count >= ACTIVE_ONSETS
    weight = np.where(active > 0, WEIGHT_PER_STEM**active, 0.0)
    total = weight.sum()
    chance = rng.random()
    if total == 0.0:
        return float(starts[int(chance * len(starts))])
    at = np.searchsorted(np.cumsum(weight) / total, chance, side="right")
    return float(starts[min(at, len(starts) - 1)])


def find_songs(root: Path, split: str) -> list[Path]:
    """The MIDI files of a split, sorted; a file name always falls into the same split.

    Raises:
        UserError: the folder does not exist or has no MIDI for the split.
    """
    if not root.is_dir():
        raise UserError(f"data folder '{root}' does not exist: expected a folder of .mid files")
    if (root / split).is_dir():
        return _midi_files(root / split)
    if any((root / name).is_dir() for name in ("train", "validation")):
        raise UserError(f"'{root}' has no '{split}' folder, though it is divided into splits")
    if split == "test":
        raise UserError(f"'{root}' has no test split: put songs in '{root / 'test'}'")
    files = _midi_files(root)
    hashes = np.array([zlib.crc32(path.stem.encode()) / 2**32 for path in files])
    held_out = hashes < max(VALIDATION_SHARE, np.sort(hashes)[0] + 1e-9)
    wanted = held_out if split == "validation" or len(files) == 1 else ~held_out
    return [path for path, want in zip(files, wanted, strict=True) if want]


def _midi_files(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    if not files:
        raise UserError(f"no MIDI files (.mid, .midi) in '{folder}'")
    return files


def read_index(root: Path) -> dict[str, dict]:
    """Genre and artist tags by file name, from an index.csv inside `root` or beside it."""
    path = next((p for p in (root / "index.csv", root.parent / "index.csv") if p.is_file()), None)
    if path is None:
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tags = {}
    for row in rows:
        found = {}
        if row.get("genre"):
            found["genre"] = row["genre"]
        if row.get("artist_tags"):
            found["artist_tags"] = tuple(row["artist_tags"].split("|"))
        tags[row.get("md5") or Path(row.get("path") or "").stem] = found
    return tags
