"""How a band moves: swing, backbeat, walking bass; and the style that this gives away.

Every feature is counted from onsets against the beat. A style is named only where its own movement
is there (a rule per style, the most telling first); anything else stays unknown. Pop has no
movement of its own and is never inferred; blues, reggae, electronic and latin are named only in
songs of that genre, because their movement alone did not tell in other songs (docs/LABELS.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.bars import strokes
from data.lead_sheet import LeadSheet
from data.score import Notes, Score

STYLES = (
    "pop",
    "rock",
    "funk",
    "jazz",
    "blues",
    "country",
    "electronic",
    "latin",
    "reggae",
    "ballad",
)
KICKS, SNARES, RIDES = (35, 36), (37, 38, 39, 40), (51, 53, 59)
HAND_PERCUSSION = (*range(60, 69), 75)
_UPRIGHT_BASS, _SLAP_BASS, _SYNTH_BASS = (32, 35), (36, 37), (38, 39)
_ACOUSTIC_GUITAR, _SOFT_GUITAR, _DISTORTED = (24, 25), (24, 26), (29, 30)
_STEEL_STRINGS, _MUTED_GUITAR, _CLAVINET = 25, 28, 7


@dataclass(frozen=True)
class Movement:
    """Shares are 0-1, counted over the beats or the strokes they speak of.

    Attributes:
        bpm: tempo.
        swing: long over short of a pair of eighths: 1 straight, 2 a triplet; nan when no eighth
            tells.
        sixteenths: share of bass and guitar strokes on the second or fourth quarter of a beat.
        four_floor: share of beats with a kick drum on them.
        backbeat: share of the second and fourth beats with a snare.
        walking: share of beats on which the bass plays a new pitch.
        two_feel: share of first and third beats with a bass note, less the share of the others.
        strong_chords: share of guitar and piano strokes on the first and third beats; 1 without
            any.
        ride, hand_drums: share of the drum strokes.
        drum_rate: drum strokes per second.
        dominant: share of beats with a dominant seventh chord.
    """

    bpm: float
    swing: float
    sixteenths: float
    four_floor: float
    backbeat: float
    walking: float
    two_feel: float
    strong_chords: float
    ride: float
    hand_drums: float
    drum_rate: float
    dominant: float


def movement_of(score: Score, sheet: LeadSheet) -> Movement | None:
    """The movement of a passage; None without a tempo or without notes."""
    if sheet.bpm is None or not any(len(n) for n in score.notes.values()):
        return None
    drums, bass = score.notes["drums"], score.notes["bass"]
    positions = {stem: _beats(strokes(n), sheet) for stem, n in score.notes.items()}
    chords = np.concatenate([positions["guitar"], positions["piano"]])
    in_bar, beats = _visible_beats(sheet)
    on_bass = _hit(positions["bass"], beats)
    even = in_bar % 2 == 0
    return Movement(
        bpm=sheet.bpm,
        swing=_swing(list(positions.values())),
        sixteenths=_near(np.concatenate([positions["bass"], positions["guitar"]]), (0.25, 0.75)),
        four_floor=_share(_hit(_drum_beats(drums, KICKS, sheet), beats)),
        backbeat=_share(_hit(_drum_beats(drums, SNARES, sheet), beats)[~even]),
        walking=_share(on_bass & _new_pitch(bass, sheet, beats)),
        two_feel=_share(on_bass[even]) - _share(on_bass[~even]),
        strong_chords=_share(np.isin(np.round(chords), beats[even]) & _on_beat(chords))
        if len(chords)
        else 1.0,
        ride=_share(np.isin(drums.pitch, RIDES)),
        hand_drums=_share(np.isin(drums.pitch, HAND_PERCUSSION)),
        drum_rate=len(strokes(drums)) / max(score.duration, 1e-6),
        dominant=_share(
            np.array([c is not None and c.endswith("7") and _plain(c) for c in sheet.chords])
        ),
    )


def _plain(chord: str) -> bool:
    return "m" not in chord


def _share(flags: np.ndarray) -> float:
    return float(np.mean(flags)) if len(flags) else 0.0


def _beats(times: np.ndarray, sheet: LeadSheet) -> np.ndarray:
    """Times in seconds as positions on the sheet's beats, whole on a beat."""
    return np.interp(times, sheet.beat_times, np.arange(len(sheet), dtype=float))


def _visible_beats(sheet: LeadSheet) -> tuple[np.ndarray, np.ndarray]:
    """Position in the bar and index of the beats inside the passage."""
    inside = (sheet.beat_times >= -0.02) & (sheet.beat_times < sheet.duration - 0.02)
    return sheet.beat_in_bar[inside], np.flatnonzero(inside)


