"""A result: heard in pieces, read as notes, given parts as they were given."""

import json

import numpy as np
import pytest
import torch

from data.lead_sheet import LeadSheet
from data.roll import to_roll
from data.score import Notes, Score
from models.song import SEAM_SAMPLES, Generation
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, torch_rng

NUM_FRAMES = 48
NUM_SAMPLES = 40 * FRAME_SAMPLES + 100


@pytest.fixture
def song(model) -> Generation:
    """Two songs of 41 frames, with 7 more that are cut; the drums of the second rest."""
    latents = torch.randn(2, 4, NUM_FRAMES, 24, generator=torch_rng(0))
    plays = torch.ones(2, 4, dtype=torch.bool)
    plays[1, 1] = False
    sheet = LeadSheet.parse(bpm=120, key="A minor", chords="Am F", duration=2.0)
    programs = torch.tensor([[33, -1, -1, 4]] * 2)
    return Generation(model, latents, NUM_SAMPLES, [sheet, None], plays, programs, [5, 6])


def test_it_sounds_as_its_latents_decode(song):
    with torch.no_grad():
        whole = song.model.codec.decode(song.latents[:, :, :41, :8])[..., :NUM_SAMPLES]
    assert song.audio.shape == (2, 4, NUM_SAMPLES) and len(song) == 2
    assert (song.audio[0] - whole[0]).abs().max() < 1e-5
    assert not song.audio[1, 1].any() and song.audio[1, 0].any()
    assert torch.equal(song.mix, song.audio.sum(1))
    assert not song.audio.requires_grad
    assert song.duration == NUM_SAMPLES / SAMPLE_RATE


def test_one_song_is_heard_alone_and_counted_from_the_end(song):
    assert (song.stems(1) - song.audio[1]).abs().max() < 1e-5
    assert torch.equal(song.stems(-1), song.stems(1))
    assert torch.equal(song.roll(-1), song.roll(1))
    with pytest.raises(IndexError):
        song.stems(2)


def test_pieces_of_any_size_are_the_whole(song):
    whole = song.audio
    song.model.codec.PIECE_FRAMES = 16
    lengths = [piece.shape[-1] for piece in song.pieces()]
    assert lengths == [16 * FRAME_SAMPLES, 16 * FRAME_SAMPLES, 8 * FRAME_SAMPLES + 100]
    assert (song.audio - whole).abs().max() < 1e-4


@pytest.mark.parametrize("piece_frames", [256, 16])
def test_what_was_given_comes_back_to_the_sample(song, piece_frames):
    song.model.codec.PIECE_FRAMES = piece_frames
    made = song.audio
    song.given = torch.randn(2, 4, 20 * FRAME_SAMPLES, generator=torch_rng(1))
    song.given_frames = torch.zeros(2, 4, NUM_FRAMES, dtype=torch.bool)
    song.given_frames[:, 0, :16] = True
    song.given_frames[1, 1, 4:6] = True  # a stem that rests where it is not given
    audio, edge = song.audio, 16 * FRAME_SAMPLES
    assert torch.equal(audio[:, 0, :edge], song.given[:, 0, :edge])
    assert torch.equal(audio[:, 0, edge + 2 * SEAM_SAMPLES + 1 :], made[:, 0, edge + 221 :])
    seam = slice(edge, edge + 2 * SEAM_SAMPLES)
    assert not torch.equal(audio[:, 0, seam], made[:, 0, seam])
    assert torch.equal(audio[:, 2:], made[:, 2:])
    inside = slice(4 * FRAME_SAMPLES, 6 * FRAME_SAMPLES)
    assert torch.equal(audio[1, 1, inside], song.given[1, 1, inside])
    assert not audio[1, 1, : 3 * FRAME_SAMPLES].any()


def test_given_notes_come_back_and_a_resting_stem_has_none(song):
    notes = {stem: Notes.of([0.25], [0.75], [60], [96]) for stem in STEMS}
    rolls = torch.from_numpy(to_roll(Score(notes, 1.0), NUM_FRAMES))[None].expand(2, -1, -1, -1)
    song.given_rolls, song.given_notes = rolls, torch.zeros(2, 4, NUM_FRAMES, dtype=torch.bool)
    assert not song.roll(1)[1].any()
    song.given_notes[:, 1:] = True
    for index in range(2):
        assert torch.equal(song.roll(index)[1:], rolls[index, 1:])
        piano = song.score(index).notes["piano"]
        assert piano.onset == pytest.approx([0.25]) and piano.velocity.tolist() == [96]


def test_the_score_is_on_the_sheets_beats_and_in_its_key(song):
    first, second = song.scores
    assert np.array_equal(first.beat_times, song.lead_sheets[0].beat_times)
    assert first.key == 21 and second.key is None and not len(second.beat_times)
    assert first.programs == {"bass": 33, "drums": 128, "guitar": None, "piano": 4}
    assert first.name == "song 5" and first.duration == song.duration
    for notes in first.notes.values():
        assert (notes.onset < song.duration).all() and (notes.offset <= song.duration).all()


def test_what_song_json_says(song):
    song.settings = {"text": ["calm", "loud"]}
    described = song.describe(1, song.score(1), gain=0.51234, voice="neural")
    assert json.loads(json.dumps(described)) == described
    assert described["seed"] == 6 and described["gain"] == 0.5123
    assert described["settings"] == {"text": ["calm", "loud"], "voice": "neural"}
    assert described["notes"]["drums"] == 0 and described["duration_seconds"] == 1.862
