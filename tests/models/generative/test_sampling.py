"""Walks from noise to songs: windows, what is held, what rests, what is varied, what guides."""

import numpy as np
import pytest
import torch

from data.score import Notes, Score
from models.encoders.conditions import Conditions
from models.generative.edits import Keep
from models.generative.sampling import MACRO_FRAMES, Sampling, Start, sample_long, windows
from utils import FRAME_SAMPLES, STEMS, UserError, torch_rng

SECOND = 22_050


def sampling(**changed) -> Sampling:
    plain = {"steps": 1, "sampler": "euler", "guidance": 1.0, "score_lead": 0.0}
    return Sampling(**plain | changed)


def noise(num_samples: int, b: int = 1) -> torch.Tensor:
    return 0.1 * torch.randn(b, 4, num_samples, generator=torch_rng(5))


def score(seconds: float) -> Score:
    notes = {stem: Notes.of([0.1], [0.5], [60], [90]) for stem in STEMS}
    return Score(notes, seconds)


def walked(model, start: Start, **changed) -> torch.Tensor:
    seeds = list(range(len(start.latents)))
    said, asked = Conditions(), sampling(**changed)
    return sample_long(model.generator, model.widths, said, start, seeds, asked, None)


@pytest.mark.parametrize(
    ("num_frames", "expected"),
    [
        (16, [(0, 16)]),
        (256, [(0, 256)]),
        (272, [(0, 272)]),  # 11.9 s, as a user says it, is one segment
        (288, [(0, 256), (32, 288)]),
        (448, [(0, 256), (192, 448)]),
        (464, [(0, 256), (192, 464)]),
        (480, [(0, 256), (192, 448), (224, 480)]),
    ],
)
def test_windows(num_frames, expected):
    assert [(w.start, w.stop) for w in windows(num_frames)] == expected


def test_windows_of_any_song_overlap_and_are_whole():
    for num_frames in range(288, 3_000, 16):
        spans = windows(num_frames)
        assert spans[0].start == 0 and spans[-1].stop == num_frames
        assert all(256 <= w.stop - w.start <= 272 for w in spans)
        assert all(b.start <= a.stop - 64 < b.stop for a, b in zip(spans, spans[1:], strict=False))


def test_a_start_has_whole_macro_frames_and_knows_nothing(model):
    start = Start.of(model, 2, 33 * FRAME_SAMPLES + 1)
    assert start.latents.shape == (2, 4, 3 * MACRO_FRAMES, 24) and not start.latents.any()
    assert not start.known.any() and start.plays.all() and start.tau == (0.0, 0.0)


def test_what_is_given_to_one_is_given_to_all(model):
    keep = Keep.stems({"drums": noise(SECOND)[0, 1].numpy()}, score(1.0))
    start = Start.of(model, 3, SECOND, keep=keep)
    assert start.known[:, 1, :22].all() and not start.known[:, 0].any()
    assert torch.equal(start.latents[0], start.latents[2]) and start.latents[0, 1].any()
    assert start.audio.shape == (3, 4, SECOND) and start.rolls.shape[:3] == (3, 4, 32)
    made = walked(model, start)
    assert torch.equal(made[:, 1, :22], start.latents[:, 1, :22])
    assert not torch.equal(made[0, 0], made[1, 0])


def test_each_song_may_have_its_own_given_music(model):
    start = Start.of(model, 2, SECOND, keep=Keep.sound(noise(SECOND, 2)))
    assert start.known[..., :22, 0].all() and not start.known[..., 1].any()
    assert not torch.equal(start.latents[0], start.latents[1])


def test_a_frame_that_is_given_in_part_is_made_when_the_song_goes_on(model):
    keep = Keep.stems({"bass": np.full(2 * FRAME_SAMPLES + 10, 0.1, np.float32)})
    assert Start.of(model, 1, keep.num_samples, keep=keep).known[0, 0, :, 0].sum() == 3
    assert Start.of(model, 1, SECOND, keep=keep).known[0, 0, :, 0].sum() == 2


