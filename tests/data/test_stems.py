"""Songs as stem files: absent stems, unequal lengths, rates, fixed and favoured places, scores."""

import json
import os

import numpy as np
import pytest

from data.audio import load_audio, save_audio
from data.quarantine import SongError
from data.score import Notes, Score
from data.stems import Song, StemSource
from tests.data.songs import HERTZ, tone, write_track
from utils import FRAME_SAMPLES, SAMPLE_RATE, STEMS, counter_rng

FRAMES = 20
SAMPLES = FRAMES * FRAME_SAMPLES


def song_of(folder, *, suffix=".wav") -> Song:
    stems = {s: (folder / f"{s}{suffix}",) for s in STEMS if (folder / f"{s}{suffix}").exists()}
    return Song(folder.name, folder, stems)


def read(source, index=0, rng=None, **wanted):
    return source.example(index, num_frames=FRAMES, rng=rng, **wanted)


def test_segments_are_exact_crops_and_cover_the_songs(tmp_path):
    songs = [song_of(write_track(tmp_path / n, seconds=s)) for n, s in (("a", 4.0), ("b", 2.0))]
    source = StemSource(songs, segment_frames=FRAMES)
    assert source.num_songs == 2 and len(source) == 4 + 2
    seen = set()
    for index in range(len(source)):
        example = read(source, index)
        start = round(example.start * SAMPLE_RATE)
        whole = load_audio(tmp_path / example.song / "piano.wav")
        np.testing.assert_array_equal(example.audio[3], whole[start : start + SAMPLES])
        assert example.audio.shape == (4, SAMPLES) and example.audio.dtype == np.float32
        assert example.present.all() and not example.score_known.any() and example.score is None
        seen.add((example.song, start))
    expected = {("a", k * SAMPLES) for k in range(4)} | {("b", k * SAMPLES) for k in range(2)}
    assert seen == expected


@pytest.mark.parametrize("mask", range(1, 16))
def test_every_subset_of_stems(tmp_path, mask):
    stems = tuple(s for i, s in enumerate(STEMS) if mask >> i & 1)
    source = StemSource([song_of(write_track(tmp_path / "a", stems=stems))], segment_frames=FRAMES)
    for rng in (None, counter_rng(1)):
        example = read(source, rng=rng)
        assert [s for s, there in zip(STEMS, example.present, strict=True) if there] == list(stems)
        assert [bool(a.any()) for a in example.audio] == example.present.tolist()


def test_unequal_lengths_channels_and_rates(tmp_path):
    folder = tmp_path / "a"
    save_audio(folder / "bass.wav", tone(3, hertz=HERTZ["bass"], rate=48_000), 48_000, "PCM_24")
    stereo = np.stack([tone(1, rate=44_100), np.zeros(44_100, "f4")])
    save_audio(folder / "piano.wav", stereo, 44_100, "FLOAT")
    source = StemSource([song_of(folder)], segment_frames=FRAMES)
    assert len(source) == 3
    example = source.example(0, num_frames=80)
    bass, piano = example.audio[0], example.audio[3]
    inner = slice(500, SAMPLE_RATE - 500)
    assert (
        np.abs(bass - np.pad(tone(3, hertz=110), (0, 80 * 1024))[: len(bass)])[inner].max() < 1e-3
    )
    assert np.abs(piano[inner] - tone(1)[inner] / 2).max() < 1e-3
    assert not piano[SAMPLE_RATE + 100 :].any() and not bass[3 * SAMPLE_RATE + 100 :].any()


