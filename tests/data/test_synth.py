import numpy as np
import pytest

from data.midi import EXPRESSION, FAMILIES, VOLUME
from data.score import Notes
from data.smf import PITCH_BEND
from data.soundfont import OFF_PITCH
from data.synth import default_soundfont, renderer
from tests.data.rendering import level_db, pitch_of, track
from utils import SAMPLE_RATE

KEYS = {"bass": (28, 36, 45), "guitar": (40, 52, 64), "piano": (36, 55, 72)}
IN_TUNE = [(s, p) for s, programs in FAMILIES.items() for p in programs if p not in OFF_PITCH]
SECOND = SAMPLE_RATE


@pytest.fixture(scope="module")
def synth():
    return renderer(str(default_soundfont()), SAMPLE_RATE)


@pytest.mark.parametrize(("stem", "program"), IN_TUNE)
def test_every_program_plays_in_tune(synth, stem, program):
    for key in KEYS[stem]:
        note = Notes.of([0.0], [0.8], [key], [100])
        audio = synth.render([track(stem, program, note)], 0.0, 16_000)
        assert pitch_of(audio[3_000:11_000], SAMPLE_RATE) == pytest.approx(key, abs=0.3)


def test_a_render_does_not_depend_on_what_came_before(synth):
    def once():
        return synth.render([track("piano", 4), track("piano", 0)], 0.0, SECOND)

    first = once()
    loud = Notes.of([0.0] * 30, [9.0] * 30, np.arange(40, 70), [127] * 30)
    bent = [(0.0, PITCH_BEND, 8191), (0.0, VOLUME, 10), (0.0, 101, 0), (0.0, 100, 0), (0.0, 6, 12)]
    synth.render([track("guitar", 29, loud, bent)] * 3, 0.0, SECOND)
    synth.render([track("drums", 0, loud)], 0.0, SECOND)
    np.testing.assert_array_equal(first, once())


def test_volume_and_expression_are_heard(synth):
    plain = synth.render([track()], 0.0, SECOND)
    for number in (VOLUME, EXPRESSION):
        soft = synth.render([track(controls=[(0.0, number, 50)])], 0.0, SECOND)
        full = synth.render([track(controls=[(0.0, number, 127)])], 0.0, SECOND)
        assert level_db(full) - level_db(soft) == pytest.approx(40 * np.log10(127 / 50), abs=0.5)
    default = synth.render([track(controls=[(0.0, VOLUME, 100)])], 0.0, SECOND)
    np.testing.assert_array_equal(plain, default)


def test_volume_may_change_within_a_note(synth):
    swell = [(0.0, VOLUME, 100), (0.4, VOLUME, 0)]
    audio = synth.render([track(controls=swell)], 0.0, SECOND)
    assert np.abs(audio[:8_000]).max() > 0.01
    assert np.abs(audio[9_500:]).max() < 1e-4


def test_pitch_bend_is_heard_in_its_range(synth):
    note = Notes.of([0.0], [0.9], [52], [100])
    up = [(0.0, PITCH_BEND, 8191)]
    octave = [(0.0, 101, 0), (0.0, 100, 0), (0.0, 6, 12), *up]
    for controls, semitones in ((up, 2), (octave, 12)):
        audio = synth.render([track("guitar", 27, note, controls)], 0.0, SECOND)
        assert pitch_of(audio[4_000:16_000], SAMPLE_RATE) == pytest.approx(52 + semitones, abs=0.1)


def test_velocity_is_heard(synth):
    soft, loud = (Notes.of([0.0], [0.8], [60], [v]) for v in (40, 120))
    levels = [level_db(synth.render([track(notes=n)], 0.0, SECOND)) for n in (soft, loud)]
    assert levels[1] > levels[0] + 6


@pytest.mark.parametrize(
    ("stem", "program", "key"),
    [("piano", 0, 60), ("guitar", 27, 52), ("bass", 33, 40), ("drums", 0, 38), ("drums", 0, 42)],
)
def test_a_note_is_heard_within_10_ms_of_its_onset(synth, stem, program, key):
    onset = 0.5371
    note = Notes.of([onset], [onset + 0.4], [key], [110])
    audio = np.abs(synth.render([track(stem, program, note)], 0.0, SECOND))
    heard = np.argmax(audio > 0.1 * audio.max()) / SAMPLE_RATE
    assert -1e-4 <= heard - onset < 0.010


def test_more_tracks_than_channels(synth):
    notes = [Notes.of([0.0], [0.5], [40 + i], [90]) for i in range(20)]
    tracks = [track("piano", i % 8, n) for i, n in enumerate(notes)]
    alone = sum(synth.render([t], 0.0, SECOND) for t in tracks)
    np.testing.assert_allclose(synth.render(tracks, 0.0, SECOND), alone, atol=1e-4)
