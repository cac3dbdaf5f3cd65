import numpy as np
import pytest

from data.brief import FAMILIES
from data.score import Notes, Score
from data.soundfont import render_song
from data.sources import build_source
from data.sources.midi import (
    PROGRAM_CHOICES,
    MidiSource,
    cached_song,
    choose_start,
    find_songs,
    read_index,
)
from tests.data import midi_files as files
from utils import STEMS, UserError, counter_rng

FRAMES = 43


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("songs")
    for split, names in {"train": ("one", "two"), "validation": ("three",)}.items():
        for i, name in enumerate(names):
            files.band_song(root / split / f"{name}.mid", bars=8, bpm=100 + 20 * i)
    (root / "index.csv").write_text("md5,genre,artist_tags\none,rock,loud|british\ntwo,,\n")
    return root


def test_an_example_has_all_its_parts(root):
    example = build_source("midi", root, "train").example(0, num_frames=FRAMES)
    assert example.song == "one" and example.audio.shape == (4, FRAMES * 1024)
    assert example.present.all() and example.score_known.all()
    assert example.score.duration == pytest.approx(FRAMES * 1024 / 22_050)
    assert example.tags == {"genre": "rock", "artist_tags": ("loud", "british")}
    assert np.abs(example.audio.sum(0)).max() == pytest.approx(10 ** (-1 / 20), abs=1e-3)


def test_without_rng_it_is_the_song_as_written_every_time(root):
    source = MidiSource(root, "validation")
    one, two = (source.example(0, num_frames=FRAMES) for _ in range(2))
    np.testing.assert_array_equal(one.audio, two.audio)
    song = cached_song(str(root / "validation" / "three.mid"))
    end = one.start + FRAMES * 1024 / 22_050
    _, audio = render_song(song, one.start, end, num_samples=FRAMES * 1024)
    np.testing.assert_array_equal(one.audio, audio)


def test_the_rng_decides_everything(root):
    source = MidiSource(root, "train")
    one, two, other = (
        source.example(1, num_frames=FRAMES, rng=counter_rng(0, i)) for i in (7, 7, 8)
    )
    np.testing.assert_array_equal(one.audio, two.audio)
    assert one.start == two.start and one.score.programs == two.score.programs
    assert not np.array_equal(one.audio, other.audio)


def test_what_is_not_needed_changes_nothing_else(root):
    source = MidiSource(root, "train")
    full = source.example(0, num_frames=FRAMES, rng=counter_rng(3))
    score = source.example(0, num_frames=FRAMES, rng=counter_rng(3), need_audio=False)
    audio = source.example(0, num_frames=FRAMES, rng=counter_rng(3), need_score=False)
    assert score.audio is None and audio.score is None and not audio.score_known.any()
    np.testing.assert_array_equal(full.audio, audio.audio)
    for stem in STEMS:
        np.testing.assert_array_equal(full.score.notes[stem].onset, score.score.notes[stem].onset)


def test_augmentation_stays_in_its_ranges(root):
    source = MidiSource(root, "train")
    song = cached_song(str(source.paths[0]))
    draws = [source._draw_changes(song, counter_rng(0, i)) for i in range(300)]
    semitones = [d["semitones"] for d in draws]
    assert (min(semitones), max(semitones)) == (-5, 6)
    factors = [d["tempo_factor"] for d in draws]
    assert 0.9 <= min(factors) < 0.92 and 1.08 < max(factors) <= 1.1
    guitars = [d["programs"]["guitar"] for d in draws if "guitar" in d["programs"]]
    assert set(guitars) == {24, 25, 26, 27, 29, 30} and 100 < len(guitars) < 200
    assert max(abs(g) for d in draws for g in d["gains_db"].values()) <= 3.0


def test_augmentation_can_be_switched_off(root):
    example = MidiSource(root, "train", augment=False).example(
        0, num_frames=FRAMES, rng=counter_rng(1), need_audio=False
    )
    assert set(np.round(np.diff(example.score.beat_times), 6)) == {0.6}
    assert example.score.programs == {"bass": 33, "drums": 128, "guitar": 27, "piano": 0}


