import numpy as np
import pytest

from data.smf import PITCH_BEND, PROGRAM, meta_event, parse, serialise
from tests.data import midi_files as files


def test_events_survive_a_round_trip():
    track = [files.program(0, 3, 30), files.bend(10, 3, -8192), files.control(20, 3, 7, 99)]
    track += files.note(480, 3, 60, ticks=240, velocity=77)
    events = parse(serialise(480, [[files.tempo(0, 90)], track], end_tick=5_000))
    assert events.ticks_per_quarter == 480
    assert events.tempos == [(0, 666_667)]
    assert events.notes.tolist() == [[1, 3, 480, 720, 60, 77]]
    assert events.controls.tolist() == [
        [1, 3, 0, PROGRAM, 30],
        [1, 3, 10, PITCH_BEND, -8192],
        [1, 3, 20, 7, 99],
    ]
    assert events.end_tick == 5_000


def test_running_status_and_velocity_zero_end_a_note():
    body = bytes([0, 0x90, 60, 100, 96, 60, 0, 0, 62, 90, 96, 62, 0, 0, 0xFF, 0x2F, 0])
    data = serialise(96, [])[:10] + b"\x00\x01\x00\x60" + b"MTrk" + len(body).to_bytes(4, "big")
    assert parse(data + body).notes.tolist() == [[0, 0, 0, 96, 60, 100], [0, 0, 96, 192, 62, 90]]


def test_long_times_and_long_texts():
    name = "x" * 300
    events = parse(serialise(480, [[(2_000_000, meta_event(6, name.encode()))]]))
    assert events.texts == [(2_000_000, "marker", name)]


def test_ports_keep_channels_apart():
    track = [(0, meta_event(0x21, b"\x01")), *files.note(0, 2, 60)]
    assert parse(serialise(480, [track])).notes[0, 1] == 18


def test_an_unended_note_ends_with_its_track():
    events = parse(serialise(480, [[(0, bytes([0x90, 60, 100]))]], end_tick=960))
    assert events.notes[0].tolist() == [0, 0, 0, 960, 60, 100]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "header"),
        (b"RIFFxxxxWAVEfmt ", "header"),
        (b"MThd\x00\x00\x00\x06\x00\x02\x00\x01\x01\xe0", "type 2"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\xe7\x28", "ticks per quarter"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\xff\xff\x00", "cut short"),
        (serialise(480, [[(0, b"\x90")]])[:-4] + b"\x00\x00\x00\x00", "event"),
    ],
)
def test_damage_is_named(data, message):
    with pytest.raises(ValueError, match=message):
        parse(data)


def test_mutated_files_raise_nothing_else():
    rng, refused = np.random.default_rng(0), 0
    good = serialise(
        480, [[files.tempo(0, 99)], sum((files.note(t, 0, 60) for t in range(40)), [])]
    )
    for _ in range(3_000):
        data = bytearray(good)
        for _ in range(rng.integers(1, 6)):
            data[rng.integers(len(data))] = rng.integers(256)
        try:
            parse(bytes(data[: rng.integers(10, len(data) + 1)]))
        except ValueError:
            refused += 1
    assert 0 < refused < 3_000
