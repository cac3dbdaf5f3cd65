"""The form of a song: sections with letters, and what each stem repeats.

python -m models.preprocessing.temporal song.mp3
python -m models.preprocessing.temporal outputs/my-song

A score is read bar by bar as it is written. In a recording beats and bars are heard first
(`data.listening`), so its boundaries are as good as these. What it does not know: names such as
verse and chorus; letters say only what is alike. Two sections that are alike and follow each other
without a sign of a new beginning are one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data.score import Score
from models.preprocessing.bar_features import FALLBACK_SECONDS, bars_of, score_features
from models.preprocessing.motifs import Motif, motifs_of_notes, motifs_of_sound
from models.preprocessing.self_similarity import Form, Taste, form_of
from utils import SAMPLE_RATE, STEMS, Parser, UserError, run_script, write_atomically

SCORE_TASTE = Taste(novelty=0.5, shortest=2, alike=0.18)
SOUND_TASTE = Taste(novelty=0.1, shortest=2, alike=0.2)
SAME_SOUND = 0.97
AUDIO_SUFFIXES = (".wav", ".flac", ".mp3", ".ogg", ".aiff", ".aif")


@dataclass(frozen=True)
class Section:
    """A part of a song in seconds; sections of one letter are alike."""

    start: float
    end: float
    letter: str


@dataclass(frozen=True)
class Structure:
    """The form of a song.

    Attributes:
        name: of the song; duration: seconds. heard: whether it was found in sound.
        bars: seconds (n + 1,) at which bars begin, and the end.
        sections: from 0 to the end without gaps. motifs: what stems repeat.
        similarity: (n n) of the bars, 0 to 1; novelty: (n,). Not written to JSON.
    """

    name: str
    duration: float
    heard: bool
    bars: np.ndarray
    sections: tuple[Section, ...]
    motifs: tuple[Motif, ...]
    similarity: np.ndarray = field(repr=False)
    novelty: np.ndarray = field(repr=False)

    @property
    def letters(self) -> str:
        """The form in one word, such as "ABABCB"."""
        return "".join(section.letter for section in self.sections)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, times with three decimals."""
        kept = {k: v for k, v in asdict(self).items() if k not in ("similarity", "novelty")}
        return {**kept, "form": self.letters, "bars": [round(float(t), 3) for t in self.bars]}

    def to_json(self, path: str | Path) -> None:
        """Writes the form as JSON."""
        with write_atomically(path) as partial:
            partial.write_text(json.dumps(self.to_dict(), indent=2) + "\n")

    def described(self) -> str:
        """The form as lines of text."""
        lines = [f"{self.name}: {self.letters}, {len(self.bars) - 1} bars, {self.duration:.1f} s"]
        lines += [f"  {s.letter}  {s.start:7.2f} - {s.end:7.2f}" for s in self.sections]
        for motif in self.motifs:
            bars = ", ".join(
                f"{bar + 1}" + (f" ({moved:+d})" if moved else "")
                for bar, moved in zip(motif.bars, motif.semitones, strict=True)
            )
            lines.append(f"  {motif.stem:7}{motif.num_bars} bars, at bar {bars}")
        return "\n".join(lines)


def structure_of_score(score: Score) -> Structure:
    """The form of a song whose notes are known."""
    bars = bars_of(score)
    form = form_of(*score_features(score, bars), SCORE_TASTE)
    motifs = [m for stem in STEMS for m in motifs_of_notes(stem, score.notes[stem], bars)]
    return _structure(score.name, bars, form, motifs, heard=False)


def structure_of_audio(
    audio: np.ndarray, *, name: str = "", score: Score | None = None
) -> Structure:
    """The form of a recording (t,) or of stems (s, t) at 22,050 Hz.

    Args:
        score: notes to find the motifs in, and bars; without, motifs are heard in stems, and a
            recording of all has the motifs of its sound, as stem "mix".
    """
    from models.preprocessing.sound_features import sound_features

    bars = bars_of(score) if score is not None else heard_bars(audio)
    form = form_of(*sound_features(audio, bars), SOUND_TASTE)
    if score is not None:
        motifs = [m for stem in STEMS for m in motifs_of_notes(stem, score.notes[stem], bars)]
    else:
        motifs = _heard_motifs(audio, bars)
    return _structure(name, bars, form, motifs, heard=True)


