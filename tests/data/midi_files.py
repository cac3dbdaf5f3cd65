"""Little MIDI files for tests, written event by event."""

from __future__ import annotations

from pathlib import Path

from data.smf import meta_event, serialise

QUARTER = 480


def tempo(tick: int, bpm: float) -> tuple[int, bytes]:
    return tick, meta_event(0x51, round(6e7 / bpm).to_bytes(3, "big"))


def meter(tick: int, numerator: int, power: int) -> tuple[int, bytes]:
    """A meter of `numerator` / 2**`power`."""
    return tick, meta_event(0x58, bytes([numerator, power, 24, 8]))


def program(tick: int, channel: int, number: int) -> tuple[int, bytes]:
    return tick, bytes([0xC0 | channel, number])


def control(tick: int, channel: int, number: int, value: int) -> tuple[int, bytes]:
    return tick, bytes([0xB0 | channel, number, value])


def bend(tick: int, channel: int, value: int) -> tuple[int, bytes]:
    """Pitch bend, -8192 to 8191."""
    return tick, bytes([0xE0 | channel, (value + 8192) & 127, (value + 8192) >> 7])


def note(
    tick: int, channel: int, pitch: int, *, ticks: int = QUARTER, velocity: int = 100
) -> list[tuple[int, bytes]]:
    on = bytes([0x90 | channel, pitch, velocity])
    return [(tick, on), (tick + ticks, bytes([0x80 | channel, pitch, 0]))]


def write(path: Path, *tracks: list[tuple[int, bytes]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(serialise(QUARTER, [_ordered(track) for track in tracks]))
    return path


def _ordered(track: list[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Note offs first, note ons last within a tick."""
    rank = {0x80: 0, 0x90: 2}
    return sorted(track, key=lambda event: (event[0], rank.get(event[1][0] & 0xF0, 1)))


def band_song(path: Path, *, bars: int = 12, bpm: float = 120.0) -> Path:
    """A song in which the piano plays from the first bar, the others from the third."""
    bass, drums, guitar = [program(0, 0, 33)], [], [program(0, 1, 27)]
    piano = [program(0, 2, 0)]
    for bar in range(bars):
        for beat in range(4):
            tick = (bar * 4 + beat) * QUARTER
            piano += note(tick, 2, 60 + beat) + note(tick, 2, 67)
            if bar >= 2:
                bass += note(tick, 0, 36 + 2 * beat)
                drums += note(tick, 9, 36 if beat % 2 == 0 else 38, ticks=60)
                guitar += note(tick, 1, 55 + beat)
    return write(path, [tempo(0, bpm), meter(0, 4, 2)], bass, drums, guitar, piano)