def test_a_stem_rests_where_its_sound_is_not_given(model):
    audio = noise(8 * FRAME_SAMPLES)[0]
    keep = Keep.beginning(audio, score(audio.shape[-1] / SECOND))
    start = Start.of(model, 1, SECOND, keep=keep, plays={"drums": False, "piano": True})
    played = Start.of(model, 1, SECOND, keep=keep)
    assert start.known[0, 1].all() and not start.known[0, 3, 8:].any()
    assert torch.equal(start.latents[:, :, :8], played.latents[:, :, :8])
    assert start.plays[0].tolist() == [True, False, True, True]
    later = start.latents[0, 1, 8:]
    assert torch.equal(later, later[:1].expand_as(later)) and later.any()
    assert start.note_frames[0, 1].tolist() == [True] * 8 + [False] * 24


def test_given_notes_give_way_to_a_rest(model):
    keep = Keep.score(score(1.0))
    start = Start.of(model, 1, SECOND, keep=keep, plays={"drums": 0})
    assert not start.note_frames[0, 1].any() and start.note_frames[0, 0, :22].all()
    other = Start.of(model, 1, SECOND, keep=keep)
    assert not torch.equal(start.latents[0, 1, :22], other.latents[0, 1, :22])


def test_a_given_stem_cannot_rest(model):
    keep = Keep.stems({"drums": noise(SECOND)[0, 1].numpy()})
    with pytest.raises(UserError, match="drums is given, so it cannot rest"):
        Start.of(model, 1, SECOND, keep=keep, plays={"drums": False})


def test_a_variation_begins_where_it_has_music_to_depart_from(model):
    audio = noise(SECOND)[0]
    start = Start.of(model, 1, SECOND, keep=Keep.beginning(audio), variation=0.25)
    assert start.tau == (0.75, 0.0) and not start.known.any() and start.audio is None
    noted = Start.of(model, 1, SECOND, keep=Keep.beginning(audio, score(1.0)), variation=0.25)
    assert noted.tau == (0.75, 0.75)
    same = Start.of(model, 1, SECOND, keep=Keep.beginning(audio, score(1.0)), variation=0.0)
    assert torch.equal(walked(model, same), same.latents)


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


def test_later_windows_leave_earlier_ones_as_they_are(model):
    start = Start.of(model, 1, 288 * FRAME_SAMPLES)
    made = walked(model, start)
    alone = walked(model, Start.of(model, 1, 256 * FRAME_SAMPLES))
    assert torch.equal(made[:, :, :256], alone) and made[:, :, 256:].any()


def test_only_what_is_said_pulls():
    said = Conditions(style=torch.tensor([3]))
    both = sampling(guidance={"all": 2.0, "text": 3.0, "style": 1.0})
    assert both.pulling(said, negative=False) == {"all": 2.0}
    assert both.pulling(said, negative=True) == {"all": 2.0, "text": 3.0}
    assert both.pulling(Conditions(), negative=False) == {}


def test_what_does_nothing_is_said():
    said = Conditions(style=torch.tensor([3]))
    with pytest.warns(UserWarning, match="guidance for 'text' does nothing"):
        sampling(guidance={"text": 3.0}).warn_of_idle(said, negative=False)
    with pytest.warns(UserWarning, match="negative_text does nothing"):
        sampling(guidance=1.0).warn_of_idle(said, negative=True)


@pytest.mark.filterwarnings("error")
def test_what_acts_is_not_warned_of():
    said = Conditions(style=torch.tensor([3]))
    sampling(guidance={"all": 2.0, "style": 3.0}).warn_of_idle(said, negative=True)
    sampling(guidance={"text": 2.0}).warn_of_idle(said, negative=True)


def test_a_negative_is_only_ever_pulled_away_from(model):
    said = Conditions(style=torch.tensor([3]))
    start = Start.of(model, 1, 16 * FRAME_SAMPLES)
    tokens = torch.randn(1, 3, 384, generator=torch_rng(0)), torch.ones(1, 3, dtype=torch.bool)
    draw = lambda guidance, negative: sample_long(
        model.generator, model.widths, said, start, [0], sampling(guidance=guidance), negative
    )
    assert torch.allclose(draw(0.5, tokens), draw(0.5, None), atol=1e-5)
    assert (draw(2.0, tokens) - draw(2.0, None)).abs().max() > 1e-5


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": 1.5}, "whole number"),
        ({"guidance": float("nan")}, "guidance for all is nan"),
        ({"guidance": {"text": -1.0}}, "from 0 to 100"),
    ],
)
def test_values_out_of_range(changed, words):
    with pytest.raises(UserError, match=words):
        sampling(**changed).checked()
    assert sampling(score_lead=0.3).checked(together=True).score_lead == 0.0
