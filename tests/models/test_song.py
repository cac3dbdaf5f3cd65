"""A result: heard in pieces, read as notes, given parts as they were given."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from data.brief import Brief
from data.brightness import brightness
from data.lead_sheet import LeadSheet
from data.loudness import PEAK, loudness
from data.roll import to_roll
from data.score import Notes, Score
from models.generative.brief import Plan
from models.generative.starts import Start
from models.latent.excitation import excitation
from models.latent.postfilter import instrument
from models.song import FADE_IN_SAMPLES, FADE_OUT_SAMPLES, SEAM_SAMPLES, Generation
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, torch_rng

NUM_FRAMES = 48
NUM_SAMPLES = 40 * FRAME_SAMPLES + 100


@pytest.fixture
def song(model) -> Generation:
    """Two songs of 41 frames, with 7 more that are cut; the drums of the second rest."""
    notes = torch.randn(2, 4, NUM_FRAMES, 16, generator=torch_rng(0))
    sound = torch.randn(2, 4, NUM_FRAMES, 8, generator=torch_rng(1))
    start = replace(Start.of(model, 2, NUM_SAMPLES), tau=(1e-6, 0.0))  # not to be levelled
    start.plays[1, 1] = False
    sheet = LeadSheet.parse(bpm=120, key="A minor", chords="Am F", duration=2.0)
    programs = torch.tensor([[33, -1, -1, 4]] * 2)
    plans = [Plan(Brief(tempo=120.0), sheet), Plan(Brief(), None)]
    play = lambda score: sound
    return Generation(model, notes, NUM_SAMPLES, plans, start, programs, [5, 6], play)


@pytest.fixture
def struck(song) -> Generation:
    """The same songs with one long piano note each, another one in either, on a decoder that
    hears it.
    """
    torch.nn.init.normal_(song.model.codec.decoder_excited.weight, std=0.05)
    torch.nn.init.zeros_(song.model.codec.decoder_filter[1].bias)
    rolls = []
    for pitch in (50, 70):
        long = Notes.of([0.2], [1.8], [pitch], [100])
        notes = {stem: long if stem == "piano" else Notes.empty() for stem in STEMS}
        rolls.append(torch.from_numpy(to_roll(Score(notes, 2.0), NUM_FRAMES)))
    frames = torch.ones(2, 4, NUM_FRAMES, dtype=torch.bool)
    return replace(song, start=replace(song.start, rolls=torch.stack(rolls), note_frames=frames))


def test_every_song_is_excited_by_its_own_notes(struck):
    inside = slice(FADE_IN_SAMPLES, NUM_SAMPLES - FADE_OUT_SAMPLES)
    with torch.no_grad():
        plain = struck.model.codec.decode(struck.sound[:, :, :41])[..., :NUM_SAMPLES]
        notes = excitation([score.notes for score in struck.scores], 0, 41 * FRAME_SAMPLES)
        whole = struck.model.codec.decode(struck.sound[:, :, :41], notes)[..., :NUM_SAMPLES]
    assert (struck.audio - whole)[0][:, inside].abs().max() < 1e-5
    added = (struck.audio - plain)[..., inside]
    assert added[:, 3].abs().max() > 0.01 and added[0, :3].abs().max() < 1e-5
    assert not torch.allclose(added[0, 3], added[1, 3], atol=1e-3)
    assert torch.equal(struck.stems(1), struck.audio[1])
    asked = replace(struck, loudness=torch.tensor([torch.nan, -30.0]))
    assert loudness(asked.mix[1].numpy(), SAMPLE_RATE) == pytest.approx(-30.0, abs=0.1)


def test_a_recording_hardly_varied_keeps_its_phases(struck):
    inside = slice(FADE_IN_SAMPLES, NUM_SAMPLES - FADE_OUT_SAMPLES)
    plain = struck.model.codec.decode(struck.sound[:, :, :41])[..., :NUM_SAMPLES].detach()
    distance = lambda tau: (
        (replace(struck, start=replace(struck.start, tau=tau)).audio - plain)[0, 3, inside]
        .abs()
        .max()
    )
    assert distance((0.9, 0.9)) < 1e-5 < 0.01 < distance((0.0, 0.9))


def test_stems_that_are_played_from_notes_pass_the_post_filter(struck):
    varied = replace(struck, start=replace(struck.start, tau=(0.9, 0.9)))
    before, left = struck.audio, varied.audio
    bands = struck.model.postfilter.bands
    bands.level[:] = torch.linspace(-60.0, 0.0, bands.level.shape[-1])
    bands.gain[instrument(3, 4)] = 20.0 * np.log10(0.5)
    after = struck.audio
    assert torch.allclose(after[:, 3], 0.5 * before[:, 3], atol=1e-5) and before[:, 3].any()
    assert torch.equal(after[:, :3], before[:, :3])  # other instruments
    assert torch.equal(varied.audio, left)  # a recording that is hardly varied


def test_it_sounds_as_its_latents_decode(song):
    with torch.no_grad():
        struck = excitation([score.notes for score in song.scores], 0, 41 * FRAME_SAMPLES)
        whole = song.model.codec.decode(song.sound[:, :, :41], struck)[..., :NUM_SAMPLES]
    assert song.audio.shape == (2, 4, NUM_SAMPLES) and len(song) == 2
    inside = slice(FADE_IN_SAMPLES, NUM_SAMPLES - FADE_OUT_SAMPLES)
    assert (song.audio[0] - whole[0])[:, inside].abs().max() < 1e-5
    assert not song.audio[1, 1].any() and song.audio[1, 0].any()
    assert torch.equal(song.mix, song.audio.sum(1))
    assert not song.audio.requires_grad
    assert song.duration == NUM_SAMPLES / SAMPLE_RATE


def test_a_song_begins_and_ends_in_silence(song):
    assert song.audio[..., [0, -1]].abs().max() < 0.01 * song.audio.abs().max()


def test_a_mix_is_as_loud_as_was_asked(song):
    asked = lambda lufs: replace(song, loudness=torch.tensor([lufs, torch.nan]))
    quiet, loud = asked(-30.0), asked(20.0)
    assert loudness(quiet.mix[0].numpy(), SAMPLE_RATE) == pytest.approx(-30.0, abs=0.1)
    assert torch.equal(quiet.audio[1], song.audio[1])
    with pytest.warns(UserWarning, match="20 LUFS"):
        assert 0.5 * PEAK < loud.mix[0].abs().max() <= PEAK + 1e-4
    given = replace(song.start, audio=torch.zeros(2, 4, 8), audio_frames=song.start.sound_known)
    beside = [replace(s, start=given).audio for s in (song, quiet)]
    assert torch.equal(*beside)


def test_a_mix_is_as_bright_as_was_asked(song):
    before = brightness(song.mix[0].numpy(), SAMPLE_RATE)
    for octaves in (before - 0.4, before + 0.3):
        asked = replace(song, brightness=torch.tensor([octaves, torch.nan]))
        assert brightness(asked.mix[0].numpy(), SAMPLE_RATE) == pytest.approx(octaves, abs=0.05)
        assert torch.equal(asked.audio[1], song.audio[1])
    both = replace(asked, loudness=torch.tensor([-30.0, torch.nan]))
    assert loudness(both.mix[0].numpy(), SAMPLE_RATE) == pytest.approx(-30.0, abs=0.1)
    given = replace(song.start, audio=torch.zeros(2, 4, 8), audio_frames=song.start.sound_known)
    assert torch.equal(*[replace(s, start=given).audio for s in (song, asked)])


@pytest.fixture
def band(song) -> Generation:
    """The same songs as all the model's own; the guitar of the first has no note."""
    line = Notes.of([0.1, 1.0], [0.9, 1.8], [48, 50], [90, 90])
    rolls = []
    for silent in ("guitar", None):
        notes = {stem: Notes.empty() if stem == silent else line for stem in STEMS}
        rolls.append(torch.from_numpy(to_roll(Score(notes, 2.0), NUM_FRAMES)))
    frames = torch.ones(2, 4, NUM_FRAMES, dtype=torch.bool)
    start = replace(song.start, tau=(0.0, 0.0), rolls=torch.stack(rolls), note_frames=frames)
    return replace(song, start=start)


