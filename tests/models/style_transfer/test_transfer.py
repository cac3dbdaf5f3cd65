"""Strength 0 is the song, strength 1 a new one; the lead sheet is held; blends are true blends."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from data.lead_sheet import LeadSheet
from data.roll import from_roll, to_roll
from data.score import Notes
from models.generative.sampling import Sampling
from models.given_music import GivenSong
from models.style_transfer import transfer_style
from models.style_transfer.habits import habits_of
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, UserError

pytestmark = pytest.mark.filterwarnings("ignore:untrained parts")
QUICK = Sampling(steps=2, sound_steps=1, sampler="euler", guidance=2.0)


@pytest.fixture
def stems(score) -> GivenSong:
    """Five seconds of sound with the composed notes and their sheet."""
    tone = torch.sin(torch.arange(5 * SAMPLE_RATE) * torch.tensor([[0.02], [0.3], [0.05], [0.09]]))
    return GivenSong(0.1 * tone, score, LeadSheet.from_score(score))


def same_notes(a: dict[str, Notes], b: dict[str, Notes]) -> bool:
    pairs = [(a[stem], b[stem]) for stem in STEMS]
    return all(
        np.array_equal(x.onset, y.onset)
        and np.array_equal(x.offset, y.offset)
        and np.array_equal(x.pitch, y.pitch)
        and np.array_equal(x.velocity, y.velocity)
        for x, y in pairs
    )


def test_strength_0_gives_the_songs_own_notes_back(model, score):
    same = transfer_style(model, score, "jazz", strength=0.0)
    assert torch.equal(same.roll(0)[:, :108], torch.from_numpy(to_roll(score, 108)))
    read = {s: n.excerpt(0.0, score.duration) for s, n in from_roll(to_roll(score, 112)).items()}
    assert same_notes(same.score(0).notes, read)
    for stem in STEMS:
        ours, theirs = same.score(0).notes[stem], score.notes[stem].without_doubles()
        assert ours.pitch.tolist() == theirs.pitch.tolist()
        assert ours.velocity.tolist() == theirs.velocity.tolist()
        assert np.abs(ours.onset - theirs.onset).max(initial=0.0) < 1e-4
    assert same.score(0).programs == score.programs


def test_strength_0_gives_the_songs_own_sound_back_to_the_sample(model, stems):
    same = transfer_style(model, stems, "jazz", strength=0.0)
    assert torch.equal(same.stems(0), stems.audio)
    assert same.lead_sheets[0] is stems.sheet


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_the_lead_sheet_is_held(model, score, strength):
    made = transfer_style(model, score, "jazz", strength=strength, sampling=QUICK)
    sheet, own = made.lead_sheets[0], LeadSheet.from_score(score)
    assert np.array_equal(sheet.beat_times, own.beat_times)
    assert sheet.chords == own.chords and sheet.key == own.key
    assert np.array_equal(made.score(0).beat_times, own.beat_times)
    assert made.num_samples == round(score.duration * SAMPLE_RATE)
    assert made.score(0).programs["bass"] == habits_of({"style": 3}).programs["bass"]


def test_the_held_chords_act(model, score):
    sheet = LeadSheet.from_score(score)
    audio = torch.ones(4, 5 * SAMPLE_RATE)
    other = replace(sheet, chords=tuple("C" if c != "C" else "F#" for c in sheet.chords))
    made = [
        transfer_style(model, GivenSong(audio, score, s), "jazz", sampling=QUICK).notes
        for s in (sheet, other)
    ]
    assert not torch.equal(*made)


def test_strength_1_does_not_know_the_songs_notes(model, score):
    other = {s: score.notes[s].where(np.arange(len(score.notes[s])) % 2 == 0) for s in STEMS}
    sheet = LeadSheet.from_score(score)
    tone = 0.1 * torch.ones(4, 5 * SAMPLE_RATE)
    made = [
        transfer_style(
            model,
            GivenSong(tone, replace(score, notes=notes), sheet),
            "country",  # as straight as the song: its swing says nothing of its notes
            strength=strength,
            keep_instruments=True,
            sampling=QUICK,
        ).notes
        for strength in (1.0, 0.9)
        for notes in (score.notes, other)
    ]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[2], made[3])


def test_the_weaker_the_nearer_to_the_song(model, score):
    own = transfer_style(model, score, "jazz", strength=0.0).notes
    far = []
    for strength in (0.01, 0.3, 1.0):
        made = transfer_style(model, score, "jazz", strength=strength, sampling=QUICK).notes
        far.append(float((made - own)[:, :, :108].square().mean()))
    assert far[0] < 0.01 < far[1] < far[2]


def test_a_blend_of_1_and_0_is_the_pure_style_to_the_bit(model, score):
    made = [
        transfer_style(model, score, said, seed=3, sampling=QUICK).notes
        for said in ("jazz", {"jazz": 1.0, "funk": 0.0}, "jazz=0.5 funk=0.5", "funk")
    ]
    assert torch.equal(made[0], made[1])
    assert not torch.allclose(made[0], made[2]) and not torch.allclose(made[2], made[3])


def test_who_rests_in_the_song_rests(model, score):
    quiet = replace(score, notes={**score.notes, "guitar": Notes.empty()})
    made = transfer_style(model, quiet, "jazz", strength=1.0, sampling=QUICK)
    assert not len(made.score(0).notes["guitar"])
    assert made.start.plays[0].tolist() == [True, True, False, True]


def test_stems_without_notes_and_words_about_them(model, stems, tmp_path):
    heard = GivenSong(stems.audio[:, : 60 * FRAME_SAMPLES], None, None)
    made = transfer_style(
        model, heard, genre="soul", strength=0.5, sampling=QUICK, reference=stems.audio[0]
    )
    assert made.audio.shape == (1, 4, 60 * FRAME_SAMPLES)
    assert made.settings["style_transfer"] == "soul, like a recording"
    assert made.settings["blends"] == {"genre": {"soul": 1.0}}
    assert (made.save(tmp_path / "song") / "song.json").is_file()


def test_what_cannot_be_is_refused(model, score):
    with pytest.raises(UserError, match="did you mean 'funk'"):
        transfer_style(model, score, "funky")
    with pytest.raises(UserError, match="strength is -1"):
        transfer_style(model, score, "funk", strength=-1.0)
    with pytest.raises(UserError, match="no style is said"):
        transfer_style(model, score)
