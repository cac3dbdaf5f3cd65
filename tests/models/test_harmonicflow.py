"""The whole model: generating, editing, keeping, loading, saving."""

import json

import numpy as np
import pytest
import soundfile
import torch

from data.lead_sheet import LeadSheet
from data.loudness import loudness
from data.score import Notes, Score
from models.generative.edits import Keep
from models.harmonicflow import PARTS, HarmonicFlow
from models.presets import small, tiny
from utils import SAMPLE_RATE, STEMS, UserError, compute_mel_spectrogram, torch_rng

SECONDS = 1.5


@pytest.fixture
def made(model):
    model.trained = set(PARTS)
    return lambda **said: model.generate(
        **{"duration": SECONDS, "steps": 2, "sound_steps": 2, "guidance": 1.0} | said
    )


def noise(seconds: float = SECONDS) -> torch.Tensor:
    return 0.1 * torch.randn(4, round(seconds * 22_050), generator=torch_rng(5))


def difference(a, b) -> float:
    return max((a.notes - b.notes).abs().max().item(), (a.sound - b.sound).abs().max().item())


def test_the_documents_call(made):
    song = made(
        text=["A calm piano melody with jazz drums and acoustic bass"],
        style_idx=torch.tensor([3]),
        emotion_idx=torch.tensor([2]),
        batch_size=1,
    )
    assert song.audio.shape == (1, 4, 33_075) and song.mix.shape == (1, 33_075)
    assert torch.equal(song.mix, song.audio.sum(1))
    assert set(song.scores[0].notes) == set(STEMS) and song.lead_sheets[0].timed


def test_a_reference_as_mel(made):
    mel = compute_mel_spectrogram(noise().sum(0)[None])
    song = made(audio=mel, genre_idx=torch.tensor([5]), batch_size=1)
    assert difference(song, made(genre_idx=torch.tensor([5]))) > 1e-5


def test_a_seed_fixes_the_song_whatever_the_batch(made):
    three = made(batch_size=3, seed=7)
    for i in range(3):
        alone = made(seed=7 + i)
        assert (three.notes[i] - alone.notes[0]).abs().max() < 1e-4
        assert (three.sound[i] - alone.sound[0]).abs().max() < 1e-3
        assert three.lead_sheets[i].chords == alone.lead_sheets[0].chords
    assert difference(made(seed=7), made(seed=8)) > 0.1


SAID = {
    "text": "loud rock",
    "style_idx": 3,
    "emotion_idx": 2,
    "genre_idx": 5,
    "bpm": 92.0,
    "key": "A minor",
    "chords": "Am F C G",
    "programs": {"bass": 38},
    "plays": {"piano": True},
    "density": {"guitar": 4.0},
    "dynamics": 0.9,
}


@pytest.mark.parametrize("name", SAID)
def test_every_condition_changes_the_music(made, name):
    sheet = LeadSheet.parse(bpm=100, key="C major", chords="C", duration=SECONDS)
    fixed = {} if name in ("bpm", "key", "chords") else {"lead_sheet": sheet}
    assert difference(made(**fixed), made(**fixed, **{name: SAID[name]})) > 1e-5


def test_a_loudness_asked_for_is_that_of_the_mix(made):
    song = made(seed=[3], loudness=-35.0)
    assert loudness(song.mix[0].numpy(), SAMPLE_RATE) == pytest.approx(-35.0, abs=0.05)


def test_beside_given_sound_the_mix_keeps_its_level_and_says_so(made):
    keep = Keep.sound(noise()[None])
    plain = made(keep=keep)
    with pytest.warns(UserWarning, match="beside given sound"):
        asked = made(keep=keep, loudness=-35.0)
    assert torch.equal(asked.mix, plain.mix)


def test_what_is_all_its_own_has_the_levels_of_a_band_and_what_is_given_keeps_its_own(made):
    assert made().levelled and not made(keep=Keep.sound(noise()[None])).levelled
    keep = Keep.outside(noise(), 0.0, SECONDS)
    whole = Keep(torch.ones_like(keep.known), keep.num_samples, keep.audio)
    assert not made(keep=whole, variation=0.5).levelled


def test_guidance_above_and_below_one_and_per_condition(made):
    said = {"text": "jazz", "bpm": 90}
    plain = made(**said)
    for guidance in (0.0, 3.0, {"text": 2.0}, {"all": 2.0, "tempo": 0.0}):
        other = made(**said, guidance=guidance)
        assert torch.isfinite(other.notes).all() and difference(plain, other) > 1e-5
    assert (
        difference(made(**said, guidance=2.0), made(**said, guidance=2.0, negative_text="drums"))
        > 1e-5
    )


