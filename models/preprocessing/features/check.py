"""Is what is found in recordings right? Measured where the truth is known.

python -m models.preprocessing.features.check --num_songs 40 --notes_every 4
python -m models.preprocessing.features.check --data_dir my_midi --num_songs 40 --librosa

An excerpt of every song is rendered. Composed songs tell everything. The truth of MIDI files is
what is notated: beats and tempo as the file's grid, the key as its signature where the notes agree,
chords as read from the notes. The floor is the truth of another song.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data.bars import strokes
from data.chords import KEYS, chord_tones
from data.score import Notes
from metrics.features import (
    activity_agreement,
    beat_f,
    chord_overlap,
    key_score,
    tempo_right,
)
from metrics.notes import NoteCounts, match_notes
from models.options import load_model, number
from models.preprocessing.features.activity import playing_spans
from models.preprocessing.features.extract import extract_features
from models.preprocessing.features.record import Chord, Features
from models.preprocessing.features.truth import Truth, composed_songs, notated_songs
from utils import DEVICES, STEMS, Parser, run_script

if TYPE_CHECKING:
    from models.harmonicflow import HarmonicFlow

RELATIVE = 0.3


@dataclass(frozen=True)
class Answer:
    """What somebody says about a recording. Unknown is None, an empty sequence or a missing key."""

    tempo: float | None
    beats: np.ndarray
    downbeats: np.ndarray
    key: int | None
    chords: tuple[Chord, ...]
    strokes: dict[str, np.ndarray]
    spans: dict[str, list[tuple[float, float]]]
    notes: dict[str, Notes]


def answer_of(features: Features) -> Answer:
    """What the features say."""
    spans = {
        s: [(p.start, p.end) for p in v] for s, v in features.activity.items() if v is not None
    }
    return Answer(
        features.tempo,
        features.beats,
        features.downbeats,
        None if features.key is None else KEYS.index(features.key),
        features.chords,
        features.onsets,
        spans,
        {stem: notes for stem, notes in features.notes.items() if notes is not None},
    )


def truth_as_answer(truth: Truth) -> Answer:
    """Everything right, to be held against another song."""
    notes, duration = truth.score.notes, truth.duration
    everybody = np.sort(np.concatenate([notes[stem].onset for stem in STEMS]))
    mix = Notes.of(everybody, everybody + 0.05, np.full(len(everybody), 60), everybody * 0 + 64)
    return Answer(
        truth.tempo,
        truth.beats,
        truth.downbeats,
        truth.key,
        truth.chords,
        {"mix": strokes(mix), **{stem: strokes(notes[stem]) for stem in STEMS}},
        {s: [(p.start, p.end) for p in _playing(notes[s], duration, s)] for s in STEMS},
        dict(notes),
    )


def _playing(notes: Notes, duration: float, stem: str) -> tuple:
    return playing_spans(notes, duration, drums=stem == "drums")


def librosa_answer(truth: Truth) -> Answer:
    """What librosa says of a mix; it names no downbeat, so every fourth beat counts as one."""
    from models.preprocessing.features.reference import reference, reference_spans

    found = reference(truth.audio.sum(0))
    stems = {stem: truth.audio[STEMS.index(stem)] for stem in truth.stems}
    return Answer(
        found.tempo,
        found.beats,
        found.beats[::4],
        found.key,
        tuple(Chord(*chord) for chord in found.chords),
        {"mix": found.onsets},
        {stem: reference_spans(audio) for stem, audio in stems.items()},
        {},
    )


def judged(answer: Answer, truth: Truth) -> dict[str, float]:
    """How right an answer is, a number per question; nan where it was not asked."""
    timed = lambda chords: [(c.start, c.end, chord_tones(c.name)) for c in chords]
    overlap = chord_overlap(timed(answer.chords), timed(truth.chords))
    score = float("nan") if truth.key is None else key_score(answer.key, truth.key)
    ours = truth_as_answer(truth)
    return {
        "tempo": float(tempo_right(answer.tempo, truth.tempo)),
        "tempo, octaves apart": float(tempo_right(answer.tempo, truth.tempo, relatives=True)),
        "beats, F": beat_f(answer.beats, truth.beats),
        "downbeats, F": beat_f(answer.downbeats, truth.downbeats),
        "key": float(score == 1.0) if score == score else score,
        "key, exact or relative": float(score in (1.0, RELATIVE)) if score == score else score,
        "key, MIREX": score,
        "chords, root": overlap.root,
        "chords, root and third": overlap.third,
        "chords, major and minor": overlap.triad,
        "who plays when": _mean(
            activity_agreement(answer.spans[stem], ours.spans[stem], truth.duration)
            for stem in truth.stems
            if stem in answer.spans
        ),
        "strokes per second, error": _mean(
            abs(len(answer.strokes[name]) - len(ours.strokes[name])) / truth.duration
            for name in _named(answer, truth)
        ),
    }


def _named(answer: Answer, truth: Truth) -> list[str]:
    """The stems that an answer knows apart, or the mix."""
    return [stem for stem in truth.stems if stem in answer.strokes] or ["mix"]


def _mean(values) -> float:
    values = list(values)
    return float(np.mean(values)) if values else float("nan")


def counted(answer: Answer, truth: Truth) -> dict[str, NoteCounts]:
    """Notes found, by onset and pitch, of each stem that plays and whose notes are said."""
    known = [stem for stem in truth.stems if stem in answer.notes]
    return {stem: match_notes(answer.notes[stem], truth.score.notes[stem]) for stem in known}


def answers_of(truth: Truth, model: HarmonicFlow | None, *, librosa: bool) -> dict[str, Answer]:
    """Who says what about a recording."""
    there = {stem: truth.audio[STEMS.index(stem)] for stem in truth.stems}
    answers = {
        "stems": answer_of(extract_features(there, model=model)),
        "mix": answer_of(extract_features(truth.audio.sum(0))),
    }
    return answers | ({"librosa": librosa_answer(truth)} if librosa else {})


def check(
    songs: Iterable[Truth],
    model: HarmonicFlow | None,
    *,
    librosa: bool = False,
    notes_every: int = 1,
) -> dict[str, dict[str, float]]:
    """Question -> who answers -> mean over songs. "another song" is the floor.

    Args:
        notes_every: only each so-manieth song is transcribed.
    """
    rows: dict[str, list[dict[str, float]]] = {}
    counts: dict[str, dict[str, NoteCounts]] = {}
    before: Answer | None = None
    for place, truth in enumerate(songs):
        transcriber = model if place % notes_every == 0 else None
        answers = answers_of(truth, transcriber, librosa=librosa)
        if before is not None:
            answers["another song"] = before
        for who, answer in answers.items():
            rows.setdefault(who, []).append(judged(answer, truth))
            for stem, count in counted(answer, truth).items():
                total = counts.setdefault(f"notes of {stem}, F", {})
                total[who] = total.get(who, NoteCounts()) + count
        before = truth_as_answer(truth)
    table = {
        question: {
            who: _known_mean([row[question] for row in found]) for who, found in rows.items()
        }
        for question in next(iter(rows.values()))[0]
    }
    notes = {q: {who: c.f1 for who, c in by.items()} for q, by in sorted(counts.items())}
    return table | notes


def _known_mean(values: Sequence[float]) -> float:
    known = [value for value in values if value == value]
    return float(np.mean(known)) if known else float("nan")


def table(found: dict[str, dict[str, float]], title: str) -> str:
    """The means as a table in Markdown; the floor comes first."""
    who = sorted({name for row in found.values() for name in row})
    order = [n for n in ("another song", "librosa", "mix", "stems") if n in who]
    cell = lambda value: "–" if value is None or value != value else f"{value:.2f}"
    lines = [f"| {title} | {' | '.join(order)} |", "|---|" + "---|" * len(order)]
    for question, row in found.items():
        lines.append(f"| {question} | {' | '.join(cell(row.get(name)) for name in order)} |")
    return "\n".join(lines)


def build_parser() -> Parser:
    """The flags of the command."""
    parser = Parser(
        prog="python -m models.preprocessing.features.check",
        description="Measure what is found in songs against what is known of them.",
    )
    add = parser.add_argument
    add("--num_songs", type=number(1, 10_000, int), default=40, help="songs (default: 40)")
    add("--seconds", type=number(5, 3_600), default=30.0, help="of each (default: 30)")
    add("--data_dir", metavar="FOLDER", help="MIDI files to render (default: composed songs)")
    add("--split", default="validation", help="of the folder (default: validation)")
    add("--no_notes", action="store_true", help="do not transcribe the stems (faster)")
    add(
        "--notes_every",
        type=number(1, 1_000, int),
        default=1,
        metavar="N",
        help="transcribe every Nth song only (default: 1, all)",
    )
    add("--librosa", action="store_true", help="librosa beside it (pip install librosa)")
    add("--checkpoint", metavar="PATH", help="weights that transcribe (default: the released)")
    add("--device", choices=DEVICES, default="auto", help="where it transcribes")
    add("--threads", type=number(1, 1_024, int), metavar="N", help="CPU threads (default: all)")
    return parser


def main(argv: Sequence[str] | None = None) -> None:
    from tqdm import tqdm

    args = build_parser().parse(argv)
    songs = composed_songs(args.num_songs, args.seconds)
    if args.data_dir:
        songs = notated_songs(args.data_dir, args.num_songs, args.seconds, args.split)
    model = None if args.no_notes else load_model(args)
    progress = tqdm(songs, total=args.num_songs, unit="song", disable=None)
    found = check(progress, model, librosa=args.librosa, notes_every=args.notes_every)
    kind = "MIDI files" if args.data_dir else "composed songs"
    print(table(found, f"{args.num_songs} {kind}, {args.seconds:g} s each"))


if __name__ == "__main__":
    run_script(main)
