"""Real music to judge by: fixed segments, notes only where they are known, training songs."""

import numpy as np
import pytest
import soundfile

from data.arranger import compose
from data.midi import write_midi
from models.real_music import described, measured, notes_known, read_examples, read_training
from utils import SAMPLE_RATE, SEGMENT_SAMPLES, STEMS, UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of MIDI songs: four to train on, two for validation."""
    root = tmp_path_factory.mktemp("songs")
    for number in range(6):
        split = root / ("train" if number < 4 else "validation")
        split.mkdir(exist_ok=True)
        write_midi(compose(number), split / f"song{number}.mid")
    return root


def test_segments_are_fixed_and_spread_over_the_songs(folder):
    first, again = (list(read_examples(None, str(folder), "validation", 2)) for _ in range(2))
    assert [e.song for e in first] == ["song4", "song5"]
    assert all((a.audio == b.audio).all() for a, b in zip(first, again, strict=True))
    assert first[0].audio.shape == (len(STEMS), SEGMENT_SAMPLES)


def test_what_is_remembered_of_a_segment_has_its_notes_and_sheet(folder):
    example = next(read_examples(None, str(folder), "validation", 2))
    segment = described(example)
    assert segment.song == example.song and segment.heard is None
    assert set(segment.notes) == set(STEMS)
    assert len(segment.sheet.beat_times) == len(segment.sheet.chord_tones) > 4
    assert described(example, heard=segment.notes).heard is segment.notes


def test_audio_without_midi_has_no_notes_to_judge(tmp_path):
    for number in range(2):
        place = tmp_path / "validation" / f"Track{number:05}"
        place.mkdir(parents=True)
        noise = 0.1 * np.random.default_rng(number).standard_normal(13 * SAMPLE_RATE)
        soundfile.write(place / "bass.wav", noise, SAMPLE_RATE)
    examples = list(read_examples(None, str(tmp_path), "validation", 8))
    assert len(examples) == 2 and not any(notes_known(e) for e in examples)
    segment = described(examples[0])
    assert segment.notes is None and segment.sheet is None
    assert segment.sound["piano"].silent and not segment.sound["bass"].silent
    with pytest.raises(UserError, match="need at least 2|test"):
        list(read_examples(None, str(tmp_path), "test", 8))
    with pytest.warns(UserWarning, match="no training songs"):
        assert read_training(None, str(tmp_path), num_segments=2, num_songs=9).index is None


def test_training_songs_are_indexed_whole(folder):
    training = read_training(None, str(folder), num_segments=3, num_songs=3)
    assert training.index.num_songs == 3 and len(training.segments) == 3
    for place, segment in enumerate(training.segments):
        found = training.index.nearest(segment.notes, segment.sheet.beat_times)
        assert found.song == place and found.similarity > 0.95


def test_nothing_is_measured_of_no_sheet():
    assert measured(None).beat_times.size == 0
