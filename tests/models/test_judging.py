"""What a model makes of real segments: round trips, imitations, and rows in the end."""

import numpy as np
import pytest
import torch

from metrics.notes import compare_scores
from models import judging
from models.judging import generate_like, judge, reconstruct, save_pictures, transcribed
from models.real_music import Training, read_examples
from utils import STEMS

QUICK = {"steps": 1, "sound_steps": 1, "guidance": 1.0}


@pytest.fixture(scope="module")
def examples():
    return list(read_examples("arranger", None, "validation", 3))


@pytest.fixture(autouse=True)
def quiet_planner(model):
    """The planner of a random model is slow and says nothing: leave it out."""
    model.trained.discard("planner")
    with torch.no_grad(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **kwargs: None)
        yield


def test_round_trips_of_a_model(model, examples):
    again = reconstruct(model, examples, batch_size=2)
    assert again.audio.shape == (3, *examples[0].audio.shape) and np.isfinite(again.audio).all()
    assert len(again.notes) == len(again.bound) == 3
    real = [{s: n.without_doubles() for s, n in e.score.notes.items()} for e in examples]
    bound = compare_scores(zip(again.bound, real, strict=True))
    assert bound["pitched"].onset.f1 > 0.95
    one = reconstruct(model, examples, batch_size=1)
    np.testing.assert_allclose(one.audio, again.audio, atol=1e-3)


def test_a_generated_segment_for_every_real_one(model, examples):
    said = []
    record = lambda **options: said.append(options) or generate(**options)
    with pytest.MonkeyPatch.context() as patch:
        generate = model.generate
        patch.setattr(model, "generate", record)
        ours = generate_like(model, examples, 1, QUICK, batch_size=2)
    assert all(said.keys() == {"text", "batch_size", "seed", *QUICK} for said in said)
    assert ours.audio.shape == (3, *examples[0].audio.shape)
    assert len(ours.notes) == len(ours.sheets) == 3
    same = generate_like(model, examples, 1, QUICK, batch_size=3)
    np.testing.assert_allclose(same.audio, ours.audio, atol=1e-3)
    last = generate_like(model, examples[2:], 3, QUICK, batch_size=1)
    np.testing.assert_allclose(last.audio[0], ours.audio[2], atol=1e-3)


def test_the_same_notes_are_heard_on_a_soundfont(model, examples):
    ours = generate_like(model, examples[:1], 1, QUICK, batch_size=1)
    rendered = generate_like(model, examples[:1], 1, QUICK, batch_size=1, voice="soundfont")
    assert rendered.audio.shape == ours.audio.shape
    for stem, audio in zip(STEMS, rendered.audio[0], strict=True):
        np.testing.assert_array_equal(rendered.notes[0][stem].pitch, ours.notes[0][stem].pitch)
        assert bool(audio.any()) == bool(len(rendered.notes[0][stem]))


def test_only_a_trained_transcriber_is_asked(model, examples):
    audio = np.stack([e.audio for e in examples])
    assert transcribed(model, audio, batch_size=2) == []
    model.trained.add("transcriber")
    heard = transcribed(model, audio, batch_size=2)
    assert len(heard) == 3 and set(heard[0]) == set(STEMS)
    again = transcribed(model, audio, batch_size=3)
    assert all(
        (a[s].pitch == b[s].pitch).all() for a, b in zip(heard, again, strict=True) for s in a
    )


def test_segments_are_judged_in_groups_and_their_audio_is_dropped(
    model, examples, monkeypatch, tmp_path
):
    monkeypatch.setattr(judging, "GROUP", 2)
    model.trained.add("transcriber")
    found = judge(model, iter(examples), seed=1, options=QUICK, batch_size=2)
    assert len(found.real) == len(found.ours) == len(found.codec) == len(found.round_trip) == 3
    assert [s.song for s in found.real] == [e.song for e in examples]
    rows = {(row.group, row.name): row for row in found.rows(Training())}
    assert rows["codec", "SI-SDR dB, bass"].ceiling == np.inf
    assert rows["score codec", "onset F1, pitched"].ceiling > 0.95
    assert rows["coherence", "chroma, sound"].ceiling > 0.2
    assert rows["sound plays its score", "onset F1, generated, all"].count >= 0
    assert not any(group == "novelty" for group, _ in rows)
    save_pictures(tmp_path, found)
    assert {p.name for p in tmp_path.iterdir()} == {"spectrograms.png", "piano_rolls.png"}
