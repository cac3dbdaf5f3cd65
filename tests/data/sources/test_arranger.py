"""Composed songs as a source: fixed by their index, splits apart, score and audio in step."""

import numpy as np
import pytest

from data.lead_sheet import LeadSheet
from data.sources import build_source
from data.sources.arranger import ArrangerSource, as_song, composed_song
from utils import FRAME_SAMPLES, STEMS, UserError, counter_rng


@pytest.fixture(scope="module")
def source() -> ArrangerSource:
    return build_source("arranger", None, "validation", num_songs=10)


def test_length_and_splits(source):
    assert source.num_songs == 10 and len(source) == 20
    names = {
        split: {
            composed_song(build_source("arranger", None, split).first_seed + i)[0].name
            for i in range(3)
        }
        for split in ("train", "validation", "test")
    }
    assert len(set().union(*names.values())) == 9
    with pytest.raises(UserError, match="num_songs"):
        build_source("arranger", None, "train", num_songs=0)


def test_validation_segments_are_fixed(source):
    first, again = (source.example(3, num_frames=16) for _ in range(2))
    assert first.start == again.start and np.array_equal(first.audio, again.audio)
    assert first.audio.shape == (4, 16 * FRAME_SAMPLES) and first.audio.dtype == np.float32


def test_training_segments_follow_the_generator(source):
    draw = lambda seed: source.example(2, num_frames=16, rng=counter_rng(seed))
    assert draw(0).start == draw(0).start
    assert len({draw(seed).start for seed in range(6)}) > 1


def test_only_what_is_asked_for_is_made(source):
    example = source.example(0, num_frames=32, need_audio=False)
    assert example.audio is None and example.score is not None
    example = source.example(0, num_frames=8, need_score=False)
    assert example.score is None and not example.score_known.any() and example.audio.any()


def test_absent_stems_are_absent_in_score_and_sound():
    source = build_source("arranger", None, "train", num_songs=30)
    examples = [source.example(i, num_frames=32, need_audio=False) for i in range(30)]
    without = [i for i, e in enumerate(examples) if not e.present.all()]
    assert 1 <= len(without) <= 12
    example = source.example(without[0], num_frames=32)
    gone = ~example.present
    assert not example.audio[gone].any() and not example.score_known[gone].any()


def test_styles_take_turns_and_key_is_known(source):
    examples = [source.example(i, num_frames=64, need_audio=False) for i in range(10)]
    assert len({e.tags["style"] for e in examples}) == 10
    for e in examples:
        sheet = LeadSheet.from_score(e.score)
        assert sheet.key is not None and sheet.bpm is not None


def test_audio_begins_where_the_notes_do():
    song, _ = composed_song(1_000_001)
    assert song.score.beat_times[0] == 0.0
    again = as_song(song.score)
    for stem in STEMS:
        assert np.array_equal(again.score.notes[stem].onset, song.score.notes[stem].onset)