def test_asked_tempo_key_and_chords_are_in_the_sheet(made):
    sheet = made(bpm=93.0, key="A minor", chords="Am F", duration=6.0).lead_sheets[0]
    assert sheet.bpm == pytest.approx(93.0) and sheet.key == "A minor"
    assert sheet.chords[:8] == ("Am",) * 4 + ("F",) * 4


def test_kept_stems_come_back_to_the_sample(made):
    drums = noise()[1].numpy()
    song = made(keep=Keep.stems({"drums": drums}))
    assert np.array_equal(song.audio[0, 1].numpy(), drums)
    assert song.audio[0, 0].abs().max() > 0


def test_in_painting_keeps_the_rest_to_the_sample(made):
    audio = noise(3.0)
    song = made(keep=Keep.outside(audio, 1.0, 2.0), duration=3.0).audio[0]
    assert torch.equal(song[:, :21_000], audio[:, :21_000])
    assert torch.equal(song[:, 45_200:], audio[:, 45_200:])
    assert not torch.equal(song[:, 25_000:40_000], audio[:, 25_000:40_000])


def test_continuation_keeps_the_beginning(made):
    audio = noise(1.0)[:, : 20 * 1_024]
    song = made(keep=Keep.beginning(audio), duration=2.0).audio[0]
    assert song.shape[-1] == 44_100 and torch.equal(song[:, : 20 * 1_024], audio)


def test_a_score_is_performed_as_given(model, made):
    score = Score({stem: Notes.of([0.2], [0.8], [60], [90]) for stem in STEMS}, SECONDS)
    song = made(keep=Keep.score(score))
    keep = Keep.score(score)
    frames = keep.rolls.shape[2]
    assert torch.equal(song.notes[:, :, :frames], model.score_codec.encode(keep.rolls))
    assert np.allclose(song.score(0).notes["piano"].onset, [0.2], atol=1e-4)


def test_a_performed_score_brings_its_beats_and_instruments(made):
    notes = {stem: Notes.of([0.2], [0.8], [60], [90]) for stem in STEMS}
    programs = {"bass": 38, "drums": 128, "guitar": None, "piano": 4}
    beats = {"beat_times": np.arange(5) * 0.5, "beat_in_bar": np.arange(5) % 4}
    score = Score(notes, SECONDS, programs=programs, **beats)
    song = made(keep=Keep.score(score))
    assert song.lead_sheets[0].bpm == pytest.approx(120) and song.score(0).programs == programs
    assert difference(song, made(keep=Keep.score(score), programs={"bass": 32})) > 1e-5
    trio = made(keep=Keep.score(score), plays={"drums": False})
    assert not trio.audio[0, 1].any() and not len(trio.score(0).notes["drums"])
    assert len(trio.score(0).notes["bass"]) == 1


def test_one_recording_is_accompanied_in_several_ways(made):
    drums = noise()[1].numpy()
    songs = made(keep=Keep.stems({"drums": drums}), batch_size=2)
    assert all(np.array_equal(songs.stems(i)[1].numpy(), drums) for i in range(2))
    assert not torch.equal(songs.stems(0)[0], songs.stems(1)[0])


def test_settings_are_json_whatever_they_came_as(made):
    mel = compute_mel_spectrogram(noise().sum(0)).numpy()
    song = made(audio=mel, style_idx=np.array([3]), duration=np.float32(SECONDS), seed=np.int64(3))
    settings = json.loads(json.dumps(song.settings))
    assert settings["style_idx"] == [3] and settings["seed"] == 3
    assert settings["audio"].startswith("tensor (128,")


def test_11_9_seconds_are_one_window(model, made, monkeypatch):
    lengths = []
    forward = model.composer.transformer.forward
    spy = lambda x, *rest: lengths.append(x.shape[2]) or forward(x, *rest)
    monkeypatch.setattr(model.composer.transformer, "forward", spy)
    sheet = LeadSheet.parse(bpm=120, duration=12.0)
    song = made(duration=11.9, steps=1, lead_sheet=sheet, temperature=0.0)
    assert set(lengths) == {272} and song.num_samples == 262_395


def test_transcription_keeps_the_sound(model):
    song = model.transcribe(noise()[None], steps=2, guidance=1.0)
    assert torch.equal(song.audio[0], noise())
    sound = model.encode(noise()[None]).sound
    assert torch.equal(song.notes[:, :, : sound.shape[2]], model.transcriber(sound))


def test_variation_departs_with_its_strength(made):
    keep = Keep.outside(noise(), 0.0, SECONDS)
    whole = Keep(torch.ones_like(keep.known), keep.num_samples, keep.audio)
    near, far = (made(keep=whole, variation=v) for v in (0.02, 1.0))
    assert difference(made(keep=whole), near) < difference(made(keep=whole), far)