def test_a_silent_stem_is_present_and_short_songs_are_padded(tmp_path):
    folder = write_track(tmp_path / "a", seconds=0.2, stems=("bass",))
    save_audio(folder / "drums.wav", np.zeros(100, "f4"))
    save_audio(folder / "guitar.wav", np.zeros(0, "f4"))
    source = StemSource([song_of(folder)], segment_frames=FRAMES)
    for rng in (None, counter_rng(0)):
        example = read(source, rng=rng)
        assert len(source) == 1 and example.start == 0.0
        assert example.present.tolist() == [True, True, True, False]
        assert not example.audio[1:].any() and not example.audio[0, SAMPLE_RATE // 5 + 1 :].any()


def test_several_files_of_a_stem_are_summed(tmp_path):
    save_audio(tmp_path / "one.wav", tone(2), subtype="FLOAT")
    save_audio(tmp_path / "two.flac", tone(1, hertz=220), subtype="PCM_24")
    song = Song("a", tmp_path, {"guitar": (tmp_path / "one.wav", tmp_path / "two.flac")})
    audio = read(StemSource([song], segment_frames=FRAMES)).audio[2]
    np.testing.assert_allclose(audio, (tone(1) + tone(1, hertz=220))[:SAMPLES], atol=1e-6)


def test_drawn_places_favour_music_and_depend_on_the_draw_alone(tmp_path):
    folder = tmp_path / "a"
    audio = np.concatenate([np.zeros(30 * SAMPLE_RATE, "f4"), tone(10)])
    for stem in STEMS:
        save_audio(folder / f"{stem}.wav", audio, subtype="PCM_16")
    source = StemSource([song_of(folder)], segment_frames=FRAMES)
    starts = [read(source, rng=counter_rng(5, i), need_audio=False).start for i in range(200)]
    again = [read(source, 3, counter_rng(5, i), need_audio=False).start for i in range(200)]
    assert starts == again and len(set(starts)) == 200
    playing = np.mean(np.array(starts) >= 29)
    assert 0.8 < playing < 1.0
    assert max(starts) <= 40 - SAMPLES / SAMPLE_RATE


def test_nothing_is_read_or_written_that_was_not_asked_for(tmp_path, monkeypatch):
    folder = write_track(tmp_path / "a")
    before = sorted(os.listdir(folder))
    source = StemSource([song_of(folder)], segment_frames=FRAMES)
    folder.chmod(0o555)
    monkeypatch.setattr("data.stems.read_crop", lambda *a: pytest.fail("audio was read"))
    example = read(source, need_audio=False)
    assert example.audio is None and example.present.all()
    read(source, rng=counter_rng(0), need_audio=False)
    assert sorted(os.listdir(folder)) == before
    folder.chmod(0o755)


def scored(folder, notes_of=("bass", "piano")):
    """A track whose score has two notes per stem, a second apart."""
    from data.midi import write_midi

    notes = dict.fromkeys(STEMS, Notes.empty())
    for stem in notes_of:
        notes[stem] = Notes.of([0.5, 1.5], [0.75, 1.75], [40, 45], [100, 80])
    beats = np.arange(9) * 0.5
    score = Score(notes, 4.0, beats, np.arange(9) % 4, {"bass": 33, "piano": 0})
    write_midi(score, folder / "score.mid")
    return folder


def test_scores_are_cut_with_the_audio(tmp_path):
    folder = scored(write_track(tmp_path / "a"))
    labels = {"tags": {"genre": "rock"}, "score_unknown": ["piano"], "labels": {"tempo": 120}}
    (folder / "labels.json").write_text(json.dumps(labels))
    source = StemSource([song_of(folder)], segment_frames=FRAMES)
    indexes = {round(read(source, i).start * SAMPLE_RATE / SAMPLES): i for i in range(4)}
    example = read(source, indexes[1])
    bass = example.score.notes["bass"]
    np.testing.assert_allclose(bass.onset, [1.5 - SAMPLES / SAMPLE_RATE], atol=2e-3)
    assert bass.pitch.tolist() == [45] and example.score.duration == SAMPLES / SAMPLE_RATE
    assert example.score_known.tolist() == [True, False, False, False]
    assert example.tags == {"genre": "rock"}
    assert read(source, indexes[1], need_score=False).score is None


def test_damaged_files_name_the_song(tmp_path):
    folder = write_track(tmp_path / "a song")
    source = StemSource([song_of(folder)], segment_frames=FRAMES)
    (folder / "labels.json").write_text("[1, 2]")
    with pytest.raises(SongError, match="a song.*labels.json"):
        read(source)
    (folder / "labels.json").unlink()
    (folder / "score.mid").write_bytes(b"MThd nonsense")
    fresh = StemSource([song_of(folder)], segment_frames=FRAMES)
    with pytest.raises(SongError, match="score.mid"):
        read(fresh)
    assert read(fresh, need_score=False).audio.any()
    (folder / "drums.wav").write_bytes(b"RIFFxxxx")
    broken = StemSource([song_of(folder)], segment_frames=FRAMES)
    assert len(broken) == 4
    with pytest.raises(SongError) as caught:
        read(broken)
    assert caught.value.song == "a song" and "drums.wav" in str(caught.value)
