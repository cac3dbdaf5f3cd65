"""Excitation: harmonics and noise where the notes are, as long as they are, the same in parts."""

import numpy as np
import pytest

from data.score import Notes
from models.latent.excitation import (
    LEVEL,
    drum_excitation,
    excitation,
    excited_by,
    stem_excitation,
)
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS

SECOND = SAMPLE_RATE


def struck(*notes) -> Notes:
    return Notes.of(*zip(*notes, strict=True))


def level(audio: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(audio**2)) + 1e-12))


def test_partials_are_harmonics_that_fall_by_6_db_an_octave():
    audio = stem_excitation(struck((0.0, 4.0, 45, 127)), 0, 2 * SECOND)
    lines = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    at = lambda hz: 20 * np.log10(lines[int(2 * hz) - 2 : int(2 * hz) + 3].max())
    assert at(110) - at(220) == pytest.approx(6.0, abs=0.7)
    assert at(220) - at(880) == pytest.approx(12.0, abs=1.0)
    assert at(110) - max(at(165), at(60)) > 60.0


def test_a_note_sounds_from_its_onset_until_it_is_damped():
    audio = stem_excitation(struck((0.5, 1.0, 60, 127)), 0, 3 * SECOND)
    part = lambda a, b: audio[int(a * SECOND) : int(b * SECOND)]
    assert not part(0.0, 0.499).any() and part(0.5, 0.51).any()
    assert level(part(0.505, 0.525)) == pytest.approx(20 * np.log10(LEVEL), abs=1.0)
    assert -6.0 < level(part(0.9, 0.95)) - level(part(0.55, 0.6)) < -1.0
    assert level(part(1.2, 1.25)) - level(part(0.9, 0.95)) < -20.0
    assert part(1.5, 1.6).any() and not part(1.6, 3.0).any()


def test_high_notes_die_sooner_and_soft_ones_are_quieter():
    tail = lambda pitch: stem_excitation(struck((0.0, 3.0, pitch, 100)), 2 * SECOND, SECOND // 10)
    assert level(tail(40)) - level(tail(80)) > 10.0
    soft = stem_excitation(struck((0.0, 1.0, 60, 50)), 0, SECOND)
    loud = stem_excitation(struck((0.0, 1.0, 60, 100)), 0, SECOND)
    assert np.allclose(2 * soft, loud, atol=1e-6)


def test_a_part_of_a_song_is_what_it_is_in_the_whole():
    notes = struck((0.1, 2.0, 40, 90), (0.7, 0.9, 64, 60), (1.3, 5.0, 67, 127))
    whole = stem_excitation(notes, 0, 3 * SECOND)
    assert np.array_equal(stem_excitation(notes, 12_345, 30_000), whole[12_345:42_345])


def test_strokes_are_bursts_of_white_noise_the_same_each_time():
    audio = drum_excitation(struck((0.5, 0.6, 38, 127), (3.5, 3.6, 38, 127)), 0, 6 * SECOND)
    part = lambda a, b: audio[int(a * SECOND) : int(b * SECOND)]
    assert not part(0.0, 0.499).any() and not part(3.3, 3.49).any()
    assert np.array_equal(part(0.5, 3.0), part(3.5, 6.0))
    begin = part(0.5, 0.6)
    assert level(begin) == pytest.approx(20 * np.log10(LEVEL) - 1.1, abs=0.5)
    assert level(part(1.3, 1.35)) - level(part(0.5, 0.55)) == pytest.approx(-17.4, abs=1.0)
    assert np.abs(begin).max() < 5 * np.sqrt(np.mean(begin**2))
    lines = np.abs(np.fft.rfft(begin)) ** 2
    assert 0.8 < lines[: len(lines) // 2].mean() / lines[len(lines) // 2 :].mean() < 1.25
    other = drum_excitation(struck((0.5, 0.6, 42, 127)), 0, SECOND)
    assert abs(np.corrcoef(other, audio[:SECOND])[0, 1]) < 0.05
    assert np.array_equal(
        drum_excitation(struck((0.5, 0.6, 38, 127)), 12_345, 9_999), audio[12_345:22_344]
    )


def test_songs_are_excited_stem_by_stem():
    songs = [{stem: struck((0.2, 0.6, 50, 100)) for stem in STEMS}] * 2
    audio = excitation(songs, 0, SECOND)
    assert audio.shape == (2, 4, SECOND) and audio.any(-1).all()
    assert audio[1, 0].equal(audio[1, 2]) and not audio[1, 0].equal(audio[1, 1])
    part = excited_by(songs)(4, 10)
    assert part.equal(audio[..., 4 * FRAME_SAMPLES : 10 * FRAME_SAMPLES])
    assert not excitation([{stem: Notes.empty() for stem in STEMS}], 0, 100).any()


@pytest.mark.parametrize("pitch", [0, 21, 108, 127])
def test_every_pitch_can_be_excited(pitch):
    audio = stem_excitation(struck((0.0, 0.3, pitch, 100)), 0, SECOND)
    assert np.isfinite(audio).all() and np.abs(audio).max() < 1.0
    assert audio.any() == (pitch < 124)
