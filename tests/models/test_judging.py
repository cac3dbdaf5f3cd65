"""Segments for an evaluation: fixed, read once, reconstructed and imitated."""

import numpy as np
import pytest
import soundfile
import torch

from metrics.notes import compare_scores
from models.judging import generate_like, measured, real_segments, reconstruct
from utils import SAMPLE_RATE, SEGMENT_SAMPLES, STEMS, UserError


@pytest.fixture(scope="module")
def real():
    return real_segments("arranger", None, "validation", 3)


def test_segments_are_fixed_and_their_notes_known(real):
    again = real_segments("arranger", None, "validation", 3)
    assert real.audio.shape == (3, len(STEMS), SEGMENT_SAMPLES)
    assert (again.audio == real.audio).all()
    assert len(real.notes) == len(real.sheets) == 3
    segments = real.segments()
    assert segments.sheets[0].beat_times.size == len(segments.sheets[0].chord_tones)


def test_audio_without_midi_has_no_notes_to_judge(tmp_path):
    for number in range(2):
        folder = tmp_path / "validation" / f"Track{number:05}"
        folder.mkdir(parents=True)
        noise = 0.1 * np.random.default_rng(number).standard_normal(13 * SAMPLE_RATE)
        soundfile.write(folder / "bass.wav", noise, SAMPLE_RATE)
    real = real_segments(None, str(tmp_path), "validation", 8)
    assert len(real.audio) == 2 and real.notes == [] and real.sheets == []
    with pytest.raises(UserError, match="need at least 2|test"):
        real_segments(None, str(tmp_path), "test", 8)


def test_round_trips_of_a_model(model, real):
    again = reconstruct(model, real, batch_size=2)
    assert again.audio.shape == real.audio.shape and np.isfinite(again.audio).all()
    assert len(again.notes) == len(again.bound) == 3
    bound = compare_scores(zip(again.bound, real.notes, strict=True))
    assert bound["pitched"].onset.f1 > 0.95
    one = reconstruct(model, real, batch_size=1)
    np.testing.assert_allclose(one.audio, again.audio, atol=1e-3)


def test_a_generated_segment_for_every_real_one(model, real):
    ours = generate_like(model, real, 1, {"steps": 1, "guidance": 1.0}, batch_size=2)
    assert ours.audio.shape == real.audio.shape
    assert len(ours.notes) == len(ours.sheets) == 3
    same = generate_like(model, real, 1, {"steps": 1, "guidance": 1.0}, batch_size=3)
    np.testing.assert_allclose(same.audio, ours.audio, atol=1e-3)
    jazz = generate_like(model, real, 1, {"steps": 1, "style_idx": 3}, batch_size=3)
    assert not np.allclose(jazz.audio, ours.audio)


def test_nothing_is_measured_of_no_sheet():
    assert measured(None).beat_times.size == 0


@pytest.fixture(autouse=True)
def quiet_planner(model):
    """The planner of a random model is slow and says nothing: leave it out."""
    model.trained.discard("planner")
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)
        yield