def lufs(audio: torch.Tensor) -> float:
    return loudness(audio.numpy(), SAMPLE_RATE)


def test_a_band_has_its_levels(song, band):
    assert band.levelled and not song.levelled
    played = [[lufs(stem) for stem in song.audio[0, [0, 1, 3]]] for song in (band, song)]
    assert np.ptp(played[0]) < 0.1 < np.ptp(played[1])
    together = band.audio[0, [0, 1, 3]].sum(0)
    assert together.abs().max() == pytest.approx(10 ** (-1 / 20), rel=0.05)
    raised = band.audio[0].norm(dim=-1) / song.audio[0].norm(dim=-1)
    assert raised[2] == pytest.approx(float(raised[[0, 1, 3]].min()), rel=0.05)  # nothing to play
    assert not band.audio[1, 1].any() and band.audio[1, 2].any()  # told to rest
    given = replace(band.start, audio=torch.zeros(2, 4, 8), audio_frames=song.start.sound_known)
    assert not replace(band, start=given).levelled


def test_a_band_is_as_loud_as_planned_in_pieces_too(band):
    planned = replace(band, loudness=torch.tensor([-30.0, torch.nan]))
    assert lufs(planned.mix[0]) == pytest.approx(-30.0, abs=0.1)
    assert np.ptp([lufs(stem) for stem in planned.audio[0, [0, 1, 3]]]) < 0.2
    assert torch.equal(planned.audio[1], band.audio[1])
    whole = planned.audio
    planned.model.codec.PIECE_FRAMES = 16
    assert (planned.audio - whole).abs().max() < 1e-3 * whole.abs().max()