def test_odds_lead_back_from_varied_instruments_to_those_that_songs_play(root):
    source = MidiSource(root, "train")
    played = {s: cached_song(str(source.paths[0])).score.programs[s] for s in ("bass", "piano")}
    odds = source.program_odds()
    assert {stem: row.shape for stem, row in odds.items()} == dict.fromkeys(FAMILIES, (8,))
    for stem, program in played.items():
        row, own = odds[stem], program - FAMILIES[stem]
        assert row.argmax() == own and row[own] > 0 > np.delete(row, own).max()
        drawn = np.isin(FAMILIES[stem] + np.arange(8), PROGRAM_CHOICES[stem]) / 8
        shares = np.array([2.5 if i == own else 0.5 for i in range(8)]) / 6
        assert np.allclose(row, np.log(shares / (0.5 * shares + 0.5 * drawn)))
    muted = 28 - FAMILIES["guitar"]  # no choice, so only songs that have it play it
    assert odds["guitar"][muted] == pytest.approx(np.log(2))
    plain = MidiSource(root, "train", augment=False).program_odds()
    assert not any(row.any() for row in plain.values())


def test_odds_lead_back_from_transposed_keys_to_those_of_songs(root):
    source = MidiSource(root, "train")
    keys = [cached_song(str(path)).key for path in source.paths]
    odds = source.key_odds()
    assert odds.shape == (24,) and keys and None not in keys
    major, minor = odds.reshape(2, 12)
    for mode, row in enumerate((major, minor)):
        own = [key % 12 for key in keys if key // 12 == mode]
        shares = (np.bincount(own, minlength=12) + 1.0) / (len(own) + 12)
        assert np.allclose(row, np.log(12 * shares))
    assert not MidiSource(root, "train", augment=False).key_odds().any()


def test_segments_begin_on_downbeats_where_many_play(root):
    score = cached_song(str(root / "train" / "one.mid")).score
    starts = [choose_start(score, 2.0, counter_rng(0, i)) for i in range(1_000)]
    np.testing.assert_allclose(np.array(starts) % 2.4, 0.0, atol=1e-9)
    share_with_all = np.mean(np.array(starts) >= 4.8)
    assert 0.95 < share_with_all < 1.0


def test_songs_that_are_short_silent_or_without_beats():
    empty = Score(dict.fromkeys(STEMS, Notes.empty()), 20.0)
    assert 0.0 <= choose_start(empty, 11.9, counter_rng(0)) <= 8.1
    assert choose_start(Score(empty.notes, 5.0), 11.9, counter_rng(0)) == 0.0


def test_a_short_song_is_followed_by_silence(tmp_path):
    files.band_song(tmp_path / "a.mid", bars=1)
    example = MidiSource(tmp_path, "train").example(0, num_frames=256)
    assert example.start == 0.0 and example.audio.shape[1] == 256 * 1024
    assert not example.audio[:, -22_050:].any()
    assert example.present.tolist() == [False, False, False, True]


def test_a_flat_folder_is_split_by_name(tmp_path):
    for i in range(60):
        files.write(tmp_path / f"song{i}.mid", files.note(0, 0, 60))
    train, validation = (find_songs(tmp_path, split) for split in ("train", "validation"))
    assert len(train) + len(validation) == 60 and 1 <= len(validation) <= 9
    assert not set(train) & set(validation)


def test_folders_that_cannot_be_used(tmp_path, root):
    for folder, split in ((tmp_path / "none", "train"), (tmp_path, "train"), (root, "test")):
        with pytest.raises(UserError):
            find_songs(folder, split)


def test_a_damaged_song_is_an_error_when_it_is_read(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "bad.mid").write_bytes(b"MThd nothing")
    source = MidiSource(tmp_path, "train")
    with pytest.raises(UserError, match="bad.mid"):
        source.example(0, num_frames=FRAMES)


def test_an_index_may_lie_beside_the_folder(tmp_path):
    (tmp_path / "index.csv").write_text("path,genre\nowner/tune.mid,jazz\n")
    assert read_index(tmp_path / "songs") == {"tune": {"genre": "jazz"}}
    assert read_index(tmp_path / "songs" / "deeper") == {}
