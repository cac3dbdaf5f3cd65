"""Composes songs for the four stems, with their beats, chords, key, style and form known exactly.

The built-in corpus: tests, the demo and a first training run need nothing from outside. A song is a
pure function of its seed and arguments. First the plan (form, chords, who plays when), then the
players of `data.band` bar by bar, then the performance: swing, small timing errors, dynamics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.band.bar import METERS, Bar, Event
from data.band.bass import Bassist
from data.band.drums import Drummer
from data.band.form import draw_form, draw_progressions
from data.band.guitar import Guitarist
from data.band.melody import Melodist
from data.band.performance import Performance, perform
from data.band.piano import Pianist
from data.band.styles import STYLE_BOOK, Style
from data.chords import NO_CHORD, parse_chord, parse_key, parse_progression
from data.emotion import CENTRES, EMOTIONS, emotion_of
from data.harmony import key_of_chords
from data.labels import named_id
from data.lead_sheet import BPM_RANGE, LeadSheet
from data.movement import STYLES
from data.score import DRUM_PROGRAM, Notes, Score
from utils import STEMS, UserError, counter_rng, did_you_mean

_PLAN, _FORM, _BAND, _PLAY, _PERFORM = range(5)  # independent random streams of one seed
_PITCHED = frozenset(STEMS) - {"drums"}


@dataclass(frozen=True)
class Plan:
    """What is settled before a note is played.

    Attributes:
        style: name; `book`: its entry in the style book.
        meter: name; bpm: beats per minute; key: 0-23; swing: long over short eighth.
        drive: 0 (sparse) to 1 (busy); `dynamics`: mean loudness 0-1; `register`: semitones.
        emotion: asked for, None when not.
    """

    style: str
    book: Style
    meter: str
    bpm: float
    key: int
    swing: float
    drive: float
    dynamics: float
    register: int
    emotion: str | None


def compose(
    seed: int,
    *,
    style: str | int | None = None,
    bpm: float | None = None,
    key: str | int | None = None,
    chords: str | Sequence[str] | None = None,
    num_bars: int | None = None,
    stems: Sequence[str] = STEMS,
    meter: str | None = None,
    emotion: str | int | None = None,
    programs: Mapping[str, int] | None = None,
) -> Score:
    """A song; whatever is not given is drawn from the seed.

    Args:
        seed: non-negative; the same seed and arguments give the same song.
        style: name or id in `data.movement.STYLES`.
        bpm: of the beat, kept exactly.
        key: "A minor", 0-23, ...; with chords and without key, the key that the chords suggest.
        chords: one per bar (a list, or text as in `LeadSheet.parse`), repeated through every
            section.
        num_bars: length, 1 or more; drawn from 24-48 when not given.
        stems: who plays at all; the others are empty and have no program.
        meter: "4/4", "3/4", "6/8" or "12/8"; only the first where the style knows no other.
        emotion: name or id in `data.emotion.EMOTIONS`: leans mode, tempo, dynamics, density and
            register.
        programs: stem -> General MIDI program.

    Returns:
        A score that lasts exactly num_bars bars; tags style, genre, emotion, swing, meter, chords
        (name per beat of `beat_times`, "N" where no pitched stem plays) and sections ([name, first
        bar, bars]).

    Raises:
        UserError: an argument outside what is known.
    """
    plan = _plan(seed, style=style, bpm=bpm, key=key, chords=chords, meter=meter, emotion=emotion)
    for stem in stems:
        if stem not in STEMS:
            raise UserError(f"there is no stem '{stem}': {did_you_mean(stem, STEMS)}")
    if num_bars is not None and num_bars < 1:
        raise UserError(f"num_bars is {num_bars}; a song has at least 1 bar")
    bars, sections = _form(seed, plan, chords, num_bars, frozenset(stems))
    notes = _perform(seed, plan, bars, _play(seed, plan, bars))
    band = _programs(seed, plan, stems, programs or {})
    return _score(seed, plan, bars, sections, notes, band)


def _plan(seed: int, *, style, bpm, key, chords, meter, emotion) -> Plan:
    """Settles every argument; each draw happens whether it is needed or not, so that giving one
    argument leaves the others as they were."""
    rng = counter_rng(seed, _PLAN)
    draws = rng.random(8)
    style = STYLES[_index("style", style, STYLES, int(draws[0] * len(STYLES)))]
    book = STYLE_BOOK[style]
    mood = None if emotion is None else _index("emotion", emotion, EMOTIONS, -1)
    valence, arousal = (2 * draws[1] - 1, 2 * draws[2] - 1) if mood is None else CENTRES[mood]
    minor = draws[3] < book.minor if mood is None or abs(valence) < 0.3 else valence < 0
    drawn_key = int(draws[4] * 12) + 12 * int(minor)
    if key is not None:
        drawn_key = parse_key(key)
    elif chords is not None:
        drawn_key = key_of_chords([c for bar in _bars_of(chords, 4) for c in bar])
    low, high = book.bpm
    drawn_bpm = round(low + (high - low) * (0.5 + 0.35 * arousal + 0.3 * (draws[5] - 0.5)))
    if bpm is not None and not BPM_RANGE[0] <= bpm <= BPM_RANGE[1]:
        raise UserError(f"bpm is {bpm}; it must lie between {BPM_RANGE[0]:g} and {BPM_RANGE[1]:g}")
    return Plan(
        style=style,
        book=book,
        meter=_meter(book, style, meter, draws[6]),
        bpm=float(drawn_bpm if bpm is None else bpm),
        key=drawn_key,
        swing=float(book.swing[0] + (book.swing[1] - book.swing[0]) * draws[7]),
        drive=float(np.clip(0.5 + 0.45 * arousal, 0.0, 1.0)),
        dynamics=float(0.68 + 0.13 * arousal),
        register=round(4 * valence),
        emotion=None if mood is None else EMOTIONS[mood],
    )


def _index(name: str, value: object, names: Sequence[str], drawn: int) -> int:
    if value is None:
        return drawn
    index = named_id(value, names)
    if index < 0:
        raise UserError(f"unknown {name} '{value}': {did_you_mean(str(value), names)}")
    return index


def _meter(book: Style, style: str, asked: str | None, draw: float) -> str:
    if asked is not None:
        if asked not in book.meters:
            raise UserError(
                f"{style} is not played in {asked!r}; choose from: {', '.join(book.meters)}"
            )
        return asked
    edges = np.cumsum(list(book.meters.values()))
    return list(book.meters)[int(np.searchsorted(edges, draw * edges[-1], side="right"))]


def _bars_of(chords: str | Sequence[str], beats: int) -> list[list[str]]:
    """Bars of one chord per beat from text or from a list with one chord per bar."""
    if isinstance(chords, str):
        return parse_progression(chords, beats)
    if not len(chords):
        raise UserError("no chords given; write them like 'Am F C G'")
    return [[parse_chord(c)] * beats for c in chords]


def _form(
    seed: int,
    plan: Plan,
    chords: str | Sequence[str] | None,
    num_bars: int | None,
    stems: frozenset[str],
) -> tuple[list[Bar], list[list]]:
    rng, meter = counter_rng(seed, _FORM), METERS[plan.meter]
    progressions = draw_progressions(plan.book, plan.key, meter, rng)
    if chords is not None:
        progressions = dict.fromkeys(progressions, _bars_of(chords, meter.beats))
    return draw_form(progressions, meter, num_bars, stems, rng)


def _play(seed: int, plan: Plan, bars: list[Bar]) -> dict[str, list[list[Event]]]:
    """Stem -> events of every bar, positions from the bar line."""
    rng = counter_rng(seed, _BAND)
    beat_seconds = 60.0 / plan.bpm
    line = lambda centre: Melodist.for_style(plan.style, plan.meter, plan.key, centre, rng)
    solo, melody = line(67 + plan.register), line(74 + plan.register)
    drive = np.clip(plan.drive + rng.normal(0.0, 0.15, 4), 0.0, 1.0)
    drummer = Drummer.for_style(plan.style, plan.meter, drive[0], rng)
    bassist = Bassist.for_style(plan.style, plan.meter, drive[1], plan.key, rng)
    draws = rng.random(2)
    guitarist = Guitarist.for_style(
        plan.style, plan.meter, drive[2], beat_seconds, solo if draws[0] < 0.5 else None, rng
    )
    pianist = Pianist.for_style(
        plan.style,
        plan.meter,
        drive[3],
        62 + plan.register,
        melody if draws[1] < 0.5 else None,
        rng,
    )
    rngs = {stem: counter_rng(seed, _PLAY, i) for i, stem in enumerate(STEMS)}
    players = {
        "bass": lambda bar: bassist.play(bar, drummer.kicks(bar), rngs["bass"]),
        "drums": lambda bar: drummer.play(bar, rngs["drums"]),
        "guitar": lambda bar: guitarist.play(bar, rngs["guitar"]),
        "piano": lambda bar: pianist.play(bar, rngs["piano"]),
    }
    return {s: [play(bar) if s in bar.stems else [] for bar in bars] for s, play in players.items()}


def _perform(
    seed: int, plan: Plan, bars: list[Bar], parts: dict[str, list[list[Event]]]
) -> dict[str, Notes]:
    how = Performance(METERS[plan.meter], plan.bpm, plan.swing, plan.dynamics, plan.book.jitter_ms)
    tight = replace(how, jitter_ms=0.6 * how.jitter_ms)
    return {
        stem: perform(
            bars,
            parts[stem],
            tight if stem == "drums" else how,
            counter_rng(seed, _PERFORM, index),
        )
        for index, stem in enumerate(STEMS)
    }


def _programs(
    seed: int, plan: Plan, stems: Sequence[str], asked: Mapping[str, int]
) -> dict[str, int | None]:
    """A program per stem from the style's instruments; asked ones win."""
    rng = counter_rng(seed, _BAND, 1)
    chosen: dict[str, int | None] = {}
    for stem in STEMS:
        draw = rng.random()
        choices = plan.book.programs.get(stem, (DRUM_PROGRAM,))
        program = asked.get(stem, choices[int(draw * len(choices))])
        chosen[stem] = program if stem in stems else None
    return chosen


def _score(
    seed: int,
    plan: Plan,
    bars: list[Bar],
    sections: list[list],
    notes: dict[str, Notes],
    programs: dict[str, int | None],
) -> Score:
    meter = METERS[plan.meter]
    num_beats = len(bars) * meter.beats
    chords = [c if bar.stems & _PITCHED else NO_CHORD for bar in bars for c in bar.chords]
    tags = {
        "style": plan.style,
        "genre": plan.book.genre,
        "emotion": plan.emotion,
        "swing": plan.swing,
        "meter": plan.meter,
        "chords": [*chords, NO_CHORD],
        "sections": sections,
    }
    score = Score(
        notes=notes,
        duration=num_beats * 60.0 / plan.bpm,
        beat_times=np.arange(num_beats + 1) * 60.0 / plan.bpm,
        beat_in_bar=np.arange(num_beats + 1) % meter.beats,
        programs=programs,
        key=plan.key,
        name=f"{plan.style}-{seed}",
        tags=tags,
    )
    if plan.emotion is None:
        index = emotion_of(score, LeadSheet.from_score(score))
        tags["emotion"] = EMOTIONS[index] if index >= 0 else None
    return score
