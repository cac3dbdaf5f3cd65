"""Strokes: drums that are drawn too alike ring as they do in recordings, each for itself."""

import numpy as np
import pytest
import torch

from data.score import Notes
from models.latent import postfilter as module
from models.latent.postfilter import PostFilter
from models.latent.strokes import AGES, NUM_AGES, StrokeMap, ringing
from training.strokes import FEWEST_STROKES, fit_strokes
from utils import SAMPLE_RATE

LENGTH = 128 * 1_024
SNARE, RIDE, COWBELL = 38, 51, 56
DECAY = {SNARE: 0.08, RIDE: 0.5, COWBELL: 0.1}
ALL_ALIKE = dict.fromkeys(DECAY, 0.15)


def drums(seed: int, kinds=(SNARE, RIDE)) -> Notes:
    rng = np.random.default_rng(seed)
    onset = np.arange(0.3, 5.7, 0.45) + rng.uniform(0.0, 0.1, 12)
    pitch = rng.permutation(np.resize(kinds, 12))
    return Notes.of(onset, onset + 0.1, pitch, rng.integers(60, 127, 12))


def played(notes: Notes, decay: dict[int, float], seed: int = 0) -> torch.Tensor:
    """Every stroke a burst of noise (t,) that dies away with its drum's time constant."""
    audio, rng = np.zeros(LENGTH), np.random.default_rng(seed)
    for onset, pitch, velocity in zip(notes.onset, notes.pitch, notes.velocity, strict=True):
        age = np.arange(LENGTH - round(onset * SAMPLE_RATE)) / SAMPLE_RATE
        burst = rng.standard_normal(len(age)) * np.exp(-age / decay[int(pitch)])
        audio[len(audio) - len(age) :] += velocity / 127.0 * burst
    return torch.from_numpy(0.1 * audio).float()


@pytest.fixture(scope="module")
def fitted() -> PostFilter:
    found = PostFilter()
    takes = [drums(i) for i in range(4)]
    levels = lambda decay, first: [
        found.strokes.bands.levels(played(n, decay, first + i), -20.0).numpy()
        for i, n in enumerate(takes)
    ]
    fit_strokes(found.strokes, takes, levels(DECAY, 0), levels(ALL_ALIKE, 10))
    return found


def fall_db(audio: torch.Tensor, seconds: float = 0.2) -> float:
    """From the first 50 ms after a stroke at 0.5 s to those `seconds` later."""
    at = lambda start: audio[round(start * SAMPLE_RATE) :][: SAMPLE_RATE // 20].square().mean()
    return float(10.0 * torch.log10(at(0.51) / at(0.51 + seconds)))


@pytest.mark.parametrize("drum", [SNARE, RIDE])
def test_each_drum_rings_as_long_as_in_recordings(fitted, drum):
    stroke = Notes.of([0.5], [0.6], [drum], [100])
    alike, wanted = played(stroke, ALL_ALIKE, 77), played(stroke, DECAY, 78)
    assert abs(fall_db(alike) - fall_db(wanted)) > 6.0
    assert fall_db(fitted.struck(alike, stroke)) == pytest.approx(fall_db(wanted), abs=3.0)


def test_a_drum_that_was_hardly_heard_stays_as_it_is(fitted):
    stroke = Notes.of([0.5], [0.6], [COWBELL], [100])
    heard = played(stroke, DECAY, 3)
    there = slice(round(0.5 * SAMPLE_RATE), round(0.8 * SAMPLE_RATE))
    change = fitted.struck(heard, stroke)[there] - heard[there]
    assert 10.0 * torch.log10(change.square().mean() / heard[there].square().mean()) < -20.0


def test_fewer_strokes_than_a_pattern_needs_leave_a_drum_alone():
    strokes = StrokeMap()
    once = Notes.of([0.5], [0.6], [SNARE], [100])
    assert len(once) < FEWEST_STROKES
    levels = [
        strokes.bands.levels(played(once, decay), -20.0).numpy() for decay in (DECAY, ALL_ALIKE)
    ]
    fit_strokes(strokes, [once], levels[:1], levels[1:])
    assert torch.equal(strokes.recorded, strokes.decoded)


def test_before_it_is_fitted_and_after_reset_nothing_changes(fitted):
    notes, fresh = drums(5), PostFilter()
    heard = played(notes, ALL_ALIKE)
    assert torch.equal(fresh.struck(heard, notes), heard)
    fresh.load_state_dict(fitted.state_dict())
    assert not torch.equal(fresh.struck(heard, notes), heard)
    fresh.reset()
    assert torch.equal(fresh.struck(heard, notes), heard)


def test_only_drums_are_struck(fitted):
    notes = drums(6)
    heard = played(notes, ALL_ALIKE)
    stems = fitted(heard.expand(4, -1), torch.full((4,), -1), dict.fromkeys(("drums",), notes))
    assert [torch.equal(stem, heard) for stem in stems] == [True, False, True, True]


def test_pieces_make_the_whole(fitted, monkeypatch):
    notes = drums(7)
    heard = played(notes, ALL_ALIKE)
    whole = fitted.struck(heard, notes)
    monkeypatch.setattr(module, "PIECE_FRAMES", 16)
    assert torch.allclose(fitted.struck(heard, notes), whole, atol=1e-5)


def test_another_stroke_on_the_hats_damps_an_open_one():
    alone = Notes.of([0.5], [0.6], [46], [100])
    closed = Notes.of([0.5, 0.7], [0.6, 0.8], [46, 42], [100, 100])
    ends = [next(iter(ringing(n, 0, 400))).frames[-1] * 256 / SAMPLE_RATE for n in (alone, closed)]
    assert ends[0] > 2.0 and ends[1] == pytest.approx(0.7, abs=0.02)


def test_frames_that_ring_know_their_age():
    stroke = Notes.of([0.5], [0.6], [SNARE], [127])
    (heard,) = ringing(stroke, 40, 200)
    age = heard.frames + 40 - 0.5 * SAMPLE_RATE / 256
    assert heard.power == 1.0 and heard.drum == SNARE and 0 <= heard.frames[0]
    assert np.all(AGES[heard.ages] <= age) and heard.ages[-1] == NUM_AGES - 1
    assert np.all(age < np.append(AGES, np.inf)[heard.ages + 1])
    assert not list(ringing(stroke, 400, 50))