def test_a_varied_recording_stays_as_loud_unless_another_loudness_is_asked(made):
    keep = Keep.outside(0.3 * noise(), 0.0, SECONDS)
    whole = Keep(torch.ones_like(keep.known), keep.num_samples, keep.audio)
    lufs = lambda audio: loudness(audio.numpy(), SAMPLE_RATE)
    varied, quiet = (made(keep=whole, variation=0.6, **s) for s in ({}, {"loudness": -40.0}))
    assert lufs(varied.mix[0]) == pytest.approx(lufs(0.3 * noise().sum(0)), abs=0.1)
    assert lufs(quiet.mix[0]) == pytest.approx(-40.0, abs=0.1)


def test_stems_that_rest_are_silent_and_only_those(made):
    song = made(plays={"drums": False, "bass": True})
    level = song.audio[0].square().mean(-1)
    assert level[1] == 0 and (level[[0, 2, 3]] > 0).all()
    assert len(song.scores[0].notes["drums"]) == 0


def test_long_songs_are_made_in_windows(made):
    song = made(duration=20.0, steps=1)
    assert song.audio.shape == (1, 4, 441_000)
    assert song.audio[..., 262_144:].any()


def test_the_song_folder(made, tmp_path):
    folder = made(text="calm", seed=3).save(tmp_path / "song")
    stems = [soundfile.read(folder / f"{stem}.wav")[0] for stem in STEMS]
    mix, rate = soundfile.read(folder / "mix.wav")
    assert rate == 22_050 and np.abs(np.sum(stems, 0) - mix).max() < 1e-5
    described = json.loads((folder / "song.json").read_text())
    assert described["seed"] == 3 and described["settings"]["text"] == "calm"
    names = {"song.mid", "lead_sheet.json", "spectrograms.png", "song.json", "mix.wav"}
    assert {p.name for p in folder.iterdir()} == names | {f"{stem}.wav" for stem in STEMS}


def test_the_soundfont_voice_plays_the_notes(made, tmp_path):
    notes = {stem: Notes.empty() for stem in STEMS} | {"piano": Notes.of([0.1], [0.8], [60], [100])}
    song = made(keep=Keep.score(Score(notes, SECONDS)))
    folder = song.save(tmp_path / "song", voice="soundfont")
    piano, bass, mix = (soundfile.read(folder / f"{n}.wav")[0] for n in ("piano", "bass", "mix"))
    assert np.abs(piano).max() > 0.01 and not bass.any() and np.allclose(mix, piano, atol=1e-6)
    with pytest.raises(UserError, match="did you mean 'neural'"):
        song.save(tmp_path / "other", voice="nueral")


def test_state_of_any_size_loads(model):
    other = HarmonicFlow(tiny(hidden_dim=64, latent_dim=4))
    other.eval().load_state_dict(model.state_dict())
    assert other.config == model.config and not any(m.training for m in other.modules())
    assert torch.equal(other.codec.encoder_in.weight, model.codec.encoder_in.weight)


def test_saved_and_loaded_is_the_same(model, tmp_path):
    model.trained = {"codec"}
    loaded = HarmonicFlow.from_pretrained(model.save_pretrained(tmp_path / "release", half=False))
    assert loaded.trained == {"codec"} and loaded.config == model.config
    state = loaded.state_dict()
    for name, value in model.state_dict().items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(state[name], value), name


def test_state_of_another_version_is_refused(model):
    state = model.state_dict()
    state["codec.gone"] = state.pop("codec.encoder_in.weight")
    with pytest.raises(UserError, match="do not fit this version"):
        model.load_state_dict(state)


def test_small_fits_in_64_megabytes():
    with torch.device("meta"):
        model = HarmonicFlow(small())
    assert 2 * sum(p.numel() for p in model.parameters()) < 64e6


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"duration": -1.0}, "1 to 3,600"),
        ({"duration": float("nan")}, "1 to 3,600"),
        ({"steps": 0}, "choose from 1"),
        ({"sampler": "eular"}, "did you mean 'euler'"),
        ({"style_idx": 99}, "style"),
        ({"plays": {"flute": True}}, "unknown stem 'flute'"),
        ({"sound_steps": 0}, "sound_steps is 0"),
        ({"guidance": {"txt": 2.0}}, "did you mean 'text'"),
        ({"variation": 0.5}, "music to depart from"),
        ({"text": ["a", "b"], "batch_size": 3}, "different numbers"),
        ({"key": "H minor"}, "H"),
        ({"chords": "Am Q7"}, "Q7"),
        ({"bpm": 0.0}, "bpm|tempo"),
        ({"batch_size": 0}, "at least one"),
    ],
)
def test_mistakes_are_answered(made, said, words):
    with pytest.raises(UserError, match=words):
        made(**said)