def test_composed_notes_are_struck_and_given_ones_are_not(song):
    onset = np.array([0.3, 0.308, 0.304, 1.0, 1.008, 1.004])
    wild = Notes.of(onset, onset + 0.2, [60, 64, 67] * 2, [20, 120, 60] * 2)
    notes = {stem: wild if stem == "piano" else Notes.empty() for stem in STEMS}
    rolls = torch.from_numpy(to_roll(Score(notes, 2.0), NUM_FRAMES))[None].expand(2, -1, -1, -1)
    frames = torch.ones(2, 4, NUM_FRAMES, dtype=torch.bool)
    start = replace(song.start, rolls=rolls, note_frames=frames)
    piano = lambda start, **said: replace(song, start=start, **said).score(0).notes["piano"]
    assert len(np.unique(piano(start).onset)) == 2 and piano(start).velocity.std() < 12
    for held in (replace(start, notes_known=frames), replace(start, tau=(0.5, 0.5))):
        kept = piano(held, dynamics=torch.tensor([0.9, 0.9]))
        assert len(np.unique(kept.onset.round(4))) == 6
        assert np.array_equal(np.sort(kept.velocity), np.sort(wild.velocity))
    loud = piano(start, dynamics=torch.tensor([0.9, torch.nan]))
    assert loud.velocity.mean() / 127 == pytest.approx(0.9, abs=0.01)


def test_composed_drums_are_on_one_kit_and_given_ones_are_not(song):
    onset = 0.25 * np.arange(8)
    kicks = Notes.of(onset, onset + 0.1, [35, 36] * 4, np.full(8, 90))
    notes = {stem: kicks if stem == "drums" else Notes.empty() for stem in STEMS}
    rolls = torch.from_numpy(to_roll(Score(notes, 2.0), NUM_FRAMES))[None].expand(2, -1, -1, -1)
    frames = torch.ones(2, 4, NUM_FRAMES, dtype=torch.bool)
    start = replace(song.start, rolls=rolls, note_frames=frames)
    drums = lambda start, **said: replace(song, start=start, **said).score(0).notes["drums"]
    for plans in (song.plans, song.plans[::-1]):  # with beats and without
        one = drums(start, plans=plans)
        assert len(np.unique(one.pitch)) == 1 and np.allclose(one.onset, onset, atol=1e-3)
    known = torch.zeros_like(frames)
    known[:, 1, 0] = True
    varied = [replace(start, tau=(tau, tau)) for tau in (0.2, 0.5)]
    for held in (replace(start, notes_known=known), *varied):
        assert drums(held).pitch.tolist() == kicks.pitch.tolist()


