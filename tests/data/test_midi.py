import numpy as np
import pytest

from data.midi import read_midi, write_midi
from data.score import Notes, Score
from data.smf import meta_event
from tests.data import midi_files as files
from utils import STEMS, UserError

Q = files.QUARTER
TICK = 0.5 / 960


def test_families_are_split_and_the_rest_left_out(tmp_path):
    track = [files.program(0, 0, 33), files.program(0, 1, 30), files.program(0, 2, 4)]
    track += [files.program(0, 3, 48)]
    for channel, pitch in ((0, 40), (1, 52), (2, 64), (3, 76), (9, 38)):
        track += files.note(0, channel, pitch)
    score = read_midi(files.write(tmp_path / "song.mid", track)).score
    assert {stem: score.notes[stem].pitch.tolist() for stem in STEMS} == {
        "bass": [40],
        "drums": [38],
        "guitar": [52],
        "piano": [64],
    }
    assert score.programs == {"bass": 33, "drums": 128, "guitar": 30, "piano": 4}
    assert score.name == "song"


def test_a_stem_that_is_not_there_is_empty_with_an_unknown_program(tmp_path):
    score = read_midi(files.write(tmp_path / "a.mid", files.note(0, 0, 60))).score
    assert len(score.notes["bass"]) == 0 and score.programs["bass"] is None


def test_a_program_change_keeps_the_volume_set_before_it(tmp_path):
    track = [files.program(0, 0, 30), files.control(0, 0, 7, 40), *files.note(0, 0, 60)]
    track += [files.program(Q, 0, 25), *files.note(Q, 0, 62)]
    song = read_midi(files.write(tmp_path / "a.mid", track))
    assert [(t.program, t.notes.pitch.tolist()) for t in song.tracks] == [(25, [62]), (30, [60])]
    assert all(
        track.gain(np.array([0.6]))[0] == pytest.approx((40 / 127) ** 2) for track in song.tracks
    )


def test_a_track_without_a_program_follows_its_channel(tmp_path):
    path = files.write(tmp_path / "a.mid", [files.program(0, 4, 38)], files.note(0, 4, 40))
    assert read_midi(path).tracks[0].stem == "bass"


def test_a_track_s_own_program_outranks_its_channel_s(tmp_path):
    one = [files.program(0, 0, 33), *files.note(0, 0, 40)]
    two = [files.program(0, 0, 0), *files.note(0, 0, 60)]
    assert [t.program for t in read_midi(files.write(tmp_path / "a.mid", one, two)).tracks] == [
        33,
        0,
    ]


def test_the_program_with_most_notes_names_the_stem(tmp_path):
    one = [files.program(0, 0, 33), *files.note(0, 0, 40), *files.note(Q, 0, 41)]
    two = [files.program(0, 1, 38), *files.note(0, 1, 45)]
    assert read_midi(files.write(tmp_path / "a.mid", one, two)).score.programs["bass"] == 33


def test_muted_notes_are_rendered_by_nobody_and_not_in_the_score(tmp_path):
    track = [*files.note(0, 0, 60), files.control(Q, 0, 7, 0), *files.note(Q, 0, 64)]
    song = read_midi(files.write(tmp_path / "a.mid", track))
    assert song.score.notes["piano"].pitch.tolist() == [60]


def test_the_pedal_is_in_the_offsets(tmp_path):
    track = [files.control(0, 0, 64, 127), *files.note(0, 0, 60), files.control(3 * Q, 0, 64, 0)]
    assert read_midi(files.write(tmp_path / "a.mid", track)).score.notes["piano"].offset[0] == 1.5


def test_a_key_is_believed_when_the_notes_agree(tmp_path):
    g_major, key = [67, 69, 71, 72, 74, 76, 78], (0, meta_event(0x59, bytes([1, 0])))
    notes = [event for i, p in enumerate(g_major) for event in files.note(i * Q, 0, p)]
    assert read_midi(files.write(tmp_path / "a.mid", [key, *notes])).key == 7
    wrong = (0, meta_event(0x59, bytes([256 - 6, 0])))
    assert read_midi(files.write(tmp_path / "b.mid", [wrong, *notes])).key is None


@pytest.mark.parametrize("content", [b"", b"hello", b"MThd" + bytes(100), b"ID3" + bytes(1_000)])
def test_damage_is_the_user_s_to_mend(tmp_path, content):
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    with pytest.raises(UserError, match="bad.mid"):
        read_midi(path)


def test_what_is_not_a_file_or_too_large(tmp_path):
    for path in (tmp_path / "none.mid", tmp_path):
        with pytest.raises(UserError):
            read_midi(path)
    (tmp_path / "big.mid").write_bytes(bytes(5_000_000))
    with pytest.raises(UserError, match="larger than 4 MB"):
        read_midi(tmp_path / "big.mid")


def test_a_song_of_hours_is_refused(tmp_path):
    path = files.write(tmp_path / "long.mid", [files.tempo(0, 4), *files.note(2_000 * Q, 0, 60)])
    with pytest.raises(UserError, match="s long"):
        read_midi(path)


