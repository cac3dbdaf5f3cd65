"""Segments as tensors: a pure function of (seed, index); bad songs are replaced."""

from functools import partial

import numpy as np
import pytest
import torch

from data.batch import Example
from data.dataset import SegmentDataset, to_segment
from data.quarantine import SongError
from data.roll import ROLL_ROWS, to_roll
from data.score import Notes, Score
from utils import FRAME_SAMPLES, STEMS, UserError, counter_rng

FRAMES = 8
Segments = partial(SegmentDataset, num_frames=FRAMES)


def example_of(start=0.0, song="song", score=None, known=(True,) * 4, tags=None):
    audio = np.full((4, FRAMES * FRAME_SAMPLES), start, np.float32)
    known = np.array(known) & (score is not None)
    return Example(song, start, np.ones(4, bool), audio, score, known, tags or {})


class FakeSource:
    """Ten segments of five songs whose audio says where they begin; some songs are broken."""

    num_songs = 5

    def __init__(self, broken=()):
        self.broken = set(broken)

    def __len__(self):
        return 10

    def example(self, index, *, num_frames, need_audio=True, need_score=True, rng=None):
        song = f"song {index // 2}"
        if index // 2 in self.broken:
            raise SongError(song, "broken")
        return example_of(index + (0.0 if rng is None else rng.random()), song)


def take(dataset, indexes):
    return [dataset[i].start for i in indexes]


def test_epochs_are_permutations_and_depend_on_the_seed_alone():
    one, two = Segments(FakeSource(), seed=3), Segments(FakeSource(), seed=3)
    first = take(one, range(20))
    assert first == take(two, reversed(range(20)))[::-1]
    for epoch in (first[:10], first[10:]):
        assert sorted(int(start) for start in epoch) == list(range(10))
    assert first[:10] != first[10:]
    assert first != take(Segments(FakeSource(), seed=4), range(20))
    assert len({start % 1 for start in first}) == 20


def test_validation_is_fixed_and_unshifted():
    dataset = Segments(FakeSource(), seed=3, augment=False)
    assert take(dataset, range(20)) == [float(i % 10) for i in range(20)]


@pytest.mark.filterwarnings("ignore:skipped")
def test_a_bad_song_is_replaced_by_the_same_other_segment(tmp_path):
    dataset = Segments(FakeSource({1}), seed=1, quarantine=tmp_path / "bad")
    starts = take(dataset, range(10))
    assert all(int(s) // 2 != 1 for s in starts)
    good = take(Segments(FakeSource(), seed=1), range(10))
    assert sum(a == b for a, b in zip(starts, good, strict=True)) == 8
    assert list(dataset.quarantine.songs()) == ["song 1"]
    fixed = Segments(FakeSource({1}), augment=False, quarantine=tmp_path / "bad2")
    assert take(fixed, range(10)) == take(fixed, range(10))


@pytest.mark.filterwarnings("ignore:skipped")
def test_too_many_bad_songs_stop_the_run(tmp_path):
    dataset = Segments(FakeSource({0, 1, 2}), quarantine=tmp_path / "bad")
    with pytest.raises(UserError, match="3 of 5 songs"):
        take(dataset, range(10))


@pytest.mark.filterwarnings("ignore:skipped")
def test_nothing_readable_ends_in_words(tmp_path):
    class Broken(FakeSource):
        num_songs = 1

        def example(self, index, **_):
            raise SongError("the only song", "broken")

    with pytest.raises(UserError, match="20 segments in a row"):
        Segments(Broken(), quarantine=tmp_path / "bad")[0]


def test_an_empty_source_is_refused():
    class Empty(FakeSource):
        def __len__(self):
            return 0

    with pytest.raises(UserError, match="no segment"):
        Segments(Empty())


def score():
    notes = dict.fromkeys(STEMS, Notes.of([0.05], [0.2], [60], [100]))
    beats = np.array([0.0, 0.25, 0.5])
    return Score(notes, FRAMES * FRAME_SAMPLES / 22_050, beats, np.arange(3) % 4)


def test_audio_only_segments_carry_nothing_else():
    segment = to_segment(example_of(0.5), {"audio"}, FRAMES, counter_rng(0))
    assert segment.audio.shape == (4, FRAMES * FRAME_SAMPLES)
    assert segment.audio.dtype == torch.float32 and (segment.audio == 0.5).all()
    assert segment.roll is None and segment.sheet is None and segment.text is None
    assert segment.labels == {} and segment.present.dtype == torch.bool


def test_roll_is_hidden_where_notes_are_not_trusted():
    example = example_of(score=score(), known=(True, False, True, True))
    segment = to_segment(example, {"roll"}, FRAMES, counter_rng(0))
    expected = to_roll(score(), FRAMES)
    assert segment.roll.shape == (4, FRAMES, ROLL_ROWS) and segment.audio is None
    assert not segment.roll[1].any() and segment.score_known.tolist() == [True, False, True, True]
    np.testing.assert_array_equal(segment.roll[0], expected[0])
    without = to_segment(example_of(), {"roll"}, FRAMES, counter_rng(0))
    assert without.roll.shape == segment.roll.shape and not without.roll.any()


def test_words_and_sheet_follow_the_score():
    from data.lead_sheet import SHEET_COLUMNS

    fields = {"sheet", "labels", "text"}
    example = example_of(score=score(), known=(True, True, False, True))
    segment = to_segment(example, fields, FRAMES, counter_rng(0))
    known = segment.sheet[:, SHEET_COLUMNS["density_known"]]
    assert known.any(0).tolist() == [True, True, False, True]
    assert segment.sheet[:, SHEET_COLUMNS["beat_known"]].all()
    assert segment.labels["plays"].tolist() == [1, 1, -1, 1]
    assert np.isnan(segment.labels["density"][2]) and segment.labels["program"][2] == -1
    assert isinstance(segment.text, str) and segment.text
    unknown = to_segment(example_of(), fields, FRAMES, counter_rng(0))
    assert not unknown.sheet.any() and isinstance(unknown.text, str)
    assert unknown.labels["tempo"] != unknown.labels["tempo"]


class Recordings(FakeSource):
    """Songs with sound and without notes, that say what they were asked for."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def example(self, index, *, num_frames, need_audio=True, need_score=True, rng=None):
        self.asked.append(need_audio)
        example = super().example(index, num_frames=num_frames, rng=rng)
        time = np.arange(num_frames * FRAME_SAMPLES) / 22_050
        tone = 0.2 * np.sin(2 * np.pi * 440 * time)
        example.audio = np.stack([tone, 0 * tone, 0 * tone, 0 * tone]) if need_audio else None
        return example


def test_what_has_no_notes_is_listened_to():
    source = Recordings()
    segment = Segments(source, fields=("labels", "sheet"))[3]
    assert source.asked == [False, True] and segment.audio is None
    assert segment.labels["plays"].tolist() == [1, 0, 0, 0]
    assert -20 < segment.labels["loudness"] < 0
    assert segment.start == Segments(Recordings(), fields=("audio",))[3].start
    source = Recordings()
    assert not Segments(source, fields=("roll",))[3].roll.any() and source.asked == [False]


def test_an_own_caption_wins():
    example = example_of(score=score(), tags={"caption": "my own words"})
    assert to_segment(example, {"text"}, FRAMES, counter_rng(0)).text == "my own words"
