"""Songs against lead sheets: their own, another one, in notes and in sound."""

from dataclasses import replace

import numpy as np
import pytest

from data.lead_sheet import LeadSheet
from metrics.adherence.facts import Measured, measure
from metrics.adherence.following import (
    FOLLOWING,
    beats_in_sound,
    chord_overlap,
    chords_heard_in_notes,
    chords_heard_in_sound,
)
from tests.metrics.adherence.songs import SECONDS, song


def asked(chords: str, bpm: float) -> LeadSheet:
    return LeadSheet.parse(chords=chords, bpm=bpm, duration=SECONDS)


def test_a_song_on_its_own_sheet_and_on_another():
    score = song(2, style="pop", chords="Am F C G", bpm=100.0, meter="4/4")
    own, other = asked("Am F C G", 100.0), asked("Eb Bb Cm Ab", 141.0)
    heard = measure(score, None)
    for name in ("chord tones, share, notes", "on sixteenths, over chance, notes"):
        assert FOLLOWING[name](heard, own) > 0.6 > 0.5 > FOLLOWING[name](heard, other)
    assert chords_heard_in_notes(heard, own) > 0.8
    assert chords_heard_in_notes(heard, other) < 0.2
    assert np.isnan(FOLLOWING["chord heard, share of beats, sound"](heard, own))


def test_overlap_is_a_share_of_the_asked_beats():
    sheet = asked("C F", 120.0)
    assert chord_overlap(sheet, sheet) == 1.0
    sevenths = replace(sheet, chords=tuple({"C": "Cmaj7", "F": "F7"}[c] for c in sheet.chords))
    assert chord_overlap(sheet, sevenths) == 1.0
    half = replace(sheet, chords=tuple("C" for _ in sheet.chords))
    assert chord_overlap(sheet, half) == pytest.approx(0.5, abs=0.05)
    minor = replace(sheet, chords=tuple(c + "m" for c in sheet.chords))
    assert chord_overlap(sheet, minor) == 0.0
    assert np.isnan(chord_overlap(asked("N", 120.0), sheet))


def test_chords_and_beats_in_sound():
    sheet = asked("C F", 120.0)
    heard = Measured(None, {}, sheet=sheet, strokes=sheet.beat_times[:20])
    assert chords_heard_in_sound(heard, sheet) == 1.0
    assert chords_heard_in_sound(heard, asked("F#", 120.0)) == 0.0
    assert np.isnan(chords_heard_in_sound(Measured(None, {}), sheet))
    assert beats_in_sound(heard, sheet) == pytest.approx(1.0)
    noise = np.sort(np.random.default_rng(0).uniform(0, SECONDS, 400))
    assert abs(beats_in_sound(replace(heard, strokes=noise), sheet)) < 0.15