def test_mutated_songs_raise_user_errors_only(tmp_path):
    good = files.band_song(tmp_path / "good.mid", bars=4).read_bytes()
    rng, path, refused = np.random.default_rng(1), tmp_path / "bad.mid", 0
    for _ in range(200):
        data = bytearray(good)
        for _ in range(rng.integers(1, 9)):
            data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data)
        try:
            assert np.isfinite(read_midi(path).score.duration)
        except UserError:
            refused += 1
    assert 0 < refused < 200


def random_score(seed: int, *, beat_times, beat_in_bar, duration=10.0) -> Score:
    """Notes anywhere in time, in C major so that the key is believed."""
    rng, notes = np.random.default_rng(seed), {}
    for stem in STEMS:
        onset = np.sort(rng.uniform(0.0, duration - 1.0, 40))
        scale = np.array([48, 50, 52, 53, 55, 57, 59, 60, 62, 64])
        pitch = rng.permutation(np.repeat(scale, 4))
        offset = onset + rng.uniform(0.05, 0.4, 40)
        for p in scale:
            at = np.flatnonzero(pitch == p)
            offset[at[:-1]] = np.minimum(offset[at[:-1]], onset[at[1:]])
        notes[stem] = Notes.of(onset, offset, pitch, rng.integers(1, 128, 40))
    programs = {"bass": 35, "drums": 128, "guitar": 29, "piano": 5}
    beats = np.asarray(beat_times, np.float64)
    return Score(notes, duration, beats, np.asarray(beat_in_bar), programs, key=0, name="tune")


def by_pitch(notes: Notes) -> Notes:
    """Notes in an order that a rounded onset does not change."""
    return notes.where(np.lexsort((notes.onset, notes.pitch)))


GRIDS = {
    "steady": (np.arange(22) * 0.5, np.arange(22) % 4),
    "waltz": (np.arange(24) * 0.43, np.arange(24) % 3),
    "wandering": (np.cumsum(np.append(0.0, np.linspace(0.3, 0.7, 25))), np.arange(26) % 4),
    "upbeat": (np.arange(-1, 21) * 0.5 + 0.2, (np.arange(22) + 2) % 4),
    "mixed": (np.arange(22) * 0.5, [0, 1, 2, 3, 0, 1, 2, *np.arange(15) % 4]),
}


@pytest.mark.parametrize("grid", GRIDS)
def test_what_is_written_is_read(tmp_path, grid):
    beat_times, beat_in_bar = GRIDS[grid]
    score = random_score(0, beat_times=beat_times, beat_in_bar=beat_in_bar)
    write_midi(score, tmp_path / "tune.mid")
    back = read_midi(tmp_path / "tune.mid").score
    for stem in STEMS:
        ours, theirs = by_pitch(score.notes[stem]), by_pitch(back.notes[stem])
        np.testing.assert_array_equal(ours.pitch, theirs.pitch)
        np.testing.assert_array_equal(ours.velocity, theirs.velocity)
        np.testing.assert_allclose(ours.onset, theirs.onset, atol=1.5 * TICK)
        np.testing.assert_allclose(ours.offset, theirs.offset, atol=1.5 * TICK)
    n = np.count_nonzero(beat_times <= score.duration)
    np.testing.assert_allclose(back.beat_times[:n], beat_times[:n], atol=2e-3)
    np.testing.assert_array_equal(back.beat_in_bar[:n], np.asarray(beat_in_bar)[:n])
    assert back.programs == score.programs and back.key == score.key
    assert back.duration == pytest.approx(score.duration, abs=1e-3)


def test_other_programs_read_the_file_too(tmp_path):
    import pretty_midi

    score = random_score(0, beat_times=GRIDS["steady"][0], beat_in_bar=GRIDS["steady"][1])
    write_midi(score, tmp_path / "tune.mid")
    song = pretty_midi.PrettyMIDI(str(tmp_path / "tune.mid"))
    assert [i.name for i in song.instruments] == ["Bass", "Drums", "Guitar", "Piano"]
    assert [i.is_drum for i in song.instruments] == [False, True, False, False]
    assert song.get_tempo_changes()[1][0] == pytest.approx(120.0)
    assert [len(i.notes) for i in song.instruments] == [40] * 4


def test_a_score_without_beats_or_notes_is_written(tmp_path):
    empty = Score(dict.fromkeys(STEMS, Notes.empty()), 3.0)
    write_midi(empty, tmp_path / "empty.mid")
    back = read_midi(tmp_path / "empty.mid")
    assert back.tracks == () and back.duration == pytest.approx(3.0, abs=1e-3)


def test_chords_become_markers(tmp_path):
    from data.lead_sheet import LeadSheet
    from data.smf import parse

    sheet = LeadSheet.parse(bpm=120, chords="Am F", duration=4.0)
    beats = np.arange(9)
    score = random_score(0, beat_times=beats * 0.5, beat_in_bar=beats % 4, duration=4.0)
    write_midi(score, tmp_path / "a.mid", lead_sheet=sheet)
    texts = parse((tmp_path / "a.mid").read_bytes()).texts
    assert [(t, x) for t, kind, x in texts if kind == "marker"] == [(0, "Am"), (4 * 960, "F")]