def heard_bars(audio: np.ndarray) -> np.ndarray:
    """Seconds (n + 1,) of the bars heard in audio, and its end; 2 s each where no beat is heard."""
    from data.listening import listen

    heard = listen(audio)
    starts = heard.beat_times[heard.beat_in_bar == 0]
    if not len(starts):
        starts = np.arange(FALLBACK_SECONDS, heard.duration, FALLBACK_SECONDS)
    inside = starts[(starts > 0.1) & (starts < heard.duration - 0.1)]
    return np.concatenate([[0.0], inside, [heard.duration]])


def _heard_motifs(audio: np.ndarray, bars: np.ndarray) -> list[Motif]:
    from models.preprocessing.sound_features import bar_prints

    parts = dict(zip(STEMS, audio, strict=True)) if audio.ndim == 2 else {"mix": audio}
    found = []
    for stem, part in parts.items():
        prints, plays = bar_prints(part, bars)
        found += motifs_of_sound(stem, prints, plays, bars, same=SAME_SOUND)
    return found


def _structure(
    name: str, bars: np.ndarray, form: Form, motifs: list[Motif], *, heard: bool
) -> Structure:
    edges = [*bars[form.first], bars[-1]]
    sections = tuple(
        Section(round(float(a), 3), round(float(b), 3), letter)
        for a, b, letter in zip(edges[:-1], edges[1:], form.letters, strict=True)
    )
    return Structure(
        name, float(bars[-1]), heard, bars, sections, tuple(motifs), form.similarity, form.novelty
    )


def read_structure(path: str | Path) -> Structure:
    """The form of a MIDI file, an audio file, or a song folder (its song.mid, else its stems).

    Raises:
        UserError: nothing there to read.
    """
    path = Path(path)
    if path.is_dir():
        midi = next((path / n for n in ("song.mid", "score.mid") if (path / n).is_file()), None)
        return read_structure(midi) if midi else structure_of_audio(_stems(path), name=path.name)
    if path.suffix.lower() in (".mid", ".midi"):
        from data.midi import read_midi

        score = read_midi(path).score
        if not sum(len(notes) for notes in score.notes.values()):
            raise UserError(f"'{path}' has no notes for {', '.join(STEMS)}")
        return structure_of_score(score)
    from data.audio import load_audio

    audio = load_audio(path)
    if len(audio) < SAMPLE_RATE:
        raise UserError(f"'{path}' lasts {len(audio) / SAMPLE_RATE:.2f} s; expected 1 s or more")
    return structure_of_audio(audio, name=path.stem)


def _stems(folder: Path) -> np.ndarray:
    """The stems (s, t) of a folder; missing ones are silent."""
    from data.audio import load_audio

    files = {p.stem: p for p in sorted(folder.iterdir()) if p.suffix.lower() in AUDIO_SUFFIXES}
    loaded = {stem: load_audio(files[stem]) for stem in STEMS if stem in files}
    if not loaded:
        raise UserError(f"'{folder}' holds neither song.mid nor a stem: {', '.join(STEMS)}")
    length = max(len(audio) for audio in loaded.values())
    stems = np.zeros((len(STEMS), max(length, SAMPLE_RATE)), np.float32)
    for stem, audio in loaded.items():
        stems[STEMS.index(stem), : len(audio)] = audio
    return stems


def build_parser() -> Parser:
    parser = Parser(
        prog="python -m models.preprocessing.temporal",
        description="Find the sections and motifs of a song.",
        epilog="example: python -m models.preprocessing.temporal song.mp3 --output form",
    )
    parser.add_argument("song", help="audio file, MIDI file or song folder")
    parser.add_argument(
        "--output", metavar="FOLDER", help="where form.json and form.png go (default: beside it)"
    )
    return parser


def main() -> None:
    arguments = build_parser().parse(sys.argv[1:])
    song = Path(arguments.song)
    structure = read_structure(song)
    from models.preprocessing.form_picture import save_form_picture

    folder = Path(arguments.output) if arguments.output else song if song.is_dir() else song.parent
    prefix = "" if arguments.output or song.is_dir() else f"{song.stem}."
    structure.to_json(folder / f"{prefix}form.json")
    save_form_picture(folder / f"{prefix}form.png", structure)
    print(structure.described())


if __name__ == "__main__":
    run_script(main)