def _hit(positions: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Whether something falls on each beat: bool (beats,)."""
    return np.isin(beats, np.round(positions)[_on_beat(positions)])


def _on_beat(positions: np.ndarray) -> np.ndarray:
    return np.abs(positions - np.round(positions)) < 0.1


def _near(positions: np.ndarray, places: tuple[float, ...]) -> float:
    """Share of positions within 0.08 beats of any of the places in the beat."""
    fraction = positions % 1.0
    return _share(np.min([np.abs(fraction - p) for p in places], axis=0) < 0.08)


def _drum_beats(drums: Notes, keys: tuple[int, ...], sheet: LeadSheet) -> np.ndarray:
    return _beats(drums.onset[np.isin(drums.pitch, keys)], sheet)


def _new_pitch(bass: Notes, sheet: LeadSheet, beats: np.ndarray) -> np.ndarray:
    """Whether the bass pitch at each beat differs from the one before: bool (beats,)."""
    if not len(bass):
        return np.zeros(len(beats), bool)
    index = np.searchsorted(bass.onset, sheet.beat_times[beats] + 0.05, side="right") - 1
    pitch = bass.pitch[np.clip(index, 0, None)]
    return np.append(True, pitch[1:] != pitch[:-1])[: len(beats)]


def _swing(positions: Sequence[np.ndarray]) -> float:
    """Long over short eighth, from the median stroke between the beats; nan if there are few."""
    fraction = np.concatenate(positions) % 1.0
    middle = fraction[(fraction > 0.42) & (fraction < 0.72)]
    quarters = np.sum(np.abs(fraction - 0.25) < 0.05)
    if len(middle) < 4 or quarters > len(middle):
        return 1.0 if quarters > 4 else float("nan")
    place = float(np.median(middle))
    return place / (1.0 - place)


def swing_of(score: Score, sheet: LeadSheet) -> float:
    """Share of the long eighth in a pair: 0.5 straight, 0.67 a triplet; nan when nothing tells."""
    if sheet.bpm is None:
        return float("nan")
    return swing_share([_beats(strokes(n), sheet) for n in score.notes.values()])


def swing_share(positions: Sequence[np.ndarray]) -> float:
    """`swing_of` from the positions of strokes on the beats, whole on a beat."""
    ratio = _swing(positions)
    return max(ratio / (1.0 + ratio), 0.5)


def _swung(m: Movement) -> bool:
    return m.swing > 1.4


def _straight(m: Movement) -> bool:
    return m.swing < 1.25


def _comping(m: Movement, programs: dict[str, int | None]) -> bool:
    """Upright bass under a soft guitar, and the bass walks or the ride cymbal swings."""
    soft = programs["bass"] in _UPRIGHT_BASS and programs["guitar"] in _SOFT_GUITAR
    return soft and (m.walking > 0.6 or m.ride > 0.2)


def _funky(programs: dict[str, int | None]) -> bool:
    """Slap bass, muted guitar or clavinet."""
    muted, clavinet = programs["guitar"] == _MUTED_GUITAR, programs["piano"] == _CLAVINET
    return programs["bass"] in _SLAP_BASS or muted or clavinet


def _train_beat(m: Movement) -> bool:
    """Kick and bass on every beat, chords and brushes between them, no backbeat."""
    chops = m.walking > 0.85 and m.strong_chords < 0.2
    return chops and m.four_floor > 0.9 and m.backbeat < 0.3


def _country_shuffle(m: Movement) -> bool:
    """Swung, a hard backbeat, an alternating or walking bass, hardly any ride cymbal."""
    steady = m.two_feel > 0.4 or m.walking > 0.9
    return _swung(m) and steady and m.backbeat > 0.8 and m.ride < 0.2 and m.sixteenths < 0.1


# Styles whose movement other music has as often: named only in songs of the genre of that name.
RULES_IN_GENRE: dict[str, Callable[[Movement], bool]] = {
    "blues": lambda m: _swung(m) or m.dominant > 0.2,
    "reggae": lambda m: m.strong_chords < 0.2,
    "electronic": lambda m: m.four_floor > 0.85 and _straight(m),
    "latin": lambda m: m.hand_drums > 0.1 or m.backbeat < 0.25,
}
# style -> whether a movement (with the programs of the stems) is unmistakably that style
RULES: dict[str, Callable[[Movement, dict[str, int | None]], bool]] = {
    "jazz": lambda m, p: (
        _swung(m) and ((m.walking > 0.65 and m.ride > 0.3 and m.backbeat < 0.5) or _comping(m, p))
    ),
    "rock": lambda m, p: (
        p["guitar"] in _DISTORTED
        and p["bass"] not in _SYNTH_BASS
        and m.backbeat > 0.6
        and m.bpm > 84
    ),
    "funk": lambda m, p: (
        m.sixteenths > 0.2
        and m.backbeat > 0.6
        and 84 <= m.bpm <= 126
        and _straight(m)
        and _funky(p)
    ),
    "country": lambda m, p: (
        p["guitar"] in _ACOUSTIC_GUITAR
        and (
            _train_beat(m)
            or (m.two_feel > 0.7 and m.bpm > 150)
            or (p["guitar"] == _STEEL_STRINGS and _country_shuffle(m))
        )
    ),
    "ballad": lambda m, p: (
        m.bpm < 84
        and m.drum_rate < 3.5
        and m.two_feel > 0.4
        and m.strong_chords > 0.2
        and m.sixteenths < 0.2
        and not _swung(m)
        and p["guitar"] not in _DISTORTED
    ),
}


def style_of(score: Score, sheet: LeadSheet, genre: str | None = None) -> int:
    """Index in `STYLES` of a passage, from its movement; -1 when no style gives itself away.

    Args:
        genre: name of the song's genre where somebody said it; some styles are not named without.
    """
    movement = movement_of(score, sheet)
    if movement is None:
        return -1
    if genre in RULES_IN_GENRE and RULES_IN_GENRE[genre](movement):
        return STYLES.index(genre)
    for style, matches in RULES.items():
        if matches(movement, score.programs):
            return STYLES.index(style)
    return -1
