"""What a walk begins with: what is held, what rests, what is varied."""

import numpy as np
import pytest
import torch

from data.score import Notes, Score
from models.generative.edits import Keep
from models.generative.starts import MACRO_FRAMES, Start
from tests.models.generative.test_sampling import walked
from utils import FRAME_SAMPLES, STEMS, UserError, torch_rng

SECOND = 22_050


def noise(num_samples: int, b: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(b, 4, num_samples, generator=torch_rng(5))


def rests(*stems: int) -> torch.Tensor:
    """What is said of one song's stems: these rest, the others may play."""
    plays = torch.full((1, 4), -1)
    plays[0, list(stems)] = 0
    return plays


def score(seconds: float) -> Score:
    notes = {stem: Notes.of([0.1], [0.5], [60], [90]) for stem in STEMS}
    return Score(notes, seconds)


def test_a_start_has_whole_macro_frames_and_knows_nothing(model):
    start = Start.of(model, 2, 33 * FRAME_SAMPLES + 1)
    assert start.sound.shape == (2, 4, 3 * MACRO_FRAMES, 8) and not start.sound.any()
    assert start.notes.shape == (2, 4, 3 * MACRO_FRAMES, 16) and not start.notes.any()
    assert not start.sound_known.any() and not start.notes_known.any()
    assert start.plays.all() and start.tau == (0.0, 0.0)


def test_what_is_given_to_one_is_given_to_all(model):
    keep = Keep.stems({"drums": noise(SECOND)[0, 1].numpy()}, score(1.0))
    start = Start.of(model, 3, SECOND, keep=keep)
    for known in (start.sound_known, start.notes_known):
        assert known[:, 1, :22].all() and not known[:, 0].any()
    assert torch.equal(start.sound[0], start.sound[2]) and start.sound[0, 1].any()
    assert start.audio.shape == (3, 4, SECOND) and start.rolls.shape[:3] == (3, 4, 32)
    notes, sound = walked(model, start)
    assert torch.equal(notes[:, 1, :22], start.notes[:, 1, :22])
    assert torch.equal(sound[:, 1, :22], start.sound[:, 1, :22])
    assert not torch.equal(sound[0, 0], sound[1, 0])


def test_notes_that_nobody_wrote_down_are_transcribed(model):
    drums = noise(SECOND)[0, 1].numpy()
    start = Start.of(model, 1, SECOND, keep=Keep.stems({"drums": drums}))
    assert start.notes_known[0, 1, :22].all() and start.note_frames is None
    heard = model.transcriber(start.sound[:, :, :22])
    assert torch.equal(start.notes[:, 1, :22], heard[:, 1])
    written = Start.of(model, 1, SECOND, keep=Keep.stems({"drums": drums}, score(1.0)))
    assert not torch.equal(written.notes[:, 1, :22], heard[:, 1])


def test_each_song_may_have_its_own_given_music(model):
    start = Start.of(model, 2, SECOND, keep=Keep.sound(noise(SECOND, 2)))
    assert start.sound_known[:, :, :22].all() and start.note_frames is None
    assert not torch.equal(start.sound[0], start.sound[1])


def test_a_frame_that_is_given_in_part_is_made_when_the_song_goes_on(model):
    keep = Keep.stems({"bass": np.full(2 * FRAME_SAMPLES + 10, 0.1, np.float32)})
    assert Start.of(model, 1, keep.num_samples, keep=keep).sound_known[0, 0].sum() == 3
    assert Start.of(model, 1, SECOND, keep=keep).sound_known[0, 0].sum() == 2


def test_a_stem_rests_where_its_sound_is_not_given(model):
    audio = noise(8 * FRAME_SAMPLES)[0]
    keep = Keep.beginning(audio, score(audio.shape[-1] / SECOND))
    start = Start.of(model, 1, SECOND, keep=keep, plays=rests(1))
    played = Start.of(model, 1, SECOND, keep=keep)
    assert start.sound_known[0, 1].all() and not start.sound_known[0, 3, 8:].any()
    assert torch.equal(start.sound[:, :, :8], played.sound[:, :, :8])
    assert start.plays[0].tolist() == [True, False, True, True]
    later = start.sound[0, 1, 8:]
    assert torch.equal(later, later[:1].expand_as(later)) and later.any()
    assert start.note_frames[0, 1].tolist() == [True] * 8 + [False] * 24


def test_given_notes_give_way_to_a_rest(model):
    keep = Keep.score(score(1.0))
    start = Start.of(model, 1, SECOND, keep=keep, plays=rests(1))
    assert not start.note_frames[0, 1].any() and start.note_frames[0, 0, :22].all()
    other = Start.of(model, 1, SECOND, keep=keep)
    assert not torch.equal(start.notes[0, 1, :22], other.notes[0, 1, :22])


def test_a_given_stem_cannot_rest(model):
    keep = Keep.stems({"drums": noise(SECOND)[0, 1].numpy()})
    with pytest.raises(UserError, match="drums is given, so it cannot rest"):
        Start.of(model, 1, SECOND, keep=keep, plays=rests(1))


def test_a_variation_begins_where_it_has_music_to_depart_from(model):
    audio = noise(SECOND)[0]
    start = Start.of(model, 1, SECOND, keep=Keep.beginning(audio), variation=0.25)
    assert start.tau == (0.75, 0.5625) and not start.sound_known.any() and start.audio is None
    played = Start.of(model, 1, SECOND, keep=Keep.score(score(1.0)), variation=0.25)
    assert played.tau == (0.0, 0.5625)
    same = Start.of(model, 1, SECOND, keep=Keep.beginning(audio, score(1.0)), variation=0.0)
    notes, sound = walked(model, same)
    assert torch.equal(notes, same.notes) and torch.equal(sound, same.sound)


@pytest.mark.parametrize(
    ("keep", "seconds", "words"),
    [
        (None, 1, "needs music to depart from"),
        (Keep.stems({"bass": np.ones(SECOND, np.float32)}), 1, "drums, guitar, piano is not given"),
        (Keep.beginning(noise(SECOND)[0]), 2, "as long as its song: choose duration 1.000"),
    ],
)
def test_what_cannot_be_varied(model, keep, seconds, words):
    with pytest.raises(UserError, match=words):
        Start.of(model, 1, seconds * SECOND, keep=keep, variation=0.5)
    with pytest.raises(UserError, match="from 0 .* to 1"):
        whole = Keep.beginning(noise(SECOND)[0])
        Start.of(model, 1, SECOND, keep=whole, variation=1.5)