def test_notes_are_performed_once_and_only_when_the_sound_is_asked_for(song):
    played = []
    song.play = lambda written: played.append(written) or torch.zeros(2, 4, NUM_FRAMES, 8)
    assert song.scores and not played
    assert song.audio.shape == song.audio.shape and len(played) == 1
    rolls = np.stack([to_roll(score, NUM_FRAMES) for score in song.scores])
    assert torch.equal(played[0], song.model.score_codec.encode(torch.from_numpy(rolls)))


def test_one_song_is_heard_alone_and_counted_from_the_end(song):
    assert (song.stems(1) - song.audio[1]).abs().max() < 1e-5
    assert torch.equal(song.stems(-1), song.stems(1))
    assert torch.equal(song.roll(-1), song.roll(1))
    with pytest.raises(IndexError):
        song.stems(2)


def test_songs_of_any_length_are_the_same_in_pieces(song):
    whole = song.audio
    song.model.codec.PIECE_FRAMES = 16
    assert (song.audio - whole).abs().max() < 1e-4


@pytest.mark.parametrize("piece_frames", [256, 16])
def test_what_was_given_comes_back_to_the_sample(song, piece_frames):
    song.model.codec.PIECE_FRAMES = piece_frames
    made = song.audio
    given = torch.randn(2, 4, 20 * FRAME_SAMPLES, generator=torch_rng(1))
    frames = torch.zeros(2, 4, NUM_FRAMES, dtype=torch.bool)
    frames[:, 0, :16] = True
    frames[1, 1, 4:6] = True  # a stem that rests where it is not given
    song.start = replace(song.start, audio=given, audio_frames=frames)
    audio, edge = song.audio, 16 * FRAME_SAMPLES
    assert torch.equal(audio[:, 0, :edge], given[:, 0, :edge])
    assert torch.equal(audio[:, 0, edge + 2 * SEAM_SAMPLES + 1 :], made[:, 0, edge + 221 :])
    seam = slice(edge, edge + 2 * SEAM_SAMPLES)
    assert not torch.equal(audio[:, 0, seam], made[:, 0, seam])
    assert torch.equal(audio[:, 2:], made[:, 2:])
    inside = slice(4 * FRAME_SAMPLES, 6 * FRAME_SAMPLES)
    assert torch.equal(audio[1, 1, inside], given[1, 1, inside])
    assert not audio[1, 1, : 3 * FRAME_SAMPLES].any()


def test_given_notes_come_back_and_a_resting_stem_has_none(song):
    notes = {stem: Notes.of([0.25], [0.75], [60], [96]) for stem in STEMS}
    rolls = torch.from_numpy(to_roll(Score(notes, 1.0), NUM_FRAMES))[None].expand(2, -1, -1, -1)
    held = torch.zeros(2, 4, NUM_FRAMES, dtype=torch.bool)
    song.start = replace(song.start, rolls=rolls, note_frames=held)
    assert not song.roll(1)[1].any()
    held[:, 1:] = True
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
    assert described["brief"]["tempo"] is None and described["emotion_offsets"] is None
    assert song.describe(0, song.score(0), gain=1.0, voice="neural")["brief"]["tempo"] == 120.0
    assert described["notes"]["drums"] == 0 and described["duration_seconds"] == 1.862


@pytest.mark.filterwarnings("ignore:no trained mixer")
def test_songs_are_mixed_and_placed_on_demand(song):
    master = song.mixed(1)
    assert master.audio.shape == (2, 2 * NUM_SAMPLES)
    assert (song.mixed(1, master.settings).audio == master.audio).all()
    rendered = song.in_space(1, "studio", output="stereo", mix=master.settings)
    assert rendered.sample_rate == 44_100 and rendered.channels == ("left", "right")
    assert rendered.audio.shape[1] > 2 * NUM_SAMPLES and rendered.audio.any()
